"""Wording of each fact of a snapshot, shared by text and HTML so that both say the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..formatting import (
    format_clock,
    format_duration,
    format_elapsed,
    format_percent,
    format_range,
    join_facts,
    plural,
    to_ranges,
)
from ..model.snapshot import (
    WHOLE_TRACEBACK,
    Advice,
    EngineId,
    EngineLoad,
    FailureGroup,
    Snapshot,
    Summary,
    TaskRecord,
)
from .ansi import one_line

# characters shown of each text
MAX_NAME = 120
MAX_TYPE = 80
MAX_MESSAGE = 300
MAX_LOCATION = 120
MAX_ENGINE = 40
MAX_VALUE = 200
MAX_NOTE = 500
MAX_INPUT = 200
_MAX_SLOWEST = 3
_WHOLE = 0.99  # an engine was there for the whole run if it was for this share of it
_MAX_RANGES = 8  # of engines or inputs in one phrase

STATES = {
    "empty": ("○", "no tasks"),
    "queued": ("○", "queued"),
    "running": ("▸", "running"),
    "ok": ("✓", "ok"),
    "done": ("✓", "done"),
    "failed": ("✕", "failed"),
    "aborted": ("⊘", "cancelled"),
    "unknown": ("?", "outcome unknown"),
    "lost": ("!", "lost contact"),
    "frozen": ("‖", "no longer followed"),
}


class Count(NamedTuple):
    """Number of tasks in one state."""

    state: str
    number: int

    @property
    def glyph(self) -> str:
        return STATES[self.state][0]

    @property
    def phrase(self) -> str:
        return f"{self.number:,} {STATES[self.state][1]}"


def result_name(snapshot: Snapshot) -> str:
    return one_line(snapshot.name, MAX_NAME) or "result"


def note(snapshot: Snapshot) -> str:
    """Return the warning or hint on one line; may be empty."""
    return one_line(snapshot.note, MAX_NOTE)


def engine_label(engine_id: EngineId | None) -> str:
    """Return an engine's id for a table cell."""
    return "–" if engine_id is None else one_line(str(engine_id), MAX_ENGINE)


def engines(engine_ids: Iterable[EngineId | None]) -> str:
    """Return a phrase such as ``engines 0–3, 7``; empty without engines."""
    ids = {engine_id for engine_id in engine_ids if engine_id is not None}
    parts = list(map(format_range, to_ranges(sorted(each for each in ids if isinstance(each, int)))))
    parts += sorted(engine_label(engine_id) for engine_id in ids if isinstance(engine_id, str))
    more = len(parts) - _MAX_RANGES
    listed = ", ".join(parts[:_MAX_RANGES]) + (f" and {more:,} more" if more > 0 else "")
    if listed.startswith("engines "):  # the text of a coalesced reply names all engines already
        return listed
    return f"engine{'' if len(ids) == 1 else 's'} {listed}" if ids else ""


def progress(snapshot: Snapshot) -> str:
    """Return the progress: ``412 of 1,000``, or ``1,000 tasks`` once finished."""
    if not snapshot.total:
        return STATES["empty"][1]
    if not snapshot.finished:
        return f"{snapshot.done:,} of {snapshot.total:,}"
    return plural(snapshot.total, "task") + (f" in {message_count(snapshot)}" if is_chunked(snapshot) else "")


def is_chunked(snapshot: Snapshot) -> bool:
    """Return True if there is not exactly one task per message."""
    return snapshot.messages not in (0, snapshot.total)


def message_count(snapshot: Snapshot) -> str:
    """Return the number of messages; they are called tasks if each carries one."""
    return plural(snapshot.messages, message_noun(snapshot))


def message_noun(snapshot: Snapshot) -> str:
    """Return what the messages are called, in the singular."""
    return "message" if is_chunked(snapshot) else "task"


def first_task(index: int, snapshot: Snapshot) -> str:
    """Return the name of a message by its first task, where it is not known whether others follow."""
    return f"{'chunk from ' if is_chunked(snapshot) else ''}task {index:,}"


def counts(snapshot: Snapshot) -> list[Count]:
    """Return the number of tasks in each state that has any."""
    listed = [Count("ok", snapshot.ok), Count("failed", snapshot.failed), Count("aborted", snapshot.aborted)]
    listed.append(Count("unknown", max(0, snapshot.done - snapshot.ok - snapshot.failed - snapshot.aborted)))
    if snapshot.state == "lost":
        listed.append(Count("lost", snapshot.running + snapshot.queued))
    else:
        listed += [Count("running", snapshot.running), Count("queued", snapshot.queued)]
    return [count for count in listed if count.number]


def duration(snapshot: Snapshot) -> float:
    """Return the seconds that the result took, or has taken so far."""
    return snapshot.elapsed if snapshot.wall_time is None else snapshot.wall_time


