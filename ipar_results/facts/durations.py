"""Statistics of task durations: means and trends, remaining durations, and the end of the last task."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..model.arrays import Floats

# tuned by tests/bench/eta.py
_Z = 2.0  # standard errors of a predicted mean
_SAME = 2.5  # standard errors within which two means count as equal
_FEW = 0.03  # expected number of running tasks of which one is left at odds of 1 in 20
_UNSEEN = 6.5  # spread of the logarithms by which an unseen task may be longer than the longest
_DOUBT = 5.0  # widens the spread of few durations, divided by their number


@dataclass(frozen=True)
class Mean:
    """Mean with its standard error, and the spread of its values."""

    value: float
    error: float
    spread: float

    @classmethod
    def of(cls, values: Floats) -> Mean:
        spread = float(values.std(ddof=1)) if len(values) > 1 else float(values.mean())
        few = 1 + _DOUBT / len(values)  # few values underestimate the spread
        return cls(float(values.mean()), few * spread / math.sqrt(len(values)), few * spread)

    def agrees(self, other: Mean) -> bool:
        """Return True if two means differ no more than by chance."""
        return abs(self.value - other.value) <= _SAME * math.hypot(self.error, other.error)

    def margin(self, number: int) -> float:
        """Return by how much the mean of `number` further values may differ."""
        return _Z * math.hypot(self.error, self.spread / math.sqrt(number))


def residual(even: Floats, age: Floats) -> Floats:
    """Return the mean remaining durations of tasks of these ages."""
    ordered = np.sort(even)
    above = np.searchsorted(ordered, age, "right")
    sums = np.append(np.cumsum(ordered[::-1])[::-1], 0.0)
    number = len(ordered) - above
    mean = np.divide(sums[above], number, out=np.zeros(len(age)), where=number > 0)
    return np.where(number > 0, mean - age, 0.25 * age)


def straggling(typical: Floats, engines: int, queued: int) -> float:
    """Return how much later the last task ends, at the latest, than work that is spread evenly.

    Until the queue is empty, each engine starts a task every mean duration, so the number of tasks that still
    run `x` seconds after that is on average ``engines * mean(max(d - x, 0)) / mean(d)``.
    """
    mean = float(typical.mean()) or 1e-9
    ordered = np.sort(_with_unseen(typical))
    at = np.append(0.0, ordered)
    above = len(at) - np.maximum(np.arange(len(at)), 1)
    longer = np.cumsum(ordered[::-1])[::-1]
    beyond = np.append(longer[0], longer) - above * at  # the sum of max(d - x, 0), at each x
    running = np.minimum(engines * beyond / mean, queued * above) / len(ordered)
    return float(np.interp(-_FEW, -running, at))


def _with_unseen(typical: Floats) -> Floats:
    """Return the durations and a longer one that was not seen yet: the more they vary, the longer."""
    longest = float(typical.max())
    logs = np.log(np.maximum(typical, 0.01 * longest + 1e-9))
    further = math.exp(_UNSEEN * float(logs.std()) / math.sqrt(len(typical)))
    return np.append(typical, longest * further + float(typical.std()))


def last_of_running(typical: Floats, age: Floats, pace: Floats) -> tuple[float, float]:
    """Return the seconds until the last running task ends, earliest and latest."""
    if not len(age):
        return 0.0, 0.0
    ordered = np.sort(_with_unseen(typical))
    above = np.searchsorted(ordered[:-1], age, "right")
    number = len(ordered) - above
    soon = ordered[np.minimum(above + (0.1 * (number - 1)).astype(np.int64), len(ordered) - 1)] - age
    soon = np.where(number > 1, soon, 0.0)
    rank = above + (0.95 ** (1 / len(age)) * number).astype(np.int64)
    late = ordered[np.minimum(rank, len(ordered) - 1)] - age
    # a task that is longer than all ended ones: assume that it takes as long again
    late = np.maximum(late, np.where(number <= 2, age, 0.0))
    return 0.9 * float((np.maximum(soon, 0.0) * pace).max()), 1.1 * float((late * pace).max())
