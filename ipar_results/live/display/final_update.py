"""The last picture of a displayed result: it waits for room without the result it was drawn from."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...log import trouble
from ..ticker import Updatable, Urgency

_OVERDUE_AFTER = 90.0  # seconds: longer than two hundred cards take that end together
_MAX_CLOSED_AT_ONCE = 4


def urgency_of_end(since: float, now: float) -> Urgency:
    """How urgent an end is that waits for room since then."""
    return Urgency.FINAL if now - since < _OVERDUE_AFTER else Urgency.OVERDUE


def close_some(parts: list[Any]) -> list[Any]:
    """Close a few parts of a widget, each of which takes a message; returns those that are left."""
    for part in parts[:_MAX_CLOSED_AT_ONCE]:
        part.close()
    return parts[_MAX_CLOSED_AT_ONCE:]


class FinalUpdate(Updatable):
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

    def urgency(self, now: float) -> Urgency | None:
        """The picture, and then the tidying up."""
        return Urgency.CLEANUP if self._publish is None else urgency_of_end(self._since, now)

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

    def cancel(self) -> None:
        """Send nothing any more: the result runs again."""
        self._publish, self.over = None, not self._parts
