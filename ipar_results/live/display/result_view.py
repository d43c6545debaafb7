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
from ..ticker import CHANGED, ENDING, TIDYING, TickerItem
from .final_update import Last, waits

CLOCK = 1.0
OUTPUT_GRACE = 1.0
_SHARE = 0.1  # of a core, for one view: what takes longer to draw moves less often
UNLOADED = "No longer followed: ipar_results was unloaded while this ran."


class Following(TickerItem):
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
        self._shown: tuple[Any, ...] | None = None
        self._due_at: float | None = None  # since when the last state waits to be sent
        self._ended_at: float | None = None  # when it was sent
        self._took = 0.0  # seconds of CPU, the last time

    # what a view does ----------------------------------------------------------------------------

    @abstractmethod
    def _update(self) -> int:
        """Send the present state; returns how many messages it took."""

    @abstractmethod
    def _finish(self, state: Snapshot) -> int:
        """Send the last state; returns how many messages it took."""

    def _bequeath(self, since: float) -> tuple[Last | None, int]:
        """The last picture by itself, and messages it took to make it; None where there is no such thing."""
        return None, 0

    def _reserve(self) -> float:
        """Seconds after the end in which others go first."""
        return 0.0

    def _rate(self) -> float:
        """Updates a second."""
        return float(self._config.rate)

    def _tidy(self) -> int:
        """Give back some of what the view held; returns how many messages it took, 0 when none is left."""
        return 0

    def _untidy(self) -> bool:
        """Whether something is still to be given back."""
        return False

    def _release(self) -> None:
        """Give back at once all that the view holds."""
        while self._tidy():
            pass

    # what the ticker asks ------------------------------------------------------------------------

    def wants(self, now: float) -> int | None:
        """What there is to send: an ending, a change, or the clock of work that runs."""
        self._followed.poll()
        if self._ended_at is not None:
            # output may lag behind the last result: shown once more when it is all there
            if self._key() != self._shown:
                return ENDING
            if self._untidy():
                return TIDYING
            if self._output_complete() or now - self._ended_at > OUTPUT_GRACE:
                self._drop()
            return None
        if self._followed.record.finished or self._followed.record.connection.closed:
            self._due_at = now if self._due_at is None else self._due_at
            return waits(self._due_at, now) if now - self._due_at >= self._reserve() else None
        since = now - self.sent_at
        if since < max(1 / self._rate(), self._took / _SHARE):
            return None
        if self._key() != self._shown:
            return CHANGED
        return CHANGED if since >= CLOCK and not self._followed.lost else None

    def hold(self) -> tuple[Last | None, int]:
        """Let go of a result whose last state has to wait, and leave that to somebody who has only this."""
        with self._lock:
            since = time.monotonic() if self._due_at is None else self._due_at
            complete = self._output_complete() or time.monotonic() - since > OUTPUT_GRACE
            if self.over or not (complete and self._at_end()):
                return None, 0
            try:
                heir, messages = self._bequeath(since)
            except Exception:
                trouble("drawing the last state of a display")
                return None, 0
            if heir is not None:
                self._drop()
            return heir, messages

    def send(self) -> int:
        """Send the present state, which is the last one where the work has ended."""
        with self._lock:
            self.size = 0
            if self.over:
                return 0
            try:
                if self._ended_at is not None and self._key() == self._shown:
                    return self._tidy()
                ended = self._at_end()
                self._note_sent()
                if not ended:
                    begin = time.thread_time()
                    sent = self._update()
                    self._took = time.thread_time() - begin
                    return sent
                sent = self._finish(self._followed.snapshot())
                self._note_end()
                return sent
            except Exception:
                # a closed connection, most likely: nobody is left to look
                trouble("updating a display")
                self._drop()
                return 1

    def freeze(self) -> None:
        """Leave the last true state; nothing is followed afterwards."""
        with self._lock:
            if self.over:
                return
            if self._ended_at is None:
                state = self._followed.snapshot()
                self._finish(state if state.finished else replace(state, state="frozen", note=UNLOADED))
            self._drop()

    def reopen(self, result: Any) -> bool:
        """Follow the result again after a retry; False where it is still followed."""
        with self._lock:
            self._due_at = self._ended_at = None
            if not self.over:
                return False
            self._result, self._shown, self.over = result, None, False
            return True

    # state ---------------------------------------------------------------------------------------

    def _note_sent(self) -> None:
        self._shown, self.sent_at = self._key(), time.monotonic()

    def _note_end(self) -> None:
        if self._ended_at is None:
            self._ended_at = time.monotonic()
        if self._output_complete() and not self._untidy():
            self._drop()

    def _drop(self) -> None:
        self.over = True
        self._release()
        self._result = None

    def _key(self) -> tuple[Any, ...]:
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


class Feed(Following):
    """Keeps a card widget that a user placed up to date.

    Parameters
    ----------
    result, followed, config
        As for :class:`Following`.
    """

    def __init__(self, result: Any, followed: Followed, config: IPythonParallelResults, widget: Any) -> None:
        super().__init__(result, followed, config)
        self._widget = widget

    def wants(self, now: float) -> int | None:
        """Nothing once the widget was closed."""
        if self._widget.comm is None:
            self._drop()
            return None
        return super().wants(now)

    def _update(self) -> int:
        return int(self._widget.draw(self._followed.snapshot()))

    def _finish(self, state: Snapshot) -> int:
        return int(self._widget.draw(state, force=True))
