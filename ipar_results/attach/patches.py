"""Attributes of AsyncResult put right: what takes their place while the layer is on, attached elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

from ..log import trouble
from ..results.monitor import Monitor
from .fast_paths import count_chunks, length, missing_attribute, parse_metadata_dates, split
from .stream_output import stream_callback, stream_output
from .waiting import await_of, wait_for_output, wait_interactive

if TYPE_CHECKING:
    from ..live.streams import Streams
    from ..record.state import Record
    from ..results.followed import Followed

_HUB_PATIENCE = 1.0


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
        "wait_interactive": wait_interactive(layer.wait, original["wait_interactive"]),
        "stream_output": stream_output(layer.streams, original["stream_output"]),
        "_iopub_streaming_output_callback": stream_callback(original["_iopub_streaming_output_callback"]),
        "__await__": await_of(layer.followed),
        "_init_futures": _init_futures(layer, original["_init_futures"]),
        "_resolve_result": resolve.resolve_result(original["_resolve_result"]),
        "_collect_exceptions": resolve.collect_exceptions_of(original["_collect_exceptions"]),
        "get": resolve.get(original["get"], layer.add_new),
        "wait_for_output": wait_for_output(original["wait_for_output"], layer.followed),
        "split": split(original["split"]),
        "__len__": length(),
        "__getattr__": missing_attribute(original["__getattr__"]),
        "_count_chunks": count_chunks,
        "_parse_metadata_dates": parse_metadata_dates,
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
