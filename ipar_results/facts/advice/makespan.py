"""Simulation of a load-balanced run: how long tasks take on engines that take the next one when free."""

from __future__ import annotations

import heapq

import numpy as np

from ...model.arrays import Floats

MOST = 5_000  # tasks that are simulated; more are estimated from their sum


def makespan(durations: Floats, joined: Floats, gap: float = 0.0) -> float:
    """Return the seconds until the last task has ended, if they start in this order.

    `joined` is the second at which each engine joined, and `gap` the seconds between two tasks on an engine.
    """
    if not len(durations):
        return 0.0
    if len(durations) > MOST:
        return _mean_load(durations, joined, gap) + float(durations[-len(joined) :].max()) / 2
    free: list[float] = sorted(joined.tolist())
    for duration in durations.tolist():
        heapq.heapreplace(free, free[0] + gap + duration)
    return max(free)


def longest_first(durations: Floats, joined: Floats, gap: float = 0.0) -> float:
    """Return the makespan if the longest tasks start first."""
    if len(durations) > MOST:
        return max(_mean_load(durations, joined, gap), float(durations.max()) + gap)
    return makespan(np.sort(durations)[::-1], joined, gap)


def _mean_load(durations: Floats, joined: Floats, gap: float) -> float:
    return float(durations.sum() + gap * len(durations) + joined.sum()) / len(joined)


def split_tasks(durations: Floats, longest: float) -> Floats:
    """Split tasks into equal parts, so that none takes longer than `longest` seconds."""
    parts = np.maximum(np.ceil(durations / max(longest, 1e-9)), 1).astype(np.int64)
    return np.repeat(durations / parts, parts)
