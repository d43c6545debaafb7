"""Simulation of a load-balanced run: how long tasks take on engines that take the next one when free."""

from __future__ import annotations

import heapq

import numpy as np

from ...model.arrays import Floats

MOST = 5_000  # tasks that are simulated; more are estimated from their sum


def makespan(durations: Floats, engines: int, gap: float = 0.0) -> float:
    """Return the seconds until the last task has ended, if they start in this order.

    `gap` is the seconds between two tasks on an engine.
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
    """Return the makespan if the longest tasks start first."""
    if len(durations) > MOST:
        total = float(durations.sum() + gap * len(durations)) / engines
        return max(total, float(durations.max()) + gap)
    return makespan(np.sort(durations)[::-1], engines, gap)


def split_tasks(durations: Floats, longest: float) -> Floats:
    """Split tasks into equal parts, so that none takes longer than `longest` seconds."""
    parts = np.maximum(np.ceil(durations / max(longest, 1e-9)), 1).astype(np.int64)
    return np.repeat(durations / parts, parts)
