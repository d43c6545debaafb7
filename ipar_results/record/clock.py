"""When a result was sent, when its answers came, and how long it has taken."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..upstream.timestamps import earliest, latest


class Clock:
    """The time of one result.

    Attributes
    ----------
    submitted, received : float
        POSIX seconds of the first submission and of the last answer so far; NaN where it is not known.
    """

    def __init__(self) -> None:
        self.submitted = self.received = float("nan")
        self._pause = self._elapsed = 0.0
        self._pauses: list[tuple[float, float]] = []
        self._stopped = False
        self._began = time.monotonic()

    def sent(self, stamps: Sequence[Any]) -> None:
        """Take in when messages were submitted."""
        self.submitted = float(np.fmin(self.submitted, earliest(stamps)))

    def came(self, stamps: Sequence[Any]) -> None:
        """Take in when answers were received."""
        self.received = float(np.fmax(self.received, latest(stamps)))

    def place(self) -> None:
        """Place the first submission on the monotonic clock; now, where it is not known."""
        age = 0.0 if np.isnan(self.submitted) else max(0.0, time.time() - self.submitted)
        self._began = time.monotonic() - age

    @property
    def wall_time(self) -> float:
        """Seconds between the first submission and the last answer, without the pause before a retry."""
        return max(0.0, round(float(np.nan_to_num(self.received - self.submitted)) - self._pause, 6))

    def offsets(self, moments: NDArray[np.float64]) -> NDArray[np.float64]:
        """POSIX seconds as seconds after the first submission, without the pauses before retries."""
        moments = np.array(moments, np.float64)
        for begin, length in reversed(self._pauses):
            after = moments > begin
            moments[after] = np.maximum(moments[after] - length, begin)
        return moments - self.submitted

    def elapsed(self, finished: bool) -> float:
        """Seconds since the first submission; never falls, and stops at the last answer."""
        if not self._stopped:
            self._stopped = finished
            known = finished and not np.isnan(self.received)
            now = self.wall_time if known else time.monotonic() - self._began - self._pause
            self._elapsed = max(self._elapsed, now)
        return self._elapsed

    def go_on(self, finished: bool) -> None:
        """Go on after a retry; `finished` says whether all had ended before."""
        if finished and not np.isnan(self.received):
            pause = max(0.0, time.time() - self.received)
            self._pause += pause
            self._pauses.append((self.received, pause))
        self._stopped = False