def times(snapshot: Snapshot) -> list[str]:
    """Return the duration, and whether the result is still followed."""
    if snapshot.finished:
        return [] if snapshot.wall_time is None else [f"took {format_duration(snapshot.wall_time)}"]
    return [format_elapsed(snapshot.elapsed), *([STATES["frozen"][1]] if snapshot.state == "frozen" else [])]


def eta(snapshot: Snapshot) -> str:
    """Return the remaining time, as in ``about 0:31 – 0:38 left``; empty if unknown."""
    if snapshot.finished or snapshot.eta is None:
        return ""
    low, high = (format_elapsed(max(end, 1.0)) for end in snapshot.eta)
    if low == high:
        return f"about {'1 s' if high == '0:01' else high} left"
    return f"about {low} – {high} left"


def as_of(snapshot: Snapshot) -> str:
    """Return when an unfinished result was as shown, as in ``as of 14:03:22``; empty if finished."""
    if snapshot.finished or not snapshot.time:
        return ""
    return f"as of {format_clock(snapshot.time, snapshot.time)}"


def expected_end(snapshot: Snapshot) -> str:
    """Return the estimated time of the end, as in ``end expected 14:03:53 – 14:04:00``; empty if unknown.

    A picture that is not updated says this in place of the remaining time.
    """
    if snapshot.finished or snapshot.eta is None or not snapshot.time:
        return ""
    low, high = (format_clock(snapshot.time + max(end, 1.0), snapshot.time) for end in snapshot.eta)
    return f"end expected {low}" if low == high else f"end expected {low} – {high}"


def throughput(snapshot: Snapshot) -> str:
    """Return the tasks completed per second, minute or hour; empty if unknown."""
    per_second = snapshot.throughput
    if not per_second or not math.isfinite(per_second):
        return ""
    factor, unit = next(
        ((n, unit) for n, unit in ((1, "s"), (60, "min")) if per_second * n >= 0.995), (3600, "h")
    )
    value = per_second * factor
    return f"{value:,.0f} tasks/{unit}" if value >= 99.95 else f"{value:.1f} tasks/{unit}"


def rates(snapshot: Snapshot) -> list[str]:
    """Return throughput, engine time and the mean number of busy engines, as far as they are known."""
    facts = [throughput(snapshot)] if throughput(snapshot) else []
    if snapshot.finished and snapshot.serial_time > 0:
        facts.append(f"engine time {format_duration(snapshot.serial_time)}")
    if snapshot.speedup is not None and math.isfinite(snapshot.speedup):
        facts.append(_busy_engines(snapshot.speedup, snapshot.efficiency))
    return facts


def _busy_engines(busy: float, share: float | None) -> str:
    """Return how many engines were busy: ``7.4 of 8 engines busy on average (93 %)``.

    Engines that joined late count for the part of the run in which they were there.
    """
    number = "< 0.01" if busy < 0.005 else f"{busy:,.1f}" if busy >= 0.095 else f"{busy:.2f}"
    if not share:
        return f"{number} engines busy on average"
    there = f"{busy / share:,.1f}".removesuffix(".0")
    engines_there = f"{there} engine{'' if there == '1' else 's'}"
    return f"{number} of {engines_there} busy on average ({format_percent(share)})"


TIME_USES = (
    ("computing", "computing"),
    ("overhead", "transfer and overhead"),
    ("waiting", "waiting"),
    ("lost", "lost to failures"),
    ("other", "other work"),
)


class TimeShare(NamedTuple):
    """Share of the engines' time that went into one use."""

    use: str
    fraction: float

    @property
    def phrase(self) -> str:
        """Name of the use, and its percentage."""
        return f"{dict(TIME_USES)[self.use]} {format_percent(self.fraction)}"


def time_use(snapshot: Snapshot) -> list[TimeShare]:
    """Return the positive shares of the engines' time; empty if unknown."""
    use = snapshot.time_use
    if use is None or not use.total > 0:
        return []
    parts = [TimeShare(key, getattr(use, key) / use.total) for key, _ in TIME_USES]
    return [part for part in parts if part.fraction > 0]


def split_advice(given: Advice) -> tuple[str, str, str]:
    """Split a piece of advice into first sentence, other sentences and evidence."""
    first, dot, rest = one_line(given.message, MAX_NOTE).partition(". ")
    return f"{first}." if dot else first, rest, one_line(given.evidence, MAX_NOTE)


def lost_engines(snapshot: Snapshot) -> str:
    """Return how many engines died, and how many left, as in ``1 engine died, 2 left``; empty if none did."""
    died, left = ([presence(load) for load in snapshot.engines].count(word) for word in ("died", "left"))
    gone = [f"{plural(died, 'engine')} died"] if died else []
    gone += [f"{left:,} left" if gone else f"{plural(left, 'engine')} left"] if left else []
    return ", ".join(gone)


