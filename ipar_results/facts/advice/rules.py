"""Rules of advice: each finds one cause that made a run longer, and estimates what it cost."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from ...formatting import (
    format_bytes,
    format_percent,
    format_range,
    format_tasks,
    format_time,
    plural,
    to_ranges,
)
from ...model.snapshot import Advice, EngineId, TimeUse
from ...model.status import OK
from . import makespan as schedule
from .run_metrics import FinishedRun, RunMetrics

_USUAL_GAP = 0.005  # seconds between two tasks on an engine, if messages are small
_LARGE_MESSAGE = 500_000  # bytes
_MUCH_OVERHEAD = 1 / 3  # share of the engines' time that is never left without advice
_MAX_OVERHEAD = 0.05  # share of the time that sending should take in advised chunks
_SIMILAR = 1.6  # tasks are similar if the longest takes less than so many times the median


def tiny_tasks(metrics: RunMetrics) -> Advice | None:
    """Find tasks that cost more to send than to compute, and advise on larger chunks."""
    run, number, engines, length = metrics.run, metrics.number, metrics.engines, metrics.length
    if run.direct or number < 8 * engines or metrics.bytes_each > _LARGE_MESSAGE or metrics.sent_late:
        return None
    mean = metrics.computing / number
    largest = number // (4 * engines)
    factor = 1 << max(0, int(np.log2(max(min(_wanted_factor(metrics.gap, mean), largest), 1))))
    if factor < 2:
        return None
    saved = (number * metrics.gap / engines + metrics.lag) * (1 - 1 / factor)
    uneven = factor * mean / 2
    gain = min(saved - uneven, length - metrics.shortest)
    if not metrics.worth(gain, 0.2):
        return None
    cost = max(metrics.gap, length * engines / number - mean)
    beside = (
        "less than the cost of sending one" if mean < cost else f"and sending one costs {format_time(cost)}"
    )
    return Advice(
        "tiny-tasks",
        f"{run.noun.capitalize()}s average {format_time(mean)}, {beside}. "
        f"{_larger_by(factor, run)} would take about {format_time(length - gain)} "
        f"instead of {format_time(length)}.",
        f"{plural(number, run.noun)}, {format_time(metrics.computing)} of engine time on {engines} engines",
        gain,
    )


def overhead(metrics: RunMetrics, use: TimeUse) -> Advice | None:
    """Find that overhead took much of the engines' time, for runs on which no other rule finds its cause."""
    if use.overhead <= _MUCH_OVERHEAD * use.total or not metrics.number:
        return None
    mean, cost = (seconds / metrics.number for seconds in (metrics.computing, use.overhead))
    size = min(int(np.ceil(_wanted_factor(cost, mean))), metrics.number // metrics.engines)
    how, gain = "Longer tasks, or fewer engines, would lose less.", 0.0
    if size >= 2:
        gain = use.overhead / metrics.engines * (1 - 1 / size)
        how = f"{_larger_by(size, metrics.run)} would have ended about {format_time(gain)} earlier."
    return Advice(
        "tiny-tasks",
        f"{metrics.run.noun.capitalize()}s average {format_time(mean)}, "
        f"and overhead took {format_time(cost)} for each. {how}",
        f"{format_percent(use.overhead / use.total)} of the engines' time",
        gain,
    )


def _wanted_factor(cost: float, mean: float) -> float:
    """Return how many times larger tasks must be, so that their cost is a small share of the time."""
    return cost * (1 - _MAX_OVERHEAD) / (_MAX_OVERHEAD * max(mean, 1e-5))


def _larger_by(factor: int, run: FinishedRun) -> str:
    """Return how to send tasks that are so many times larger."""
    size = factor * max(1, round(run.inputs.sum() / run.messages))
    return f"chunksize={size}" if run.mapped else f"{size} of them in one task"


def large_messages(metrics: RunMetrics) -> Advice | None:
    """Find data that takes long to send and return."""
    run = metrics.run
    if metrics.bytes_each < _LARGE_MESSAGE or not metrics.number:
        return None
    gaps = float(metrics.executions.gap[metrics.own].sum())
    gain = max(0.0, gaps - metrics.number * _USUAL_GAP) / metrics.engines + max(0.0, metrics.lag - _USUAL_GAP)
    gain = min(gain, metrics.length - metrics.shortest)
    if not metrics.worth(gain):
        return None
    way = "Reduced or stored on the engines,"
    if run.sent >= run.received:
        way = "Put on the engines once, with push(),"
    each = " and ".join(
        f"{verb} {format_bytes(number / run.messages)}"
        for verb, number in (("sends", run.sent), ("returns", run.received))
        if number >= 0.1 * (run.sent + run.received)
    )
    return Advice(
        "large-messages",
        f"Each {run.noun} {each}. {way} the data would have saved about {format_time(gain)}.",
        f"{format_bytes(run.sent + run.received)} in {plural(run.messages, run.noun)}",
        gain,
    )


def submission_bound(metrics: RunMetrics) -> Advice | None:
    """Find engines that waited because no task had been submitted yet."""
    if metrics.run.direct or not metrics.sent_late or metrics.bytes_each > _LARGE_MESSAGE:
        return None
    unsent = float(metrics.executions.unsent[metrics.own].sum())
    gain = unsent / metrics.engines
    if not metrics.worth(gain):
        return None
    share = 100 * unsent / (metrics.engines * metrics.length)
    return Advice(
        "submission-bound",
        f"The engines waited for {metrics.run.noun}s to be sent: one came every {format_time(metrics.pace)}. "
        f"Made ready before, or by the {metrics.run.noun}s themselves, "
        f"they would have ended about {format_time(gain)} earlier.",
        f"{share:.0f} % of the engines' time",
        gain,
    )


def slow_engine(metrics: RunMetrics) -> Advice | None:
    """Find an engine that takes longer for the same work."""
    ratio, slow = metrics.slowness
    if not len(slow):
        return None
    worst = int(slow[np.argmax(ratio[slow])])
    even = (metrics.duration / ratio[metrics.slot])[metrics.order]
    joined = metrics.joined
    fewer = np.delete(joined, worst) if len(joined) > 1 else joined
    if metrics.run.direct:
        equal, without = (float(even.sum()) / len(engines) for engines in (joined, fewer))
    else:
        equal, without = (schedule.makespan(even, engines, metrics.gap) for engines in (joined, fewer))
    gain, gain_without = metrics.finish - equal, metrics.finish - without
    leave_out = gain_without >= 0.7 * gain
    gain = gain_without if leave_out else gain
    if not metrics.worth(gain, 0.08):
        return None
    name = f"Engine {metrics.run.ids[worst]}"
    other = f"{len(slow) - 1} other{'s' if len(slow) > 2 else ''}"
    others = "" if len(slow) == 1 else f" Like it, {other} {'are' if len(slow) > 2 else 'is'} slow."
    way = "Without it" if leave_out else "Were it as fast as they are,"
    here = metrics.slot == worst
    medians = (float(np.median(metrics.duration[mask])) for mask in (here, ~here))
    return Advice(
        "slow-engine",
        f"{name} is {ratio[worst]:.1f} times slower than the others.{others} "
        f"{way} the run would have ended about {format_time(gain)} earlier.",
        f"{plural(int(here.sum()), metrics.run.noun)}, median {' against '.join(map(format_time, medians))}",
        gain,
    )


def uneven_end(metrics: RunMetrics) -> Advice | None:
    """Find engines that were idle while others still ran: too few tasks, or a long tail."""
    run = metrics.run
    if (run.tasks.left < metrics.length).any():
        return None  # the others waited for the tasks of an engine that left
    if (run.direct and not run.mapped) or not metrics.number or metrics.engines < 2:
        return None
    idle = float((metrics.finish - metrics.last).sum()) + run.free * metrics.finish
    if not metrics.worth(idle / metrics.engines):
        return None
    slow = metrics.slowness[1]
    if len(slow) and np.isin(metrics.slot[np.argmax(metrics.end)], slow):
        return None  # slow_engine() names it
    if run.direct:
        return _uneven_shares(metrics)
    longest, usual = float(metrics.duration.max()), float(np.median(metrics.duration))
    few = metrics.number < metrics.engines or (
        metrics.number < 4 * metrics.engines and longest < _SIMILAR * usual
    )
    return _few_tasks(metrics) if few else _long_tail(metrics)


def _few_tasks(metrics: RunMetrics) -> Advice | None:
    run = metrics.run
    spread = metrics.shortest
    gain = metrics.finish - max(spread * 1.05, spread + 4 * metrics.gap)
    if not metrics.worth(gain):
        return None
    number, engines = metrics.number, metrics.engines
    busy = len(np.unique(metrics.slot))
    if number < engines:
        seen = f"Only {busy} of {engines} engines had something to do."
    else:
        rest = number % engines or engines
        seen = f"{number} {run.noun}s do not fit {engines} engines: {rest} ran last, while the others waited."
    smaller = max(1, int(run.inputs.sum() // (4 * engines)))
    chunked = run.mapped and run.inputs.sum() >= 2 * number and smaller < run.inputs.max()
    way = f"chunksize={smaller}" if chunked else f"Split into {4 * engines} or more, they"
    return Advice(
        "few-tasks",
        f"{seen} {way} would have ended about {format_time(gain)} earlier.",
        f"{plural(number, run.noun)}, {format_time(metrics.computing)} of engine time",
        gain,
    )


def _long_tail(metrics: RunMetrics) -> Advice | None:
    engines, run = metrics.engines, metrics.run
    quarter = metrics.computing / engines / 4
    sorted_gain = metrics.finish - schedule.longest_first(metrics.by_row, metrics.joined, metrics.gap)
    split = schedule.split_tasks(metrics.by_row, quarter)
    split_gain = metrics.finish - schedule.longest_first(split, metrics.joined, metrics.gap)
    sorting = sorted_gain >= 0.5 * split_gain
    gain = sorted_gain if sorting else split_gain
    if not metrics.worth(gain):
        return None
    last = int(np.argmax(metrics.end))
    late, took = int(metrics.row[last]), float(metrics.duration[last])
    name = format_tasks(int(run.first[late]), int(run.inputs[late])).capitalize()
    idle = sorted(metrics.finish - metrics.last, reverse=True)
    waiting = sum(seconds > 0.5 * gain for seconds in idle) + run.free
    way = f"Split into parts of {format_time(quarter)} or less,"
    if sorting:
        way = "With the longest tasks first,"
    elif run.mapped and run.inputs[late] > 1:
        size = max(1, int(run.inputs[late] * quarter / took))
        more = (float(run.inputs.sum()) / size - metrics.number) * metrics.gap / engines
        if metrics.worth(gain - more):
            way, gain = f"With chunksize={size},", gain - more
        else:  # so many messages would cost what they gain
            way = "With its longest tasks sent first, each for itself,"
    return Advice(
        "long-tail",
        f"{name} took {format_time(took)} and ended last, while {plural(waiting, 'engine')} waited. "
        f"{way} the run would have ended about {format_time(gain)} earlier.",
        f"half of the {run.noun}s took {format_time(float(np.median(metrics.duration)))} or less",
        gain,
    )


def _uneven_shares(metrics: RunMetrics) -> Advice | None:
    """Find an engine whose share of a direct view's map took longest.

    Each engine has one message, so slow engines and large shares look the same; a load balancer helps both.
    """
    last, durations = int(np.argmax(metrics.last)), metrics.duration
    gain = metrics.finish - 1.05 * metrics.shortest
    if not metrics.worth(gain):
        return None
    return Advice(
        "long-tail",
        f"Engine {metrics.run.ids[last]} took longest for its share, being slow or given more, and "
        f"{plural(metrics.engines - 1, 'engine')} waited. "
        f"With a load-balanced view the run would have ended about {format_time(gain)} earlier.",
        f"shares of {format_time(float(durations.min()))} to {format_time(float(durations.max()))}",
        gain,
    )


def engine_lost(metrics: RunMetrics) -> Advice | None:
    """Find engines that died or left before the end of the run."""
    run, tasks = metrics.run, metrics.run.tasks
    lost = np.flatnonzero(tasks.left < tasks.length)
    if not len(lost):
        return None
    gone = float((tasks.length - np.minimum(tasks.left, metrics.executions.last)[lost]).sum())
    again = np.full(run.messages - metrics.number, np.median(metrics.duration) if metrics.number else 0.0)
    with_them = schedule.makespan(np.append(metrics.by_row, again), metrics.joined, metrics.gap)
    # where no task succeeded, nothing shows that more engines would have helped
    gain = max(0.0, min(metrics.length - with_them, gone)) if (tasks.status == OK).any() else 0.0
    earlier = metrics.worth(gain, 0.05)
    if not earlier and not run.failed:
        return None
    ids = {run.ids[slot] for slot in lost.tolist()}
    gone_by = [f"{_names(ids & run.died)} died"] if ids & run.died else []
    gone_by += [f"{_names(ids - run.died)} left"] if ids - run.died else []
    failed = f" {run.failed:,} task{'s' * (run.failed != 1)} failed." if run.failed else ""
    it = "it" if len(lost) == 1 else "them"
    when = "during the run" if run.left_unseen else f"after {format_time(float(tasks.left[lost].min()))}"
    then = f" With {it} the run would have ended about {format_time(gain)} earlier." if earlier else ""
    return Advice(
        "engine-lost",
        f"E{' and '.join(gone_by)[1:]} {when}.{failed}{then}",
        f"{format_time(gone)} of engine time lost",
        gain,
    )


def _names(ids: AbstractSet[EngineId]) -> str:
    names = [*map(format_range, to_ranges(sorted(each for each in ids if isinstance(each, int))))]
    names += sorted(each for each in ids if isinstance(each, str))
    return f"engine{'s' * (len(ids) > 1)} {', '.join(names)}"
