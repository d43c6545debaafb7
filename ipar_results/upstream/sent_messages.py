"""What was sent, kept while it may fail: the pickled arguments of small requests, bounded for each client."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

SMALL = 2_000  # bytes of one request's arguments
MOST = 24_000_000  # bytes of all of them together
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
