"""Encoder of the bounded JSON that a notebook keeps of a result: sparse, with tables in columns.

A field that is false, empty or zero is left out, and so is a column of usual values. A notebook file has a
line for each value and each item of a list, so a column of numbers is one text: ``"0 1*3"`` stands for
0, 1, 1, 1, and ``?`` for an unknown number. Columns that mostly grow hold the step from each number to the
next. Times in columns are milliseconds. ``labextension/src/protocol/packed.ts`` reads it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import groupby
from os.path import commonprefix
from typing import Any, ClassVar

from ...formatting import clip_middle, shorten, truncate, utf8_safe
from ...model.snapshot import Snapshot, Summary, engine_order
from ...model.timeline import Timeline
from ...render.limits import Limits, fit

Json = dict[str, object]
SAVED_VERSION = 2

_RATIOS = ("speedup", "efficiency", "throughput")
_DIGITS = 6  # of a ratio; more than any view shows, from which others are computed
_MILLISECONDS = frozenset(("busy_time", "joined", "left", "start", "duration"))
_ENGINES = ("engine_id", "engines")
_STEPS = frozenset((*_ENGINES, "index", "indices", "position", "first", "start"))
_TIMELINE_COLUMNS = ("position", "first", "inputs", "slot", "start", "duration", "status")
_MAX_ID = 200


@dataclass(frozen=True)
class _SavedLimits(Limits):
    engines: int = 256
    text: int = 4_000  # characters of any text that is no output
    total_bytes: int = 80_000
    timeline: int = 1_500
    indices: int = 50

    min_text: ClassVar[int] = 250
    numbers: ClassVar[tuple[str, ...]] = (*Limits.numbers, "timeline")


def saved_json(result_id: str, snapshot: Snapshot, timeline: Callable[[int], Timeline]) -> Json:
    """Return a snapshot and its timeline as JSON, cut down until it is small enough to be saved.

    A front end finds the live result, while there is one, by `result_id`; `timeline` gives the timeline of at
    most so many ended messages.
    """

    def encode(limits: _SavedLimits) -> str:
        data = {
            **_figures(snapshot, limits),
            "type": "snapshot",
            "version": SAVED_VERSION,
            "id": result_id,
            "engines": _table(snapshot.engines[: limits.engines]),
            "failures": _failures(snapshot, limits),
            "tasks": _tasks(snapshot, limits),
            "outputs": _outputs(snapshot, limits),
            "timeline": _timeline(timeline(limits.timeline)),
        }
        data = {name: value for name, value in data.items() if value}
        return utf8_safe(json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True))

    return dict(json.loads(fit(encode, _SavedLimits())))


def pack(numbers: Iterable[int | None]) -> str:
    """Return a column as text; None is an unknown number."""
    items: list[str] = []
    for number, same in groupby(numbers):
        count, text = sum(1 for _ in same), "?" if number is None else str(int(number))
        each = [text] * count
        items += min(each, [f"{text}*{count}"], key=lambda parts: len(" ".join(parts)))
    return " ".join(items)


def steps(numbers: Iterable[int | None]) -> list[int | None]:
    """Return the step to each number from the known one before it, from 0 to the first."""
    before, found = 0, list[int | None]()
    for number in numbers:
        found.append(None if number is None else number - before)
        before = before if number is None else number
    return found


def _column(name: str, values: Sequence[object]) -> str | list[object]:
    """Return a column of numbers as one text, and any other as a list."""
    if name in _MILLISECONDS:
        known = (each if isinstance(each, float | int) and math.isfinite(each) else None for each in values)
        values = [None if each is None else round(1000 * each) for each in known]
    numbers = [each for each in values if each is None or isinstance(each, int)]
    if len(numbers) == len(values):
        return pack(steps(numbers) if name in _STEPS else numbers)
    return [each and truncate(each, _MAX_ID) if name in _ENGINES else each for each in values]


def _table(rows: Sequence[Any], *names: str) -> Json:
    """Return a column for each of these fields of records, all without `names`, unless all are as usual."""
    wanted = [field for field in fields(rows[0]) if not names or field.name in names] if rows else []
    columns = {field: [getattr(row, field.name) for row in rows] for field in wanted}
    return {
        field.name: _column(field.name, values)
        for field, values in columns.items()
        if any(value != field.default for value in values)
    }


def _fields(fields: Json, length: int) -> Json:
    """Return the fields that say something, as JSON: texts clipped, times to the millisecond."""
    return {name: _tidy(value, length) for name, value in fields.items() if value}


def _tidy(value: object, length: int) -> object:
    if is_dataclass(value):
        return _fields(vars(value), length)
    if isinstance(value, tuple):
        return [_tidy(each, length) for each in value]
    if isinstance(value, str):
        return clip_middle(value, length)
    return round(value, 3) if isinstance(value, float) else value


def _figures(snapshot: Snapshot, limits: _SavedLimits) -> Json:
    """Return the figures, without those that others imply."""
    figures = {field.name: getattr(snapshot, field.name) for field in fields(Summary)}
    implied = {"messages": snapshot.total, "elapsed": snapshot.wall_time, "submitted": snapshot.submitted}
    stated = {name: value for name, value in figures.items() if value != implied.get(name)}
    ratios = {name: float(f"{stated[name]:.{_DIGITS}g}") for name in _RATIOS if stated.get(name)}
    return {**_fields(stated, limits.text), **ratios}


def _failures(snapshot: Snapshot, limits: _SavedLimits) -> list[Json]:
    return [
        {
            **_fields(vars(group), limits.text),
            "engines": _column("engines", group.engines[: limits.engines]),
            "indices": _column("indices", group.indices[: limits.indices]),
        }
        for group in snapshot.failures[: limits.failures]
    ]


def _tasks(snapshot: Snapshot, limits: _SavedLimits) -> Json:
    """Return what the timeline lacks of the tasks; of message ids the common beginning, and then the ends."""
    shown = [
        replace(task, input=task.input and shorten(task.input, limits.input))
        for task in snapshot.tasks[: limits.tasks]
    ]
    ids = [task.msg_id for task in shown]
    start = commonprefix(ids)  # noqa: RUF071 - of any texts
    joined = "\t".join([start, *(each.removeprefix(start) for each in ids)])
    return {**_table(shown, "index", "engine_id", "input"), "msg_id": joined} if ids else {}


def _outputs(snapshot: Snapshot, limits: _SavedLimits) -> Json:
    cut = [
        replace(
            each,
            stdout=each.stdout[-limits.output :],
            stderr=each.stderr[-limits.output :],
            omitted=each.omitted + sum(max(0, len(s) - limits.output) for s in (each.stdout, each.stderr)),
        )
        for each in snapshot.outputs[: limits.outputs]
    ]
    return _table(cut)


def _timeline(timeline: Timeline) -> Json:
    """Return the ended messages, with slots in the order of engine ids, so that two runs differ less."""
    order = sorted(range(len(timeline.engines)), key=lambda slot: engine_order(timeline.engines[slot]))
    rank = {slot: i for i, slot in enumerate(order)}
    columns = {name: getattr(timeline, name).tolist() for name in _TIMELINE_COLUMNS}
    columns["engines"] = [timeline.engines[slot] for slot in order]
    columns["slot"] = [rank.get(slot, -1) for slot in columns["slot"]]
    implied = {"first": columns["position"], "inputs": [1] * timeline.shown}
    packed = {name: _column(name, each) for name, each in columns.items() if each != implied.get(name)}
    return {**packed, "base": round(timeline.base, 3), "of": timeline.ended}
