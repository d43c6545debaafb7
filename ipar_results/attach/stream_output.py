"""`stream_output` of a result, put right: bit by bit, and also where the result names no targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..log import trouble

if TYPE_CHECKING:
    from ..live.streams import Streams

_STREAMS = "_ipar_results_streams"


def stream_output(
    streams_of: Callable[[Any], Streams | None], theirs: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """Upstream's, made to work where a result names no targets: the engine is asked of each task.

    In a kernel upstream sends all that a task has written again for each chunk; ours are sent bit by bit.
    """

    @wraps(theirs)
    @contextmanager
    def stream_output(self: Any) -> Iterator[None]:
        before, streams = _attached_streams(self), streams_of(self)
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


def _attached_streams(result: Any) -> Streams | None:
    try:
        return object.__getattribute__(result, _STREAMS)  # type: ignore[no-any-return]
    except AttributeError:
        return None


class _EngineOf:
    """Stands for an engine that is not known before its first message comes."""

    def __init__(self, metadata: Any) -> None:
        self.metadata = metadata


def stream_callback(theirs: Callable[..., None]) -> Callable[..., None]:
    """Upstream's, which may neither meet a stand-in for an engine nor raise into the IO thread."""

    @wraps(theirs)
    def _iopub_streaming_output_callback(self: Any, eid: Any, msg_future: Any, msg: Any) -> None:
        try:
            if isinstance(eid, _EngineOf):
                eid = eid.metadata["engine_id"]
            streams = _attached_streams(self)
            if msg["header"]["msg_type"] == "stream" and streams is not None and not streams.over:
                name = msg["content"]["name"]
                streams.heard(eid, msg_future.msg_id, name, msg_future.output.metadata)
                return
            theirs(self, eid, msg_future, msg)
        except Exception:
            trouble("streaming output")

    return _iopub_streaming_output_callback
