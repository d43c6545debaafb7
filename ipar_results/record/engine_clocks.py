"""Offsets of the engines' clocks from the client's, so that all times of a record are by one clock."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from ..model.arrays import Floats, Index, Slots

_SAME_CLOCK = 0.05  # seconds: smaller differences between clocks are ignored
_LEAST_CHANGE = 0.02  # seconds: smaller corrections of an offset are not worth moving its tasks
_INTERVAL = 1.0  # seconds for which engines with the client's clock are taken to keep it
_UNITS = 1024  # a second; whole units are subtracted from POSIX seconds, and added again, without rounding


class EngineClocks:
    """Estimates of how far each engine's clock is ahead of the client's, by slot.

    A task starts after its submission, and its reply is received after it has completed. These are bounds of
    the offset. If they exclude equal clocks, the fastest reply counts as immediate. If they contradict each
    other, because a clock was set meanwhile, the smallest offset between them is taken.
    """

    def __init__(self) -> None:
        # the last item belongs to slot -1, an unknown engine
        self._least, self._most, self._offsets = np.full(1, -np.inf), np.full(1, np.inf), np.zeros(1)
        self._observed_at = -math.inf
        self.differ = False  # whether any clock differs from the client's

    def are_due(self, slots: Sequence[int]) -> bool:
        """Return whether to observe these: an engine is new, clocks differ, or a while has passed."""
        is_new = max(slots, default=-1) >= len(self._offsets) - 1
        return self.differ or is_new or time.monotonic() - self._observed_at >= _INTERVAL

    def offsets(self, slots: Slots | Index) -> Floats:
        """Return how many seconds the clocks of these engines are ahead; 0 for slot -1."""
        return self._offsets[np.where(slots < len(self._offsets) - 1, slots, -1)]

    def observe(
        self, slots: Index, submitted: Floats, started: Floats, completed: Floats, received: Floats
    ) -> list[tuple[int, float]]:
        """Narrow the bounds by some tasks, and return the slots whose offset has changed, and by how much.

        Each slot appears once, and none is -1. The times have the shape ``(n, len(slots))``, for `n` tasks of
        each engine: POSIX seconds, NaN if unknown; `started` and `completed` by the engine's clock.
        """
        more = int(slots.max(initial=-1)) + 2 - len(self._offsets)
        if more > 0:
            self._least = np.append(self._least, np.full(more, -np.inf))
            self._most = np.append(self._most, np.full(more, np.inf))
            self._offsets = np.append(self._offsets, np.zeros(more))
        least = self._least[slots] = np.fmax(self._least[slots], np.fmax.reduce(completed - received))
        most = self._most[slots] = np.fmin(self._most[slots], np.fmin.reduce(started - submitted))
        self._observed_at = time.monotonic()
        lower, upper = np.fmin(least, most), np.fmax(least, most)
        if (
            not self.differ
            and lower.max(initial=0.0) <= _SAME_CLOCK
            and upper.min(initial=0.0) >= -_SAME_CLOCK
        ):
            return []
        nearest = np.fmax(lower, np.fmin(0.0, upper))
        found = np.where(np.isfinite(least) & (least <= most), least, nearest)
        found[np.abs(nearest) <= _SAME_CLOCK] = 0.0
        found = np.floor(found * _UNITS) / _UNITS
        change = found - self._offsets[slots]
        moved = np.abs(change) > _LEAST_CHANGE
        self._offsets[slots[moved]] = found[moved]
        self.differ = bool(self._offsets.any())
        return list(zip(slots[moved].tolist(), change[moved].tolist(), strict=True))
