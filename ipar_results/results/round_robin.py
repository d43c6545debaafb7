"""Round-robin over a list that is too long to be polled at once, such as that of ten thousand results."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


class RoundRobin:
    """Cursor that takes a list batch by batch, of `batch` items each."""

    def __init__(self, batch: int) -> None:
        self.complete = True  # each item has been taken, and the first is next
        self._batch = batch
        self._next = 0

    def take(self, items: list[T]) -> list[T]:
        """Return the next batch of a list, which may have changed since the last call."""
        begin = 0 if self.complete else self._next
        self._next = begin + self._batch
        self.complete = self._next >= len(items)
        return items[begin : self._next]
