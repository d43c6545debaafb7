"""Base class of live views of a result, which decides when to send updates and the last state."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from ...config import IPythonParallelResults
from ...log import log_error, log_errors
from ...model.snapshot import Snapshot
from ...results.followed import Followed
from ...upstream.protocols import ResultLike
from ..ticker import Updatable, Urgency
from .final_update import FinalUpdate, close_some, urgency_of_end

if TYPE_CHECKING:
    from ipywidgets import Widget

    from .widget import CardWidget

_CLOCK_SECONDS = 1.0
_OUTPUT_GRACE = 1.0
_MAX_CPU_SHARE = 0.1  # of a core, for one view; what takes longer to draw is updated less often
_UNLOADED_NOTE = "No longer followed: ipar_results was unloaded while this ran."


class ResultView(Updatable):
    """Live view of one result, from its first state to its last."""

    def __init__(self, result: ResultLike, followed: Followed, config: IPythonParallelResults) -> None:
        self._result: ResultLike | None = result  # until the end, so that what is shown is not freed before
        self._followed = followed
        self._config = config
        self._lock = threading.RLock()  # reentrant: a user's observer of a widget may unload the extension
        self._sent_version: tuple[object, ...] | None = None
        self._due_at: float | None = None  # when the last state became ready to send
        self._ended_at: float | None = None  # when it was sent first
        self._update_cpu = 0.0  # seconds of CPU time of the last update
        self._parts_to_close: list[Widget] = []  # of a widget that is shown no more

    @abstractmethod
    def _update(self) -> int:
        """Send the present state; return the number of messages."""

    @abstractmethod
    def _finish(self, state: Snapshot) -> int:
        """Send the last state; return the number of messages."""

    def _make_final_update(self, since: float) -> tuple[FinalUpdate | None, int]:
        """Return what replaces the view at its end, and the number of messages sent; None to keep it."""
        return None, 0

    def _end_delay(self) -> float:
        """Return the seconds to wait after the end of the result."""
        return 0.0

    def _rate(self) -> float:
        """Return the updates a second."""
        return float(self._config.rate)

    def urgency(self, now: float) -> Urgency | None:
        """Return what there is to send: the last state, a change, or the clock of a running result."""
        self._followed.poll()
        if self._ended_at is not None:
            # output may arrive after the last result: the last state is sent again then
            if self._version() != self._sent_version:
                return Urgency.FINAL
            if self._parts_to_close:
                return Urgency.CLEANUP
            if self._output_complete() or now - self._ended_at > _OUTPUT_GRACE:
                self._close()
            return None
        if self._followed.record.finished or self._followed.record.connection.closed:
            self._due_at = now if self._due_at is None else self._due_at
            return urgency_of_end(self._due_at, now) if now - self._due_at >= self._end_delay() else None
        since = now - self.sent_at
        if since < max(1 / self._rate(), self._update_cpu / _MAX_CPU_SHARE):
            return None
        if self._version() != self._sent_version:
            return Urgency.CHANGED
        return Urgency.CHANGED if since >= _CLOCK_SECONDS and not self._followed.lost else None

    def replacement(self) -> tuple[FinalUpdate | None, int]:
        """Close this view where its last state has to wait; return that state to wait in its place."""
        with self._lock:
            since = time.monotonic() if self._due_at is None else self._due_at
            complete = self._output_complete() or time.monotonic() - since > _OUTPUT_GRACE
            if self.over or not (complete and self._at_end()):
                return None, 0
            with log_errors("drawing the last state of a display"):
                final, messages = self._make_final_update(since)
                if final is not None:
                    self._close()
                return final, messages
            return None, 0

    def send(self) -> int:
        """Send the present state, which is the last one if the result has ended."""
        with self._lock:
            self.size = 0
            if self.over:
                return 0
            try:
                if self._ended_at is not None and self._version() == self._sent_version:
                    return close_some(self._parts_to_close)
                ended = self._at_end()
                self._note_sent()
                if not ended:
                    begin = time.thread_time()
                    sent = self._update()
                    self._update_cpu = time.thread_time() - begin
                    return sent
                sent = self._finish(self._followed.snapshot())
                self._note_end()
                return sent
            except Exception:
                # most likely a closed connection
                log_error("updating a display")
                self._close()
                return 1

    def settles(self) -> bool:
        """Return whether the result has ended, but its record or the output of its tasks is not complete."""
        result = self._result
        ended = result is not None and bool(result._ready)
        return ended and not self.over and not (self._at_end() and self._output_complete())

    def freeze(self) -> None:
        """Send the last true state and close the view."""
        with self._lock:
            if self.over:
                return
            if self._ended_at is None:
                state = self._followed.snapshot()
                self._finish(state if state.finished else replace(state, state="frozen", note=_UNLOADED_NOTE))
            self._close()

    def reopen(self, result: ResultLike) -> bool:
        """Update again after a retry; return False if the view is still updated."""
        with self._lock:
            self._due_at = self._ended_at = None
            if not self.over:
                return False
            self._result, self._sent_version, self.over = result, None, False
            return True

    def _note_sent(self) -> None:
        self._sent_version, self.sent_at = self._version(), time.monotonic()

    def _note_end(self) -> None:
        if self._ended_at is None:
            self._ended_at = time.monotonic()
        if self._output_complete() and not self._parts_to_close:
            self._close()

    def _close(self) -> None:
        self.over = True
        while close_some(self._parts_to_close):
            pass
        self._result = None

    def _version(self) -> tuple[object, ...]:
        return (
            self._followed.record.version,
            self._followed.lost,
            self._followed.record.connection.alive_engines(),
        )

    def _at_end(self) -> bool:
        self._followed.drain()
        return self._followed.record.finished or self._followed.record.connection.closed

    def _output_complete(self) -> bool:
        return (
            self._result is None
            or bool(self._result._output_ready)
            or self._followed.record.connection.closed
        )


class LiveWidget(ResultView):
    """Live view in a widget that the user has placed."""

    def __init__(
        self,
        result: ResultLike,
        followed: Followed,
        config: IPythonParallelResults,
        widget: CardWidget,
    ) -> None:
        super().__init__(result, followed, config)
        self._widget = widget

    def urgency(self, now: float) -> Urgency | None:
        """Return None and end once the widget is closed."""
        if self._widget.comm is None:
            self._close()
            return None
        return super().urgency(now)

    def _update(self) -> int:
        return int(self._widget.draw(self._followed.snapshot()))

    def _finish(self, state: Snapshot) -> int:
        return int(self._widget.draw(state, force=True))
