"""The rules of advice: each looks for one thing that made a run longer, and says what that cost."""

from __future__ import annotations

import numpy as np

from ...formatting import format_bytes, format_time, plural
from ...model.snapshot import Advice
from . import makespan as schedule
from .run_metrics import Work

_PROMPT = 0.008  # seconds from one submission to the next, where nothing holds them up
_USUAL = 0.005  # seconds between two tasks of an engine, where nothing large is sent
_LARGE = 500_000  # bytes a message
_FULL = 0.05  # what sending may cost beside computing
_ALIKE = 1.6


def tiny_tasks(work: Work) -> Advice | None:
    """Tasks that cost more to send than to do; they could go in chunks."""
    past, number = work.past, work.number
    if past.direct or number < 8 * work.engines or work.bytes_each > _LARGE or work.pace > _PROMPT:
        return None
    mean = float(work.duration.mean())
    lag = max(0.0, work.length - work.finish)
    largest = number // (4 * work.engines)
    wanted = work.gap * (1 - _FULL) / (_FULL * max(mean, 1e-5))
    factor = 1 << max(0, int(np.log2(max(min(wanted, largest), 1))))
    if factor < 2:
        return None
    saved = (number * work.gap / work.engines + lag) * (1 - 1 / factor)
    uneven = factor * mean / 2
    gain = min(saved - uneven, work.length - work.duration.sum() / work.engines)
    if not work.worth(gain, 0.2):
        return None
    size = factor * max(1, round(past.inputs.sum() / past.messages))
    cost = max(work.gap, work.length * work.engines / number - mean)
    beside = (
        "less than the cost of sending one" if mean < cost else f"and sending one costs {format_time(cost)}"
    )
    how = f"chunksize={size}" if past.mapped else f"{size} of them in one task"
    return Advice(
        "tiny-tasks",
        f"Tasks average {format_time(mean)}, {beside}. "
        f"{how} would take about {format_time(work.length - gain)} instead of {format_time(work.length)}.",
        f"{number:,} messages, {format_time(work.duration.sum())} of computing on {work.engines} engines",
        gain,
    )


def large_messages(work: Work) -> Advice | None:
    """Data that takes long to come and go."""
    past = work.past
    if work.bytes_each < _LARGE or not work.number:
        return None
    gaps = float(work.ordered.gap[work.own].sum())
    lag = max(0.0, work.length - work.finish)
    gain = max(0.0, gaps - work.number * _USUAL) / work.engines + max(0.0, lag - _USUAL)
    gain = min(gain, work.length - float(work.duration.sum()) / work.engines)
    if not work.worth(gain):
        return None
    way = (
        "Put on the engines once, with push(),"
        if past.sent >= past.came
        else "Reduced or stored on the engines,"
    )
    each = " and ".join(
        f"{verb} {format_bytes(number / past.messages)}"
        for verb, number in (("sends", past.sent), ("returns", past.came))
        if number >= 0.1 * (past.sent + past.came)
    )
    return Advice(
        "large-messages",
        f"Each task {each}. {way} the data would have saved about {format_time(gain)}.",
        f"{format_bytes(past.sent + past.came)} in {past.messages:,} messages",
        gain,
    )


def submission_bound(work: Work) -> Advice | None:
    """Engines that waited because nothing had been sent to them yet."""
    if work.past.direct or work.pace <= _PROMPT or work.bytes_each > _LARGE:
        return None
    gain = work.unsent / work.engines
    if not work.worth(gain):
        return None
    share = 100 * work.unsent / (work.engines * work.length)
    return Advice(
        "submission-bound",
        f"The engines waited for tasks to be sent: one came every {format_time(work.pace)}. "
        "Made ready before, or by the tasks themselves, "
        f"they would have ended about {format_time(gain)} earlier.",
        f"{share:.0f} % of the engines' time",
        gain,
    )


def slow_engine(work: Work) -> Advice | None:
    """An engine that takes longer for the same work."""
    ratio, slow = work.slowness
    if not len(slow):
        return None
    worst = int(slow[np.argmax(ratio[slow])])
    even = work.duration / ratio[work.slot]
    order = np.argsort(work.row, kind="stable")
    engines = work.engines
    equal = without = float(even.sum()) / engines
    if work.past.direct:
        without = float(even.sum()) / max(engines - 1, 1)
    else:
        equal = schedule.makespan(even[order], engines, work.gap)
        without = schedule.makespan(even[order], max(engines - 1, 1), work.gap)
    gain, gain_without = work.finish - equal, work.finish - without
    leave_out = gain_without >= 0.7 * gain
    gain = gain_without if leave_out else gain
    if not work.worth(gain, 0.08):
        return None
    name = f"Engine {work.past.ids[worst]}"
    other = f"{len(slow) - 1} other{'s' if len(slow) > 2 else ''}"
    others = "" if len(slow) == 1 else f" Like it, {other} {'are' if len(slow) > 2 else 'is'} slow."
    way = "Without it" if leave_out else "Were it as fast as they are,"
    here = work.slot == worst
    medians = (float(np.median(work.duration[mask])) for mask in (here, ~here))
    return Advice(
        "slow-engine",
        f"{name} is {ratio[worst]:.1f} times slower than the others.{others} "
        f"{way} the run would have ended about {format_time(gain)} earlier.",
        f"{int(here.sum()):,} tasks, median {' against '.join(map(format_time, medians))}",
        gain,
    )


