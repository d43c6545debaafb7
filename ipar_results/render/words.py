"""The wording of every fact, in one place: text and HTML take it from here, so both always say the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from ..formatting import format_duration, format_elapsed, format_percent, join_facts, plural
from ..model.snapshot import Advice, EngineId, FailureGroup, Snapshot
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
_MAX_RANGES = 8  # of engines or inputs in one phrase

STATES = {
    "empty": ("○", "no tasks"),
    "queued": ("○", "queued"),
    "running": ("▸", "running"),
    "ok": ("✓", "ok"),
    "done": ("✓", "done"),
    "failed": ("✕", "failed"),
    "aborted": ("⊘", "aborted"),
    "lost": ("!", "lost contact"),
    "frozen": ("‖", "no longer followed"),
}


class Count(NamedTuple):
    """How many inputs are in one state."""

    state: str
    number: int

    @property
    def glyph(self) -> str:
        """The state's shape."""
        return STATES[self.state][0]

    @property
    def phrase(self) -> str:
        """The number and the state's word."""
        return f"{self.number:,} {STATES[self.state][1]}"


def result_name(snapshot: Snapshot) -> str:
    """What was called, on one line."""
    return one_line(snapshot.name, MAX_NAME) or "result"


def note(snapshot: Snapshot) -> str:
    """What a person must know beside the counts; may be empty."""
    return one_line(snapshot.note, MAX_NOTE)


def engine_label(engine_id: EngineId | None) -> str:
    """An engine's id alone, as in a table."""
    return "–" if engine_id is None else one_line(str(engine_id), MAX_ENGINE)


def engines(engine_ids: Iterable[EngineId | None]) -> str:
    """Name engines in a phrase, as in ``engines 0–3, 7``; empty where there are none."""
    ids = {engine_id for engine_id in engine_ids if engine_id is not None}
    parts = [
        _format_range(span) for span in _to_ranges(sorted(each for each in ids if isinstance(each, int)))
    ]
    parts += sorted(engine_label(engine_id) for engine_id in ids if isinstance(engine_id, str))
    more = len(parts) - _MAX_RANGES
    listed = ", ".join(parts[:_MAX_RANGES]) + (f" and {more:,} more" if more > 0 else "")
    if listed.startswith("engines "):  # the engines of a coalesced reply name themselves
        return listed
    return f"engine{'' if len(ids) == 1 else 's'} {listed}" if ids else ""


def _to_ranges(numbers: Iterable[int]) -> list[range]:
    """Ascending numbers as runs without a gap."""
    spans: list[range] = []
    for number in numbers:
        if spans and number == spans[-1].stop:
            spans[-1] = range(spans[-1].start, number + 1)
        else:
            spans.append(range(number, number + 1))
    return spans


def _format_range(span: range) -> str:
    return f"{span[0]:,}–{span[-1]:,}" if len(span) > 2 else ", ".join(f"{number:,}" for number in span)


def progress(snapshot: Snapshot) -> str:
    """How far the result is, as in ``412 of 1,000`` or, at the end, ``1,000 tasks``."""
    if not snapshot.total:
        return STATES["empty"][1]
    if not snapshot.finished:
        return f"{snapshot.done:,} of {snapshot.total:,}"
    return plural(snapshot.total, "task") + (f" in {message_count(snapshot)}" if is_chunked(snapshot) else "")


def is_chunked(snapshot: Snapshot) -> bool:
    """Whether messages carry more or less than one input each."""
    return snapshot.messages not in (0, snapshot.total)


def message_count(snapshot: Snapshot) -> str:
    """How many messages carry the inputs; a message of one input is a task."""
    return plural(snapshot.messages, "message" if is_chunked(snapshot) else "task")


def counts(snapshot: Snapshot) -> list[Count]:
    """The inputs by state, without the states that hold none."""
    listed = [Count("ok", snapshot.ok), Count("failed", snapshot.failed), Count("aborted", snapshot.aborted)]
    if snapshot.state == "lost":
        listed.append(Count("lost", snapshot.running + snapshot.queued))
    else:
        listed += [Count("running", snapshot.running), Count("queued", snapshot.queued)]
    return [count for count in listed if count.number]


def times(snapshot: Snapshot) -> list[str]:
    """How long it took or has taken so far, and whether anybody still looks."""
    if snapshot.finished:
        return [
            f"took {format_duration(snapshot.elapsed if snapshot.wall_time is None else snapshot.wall_time)}"
        ]
    return [format_elapsed(snapshot.elapsed), *([STATES["frozen"][1]] if snapshot.state == "frozen" else [])]


def eta(snapshot: Snapshot) -> str:
    """What is left, as in ``about 0:31 – 0:38 left``; empty where nobody knows."""
    if snapshot.finished or snapshot.eta is None:
        return ""
    low, high = (format_elapsed(end) for end in snapshot.eta)
    return f"about {low} left" if low == high else f"about {low} – {high} left"


