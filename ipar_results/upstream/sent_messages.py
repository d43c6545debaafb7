"""What a client sent: caches of small arguments and large sizes, and the engines that may run each task."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..log import log_error
from .protocols import Buffer, MessageFutureLike, ResultLike

MAX_MESSAGE_BYTES = 2_000  # of one message's arguments
MAX_CACHE_BYTES = 24_000_000  # of all of them together
MAX_SUCCEEDED = 10_000  # messages that succeeded, whose arguments only tables show
LARGE_MESSAGE_BYTES = 100_000  # below, the size of a message has no effect on its run time
_MAX_SIZES = 100_000
_TARGETS = "_ipar_results_targets"  # of a future: uuids of engines; empty if the task itself decides
_HEAD = 300  # bytes in which a pickled function names its class
_DEPENDENT = b"ipyparallel.controller.dependency"  # module of what @depend and @require return
_ENTRY_BYTES = 250  # overhead of one entry


class SentArguments(NamedTuple):
    """Arguments of one message, as ipyparallel pickled them."""

    # for a map the chunk of each of its sequences, else what pack_apply_message returns without the function
    buffers: tuple[Buffer, ...]
    mapped: bool  # it belongs to a map


class ArgumentCache:
    """Bounded cache of the arguments of messages, by message id; those that succeeded are dropped first.

    Large arguments are never kept, so no large input lives longer than without us.
    """

    def __init__(self) -> None:
        self._requests: OrderedDict[str, SentArguments] = OrderedDict()
        self._succeeded: OrderedDict[str, None] = OrderedDict()  # ids of those that are dropped first
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._requests)

    def add(self, msg_id: str, buffers: Sequence[Buffer]) -> None:
        """Keep what ``pack_apply_message`` returned for a request if it is small; takes about 2 µs."""
        request = _without_function(buffers)
        size = sum(map(_nbytes, request.buffers))
        if size <= MAX_MESSAGE_BYTES:
            with self._lock:
                self._requests[msg_id] = request
                self._bytes += size + _ENTRY_BYTES
                while self._bytes > MAX_CACHE_BYTES:
                    self._drop(next(iter(self._succeeded or self._requests)))

    def find(self, msg_id: str) -> SentArguments | None:
        """Return the arguments of a message; None if they are not kept."""
        return self._requests.get(msg_id) or self._requests.get(_broadcast_id(msg_id))

    def mark_succeeded(self, msg_ids: Iterable[str]) -> None:
        """Keep these messages, which succeeded, only while there is room for them."""
        with self._lock:
            self._succeeded.update(dict.fromkeys(filter(self._requests.__contains__, msg_ids)))
            for _ in range(len(self._succeeded) - MAX_SUCCEEDED):
                self._drop(next(iter(self._succeeded)))

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Drop these messages."""
        with self._lock:
            for msg_id in msg_ids:
                self._drop(msg_id)

    def _drop(self, msg_id: str) -> None:
        request = self._requests.pop(msg_id, None)
        if request is not None:
            self._succeeded.pop(msg_id, None)
            self._bytes -= sum(map(_nbytes, request.buffers)) + _ENTRY_BYTES

    def drop_with_broadcasts(self, msg_ids: Iterable[str]) -> None:
        """Drop these messages and the broadcasts that they are parts of."""
        if len(self):
            self.drop(each for msg_id in msg_ids for each in (msg_id, _broadcast_id(msg_id)))

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._requests.clear()
            self._succeeded.clear()
            self._bytes = 0


class MessageSizes:
    """Sizes in bytes of the large messages that one client has sent, or received; bounded in number."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}

    def total(self, msg_ids: Iterable[str]) -> int:
        """Return the bytes of all large ones among these messages."""
        return sum(self._sizes.get(msg_id, 0) for msg_id in msg_ids) if self._sizes else 0

    def add(self, msg_id: str, buffers: Iterable[Buffer]) -> None:
        """Record the size of a message if it is large; never raises."""
        try:
            size = sum(map(_nbytes, buffers))
            if size >= LARGE_MESSAGE_BYTES:
                self._sizes[msg_id] = size
                if len(self._sizes) > _MAX_SIZES:
                    del self._sizes[next(iter(self._sizes))]
        except Exception:
            log_error("measuring a message")

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Drop these messages."""
        if self._sizes:
            for msg_id in msg_ids:
                self._sizes.pop(msg_id, None)


def mark_targets(
    future: MessageFutureLike, metadata: Mapping[str, object] | None, buffers: Sequence[Buffer]
) -> None:
    """Mark the future of a load-balanced request that not every engine may run."""
    if not metadata or "targets" not in metadata:
        return
    dependent = metadata.get("follow") or any(_DEPENDENT in bytes(each[:_HEAD]) for each in buffers[:3:2])
    if dependent or metadata["targets"]:
        setattr(future, _TARGETS, () if dependent else metadata["targets"])


def eligible_engines(result: ResultLike) -> frozenset[str] | None:
    """Return the uuids of the engines that the tasks of a result may run on; None for all.

    If tasks decide that on the engines, none is returned: it is unknown which would have taken them.
    """
    eligible: set[str] = set()
    for future in result._children:
        targets = getattr(future, _TARGETS, None)
        if targets is None:
            return None
        eligible.update(targets)
    return frozenset(eligible)


def _without_function(buffers: Sequence[Buffer]) -> SentArguments:
    """Leave out the function, and ipyparallel's wrapper for maps: all tasks share the bytes of both."""
    from ipyparallel.client import remotefunction

    wrapper = getattr(remotefunction, "_prepickled_map", None)
    # compared by value, as a retry sends what the controller kept
    mapped = wrapper is not None and buffers[0] == wrapper.buffers[0]
    return SentArguments(tuple(buffers[3:] if mapped else buffers[1:]), mapped)


def _broadcast_id(msg_id: str) -> str:
    """Return the id under which a broadcast was sent; each engine's part has the uuid appended to it."""
    return msg_id.rpartition("_")[0]


def _nbytes(buffer: Buffer) -> int:
    return buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)