def presence(load: EngineLoad) -> str:
    """Return whether an engine died or left; empty for one that is in the cluster."""
    return "died" if load.died else "" if load.alive else "left"


def busy_share(load: EngineLoad, elapsed: float) -> float:
    """Return the share of its time in the cluster in which an engine was busy, from 0 to 1."""
    there = _time_there(load, elapsed)
    return min(max(load.busy_time / there, 0.0), 1.0) if there > 0 else 0.0


def busy(load: EngineLoad, elapsed: float) -> str:
    """Return that share, and of which time if that is not the whole run: ``93 % of its 0:12``."""
    share, there = format_percent(busy_share(load, elapsed)), _time_there(load, elapsed)
    return f"{share} of its {format_duration(there)}" if 0 < there < _WHOLE * elapsed else share


def _time_there(load: EngineLoad, elapsed: float) -> float:
    return max((elapsed if load.left is None else load.left) - load.joined, 0.0)


def outcome(snapshot: Snapshot) -> str:
    """Return the outcome of a single task: its value, or the name of its state."""
    if snapshot.finished and snapshot.ok and snapshot.value is not None:
        return f"→ {one_line(snapshot.value, MAX_VALUE)}"
    state = next((count.state for count in counts(snapshot)), "queued")
    return STATES["done" if state == "ok" else state][1]


def ran_on(snapshot: Snapshot) -> str:
    """Return the engine of a single task; empty before it has one."""
    return engines(
        [task.engine_id for task in snapshot.tasks] or [load.engine_id for load in snapshot.engines]
    )


def input_range(task: TaskRecord) -> str:
    """Return the inputs of a message: ``412`` or ``400–411``."""
    last = task.index + task.inputs - 1
    return f"{task.index:,}–{last:,}" if last > task.index else f"{task.index:,}"


def time_taken(status: str, seconds: float | None) -> str:
    """Return how long a task took or, while it runs, has run so far."""
    return format_duration(seconds) + (" so far" if status == "running" and seconds is not None else "")


def slowest(tasks: Sequence[TaskRecord]) -> str:
    """Return the first of some tasks, which are sorted by duration; empty where a table is as short."""
    longest = [f"{input_range(each)} ({format_duration(each.duration)})" for each in tasks if each.duration]
    return f"slowest: {', '.join(longest[:_MAX_SLOWEST])}" if len(longest) > 2 * _MAX_SLOWEST else ""


def failure_title(group: FailureGroup) -> str:
    """Return type and message of a group's exception, as Python prints them, and how many are like it."""
    title = ": ".join(
        filter(None, [one_line(group.type, MAX_TYPE) or "Error", one_line(group.message, MAX_MESSAGE)])
    )
    more = group.count - 1
    return f"{title} … and {more:,} like it" if group.messages_differ and more > 0 else title


def split_traceback(traceback: str) -> list[str]:
    """Return the frames of the user's code and, if it has others, the whole traceback."""
    first, found, whole = traceback.partition(f"\n{WHOLE_TRACEBACK}\n")
    return [part.strip("\n") for part in ([first, whole] if found else [first])]


def failure_location(group: FailureGroup) -> str:
    """Return where a group of failures occurred: ``simulate, line 13 · engines 0–7``."""
    return join_facts(one_line(group.where, MAX_LOCATION), engines(group.engines))


def pauses(summary: Summary) -> str:
    """Return which pauses before retries a timeline leaves out; empty if none."""
    length = format_duration(sum(seconds for _, seconds in summary.pauses))
    if len(summary.pauses) < 2:
        return f"double line: a pause of {length} before a retry is cut out" if summary.pauses else ""
    return f"double lines: {len(summary.pauses):,} pauses before retries, {length} in all, are cut out"


def failed_tasks(group: FailureGroup, summary: Summary) -> str:
    """Return which tasks failed, and when: ``tasks 3, 40–45 and 5 more · first at 0:12, last at 0:41``.

    The times are those of the timeline of the result that `summary` is of.
    """
    ranges = to_ranges(group.indices)[:_MAX_RANGES]
    more = group.count - sum(map(len, ranges))
    listed = ", ".join(map(format_range, ranges)) + (f" and {more:,} more" if more > 0 else "")
    tasks = f"task{'' if group.count == 1 else 's'} {listed}" if ranges else ""
    begin, end = summary.after_start(group.first_time), summary.after_start(group.last_time)
    if begin is None or end is None:
        return tasks
    first, last = format_duration(max(0.0, begin)), format_duration(max(0.0, end))
    return join_facts(tasks, f"at {first}" if first == last else f"first at {first}, last at {last}")


def failed_input(group: FailureGroup) -> str:
    """Return the input of a failed task, as in ``input of task 3: (0, 7)``; empty if unknown."""
    return f"input of task {group.input[0]:,}: {one_line(group.input[1], MAX_INPUT)}" if group.input else ""
