"""Model of the remaining time: a range, estimated from task durations and the engines that are alive."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..model.arrays import Floats, Index, Mask
from .durations import Mean, last_of_running, mean_at, residual, straggling

FEWEST = 4  # tasks that must have ended, however few engines there are
_SUSPECTED = 1.0  # standard errors from which a trend is possible
# tuned by tests/bench/eta.py
_LONGER = 1.5  # a task that has run for so many times the longest duration is unlike the others
_VARIED = 1.5  # waves that must have ended, per unit of relative spread
_WARM_UP = 0.7  # share of the engines whose first task took longer
_SMALL = 4.0  # widens the range for few tasks, by their relative spread


@dataclass(frozen=True, eq=False)
class EtaInput:
    """Ended, running and queued messages of one result: the input of an estimate.

    Attributes
    ----------
    length : ndarray of float, shape (n,)
        Durations of ended messages in seconds, of all or of an even sample, by ascending position.
    start : ndarray of float, shape (n,)
        POSIX seconds at which they started, by their engines' clocks.
    inputs, position, slot : ndarray of int, shape (n,)
        Their numbers of inputs, positions and engine slots.
    ended : int
        Number of ended messages, more than n for a sample.
    busy : float
        Seconds of computing, summed over all ended messages.
    age, running_inputs, running_slot : ndarray, shape (k,)
        Of the running messages: seconds since they started, numbers of inputs, engine slots.
    queued, queued_inputs : int
        Numbers of queued messages and of their inputs.
    queued_position : float
        Mean position of the queued messages.
    alive : ndarray of bool
        By slot, whether the engine is registered.
    """

    length: Floats
    start: Floats
    inputs: Index
    position: Index
    slot: Index
    ended: int
    busy: float
    age: Floats
    running_inputs: Index
    running_slot: Index
    queued: int
    queued_inputs: int
    queued_position: float
    alive: Mask


def estimate(observed: EtaInput) -> tuple[float, float] | None:
    """Return the remaining seconds, earliest and latest, which hold in nine of ten cases.

    Returns
    -------
    tuple of float or None
        None until a full wave has ended (one message per engine; more if durations vary), and while a task
        runs that is much longer than any ended one.
    """
    engines = int(observed.alive.sum())
    left = observed.queued + len(observed.age)
    if not engines or not left or observed.ended < max(engines, FEWEST) or len(observed.length) < FEWEST:
        return None
    each = observed.length / np.maximum(observed.inputs, 1)
    observed, each = _warm(observed, each)
    slowness = _slowness(observed, each)
    # on an engine of average speed
    even = each / slowness[observed.slot]
    size = observed.queued_inputs / observed.queued if observed.queued else 1.0
    speed = float((1 / slowness[: len(observed.alive)][observed.alive]).sum())
    pace = slowness[observed.running_slot] * np.maximum(observed.running_inputs, 1)
    age = observed.age / pace
    if (age > _LONGER * even.max()).any():
        return None  # unlike all ended tasks, so nothing predicts its end
    varies = float(even.std() / (even.mean() or 1.0))
    if observed.ended < max(engines, FEWEST) * (1 + _VARIED * varies):
        return None  # one wave is too small a sample of tasks that vary
    typical, least, most, drift = _means(observed, even, age + residual(even, age))
    soonest, latest = last_of_running(typical, age, pace)
    soonest *= _falling(even)
    few = _SMALL * varies / len(even)
    soonest, latest = soonest * max(0.0, 1 - few), latest * (1 + few)
    if not observed.queued:
        return soonest, latest
    low, high = (
        observed.queued_inputs * each_input / speed
        + (observed.queued * gap + float((residual(typical, age) * pace).sum())) / engines
        for each_input, gap in zip((least, most), _gaps(observed), strict=True)
    )
    early, late = straggling(typical, engines, observed.queued)
    low += early * size
    high += late * size * drift * float(slowness[: len(observed.alive)][observed.alive].max())
    return max(low * max(0.0, 1 - few), soonest), max(high * (1 + few), latest, low)


def _warm(observed: EtaInput, each: Floats) -> tuple[EtaInput, Floats]:
    """Leave out the first task of each engine, if those took longer than nearly all others: they import."""
    is_first = np.zeros(len(each), np.bool_)
    order = np.lexsort((observed.start, observed.slot))
    is_first[order[np.flatnonzero(np.diff(observed.slot[order], prepend=-2))]] = True
    others = each[~is_first]
    if len(others) < max(FEWEST, int(is_first.sum())):
        return observed, each
    usual = float(np.quantile(others, 0.9)) if is_first.sum() > 1 else 1.5 * float(others.max())
    if float((each[is_first] > 1.2 * usual).mean()) < _WARM_UP:
        return observed, each
    kept = ~is_first
    columns = {
        name: getattr(observed, name)[kept] for name in ("length", "start", "inputs", "position", "slot")
    }
    rest = replace(
        observed,
        **columns,
        busy=observed.busy - float(observed.length[is_first].sum()),
        ended=observed.ended - int(is_first.sum()),
    )
    return rest, each[kept]


def _slowness(observed: EtaInput, each: Floats) -> Floats:
    """Return the slowness of each engine, 1 for the average; the last entry is for unknown engines."""
    size = len(observed.alive) + 1
    slot = np.where(observed.slot < 0, size - 1, observed.slot)
    number = np.bincount(slot, minlength=size)
    total = np.bincount(slot, each, minlength=size)
    mean = float(each.mean())
    spread = float(each.std())
    if mean <= 0:
        return np.ones(size)
    # shrink towards 1: the more tasks vary, the more of them it takes to judge an engine
    doubt = 1 + (spread / mean) ** 2
    slowness = (total / mean + doubt) / (number + doubt)
    chance = 2 * spread / mean / np.sqrt(np.maximum(number, 1))
    differs = np.abs(total / mean - number) > chance * number
    return np.asarray(np.where(differs, slowness, 1.0), np.float64)


def _gaps(observed: EtaInput) -> tuple[float, float]:
    """Return the least and the most seconds between two messages on one engine."""
    overall = _gap(observed)
    if len(observed.length) < observed.ended:  # a sample does not show which message followed which
        return overall, overall
    order = np.lexsort((observed.start, observed.slot))
    start, slot = observed.start[order], observed.slot[order]
    between = np.maximum(start[1:] - start[:-1] - observed.length[order][:-1], 0.0)[slot[1:] == slot[:-1]]
    when = start[1:][slot[1:] == slot[:-1]]
    if len(between) < FEWEST:
        return overall, overall
    recent = float(between[when >= np.median(when)].mean())  # gaps at the start may differ from those now
    return min(overall, recent), max(overall, recent)


def _gap(observed: EtaInput) -> float:
    """Return the mean seconds between two messages on one engine."""
    size = len(observed.alive) + 1
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(first, observed.slot, observed.start)
    np.maximum.at(last, observed.slot, observed.start + observed.length)
    span = float(np.where(last > first, last - first, 0.0).sum())
    return max(0.0, span - observed.busy) / observed.ended


def _falling(even: Floats) -> float:
    """Return the ratio of the last durations to the mean, at most 1."""
    return min(1.0, float(even[-max(len(even) // 3, 2) :].mean()) / (float(even.mean()) or 1.0))


def _means(observed: EtaInput, even: Floats, expected: Floats) -> tuple[Floats, float, float, float]:
    """Predict the durations of queued tasks.

    Returns durations typical of them, the least and the most that their mean may be per input, and the factor
    by which a trend may raise them above the typical ones.
    """
    half = len(even) // 2
    before, recent = Mean.of(even[:half]), Mean.of(even[half:])
    everything = Mean.of(np.concatenate([even, expected]))
    steady = recent.agrees(before)
    candidates = [everything if steady else recent]
    trend = mean_at(observed.position.astype(np.float64), even, observed.queued_position)
    if trend is not None:
        candidates.append(trend)
    number = max(observed.queued, 1)
    least = min(each.value - each.margin(number) for each in candidates)
    most = max(each.value + each.margin(number) for each in candidates)
    suspected = mean_at(observed.position.astype(np.float64), even, observed.queued_position, _SUSPECTED)
    if suspected is not None:  # not significant, but possible
        least = min(least, suspected.value)
    drift = max(each.value for each in candidates) / (candidates[0].value or 1.0)
    return even if steady else even[half:], max(least, 0.25 * float(np.min(even))), most, drift
