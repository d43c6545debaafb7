"""Model of the remaining time: a range, estimated from task durations and the engines that are alive."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..model.arrays import Floats, Index, Mask
from .durations import Mean, last_of_running, residual, straggling
from .trend import Trend

FEWEST = 4  # tasks that must have ended, however few engines there are
# tuned by tests/bench/eta.py
_SHARED = 0.5  # earliest end of the last tasks: engines that share processors speed up when others end
_SUSPECTED, _LIKELY = 0.7, 1.5  # standard errors from which a trend is possible, and likely
_LONGER = 1.5  # a task that has run for so many times the longest duration is unlike the others
_VARIED = 1.5  # waves that must have ended, per unit of relative spread
_WARM_UP = 0.7  # share of the engines whose first task took longer
_SMALL = 4.0  # widens the range for few tasks, by their relative spread


@dataclass(frozen=True, eq=False)
class EtaInput:
    """Ended, running and queued messages of one result: the input of an estimate.

    The columns of ended messages hold all of them or an even sample, by ascending position.
    """

    length: Floats  # durations in seconds
    start: Floats  # POSIX seconds
    inputs: Index  # numbers of inputs
    position: Index
    slot: Index
    ended: int  # number of ended messages, in the sample or not
    busy: float  # seconds of computing, summed over all ended messages
    age: Floats  # seconds since the running messages started
    running_inputs: Index
    running_position: Index
    running_slot: Index
    queued: int  # number of queued messages
    queued_inputs: int  # number of their inputs
    queued_position: float  # their mean position
    alive: Mask  # by slot, whether the engine is registered


def estimate(observed: EtaInput) -> tuple[float, float] | None:
    """Return the remaining seconds, earliest and latest, which hold in nine of ten cases.

    None until a full wave has ended (one message per engine; more if durations vary), and while a task runs
    that is much longer than any ended one.
    """
    engines = int(observed.alive.sum())
    left = observed.queued + len(observed.age)
    if not engines or not left or observed.ended < max(engines, FEWEST) or len(observed.length) < FEWEST:
        return None
    each = observed.length / np.maximum(observed.inputs, 1)
    observed, each = _warm(observed, each)
    x, ahead = observed.position.astype(np.float64), _queued_positions(observed)
    last = float(ahead[-1])
    careful = _careful_trend(observed, x, each, last)
    trend = careful if careful is not None and careful.certain else None
    running_level, least_level, most_level = np.ones(1), 1.0, 1.0
    if trend is not None:
        running_level = trend.level(observed.running_position.astype(np.float64))
        _, least_level, most_level = trend.mean_levels(ahead)
        observed, each = _warm(observed, each / trend.level(x))
    slowness = _slowness(observed, each)
    # on an engine of average speed, and without the trend
    even = each / slowness[observed.slot]
    size = observed.queued_inputs / observed.queued if observed.queued else 1.0
    speed = float((1 / slowness[: len(observed.alive)][observed.alive]).sum())
    pace = slowness[observed.running_slot] * np.maximum(observed.running_inputs, 1) * running_level
    age = observed.age / pace
    if (age > _LONGER * even.max()).any():
        return None  # unlike all ended tasks, so nothing predicts its end
    varies = float(even.std() / (even.mean() or 1.0))
    if observed.ended < max(engines, FEWEST) * (1 + _VARIED * varies):
        return None  # one wave is too small a sample of tasks that vary
    typical, least, most = _means(observed, even, age + residual(even, age))
    least, most = least * least_level, most * most_level
    soonest, latest = last_of_running(typical, age, pace)
    soonest *= _SHARED
    for suspected in (careful, Trend.of(x, each, last)) if trend is None else ():
        if suspected is not None and suspected.errors > _SUSPECTED:
            likely, lowest, _ = suspected.mean_levels(ahead)
            soonest *= min(1.0, likely / (float(even.mean()) or 1.0))
            least, most = min(least, lowest if suspected.errors > _LIKELY else likely), max(most, likely)
    few = _SMALL * varies / len(even)
    soonest, latest = soonest * max(0.0, 1 - few), latest * (1 + few)
    if not observed.queued:
        return soonest, latest
    low, high = (
        observed.queued_inputs * each_input / speed
        + (observed.queued * gap + float((residual(typical, age) * pace).sum())) / engines
        for each_input, gap in zip((least, most), _gaps(observed), strict=True)
    )
    late = straggling(typical, engines, observed.queued)
    high += late * size * most_level * float(slowness[: len(observed.alive)][observed.alive].max())
    return max(low * max(0.0, 1 - few), soonest), max(high * (1 + few), latest, low)


def _careful_trend(observed: EtaInput, x: Floats, each: Floats, last: float) -> Trend | None:
    """Return the trend of the messages whose durations no other effect bends."""
    further = ~_is_first(observed)  # a first task may import
    trend = Trend.of(x[further], each[further], last)
    if trend is None or not trend.falls or not len(observed.running_position):
        return trend
    # a slow start looks like a fall, and so does that only the short ones of the newest tasks have ended
    complete = np.flatnonzero(further & (observed.position < observed.running_position.min()))
    complete = complete[len(complete) // 3 :]
    return Trend.of(x[complete], each[complete], last)


def _queued_positions(observed: EtaInput) -> Floats:
    """Return positions spread evenly over those of the queued messages."""
    half = observed.queued / 2
    return np.linspace(max(observed.queued_position - half, 0.0), observed.queued_position + half, 16)


def _is_first(observed: EtaInput) -> Mask:
    """Return for each ended message whether it was the first of its engine."""
    is_first = np.zeros(len(observed.slot), np.bool_)
    order = np.lexsort((observed.start, observed.slot))
    is_first[order[np.flatnonzero(np.diff(observed.slot[order], prepend=-2))]] = True
    return is_first


def _warm(observed: EtaInput, each: Floats) -> tuple[EtaInput, Floats]:
    """Leave out the first task of each engine, if those took longer than nearly all others: they import."""
    is_first = _is_first(observed)
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


def _means(observed: EtaInput, even: Floats, expected: Floats) -> tuple[Floats, float, float]:
    """Return durations typical of queued tasks, and the range of their mean duration per input."""
    half = len(even) // 2
    before, recent = Mean.of(even[:half]), Mean.of(even[half:])
    everything = Mean.of(np.concatenate([even, expected]))
    steady = recent.agrees(before)
    mean = everything if steady else recent
    margin = mean.margin(max(observed.queued, 1))
    return (
        even if steady else even[half:],
        max(mean.value - margin, 0.25 * float(np.min(even))),
        mean.value + margin,
    )
