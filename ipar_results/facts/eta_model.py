"""How long it will still take: a range, from how long tasks took and from the engines that are alive."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FEWEST = 4  # tasks that must have ended, however few engines there are
_Z = 2.0
_SAME = 2.5  # standard errors within which two means count as one
_SUSPECTED = 1.0
# the constants below are tuned by tests/bench/eta.py
_FEW, _MANY = 0.03, 3.0  # so many tasks more that there is one, or is none, in one case of twenty
_UNSEEN = 6.5
_DOUBT = 5.0  # how much more a few durations vary than they show
_LONGER = 1.5
_VARIED = 1.5
_FIRSTS = 0.7  # of the engines
_SMALL = 4.0  # how much wider the range of a few tasks is that are all different

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EtaInput:
    """What is done, what runs and what waits: all that an estimate needs.

    Attributes
    ----------
    length : ndarray of float, shape (n,)
        Seconds that ended messages took; all, or an even sample, in the order of their positions.
    start : ndarray of float, shape (n,)
        When they began, by their engines' clocks.
    inputs, position, slot : ndarray of int, shape (n,)
    ended : int
        Messages that have ended; n is smaller in a sample.
    busy : float
        Seconds of computing, all ended messages together.
    age, running_inputs, running_slot : ndarray, shape (k,)
        The messages that run: for how many seconds they have, how many inputs each carries, and where.
    queued, queued_inputs : int
        Messages that have not begun, and their inputs.
    queued_position : float
        Their mean position.
    alive : ndarray of bool
        By slot, whether an engine is still there.
    """

    length: Floats
    start: Floats
    inputs: Ints
    position: Ints
    slot: Ints
    ended: int
    busy: float
    age: Floats
    running_inputs: Ints
    running_slot: Ints
    queued: int
    queued_inputs: int
    queued_position: float
    alive: NDArray[np.bool_]


def estimate(observed: EtaInput) -> tuple[float, float] | None:
    """Seconds still to go, from and to: the end comes in between nine times of ten.

    Returns
    -------
    tuple of float or None
        None until a full wave has ended, as many messages as there are engines, and longer the more their
        durations vary. None too while a task runs that is much longer than any that has ended.
    """
    engines = int(observed.alive.sum())
    left = observed.queued + len(observed.age)
    if not engines or not left or observed.ended < max(engines, FEWEST) or len(observed.length) < FEWEST:
        return None
    each = observed.length / np.maximum(observed.inputs, 1)
    observed, each = _warm(observed, each)
    slowness = _slowness(observed, each)
    # as an engine of average speed would take
    even = each / slowness[observed.slot]
    size = observed.queued_inputs / observed.queued if observed.queued else 1.0
    speed = float((1 / slowness[: len(observed.alive)][observed.alive]).sum())
    pace = slowness[observed.running_slot] * np.maximum(observed.running_inputs, 1)
    if (observed.age / pace > _LONGER * even.max()).any():
        return None  # unlike all that was seen: it may end now or never
    varies = float(even.std() / (even.mean() or 1.0))
    if observed.ended < max(engines, FEWEST) * (1 + _VARIED * varies):
        return None  # one wave tells little of tasks that are all different
    typical, least, most, drift = _means(observed, even, _expected(even, observed.age / pace))
    soonest, latest = _last_of_running(typical, observed.age / pace, pace)
    soonest *= _falling(even)
    few = _SMALL * varies / len(even)
    soonest, latest = soonest * max(0.0, 1 - few), latest * (1 + few)
    if not observed.queued:
        return soonest, latest
    low, high = (
        observed.queued_inputs * each_input / speed
        + (observed.queued * gap + float((_residual(typical, observed.age / pace) * pace).sum())) / engines
        for each_input, gap in zip((least, most), _gaps(observed), strict=True)
    )
    early, late = _straggling(typical, engines, observed.queued)
    low += early * size
    high += late * size * drift * float(slowness[: len(observed.alive)][observed.alive].max())
    return max(low * max(0.0, 1 - few), soonest), max(high * (1 + few), latest, low)


def _warm(observed: EtaInput, each: Floats) -> tuple[EtaInput, Floats]:
    """Without the first task of each engine, where those took longer than nearly all others: an import."""
    firsts = np.zeros(len(each), np.bool_)
    order = np.lexsort((observed.start, observed.slot))
    firsts[order[np.flatnonzero(np.diff(observed.slot[order], prepend=-2))]] = True
    others = each[~firsts]
    if len(others) < max(FEWEST, int(firsts.sum())):
        return observed, each
    usual = float(np.quantile(others, 0.9)) if firsts.sum() > 1 else 1.5 * float(others.max())
    if float((each[firsts] > 1.2 * usual).mean()) < _FIRSTS:
        return observed, each
    stay = ~firsts
    columns = {
        name: getattr(observed, name)[stay] for name in ("length", "start", "inputs", "position", "slot")
    }
    rest = replace(
        observed,
        **columns,
        busy=observed.busy - float(observed.length[firsts].sum()),
        ended=observed.ended - int(firsts.sum()),
    )
    return rest, each[stay]


def _slowness(observed: EtaInput, each: Floats) -> Floats:
    """How slow each engine is beside the others, 1 for an average one; the last stands for unknown ones."""
    size = len(observed.alive) + 1
    slot = np.where(observed.slot < 0, size - 1, observed.slot)
    number = np.bincount(slot, minlength=size)
    total = np.bincount(slot, each, minlength=size)
    mean = float(each.mean())
    spread = float(each.std())
    if mean <= 0:
        return np.ones(size)
    # an engine of few tasks says little about itself: the more they vary, the more tasks it takes
    doubt = 1 + (spread / mean) ** 2
    slowness = (total / mean + doubt) / (number + doubt)
    chance = 2 * spread / mean / np.sqrt(np.maximum(number, 1))
    differs = np.abs(total / mean - number) > chance * number
    return np.asarray(np.where(differs, slowness, 1.0), np.float64)


def _gaps(observed: EtaInput) -> tuple[float, float]:
    """The least and the most seconds there may be between one message's end and the next one's beginning."""
    overall = _gap(observed)
    if len(observed.length) < observed.ended:  # a sample: who came after whom is not known
        return overall, overall
    order = np.lexsort((observed.start, observed.slot))
    start, slot = observed.start[order], observed.slot[order]
    between = np.maximum(start[1:] - start[:-1] - observed.length[order][:-1], 0.0)[slot[1:] == slot[:-1]]
    when = start[1:][slot[1:] == slot[:-1]]
    if len(between) < FEWEST:
        return overall, overall
    recent = float(between[when >= np.median(when)].mean())  # what it was at the start may be over
    return min(overall, recent), max(overall, recent)


def _gap(observed: EtaInput) -> float:
    """The same on average over all."""
    size = len(observed.alive) + 1
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(first, observed.slot, observed.start)
    np.maximum.at(last, observed.slot, observed.start + observed.length)
    span = float(np.where(last > first, last - first, 0.0).sum())
    return max(0.0, span - observed.busy) / observed.ended


def _expected(even: Floats, age: Floats) -> Floats:
    """How long those that run will have taken: what has ended so far is mostly what is short."""
    return age + _residual(even, age)


def _falling(even: Floats) -> float:
    """How much shorter the last tasks were than those before them; 1 where they were not."""
    return min(1.0, float(even[-max(len(even) // 3, 2) :].mean()) / (float(even.mean()) or 1.0))


def _means(observed: EtaInput, even: Floats, expected: Floats) -> tuple[Floats, float, float, float]:
    """What is typical from now on.

    Tasks like those to come, the least and the most that these may take on average, an input, and the factor
    by which they may grow beside those like them.
    """
    half = len(even) // 2
    before, recent = _Mean.of(even[:half]), _Mean.of(even[half:])
    everything = _Mean.of(np.concatenate([even, expected]))
    steady = recent.agrees(before)
    candidates = [everything if steady else recent]
    trend = _trend(observed.position.astype(np.float64), even, observed.queued_position)
    if trend is not None:
        candidates.append(trend)
    number = max(observed.queued, 1)
    least = min(each.value - each.ahead(number) for each in candidates)
    most = max(each.value + each.ahead(number) for each in candidates)
    suspected = _trend(observed.position.astype(np.float64), even, observed.queued_position, _SUSPECTED)
    if suspected is not None:  # too little to count on, and enough not to exclude it
        least = min(least, suspected.value)
    drift = max(each.value for each in candidates) / (candidates[0].value or 1.0)
    return even if steady else even[half:], max(least, 0.25 * float(np.min(even))), most, drift


@dataclass(frozen=True)
class _Mean:
    """A mean of which it is known how sure it is."""

    value: float
    error: float
    spread: float

    @classmethod
    def of(cls, values: Floats) -> _Mean:
        spread = float(values.std(ddof=1)) if len(values) > 1 else float(values.mean())
        few = 1 + _DOUBT / len(values)  # the spread of a few values says less than it seems
        return cls(float(values.mean()), few * spread / math.sqrt(len(values)), few * spread)

    def agrees(self, other: _Mean) -> bool:
        return abs(self.value - other.value) <= _SAME * math.hypot(self.error, other.error)

    def ahead(self, number: int) -> float:
        """How far the mean of so many further ones may be away."""
        return _Z * math.hypot(self.error, self.spread / math.sqrt(number))


def _trend(position: Floats, even: Floats, ahead: float, sure: float = _SAME) -> _Mean | None:
    """The mean at a position further on, where durations rise or fall with it."""
    later = len(even) // 3  # a warm-up is no trend
    x, y = position[later:], even[later:]
    if len(x) < 6:
        return None
    middle = x.mean()
    across = float(((x - middle) ** 2).sum())
    if across <= 0:
        return None
    slope = float(((x - middle) * (y - y.mean())).sum()) / across
    rest = y - y.mean() - slope * (x - middle)
    spread = float(rest.std())
    error = spread / math.sqrt(across)
    if abs(slope) <= sure * error:
        return None
    there = float(y.mean()) + slope * (ahead - middle)
    return _Mean(
        max(there, 0.2 * float(y.mean())),
        math.hypot(spread / math.sqrt(len(x)), error * (ahead - middle)),
        spread,
    )


def _residual(even: Floats, age: Floats) -> Floats:
    """How long tasks of these ages still take on average."""
    ordered = np.sort(even)
    above = np.searchsorted(ordered, age, "right")
    sums = np.append(np.cumsum(ordered[::-1])[::-1], 0.0)
    number = len(ordered) - above
    mean = np.divide(sums[above], number, out=np.zeros(len(age)), where=number > 0)
    return np.where(number > 0, mean - age, 0.25 * age)


def _straggling(typical: Floats, engines: int, queued: int) -> tuple[float, float]:
    """How much later than the work spread evenly the last task ends, from and to.

    Until the queue is empty each engine begins a task every mean duration, so the number of tasks that still
    run `x` seconds after that moment is on average ``engines * mean(max(d - x, 0)) / mean(d)``.
    """
    mean = float(typical.mean()) or 1e-9
    residual = float((typical**2).mean()) / (2 * mean)  # what they have left on average at that moment
    early = _beyond(typical, mean, engines, queued, _MANY) - residual
    return max(0.0, early), _beyond(_with_unseen(typical), mean, engines, queued, _FEW)


def _beyond(durations: Floats, mean: float, engines: int, queued: int, number: float) -> float:
    """How many seconds after the queue is empty only so many tasks still run."""
    ordered = np.sort(durations)
    at = np.append(0.0, ordered)
    above = len(at) - np.maximum(np.arange(len(at)), 1)
    longer = np.cumsum(ordered[::-1])[::-1]
    beyond = np.append(longer[0], longer) - above * at  # the sum of max(d - x, 0), at each x
    running = np.minimum(engines * beyond / mean, queued * above) / len(ordered)
    return float(np.interp(-number, -running, at))


def _with_unseen(typical: Floats) -> Floats:
    """The tasks so far, and one that is as long as none of them was: the more they vary, the longer."""
    longest = float(typical.max())
    logs = np.log(np.maximum(typical, 0.01 * longest + 1e-9))
    further = math.exp(_UNSEEN * float(logs.std()) / math.sqrt(len(typical)))
    return np.append(typical, longest * further + float(typical.std()))


def _last_of_running(typical: Floats, age: Floats, pace: Floats) -> tuple[float, float]:
    """When the last of those that run ends, from and to."""
    if not len(age):
        return 0.0, 0.0
    ordered = np.sort(_with_unseen(typical))
    above = np.searchsorted(ordered[:-1], age, "right")
    number = len(ordered) - above
    soon = ordered[np.minimum(above + (0.1 * (number - 1)).astype(np.int64), len(ordered) - 1)] - age
    soon = np.where(number > 1, soon, 0.0)
    rank = above + (0.95 ** (1 / len(age)) * number).astype(np.int64)
    late = ordered[np.minimum(rank, len(ordered) - 1)] - age
    # longer than any so far: nobody knows for how long, but not for ever
    late = np.maximum(late, np.where(number <= 2, age, 0.0))
    return 0.9 * float((np.maximum(soon, 0.0) * pace).max()), 1.1 * float((late * pace).max())
