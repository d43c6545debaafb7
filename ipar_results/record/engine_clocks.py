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
        self._least: list[float] = []
        self._most: list[float] = []
        self._offsets = np.zeros(1)  # the last item belongs to slot -1, an unknown engine
        self._observed_at = -math.inf
        self.differ = False  # whether any clock differs from the client's

    def are_due(self, slots: Sequence[int]) -> bool:
        """Return whether to observe these: an engine is new, clocks differ, or a while has passed."""
        is_new = max(slots, default=-1) >= len(self._least)
        return self.differ or is_new or time.monotonic() - self._observed_at >= _INTERVAL

    def offsets(self, slots: Slots | Index) -> Floats:
        """Return how many seconds the clocks of these engines are ahead; 0 for slot -1."""
        return self._offsets[np.where(slots < len(self._least), slots, -1)]

    def observe(
        self,
        slots: Sequence[int],
        submitted: Sequence[float],
        started: Sequence[float],
        completed: Sequence[float],
        received: Sequence[float],
    ) -> list[tuple[int, float]]:
        """Narrow the bounds by some tasks, and return the slots whose offset has changed, and by how much.

        All times are POSIX seconds, NaN if unknown; `started` and `completed` by the engine's clock.
        """
        # lists, as numpy's calls take longer than a few tasks of each engine
        least, most = self._least, self._most
        more = max(slots, default=-1) + 1 - len(least)
        if more > 0:
            least.extend([-math.inf] * more)
            most.extend([math.inf] * more)
            self._offsets = np.append(self._offsets, np.zeros(more))
        for slot, sent, start, end, arrival in zip(
            slots, submitted, started, completed, received, strict=True
        ):
            if slot >= 0:
                if end - arrival > least[slot]:
                    least[slot] = end - arrival
                if start - sent < most[slot]:
                    most[slot] = start - sent
        moved = []
        for slot in set(slots) - {-1}:
            change = _offset(least[slot], most[slot]) - float(self._offsets[slot])
            if abs(change) > _LEAST_CHANGE:
                self._offsets[slot] += change
                moved.append((slot, change))
        self._observed_at, self.differ = time.monotonic(), bool(self._offsets.any())
        return moved


def _offset(least: float, most: float) -> float:
    """Return the offset of one clock by its bounds, in whole units."""
    nearest = min(max(0.0, min(least, most)), max(least, most))
    if abs(nearest) <= _SAME_CLOCK:
        return 0.0
    return math.floor((least if -math.inf < least <= most else nearest) * _UNITS) / _UNITS
