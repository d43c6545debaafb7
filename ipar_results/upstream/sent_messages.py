"""What was sent, kept while it may fail: the pickled arguments of small requests, bounded for each client."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..log import trouble

SMALL = 2_000  # bytes of one request's arguments
MOST = 24_000_000  # bytes of all of them together
LARGE = 100_000  # bytes; below, what a message holds does not matter to how long it takes
_SIZES_KEPT = 100_000
_ENTRY = 250  # what an entry takes beside its arguments


class Request(NamedTuple):
    """The arguments of one message, as ipyparallel pickled them.

    Attributes
    ----------
    buffers : tuple of bytes
        Of a map the parts of its sequences; else what ``pack_apply_message`` makes of arguments.
    mapped : bool
    """

    buffers: tuple[Any, ...]
    mapped: bool


class Requests:
    """The arguments of messages that have not succeeded, by message id.

    A large one is not kept at all, so no large input lives longer for us; where they are too many, the oldest
    go.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Request] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def note(self, msg_id: str, buffers: Sequence[Any]) -> None:
        """Keep what an apply request carries, if it is small; about 2 µs.

        Parameters
        ----------
        msg_id : str
        buffers : sequence of bytes
            As ``pack_apply_message`` made them.
        """
        request = _arguments(buffers)
        size = sum(map(_nbytes, request.buffers))
        if size > SMALL:
            return
        with self._lock:
            self._kept[msg_id] = request
            self._bytes += size + _ENTRY
            while self._bytes > MOST:
                self._forget(next(iter(self._kept)))

    def find(self, msg_id: str) -> Request | None:
        """What a message carried; None where that is not kept."""
        return self._kept.get(msg_id) or self._kept.get(_whole(msg_id))

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Let go of what succeeded."""
        with self._lock:
            for msg_id in msg_ids:
                if msg_id in self._kept:
                    self._forget(msg_id)

    def drop_all(self, msg_ids: Iterable[str]) -> None:
        """Let go of these and of the broadcasts that they are parts of."""
        if self._kept:
            self.drop(each for msg_id in msg_ids for each in (msg_id, _whole(msg_id)))

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _forget(self, msg_id: str) -> None:
        self._bytes -= sum(map(_nbytes, self._kept.pop(msg_id).buffers)) + _ENTRY


class Sizes:
    """Bytes of the large messages of one client."""

    def __init__(self) -> None:
        self._sent: dict[str, int] = {}
        self._came: dict[str, int] = {}

    def sent(self, msg_ids: Iterable[str]) -> int:
        """Bytes of those requests that are large."""
        return sum(self._sent.get(msg_id, 0) for msg_id in msg_ids) if self._sent else 0

    def came(self, msg_ids: Iterable[str]) -> int:
        """Bytes of those replies that are large."""
        return sum(self._came.get(msg_id, 0) for msg_id in msg_ids) if self._came else 0

    def request(self, msg_id: str, buffers: Any) -> None:
        """Note a request that was sent."""
        _note(self._sent, msg_id, buffers)

    def reply(self, msg_id: str, buffers: Any) -> None:
        """Note a reply before it is read."""
        _note(self._came, msg_id, buffers)

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Forget these."""
        for kept in filter(None, (self._sent, self._came)):
            for msg_id in msg_ids:
                kept.pop(msg_id, None)


def _arguments(buffers: Sequence[Any]) -> Request:
    """Without the function: all tasks of a map share its bytes, and ipyparallel's own function around it."""
    from ipyparallel.client import remotefunction

    around = getattr(remotefunction, "_prepickled_map", None)
    mapped = around is not None and buffers[0] is around.buffers[0]
    return Request(tuple(buffers[3:] if mapped else buffers[1:]), mapped)


def _whole(msg_id: str) -> str:
    """A broadcast's message has the engine's uuid behind the id with which it was sent."""
    return msg_id.rpartition("_")[0]


def _nbytes(buffer: Any) -> int:
    return buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)


def _note(kept: dict[str, int], msg_id: str, buffers: Any) -> None:
    try:
        size = sum(map(_nbytes, buffers))
        if size >= LARGE:
            kept[msg_id] = size
            if len(kept) > _SIZES_KEPT:
                del kept[next(iter(kept))]
    except Exception:
        trouble("measuring a message")
