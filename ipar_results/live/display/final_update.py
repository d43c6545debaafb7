"""The last picture of a displayed result: it waits for room without the result it was drawn from."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...log import trouble
from ..ticker import ENDING, OVERDUE, TIDYING, TickerItem

PATIENCE = 90.0  # seconds: longer than two hundred cards take that end together
_CLOSED_AT_ONCE = 4


def waits(since: float, now: float) -> int:
    """How urgent an end is that waits for room since then."""
    return ENDING if now - since < PATIENCE else OVERDUE


def close_some(parts: list[Any]) -> list[Any]:
    """Close a few parts of a widget, each of which takes a message; returns those that are left."""
    for part in parts[:_CLOSED_AT_ONCE]:
        part.close()
    return parts[_CLOSED_AT_ONCE:]


class Last(TickerItem):
    """What is followed in the place of a display.

    Parameters
    ----------
    publish : callable
        Sends the picture.
    size : int
        Bytes of it.
    parts : list of Widget
        Closed afterwards.
    since : float
        When the result ended, on the monotonic clock.
    """

    def __init__(self, publish: Callable[[], None], size: int, parts: list[Any], since: float) -> None:
        self.size = size
        self._publish: Callable[[], None] | None = publish
        self._parts = parts
        self._since = since

    def wants(self, now: float) -> int | None:
        """The picture, and then the tidying up."""
        return TIDYING if self._publish is None else waits(self._since, now)

    def send(self) -> int:
        """Send the picture, or tidy up a bit."""
        publish, self._publish = self._publish, None
        try:
            if publish is not None:
                self.sent_at = time.monotonic()
                publish()
                messages = 1
            else:
                before, self.size = len(self._parts), 0
                self._parts = close_some(self._parts)
                messages = before - len(self._parts)
        except Exception:
            # a closed connection, most likely: nobody is left to look
            trouble("updating a display")
            self.over = True
            return 1
        self.over = not self._parts
        return messages

    def freeze(self) -> None:
        """Do at once what is left."""
        while not self.over:
            self.send()

    def forget(self) -> None:
        """Send nothing any more: the result runs again."""
        self._publish, self.over = None, not self._parts
