"""Attributes of AsyncResult put right: what takes their place while the layer is on, attached elsewhere."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

from ..live.wait import checked
from ..log import trouble
from ..results.monitor import Monitor
from ..upstream.timestamps import parse_timestamp
from .output_waiting import wait_for_output
from .waiting import await_of

if TYPE_CHECKING:
    from ..live.streams import Streams
    from ..record.state import Record
    from ..results.followed import Followed

_HUB_PATIENCE = 1.0
_PARTS = "_ipar_results_parts"
_STREAMS = "_ipar_results_streams"


class Layer(Protocol):
    """What the attributes need of the extension."""

    def add_new(self, result: Any) -> None:
        """Take notice of a new result."""

    def add_client(self, client: Any) -> None:
        """Take notice of a client that is about to be used."""

    def add_request(self, client: Any, future: Any, buffers: Any) -> None:
        """Take notice of a task that was sent, with its pickled function and arguments."""

    def add_broadcast(self, client: Any, future: Any, metadata: Any) -> None:
        """Take notice of a message that is about to be sent to many engines at once."""

    def followed(self, result: Any) -> Followed:
        """Return the facade of a result."""

    def streams(self, result: Any) -> Streams | None:
        """What shows the streams of a result in the cell that runs now; None where they are printed."""

    def wait(
        self, result: Any, interval: float, timeout: float | None, widget: bool | None, return_when: Any
    ) -> None:
        """Wait and show."""


def replacements(layer: Layer, original: dict[str, Any]) -> dict[str, Any]:
    """The attributes to set on the class AsyncResult.

    Parameters
    ----------
    layer : Layer
    original : dict
        The class's own attributes, to fall back to.
    """
    from . import results as resolve  # with ipyparallel, which is not loaded before the layer is on

    return {
        "elapsed": property(_or(original["elapsed"].fget, lambda ar: _drained(layer.followed(ar)).elapsed)),
        "progress": property(_or(original["progress"].fget, lambda ar: _progress(layer.followed(ar)))),
        "serial_time": _once_ready(
            original["serial_time"].fget, lambda ar: _drained(layer.followed(ar)).columns.serial_time
        ),
        "wall_time": _once_ready(original["wall_time"].fget, lambda ar: layer.followed(ar).wall_time()),
        "monitor": property(lambda ar: Monitor(ar, layer.followed(ar)), doc="Questions about this result."),
        "wait_interactive": _wait_interactive(layer, original["wait_interactive"]),
        "stream_output": _stream_output(layer, original["stream_output"]),
        "_iopub_streaming_output_callback": _stream_callback(original["_iopub_streaming_output_callback"]),
        "__await__": await_of(layer.followed),
        "_init_futures": _init_futures(layer, original["_init_futures"]),
        "_resolve_result": resolve.resolve_result(original["_resolve_result"]),
        "_collect_exceptions": resolve.collect_exceptions_of(original["_collect_exceptions"]),
        "get": resolve.get(original["get"], layer.add_new),
        "wait_for_output": wait_for_output(original["wait_for_output"], layer.followed),
        "split": _split(original["split"]),
        "__len__": _length(),
        "__getattr__": _getattr(original["__getattr__"]),
        "_count_chunks": _count_chunks,
        "_parse_metadata_dates": _parse_metadata_dates,
    }


def _or(theirs: Callable[[Any], Any], ours: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Ours, and upstream's where ours fails."""

    @wraps(theirs)
    def get(self: Any) -> Any:
        try:
            return ours(self)
        except Exception:
            trouble("reading %s", theirs.__name__)
            return theirs(self)

    return get


def _drained(followed: Followed) -> Record:
    followed.drain()
    return followed.record


def _progress(followed: Followed) -> int:
    from ..results.followed import FollowedHubResult

    if isinstance(followed, FollowedHubResult):
        followed.poll_and_wait(_HUB_PATIENCE)
    return _drained(followed).done


def _once_ready(theirs: Callable[[Any], Any], ours: Callable[[Any], Any]) -> property:
    get = _or(theirs, ours)

    @wraps(theirs)
    def ready(self: Any) -> Any:
        if not self.ready():
            msg = "result not ready"
            raise TimeoutError(msg)
        return get(self)

    return property(ready)


def _wait_interactive(layer: Layer, theirs: Callable[..., None]) -> Callable[..., None]:
    from concurrent.futures import ALL_COMPLETED

    @wraps(theirs)
    def wait_interactive(
        self: Any,
        interval: float = 0.1,
        timeout: float | None = -1,
        widget: bool | None = None,
        return_when: Any = ALL_COMPLETED,
    ) -> None:
        when = checked(return_when)
        try:
            layer.wait(self, interval, timeout, widget, when)
        except Exception:
            trouble("waiting")
            theirs(self, interval, timeout, widget, return_when)

    return wait_interactive