def throughput(snapshot: Snapshot) -> str:
    """How many inputs end in a second, minute or hour; empty where nobody knows."""
    per_second = snapshot.throughput
    if not per_second or not math.isfinite(per_second):
        return ""
    factor, unit = next(
        ((n, unit) for n, unit in ((1, "s"), (60, "min")) if per_second * n >= 0.995), (3600, "h")
    )
    value = per_second * factor
    return f"{value:,.0f} tasks/{unit}" if value >= 99.95 else f"{value:.1f} tasks/{unit}"


def rates(snapshot: Snapshot) -> list[str]:
    """How fast it goes and what was gained."""
    facts = [throughput(snapshot)] if throughput(snapshot) else []
    if snapshot.finished and snapshot.serial_time > 0:
        facts.append(f"computed {format_duration(snapshot.serial_time)}")
    if snapshot.speedup is not None and math.isfinite(snapshot.speedup):
        gain = f"{snapshot.speedup:.1f}" if snapshot.speedup >= 0.095 else f"{snapshot.speedup:.2g}"
        where = f" on {plural(len(snapshot.engines), 'engine')}" if snapshot.engines else ""
        used = f" ({format_percent(snapshot.efficiency)})" if snapshot.efficiency is not None else ""
        facts.append(f"speed-up {gain}{where}{used}")
    return facts


TIME_USES = (
    ("computing", "computing"),
    ("overhead", "transfer and overhead"),
    ("waiting", "waiting"),
    ("lost", "lost to failures"),
    ("other", "other work"),
)


class TimeShare(NamedTuple):
    """A part of the engines' time."""

    use: str
    fraction: float

    @property
    def phrase(self) -> str:
        """What it went into, and how much of it."""
        return f"{dict(TIME_USES)[self.use]} {format_percent(self.fraction)}"


def time_use(snapshot: Snapshot) -> list[TimeShare]:
    """Where the engines' time went, without the parts that are nothing; empty where nobody knows."""
    use = snapshot.time_use
    if use is None or not use.total > 0:
        return []
    parts = [TimeShare(key, getattr(use, key) / use.total) for key, _ in TIME_USES]
    return [part for part in parts if part.fraction > 0]


def split_advice(given: Advice) -> tuple[str, str, str]:
    """A piece of advice: its first sentence, the others, and the evidence."""
    first, dot, rest = one_line(given.message, MAX_NOTE).partition(". ")
    return f"{first}." if dot else first, rest, one_line(given.evidence, MAX_NOTE)


def lost_engines(snapshot: Snapshot) -> str:
    """How many engines went away meanwhile; empty where all are there."""
    died = sum(not load.alive for load in snapshot.engines)
    return f"{plural(died, 'engine')} died" if died else ""


def outcome(snapshot: Snapshot) -> str:
    """What became of a result of one task: its value, or its state in a word."""
    if snapshot.finished and snapshot.ok and snapshot.value is not None:
        return f"→ {one_line(snapshot.value, MAX_VALUE)}"
    state = next((count.state for count in counts(snapshot)), "queued")
    return STATES["done" if state == "ok" else state][1]


def ran_on(snapshot: Snapshot) -> str:
    """The engine of a result of one task; empty before it has one."""
    return engines(
        [task.engine_id for task in snapshot.tasks] or [load.engine_id for load in snapshot.engines]
    )


def failure_title(group: FailureGroup) -> str:
    """The exception of a group of failures, as Python writes it."""
    return ": ".join(
        filter(None, [one_line(group.type, MAX_TYPE) or "Error", one_line(group.message, MAX_MESSAGE)])
    )


def failure_location(group: FailureGroup) -> str:
    """Where a group of failures happened, as in ``simulate, line 13 · engines 0–7``."""
    return join_facts(one_line(group.where, MAX_LOCATION), engines(group.engines))


def first_submission(snapshot: Snapshot) -> float | None:
    """POSIX seconds from which the times of a view count; None where nobody knows."""
    return min((task.submitted for task in snapshot.tasks if task.submitted is not None), default=None)


def failed_inputs(group: FailureGroup, origin: float | None) -> str:
    """Which inputs failed and when, as in ``inputs 3, 40–45 and 5 more · first at 0:12, last at 0:41``.

    Parameters
    ----------
    group : FailureGroup
    origin : float or None
        From which moment times count.
    """
    spans = _to_ranges(group.indices)[:_MAX_RANGES]
    more = group.count - sum(map(len, spans))
    listed = ", ".join(map(_format_range, spans)) + (f" and {more:,} more" if more > 0 else "")
    inputs = f"input{'' if group.count == 1 else 's'} {listed}" if spans else ""
    if origin is None or group.first_time is None or group.last_time is None:
        return inputs
    first, last = (format_duration(max(0.0, each - origin)) for each in (group.first_time, group.last_time))
    return join_facts(inputs, f"at {first}" if first == last else f"first at {first}, last at {last}")


def failed_input(group: FailureGroup) -> str:
    """What one of the failed tasks was given, as in ``input 3: (0, 7)``; empty where that is not known."""
    return f"input {group.input[0]:,}: {one_line(group.input[1], MAX_INPUT)}" if group.input else ""
