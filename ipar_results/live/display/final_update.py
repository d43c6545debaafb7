"""Last update of a display, drawn in advance so that it waits for room without keeping its result alive."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...log import log_error
from ..ticker import Updatable, Urgency

if TYPE_CHECKING:
    from ipywidgets import Widget

_OVERDUE_AFTER = 90.0  # seconds; two hundred cards that end together take less
_MAX_CLOSED_AT_ONCE = 4


def urgency_of_end(since: float, now: float) -> Urgency:
    """Return the urgency of a last state that has waited for room since then."""
    return Urgency.FINAL if now - since < _OVERDUE_AFTER else Urgency.OVERDUE


def close_some(parts: list[Widget]) -> int:
    """Close and drop a few of a widget's dozen parts, each of which takes a message; return their number."""
    closed = parts[:_MAX_CLOSED_AT_ONCE]
    for part in closed:
        part.close()
    del parts[:_MAX_CLOSED_AT_ONCE]
    return len(closed)


class FinalUpdate(Updatable):
    """Replacement of a display that waits to send its last state.

    `publish` sends that state, of `size` bytes. The parts of the display's widget are closed afterwards. The
    result ended at `since`, on the monotonic clock.
    """

    def __init__(self, publish: Callable[[], None], size: int, parts: list[Widget], since: float) -> None:
        self.size = size
        self._publish: Callable[[], None] | None = publish
        self._parts = parts
        self._since = since

    def urgency(self, now: float) -> Urgency | None:
        """Return the urgency of the last state; CLEANUP once it was sent."""
        return Urgency.CLEANUP if self._publish is None else urgency_of_end(self._since, now)

    def send(self) -> int:
        """Send the last state, or close a few parts of the widget; return the number of messages."""
        publish, self._publish = self._publish, None
        try:
            if publish is not None:
                self.sent_at = time.monotonic()
                publish()
                messages = 1
            else:
                self.size = 0
                messages = close_some(self._parts)
        except Exception:
            # most likely a closed connection
            log_error("updating a display")
            self.over = True
            return 1
        self.over = not self._parts
        return messages

    def freeze(self) -> None:
        """Send the last state and close all parts at once."""
        while not self.over:
            self.send()

    def cancel(self) -> None:
        """Drop the last state, as the result runs again."""
        self._publish, self.over = None, not self._parts
