"""Queue of results with updates to send, which fills messages within a byte budget."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from ...log import log_error
from ...results.round_robin import RoundRobin
from ..rate_limits import SlidingWindow

if TYPE_CHECKING:
    from ...results.tracker import Tracked, Tracker
    from .delta_encoder import DeltaEncoder

BYTES_A_SECOND = 40_000  # of the 50 kB that the whole kernel sends; the rest is for displays
MAX_MESSAGE_BYTES = BYTES_A_SECOND // 2  # leaves as much for the next half second
_CHECKED_AT_ONCE = 500  # results, beside those with new messages
_HEAD_BYTES = 700  # about what the head of one result takes

Content = dict[str, object]  # of a message, as JSON


class UpdateQueue:
    """Updates of all tracked results that the front end does not have yet.

    `lock` is that of the channel, which holds it until a message is sent, so that messages keep their order.
    """

    def __init__(self, tracker: Tracker, lock: threading.RLock) -> None:
        self._tracker = tracker
        self._lock = lock
        self._encoders: dict[str, DeltaEncoder] = {}
        self._turns = RoundRobin(_CHECKED_AT_ONCE)
        self._due: dict[str, DeltaEncoder] = {}  # by id: results with changes
        self._backlog: list[str] | None = None  # ids of the results that a full state still lacks
        self.sent_bytes = SlidingWindow()  # filled in by the channel

    def start_over(self) -> None:
        """Send a full state: a page was reloaded, a second one opened, or one has missed a message."""
        with self._lock:
            self._backlog = [entry.id for entry in reversed(self._tracker.all())]
            for encoder in self._encoders.values():
                encoder.reset()

    def include_rows(self, entry: Tracked) -> None:
        """Send the rows of a result from now on."""
        self._encoder(entry).include_rows()

    def drop_gone(self) -> list[str]:
        """Forget the results that are no longer tracked; return their ids."""
        with self._lock:
            gone = sorted(self._gone())
            for result_id in gone:
                del self._encoders[result_id]
                self._due.pop(result_id, None)
            return gone

    def has_updates(self, now: float) -> bool:
        return self._backlog is not None or self._find_due(now) or bool(self._gone())

    def room(self, now: float) -> int:
        """Return how many bytes may be sent now."""
        return BYTES_A_SECOND - self.sent_bytes.total(now)

    def next_message(self, now: float, rate: float) -> Content | None:
        """Return the content of the next message, at `rate` messages a second; None if there is no update."""
        room = min(MAX_MESSAGE_BYTES, self.room(now))
        content = self._backlog_part(room) if self._backlog is not None else self._delta(room, rate, now)
        return content if content["full"] or content["results"] or content["gone"] else None

    def _encoder(self, entry: Tracked) -> DeltaEncoder:
        with self._lock:
            encoder = self._encoders.get(entry.id)
            if encoder is None:
                from .delta_encoder import DeltaEncoder

                encoder = self._encoders[entry.id] = DeltaEncoder(entry)
            return encoder

    def _delta(self, room: int, rate: float, now: float) -> Content:
        room = min(room, int(BYTES_A_SECOND / rate))  # or the next update would have to wait
        # ended ones first, then those that have waited longest
        due = sorted(self._due.values(), key=lambda encoder: (not encoder.entry.over, encoder.sent_at))
        results: list[Content] = []
        used = 0
        for encoder in due:
            if not encoder.is_due(now):
                del self._due[encoder.entry.id]
                continue
            if results and used + _HEAD_BYTES > room:
                break
            rows_room = (room - used) // 2 if len(due) > 1 else room - used - _HEAD_BYTES
            used += self._append_update(encoder, rows_room, results)
            encoder.sent_at = now
        return {"type": "update", "full": False, "results": results, "gone": self.drop_gone()}

    def _backlog_part(self, room: int) -> Content:
        """Return the next part of a full state: the facts of all results; rows follow in later updates."""
        assert self._backlog is not None
        results: list[Content] = []
        size = 0
        while self._backlog and (not results or size + _HEAD_BYTES < room):
            entry = self._tracker.find(self._backlog.pop(0))
            if entry is not None:
                size += self._append_update(self._encoder(entry), 0, results)
        content: Content = {"type": "update", "full": True, "results": results, "gone": self.drop_gone()}
        if not self._backlog:
            self._backlog = None
            content["last"] = True
        return content

    def _append_update(self, encoder: DeltaEncoder, room: int, results: list[Content]) -> int:
        """Append the update of one result; return its size in bytes."""
        try:
            results.append(encoder.encode(room))
        except Exception:
            log_error("telling of a result")
            results.append({"id": encoder.entry.id})
        return message_size(results[-1])

    def _find_due(self, now: float) -> bool:
        """Check the next results in turn, and those with new messages; return whether any has changes."""
        for entry in self._turns.take(self._tracker.all()) + self._tracker.with_news:
            if entry.id not in self._due and (encoder := self._encoder(entry)).is_due(now):
                self._due[entry.id] = encoder
        return bool(self._due)

    def _gone(self) -> set[str]:
        return self._encoders.keys() - self._tracker.ids()


def message_size(content: Content) -> int:
    """Return the bytes that a message, or a part of one, takes."""
    return len(json.dumps(content))