def _stream_output(layer: Layer, theirs: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Upstream's, made to work where a result names no targets: the engine is asked of each task.

    In a kernel upstream sends all that a task has written again for each chunk; ours are sent bit by bit.
    """

    @wraps(theirs)
    @contextmanager
    def stream_output(self: Any) -> Iterator[None]:
        before, streams = _streams_of(self), layer.streams(self)
        setattr(self, _STREAMS, streams)
        try:
            with _with_targets(self, theirs):
                yield
        finally:
            setattr(self, _STREAMS, before)
            if streams is not None:
                streams.close()

    return stream_output


@contextmanager
def _with_targets(result: Any, theirs: Callable[[Any], Any]) -> Iterator[None]:
    if result._targets is not None:
        with theirs(result):
            yield
        return
    result._targets = [_EngineOf(md) for md in result._metadata]
    try:
        with theirs(result):
            result._targets = None  # upstream reads it only on entering
            yield
    finally:
        result._targets = None


def _streams_of(result: Any) -> Streams | None:
    try:
        return object.__getattribute__(result, _STREAMS)  # type: ignore[no-any-return]
    except AttributeError:
        return None


class _EngineOf:
    """Stands for an engine that is not known before its first message comes."""

    def __init__(self, metadata: Any) -> None:
        self.metadata = metadata


def _stream_callback(theirs: Callable[..., None]) -> Callable[..., None]:
    """Upstream's, which may neither meet a stand-in for an engine nor raise into the IO thread."""

    @wraps(theirs)
    def _iopub_streaming_output_callback(self: Any, eid: Any, msg_future: Any, msg: Any) -> None:
        try:
            if isinstance(eid, _EngineOf):
                eid = eid.metadata["engine_id"]
            streams = _streams_of(self)
            if msg["header"]["msg_type"] == "stream" and streams is not None and not streams.over:
                name = msg["content"]["name"]
                streams.heard(eid, msg_future.msg_id, name, msg_future.output.metadata)
                return
            theirs(self, eid, msg_future, msg)
        except Exception:
            trouble("streaming output")

    return _iopub_streaming_output_callback


def view_init(layer: Layer, theirs: Callable[..., None]) -> Callable[..., None]:
    """Upstream's, then a note of the client: a view is made before the first result there can be."""

    @wraps(theirs)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        theirs(self, *args, **kwargs)
        layer.add_client(self.client)

    return __init__


def send(layer: Layer, theirs: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream's, then a note of what a task was given."""

    @wraps(theirs)
    def _send(self: Any, socket: Any, msg_type: str, *args: Any, **kwargs: Any) -> Any:
        metadata = kwargs.get("metadata")
        if metadata and metadata.get("is_broadcast"):
            kwargs["message_future_hook"] = _before_broadcast(layer, self, metadata, kwargs)
        future = theirs(self, socket, msg_type, *args, **kwargs)
        if msg_type == "apply_request" and kwargs.get("buffers"):
            layer.add_request(self, future, kwargs["buffers"])
        return future

    return _send


def _before_broadcast(
    layer: Layer, client: Any, metadata: Any, kwargs: dict[str, Any]
) -> Callable[[Any], None]:
    """Return a hook that calls upstream's and then the layer, before the IO thread can send the message.

    Afterwards would be too late: an engine may have published the end of its output by then.
    """
    theirs = kwargs.get("message_future_hook")

    def hook(future: Any) -> None:
        if theirs is not None:
            theirs(future)
        layer.add_broadcast(client, future, metadata)

    return hook


def _init_futures(layer: Layer, theirs: Callable[[Any], None]) -> Callable[[Any], None]:
    """Upstream's, then a note that there is a new result; it runs once for each task of a map too."""

    @wraps(theirs)
    def _init_futures(self: Any) -> None:
        theirs(self)
        layer.add_new(self)

    return _init_futures


def _split(theirs: Any) -> Callable[[Any], Any]:
    """Upstream's cache is one for all results and keeps 128 of them alive; this one goes with its result."""

    @wraps(theirs.__wrapped__)
    def split(self: Any) -> Any:
        if len(self._children) == 1:
            return (self,)
        try:
            # not in a weak dictionary: the parts hold the futures, and these the result
            return object.__getattribute__(self, _PARTS)
        except AttributeError:
            parts = theirs.__wrapped__(self)
            setattr(self, _PARTS, parts)
            return parts

    return split


def _length() -> Callable[[Any], int]:
    kept: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def __len__(self: Any) -> int:  # noqa: N807
        length = kept.get(self)
        if length is None:
            length = kept[self] = _count_chunks(self, *self.msg_ids)
        return length

    return __len__


def _count_chunks(self: Any, *msg_ids: str) -> int:
    """Count the inputs that these messages carry."""
    sizes = self._chunk_sizes
    return sum(sizes.get(msg_id, 1) for msg_id in msg_ids) if sizes else len(msg_ids)


def _getattr(theirs: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Upstream parses every date of every task before it finds that there is no such key."""

    @wraps(theirs)
    def __getattr__(self: Any, key: str) -> Any:  # noqa: N807
        try:
            metadata = object.__getattribute__(self, "_metadata")
        except AttributeError:
            metadata = ()
        if not metadata or key not in metadata[0]:
            msg = f"{type(self).__name__!r} object has no attribute {key!r}"
            raise AttributeError(msg)
        return theirs(self, key)

    return __getattr__


def parse_date(theirs: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Upstream's parser, asked only for what is not ISO 8601: it takes 37 µs a task of the IO thread."""

    @wraps(theirs)
    def _parse_date(s: Any) -> Any:
        return (isinstance(s, str) and parse_timestamp(s)) or theirs(s)

    return _parse_date


def _parse_metadata_dates(self: Any) -> None:
    """Turn the dates in the metadata from text to datetime, 100 times faster than upstream."""
    fields = self._DATE_FIELDS
    for md in self._metadata:
        for key in fields:
            value = md.get(key)
            if type(value) is str:
                md[key] = parse_timestamp(value) or value
