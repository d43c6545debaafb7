"""When a shown result has something new to send: what every moving view shares."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from dataclasses import replace
from typing import Any

from ...config import IPythonParallelResults
from ...log import trouble
from ...model.snapshot import Snapshot
from ...results.followed import Followed
from ..ticker import Updatable, Urgency
from .final_update import FinalUpdate, urgency_of_end

_CLOCK_SECONDS = 1.0
_OUTPUT_GRACE = 1.0
_MAX_CPU_SHARE = 0.1  # of a core, for one view: what takes longer to draw moves less often
_UNLOADED_NOTE = "No longer followed: ipar_results was unloaded while this ran."


class ResultView(Updatable):
    """One result that is shown, from its first picture to its last.

    Parameters
    ----------
    result : AsyncResult
        Held until the end, so that work that is shown is followed to its end.
    """

    def __init__(self, result: Any, followed: Followed, config: IPythonParallelResults) -> None:
        self._result: Any = result
        self._followed = followed
        self._config = config
        self._lock = threading.RLock()  # a user's observer of a widget may unload us
        self._sent_version: tuple[Any, ...] | None = None
        self._due_at: float | None = None  # since when the last state waits to be sent
        self._ended_at: float | None = None  # when it was sent
        self._update_cpu = 0.0  # seconds of CPU, the last time

    # what a view does ----------------------------------------------------------------------------

    @abstractmethod
    def _update(self) -> int:
        """Send the present state; returns how many messages it took."""

    @abstractmethod
    def _finish(self, state: Snapshot) -> int:
        """Send the last state; returns how many messages it took."""

    def _make_final_update(self, since: float) -> tuple[FinalUpdate | None, int]:
        """The last picture by itself, and messages it took to make it; None where there is no such thing."""
        return None, 0

    def _end_delay(self) -> float:
        """Seconds after the end in which others go first."""
        return 0.0

    def _rate(self) -> float:
        """Updates a second."""
        return float(self._config.rate)

    def _clean_up(self) -> int:
        """Give back some of what the view held; returns how many messages it took, 0 when none is left."""
        return 0

    def _needs_cleanup(self) -> bool:
        """Whether something is still to be given back."""
        return False

    def _release(self) -> None:
        """Give back at once all that the view holds."""
        while self._clean_up():
            pass

    # what the ticker asks ------------------------------------------------------------------------

    def urgency(self, now: float) -> Urgency | None:
        """What there is to send: an ending, a change, or the clock of work that runs."""
        self._followed.poll()
        if self._ended_at is not None:
            # output may lag behind the last result: shown once more when it is all there
            if self._version() != self._sent_version:
                return Urgency.FINAL
            if self._needs_cleanup():
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
        """Let go of a result whose last state has to wait, and leave that to somebody who has only this."""
        with self._lock:
            since = time.monotonic() if self._due_at is None else self._due_at
            complete = self._output_complete() or time.monotonic() - since > _OUTPUT_GRACE
            if self.over or not (complete and self._at_end()):
                return None, 0
            try:
                final, messages = self._make_final_update(since)
            except Exception:
                trouble("drawing the last state of a display")
                return None, 0
            if final is not None:
                self._close()
            return final, messages

    def send(self) -> int:
        """Send the present state, which is the last one where the work has ended."""
        with self._lock:
            self.size = 0
            if self.over:
                return 0
            try:
                if self._ended_at is not None and self._version() == self._sent_version:
                    return self._clean_up()
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
                # a closed connection, most likely: nobody is left to look
                trouble("updating a display")
                self._close()
                return 1

    def freeze(self) -> None:
        """Leave the last true state; nothing is followed afterwards."""
        with self._lock:
            if self.over:
                return
            if self._ended_at is None:
                state = self._followed.snapshot()
                self._finish(state if state.finished else replace(state, state="frozen", note=_UNLOADED_NOTE))
            self._close()

    def reopen(self, result: Any) -> bool:
        """Follow the result again after a retry; False where it is still followed."""
        with self._lock:
            self._due_at = self._ended_at = None
            if not self.over:
                return False
            self._result, self._sent_version, self.over = result, None, False
            return True

    # state ---------------------------------------------------------------------------------------

    def _note_sent(self) -> None:
        self._sent_version, self.sent_at = self._version(), time.monotonic()

    def _note_end(self) -> None:
        if self._ended_at is None:
            self._ended_at = time.monotonic()
        if self._output_complete() and not self._needs_cleanup():
            self._close()

    def _close(self) -> None:
        self.over = True
        self._release()
        self._result = None

    def _version(self) -> tuple[Any, ...]:
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
    """Keeps a card widget that a user placed up to date.

    Parameters
    ----------
    result, followed, config
        As for :class:`ResultView`.
    """

    def __init__(self, result: Any, followed: Followed, config: IPythonParallelResults, widget: Any) -> None:
        super().__init__(result, followed, config)
        self._widget = widget

    def urgency(self, now: float) -> Urgency | None:
        """Nothing once the widget was closed."""
        if self._widget.comm is None:
            self._close()
            return None
        return super().urgency(now)

    def _update(self) -> int:
        return int(self._widget.draw(self._followed.snapshot()))

    def _finish(self, state: Snapshot) -> int:
        return int(self._widget.draw(state, force=True))