def uneven_end(work: Work) -> Advice | None:
    """Few tasks and a long tail: engines that had nothing to do while others still ran."""
    past = work.past
    lost = bool((past.run.left < work.length).any())  # whose tasks are waited for: no fault of the others
    if lost or (past.direct and not past.mapped) or not work.number or work.engines < 2:
        return None
    idle = float((work.finish - work.last).sum()) + past.free * work.finish
    if not work.worth(idle / work.engines):
        return None
    slow = work.slowness[1]
    if len(slow) and np.isin(work.slot[np.argmax(work.end)], slow):
        return None  # that one is named already
    ends_late = int(work.row[np.argmax(work.end)])
    if past.direct:
        return _static(work)
    longest, usual = float(work.duration.max()), float(np.median(work.duration))
    few = work.number < work.engines or (work.number < 4 * work.engines and longest < _ALIKE * usual)
    return _few_tasks(work) if few else _long_tail(work, ends_late)


def _few_tasks(work: Work) -> Advice | None:
    past = work.past
    spread = float(work.duration.sum()) / work.engines
    gain = work.finish - max(spread * 1.05, spread + 4 * work.gap)
    if not work.worth(gain):
        return None
    number, engines = work.number, work.engines
    busy = len(np.unique(work.slot))
    if number < engines:
        seen = f"Only {busy} of {engines} engines had something to do."
    else:
        rest = number % engines or engines
        seen = f"{number} tasks do not fit {engines} engines: {rest} ran last, while the others waited."
    smaller = max(1, int(past.inputs.sum() // (4 * engines)))
    chunked = past.mapped and past.inputs.sum() >= 2 * number and smaller < past.inputs.max()
    way = f"chunksize={smaller}" if chunked else f"Split into {4 * engines} or more, they"
    return Advice(
        "few-tasks",
        f"{seen} {way} would have ended about {format_time(gain)} earlier.",
        f"{number} tasks, {format_time(float(work.duration.sum()))} of computing",
        gain,
    )


def _long_tail(work: Work, late: int) -> Advice | None:
    engines, past = work.engines, work.past
    total = float(work.duration.sum())
    sorted_gain = work.finish - schedule.longest_first(work.by_row, engines, work.gap)
    split = schedule.pieces(work.by_row, total / engines / 4)
    split_gain = work.finish - schedule.longest_first(split, engines, work.gap)
    sorting = sorted_gain >= 0.5 * split_gain
    gain = sorted_gain if sorting else split_gain
    if not work.worth(gain):
        return None
    at = work.row == late
    took = float(work.duration[at][0])
    name = f"Task {past.first[late]}" if past.inputs[late] == 1 else f"The chunk from task {past.first[late]}"
    idle = sorted(work.finish - work.last, reverse=True)
    waiting = sum(seconds > 0.5 * gain for seconds in idle) + past.free
    way = (
        "With the longest tasks first,"
        if sorting
        else f"Split into parts of {format_time(total / engines / 4)} or less,"
    )
    if not sorting and past.mapped and past.inputs[late] > 1:
        size = max(1, int(past.inputs[late] * total / engines / 4 / took))
        more = (past.inputs.sum() / size - work.number) * work.gap / engines
        if work.worth(gain - more):
            way, gain = f"With chunksize={size},", gain - more
        else:  # that many messages would cost what they gain
            way = "With its longest tasks sent first, each for itself,"
    return Advice(
        "long-tail",
        f"{name} took {format_time(took)} and ended last, while {plural(waiting, 'engine')} waited. "
        f"{way} the run would have ended about {format_time(gain)} earlier.",
        f"half of the tasks took {format_time(float(np.median(work.duration)))} or less",
        gain,
    )


def _static(work: Work) -> Advice | None:
    """The shares of a direct view's map, fixed before it began.

    Each engine has one message: whether it is slow or was given more cannot be told, and the same helps.
    """
    last = int(np.argmax(work.last))
    gain = work.finish - 1.05 * float(work.duration.sum()) / work.engines
    if not work.worth(gain):
        return None
    return Advice(
        "long-tail",
        f"Engine {work.past.ids[last]} took longest for its share, being slow or given more, and "
        f"{plural(work.engines - 1, 'engine')} waited. "
        f"With a load-balanced view the run would have ended about {format_time(gain)} earlier.",
        f"shares of {format_time(float(work.duration.min()))} to {format_time(float(work.duration.max()))}",
        gain,
    )


def engine_lost(work: Work) -> Advice | None:
    """An engine that left before the end."""
    run = work.past.run
    lost = np.flatnonzero(run.left < run.length)
    if not len(lost):
        return None
    gone = float((run.length - np.minimum(run.left, work.ordered.last)[lost]).sum())
    again = np.full(work.past.messages - work.number, np.median(work.duration) if work.number else 0.0)
    with_them = schedule.makespan(np.append(work.by_row, again), work.engines, work.gap)
    gain = max(0.0, min(work.length - with_them, gone))
    earlier = work.worth(gain, 0.05)
    if not earlier and not work.past.failed:
        return None
    names = ", ".join(str(work.past.ids[s]) for s in lost[:4].tolist())
    more = f" and {len(lost) - 4} more" if len(lost) > 4 else ""
    failed = f" {work.past.failed:,} task{'s' * (work.past.failed != 1)} failed." if work.past.failed else ""
    it = "it" if len(lost) == 1 else "them"
    then = f" With {it} the run would have ended about {format_time(gain)} earlier." if earlier else ""
    return Advice(
        "engine-lost",
        f"Engine{'s' * (len(lost) > 1)} {names}{more} left after {format_time(float(run.left[lost].min()))}."
        f"{failed}{then}",
        f"{format_time(gone)} of engine time lost",
        gain,
    )
