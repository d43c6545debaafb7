"""Replacement of ``stream_output``: sends output bit by bit, and works for results without targets."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING

from ...log import log_errors
from ...upstream.async_result import own_attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from ...live.streams import Streams
    from ...upstream.protocols import AsyncResultLike, Message, MessageFutureLike, TaskMetadata

    _StreamOutput: TypeAlias = Callable[[AsyncResultLike], AbstractContextManager[None]]

_SHOWN_BY_ORIGINAL = ("display_data", "execute_result", "error")
_STREAMS = "_ipar_results_streams"  # attribute of a result while its output is streamed


def wrap_stream_output(
    original: _StreamOutput, streams_of: Callable[[AsyncResultLike], Streams | None]
) -> _StreamOutput:
    """Stream output by a display of our own in a kernel, and by the original otherwise.

    In a kernel the original sends all that a task has written so far, again for each chunk.
    """

    @wraps(original)
    @contextmanager
    def stream_output(self: AsyncResultLike) -> Iterator[None]:
        before, streams = own_attribute(self, _STREAMS), streams_of(self)
        setattr(self, _STREAMS, streams)
        try:
            with _with_targets(self, original):
                yield
        finally:
            setattr(self, _STREAMS, before)
            if streams is not None:
                streams.freeze()

    return stream_output


@contextmanager
def _with_targets(result: AsyncResultLike, original: _StreamOutput) -> Iterator[None]:
    """Give a result without targets, as load-balanced ones are, targets while the original reads them."""
    if result._targets is not None:
        with original(result):
            yield
        return
    result._targets = [_LateEngineId(md) for md in result._metadata]
    try:
        with original(result):
            result._targets = None  # the original reads it only on entry
            yield
    finally:
        result._targets = None


class _LateEngineId:
    """Placeholder for an engine id, which is known once the task's first message has arrived."""

    def __init__(self, metadata: TaskMetadata) -> None:
        self.metadata = metadata


def wrap_stream_callback(original: Callable[..., None]) -> Callable[..., None]:
    """Replace placeholders by engine ids, and never raise on the IO thread."""

    @wraps(original)
    def _iopub_streaming_output_callback(
        self: AsyncResultLike, eid: object, msg_future: MessageFutureLike, msg: Message
    ) -> None:
        with log_errors("streaming output"):
            if isinstance(eid, _LateEngineId):
                eid = eid.metadata["engine_id"]
            streams: Streams | None = own_attribute(self, _STREAMS)
            kind = msg["header"]["msg_type"]
            if kind == "stream" and streams is not None and not streams.over:
                name = msg["content"]["name"]
                streams.on_output(eid, msg_future.msg_id, name, msg_future.output.metadata)
                return
            if kind in _SHOWN_BY_ORIGINAL and streams is not None:
                streams.begin_new_display()
            original(self, eid, msg_future, msg)

    return _iopub_streaming_output_callback
