"""How long work would take on so many engines, each of which takes the next task when it is free."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

MOST = 5_000  # tasks played through; of more, what their average says is good enough

Floats = NDArray[np.float64]


def makespan(durations: Floats, engines: int, gap: float = 0.0) -> float:
    """Seconds until the last task has ended, where they begin in this order.

    Parameters
    ----------
    durations : ndarray of float
        Seconds.
    gap : float
        Seconds between two tasks of an engine.
    """
    if not len(durations):
        return 0.0
    if len(durations) > MOST:
        return float(durations.sum() + gap * len(durations)) / engines + float(durations[-engines:].max()) / 2
    free = [0.0] * engines
    for duration in durations.tolist():
        heapq.heapreplace(free, free[0] + gap + duration)
    return max(free)


def longest_first(durations: Floats, engines: int, gap: float = 0.0) -> float:
    """The same where the longest task begins first."""
    if len(durations) > MOST:
        total = float(durations.sum() + gap * len(durations)) / engines
        return max(total, float(durations.max()) + gap)
    return makespan(np.sort(durations)[::-1], engines, gap)


def pieces(durations: Floats, longest: float) -> Floats:
    """The same work in tasks of which none is longer than this."""
    parts = np.maximum(np.ceil(durations / max(longest, 1e-9)), 1).astype(np.int64)
    return np.repeat(durations / parts, parts)
