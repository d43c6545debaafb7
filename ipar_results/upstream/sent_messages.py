"""What was sent, kept while it may fail: the pickled arguments of small requests, bounded for each client."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..log import trouble

MAX_MESSAGE_BYTES = 2_000  # bytes of one request's arguments
MAX_CACHE_BYTES = 24_000_000  # bytes of all of them together
LARGE_MESSAGE_BYTES = 100_000  # bytes; below, what a message holds does not matter to how long it takes
_MAX_SIZES = 100_000
_ENTRY_BYTES = 250  # what an entry takes beside its arguments


class SentArguments(NamedTuple):
    """The arguments of one message, as ipyparallel pickled them.

    Attributes
    ----------
    buffers : tuple of bytes
        Of a map the parts of its sequences; else what ``pack_apply_message`` makes of arguments.
    mapped : bool
    """

    buffers: tuple[Any, ...]
    mapped: bool


class ArgumentCache:
    """The arguments of messages that have not succeeded, by message id.

    A large one is not kept at all, so no large input lives longer for us; where they are too many, the oldest
    go.
    """

    def __init__(self) -> None:
        self._arguments: dict[str, SentArguments] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._arguments)

    def add(self, msg_id: str, buffers: Sequence[Any]) -> None:
        """Keep what an apply request carries, if it is small; about 2 µs.

        Parameters
        ----------
        msg_id : str
        buffers : sequence of bytes
            As ``pack_apply_message`` made them.
        """
        request = _without_function(buffers)
        size = sum(map(_nbytes, request.buffers))
        if size > MAX_MESSAGE_BYTES:
            return
        with self._lock:
            self._arguments[msg_id] = request
            self._bytes += size + _ENTRY_BYTES
            while self._bytes > MAX_CACHE_BYTES:
                self._remove(next(iter(self._arguments)))

    def find(self, msg_id: str) -> SentArguments | None:
        """What a message carried; None where that is not kept."""
        return self._arguments.get(msg_id) or self._arguments.get(_broadcast_id(msg_id))

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Let go of what succeeded."""
        with self._lock:
            for msg_id in msg_ids:
                if msg_id in self._arguments:
                    self._remove(msg_id)

    def drop_with_broadcasts(self, msg_ids: Iterable[str]) -> None:
        """Let go of these and of the broadcasts that they are parts of."""
        if self._arguments:
            self.drop(each for msg_id in msg_ids for each in (msg_id, _broadcast_id(msg_id)))

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._arguments.clear()
            self._bytes = 0

    def _remove(self, msg_id: str) -> None:
        self._bytes -= sum(map(_nbytes, self._arguments.pop(msg_id).buffers)) + _ENTRY_BYTES


class MessageSizes:
    """Bytes of the large messages of one client."""

    def __init__(self) -> None:
        self._sent: dict[str, int] = {}
        self._received: dict[str, int] = {}

    def sent_bytes(self, msg_ids: Iterable[str]) -> int:
        """Bytes of those requests that are large."""
        return sum(self._sent.get(msg_id, 0) for msg_id in msg_ids) if self._sent else 0

    def received_bytes(self, msg_ids: Iterable[str]) -> int:
        """Bytes of those replies that are large."""
        return sum(self._received.get(msg_id, 0) for msg_id in msg_ids) if self._received else 0

    def add_request(self, msg_id: str, buffers: Any) -> None:
        """Note a request that was sent."""
        _add_size(self._sent, msg_id, buffers)

    def add_reply(self, msg_id: str, buffers: Any) -> None:
        """Note a reply before it is read."""
        _add_size(self._received, msg_id, buffers)

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Forget these."""
        for kept in filter(None, (self._sent, self._received)):
            for msg_id in msg_ids:
                kept.pop(msg_id, None)


def _without_function(buffers: Sequence[Any]) -> SentArguments:
    """Without the function: all tasks of a map share its bytes, and ipyparallel's own function around it."""
    from ipyparallel.client import remotefunction

    around = getattr(remotefunction, "_prepickled_map", None)
    mapped = around is not None and buffers[0] is around.buffers[0]
    return SentArguments(tuple(buffers[3:] if mapped else buffers[1:]), mapped)


def _broadcast_id(msg_id: str) -> str:
    """A broadcast's message has the engine's uuid behind the id with which it was sent."""
    return msg_id.rpartition("_")[0]


def _nbytes(buffer: Any) -> int:
    return buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)


def _add_size(kept: dict[str, int], msg_id: str, buffers: Any) -> None:
    try:
        size = sum(map(_nbytes, buffers))
        if size >= LARGE_MESSAGE_BYTES:
            kept[msg_id] = size
            if len(kept) > _MAX_SIZES:
                del kept[next(iter(kept))]
    except Exception:
        trouble("measuring a message")
