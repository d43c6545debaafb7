"""Clock of one result: first submission, last arrival and elapsed time, without the pauses before retries.

It stands still while contact to the controller is lost, as nothing is known of the tasks then.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from ..model.arrays import Floats
from ..model.pauses import cut_pauses
from ..upstream.protocols import Timestamp
from ..upstream.timestamps import earliest, latest


class Clock:
    """Times of one result."""

    def __init__(self) -> None:
        self.submitted = self.received = float("nan")  # POSIX seconds: the first, and the last so far
        self._pause = self._elapsed = 0.0
        self.pauses: list[tuple[float, float]] = []  # before retries: begin in POSIX seconds, and duration
        self._stopped = False
        self._began: float | None = None
        self._lost_at: tuple[float, float] | None = None  # POSIX and monotonic seconds

    def add_submitted(self, stamps: Sequence[Timestamp]) -> None:
        self.submitted = float(np.fmin(self.submitted, earliest(stamps)))

    def add_received(self, stamps: Sequence[Timestamp]) -> None:
        self.received = float(np.fmax(self.received, latest(stamps)))

    def start(self) -> None:
        """Start the elapsed time at the first submission, or now if it is unknown."""
        age = 0.0 if np.isnan(self.submitted) else max(0.0, time.time() - self.submitted)
        self._began = time.monotonic() - age

    def hold(self, lost: bool) -> None:
        """Stand still from now on if contact is lost, or go on."""
        if not lost:
            self._lost_at = None
        elif self._lost_at is None:
            self._lost_at = time.time(), time.monotonic()

    @property
    def now(self) -> float:
        """POSIX seconds at this moment, or when contact was lost."""
        return time.time() if self._lost_at is None else self._lost_at[0]

    @property
    def is_known(self) -> bool:
        """Whether first submission and last arrival are known."""
        return not np.isnan(self.received - self.submitted)

    @property
    def wall_time(self) -> float:
        """Seconds between the first submission and the last arrival, without the pauses before retries."""
        return max(0.0, round(float(np.nan_to_num(self.received - self.submitted)) - self._pause, 6))

    def offsets(self, moments: Floats) -> Floats:
        """Return POSIX seconds as seconds after the first submission, without the pauses before retries."""
        return cut_pauses(moments, self.pauses) - self.submitted

    def elapsed(self, finished: bool) -> float:
        """Return the seconds since the first submission, never decreasing, up to the last arrival."""
        if self._began is None:
            return 0.0
        if not self._stopped:
            self._stopped = finished
            known = finished and not np.isnan(self.received)
            moment = time.monotonic() if self._lost_at is None else self._lost_at[1]
            now = self.wall_time if known else moment - self._began - self._pause
            self._elapsed = max(self._elapsed, now)
        return self._elapsed

    def resume(self, finished: bool) -> None:
        """Continue after a retry; `finished` tells whether all messages had ended before."""
        if finished and not np.isnan(self.received):
            pause = max(0.0, time.time() - self.received)
            self._pause += pause
            self.pauses.append((self.received, pause))
        self._stopped = False
