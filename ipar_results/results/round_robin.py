"""A long list, looked at a part at a time: ten thousand results must not cost a core."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


class Turns:
    """Whose turn it is.

    Parameters
    ----------
    most : int
        How many are looked at together.

    Attributes
    ----------
    over : bool
        Whether each has had its turn, and the first is next.
    """

    def __init__(self, most: int) -> None:
        self.over = True
        self._most = most
        self._next = 0

    def take(self, things: list[T]) -> list[T]:
        """The next part of what there is now; all of it where it is not too long."""
        begin = 0 if self.over else self._next
        self._next = begin + self._most
        self.over = self._next >= len(things)
        return things[begin : self._next]
