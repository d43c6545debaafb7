"""SVG renderer of a timeline: a lane for each engine, with one slice a task if wide enough, else shades."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..formatting import format_elapsed, truncate
from ..model.arrays import Codes, Floats, Index, Mask
from ..model.snapshot import EngineId, engine_order
from ..model.status import FAILED, OK, STATUSES
from ..model.timeline import Timeline
from . import words

MAX_LANES = 24
MAX_SLICES = 1_200
MAX_CELLS = 4_000
SLICE_UNITS = 2_000  # units across a drawing with one slice for each task
_SHADES = (0.3, 0.55, 0.8, 1.0)
_TICK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MAX_TICKS = 6
_MAX_LABEL = 16
_DASH = "7 2"  # of failed tasks, so that status is not shown by colour alone

SvgPath: TypeAlias = "dict[str, object]"  # template variables


@dataclass(frozen=True)
class _Lanes:
    """Lanes of the drawing: lane of each engine slot, and heights in CSS pixels."""

    labels: list[str]
    of_slot: Index
    engines: int  # in one lane
    pitch: int
    bar: int

    @property
    def middle(self) -> int:
        return self.pitch // 2

    @property
    def height(self) -> int:
        return len(self.labels) * self.pitch


def draw_timeline(
    timeline: Timeline, until: float | None = None, finished: bool = True, pauses: str = ""
) -> dict[str, object] | None:
    """Return the template variables of a timeline, with paths of 60 kB at most; None before the first task.

    The time axis ends `until` seconds after the first submission, or at the last event if that is later.
    Unless `finished`, a line marks the present time. `pauses` is a note on the breaks of the axis.
    """
    known = np.isfinite(timeline.start) & np.isfinite(timeline.duration)
    slot, start = timeline.slot[known].astype(np.int64), timeline.start[known]
    length, status = timeline.duration[known], timeline.status[known]
    if not len(start) and not len(timeline.running.start):
        return None
    lanes = _lanes(timeline, bool((slot < 0).any() or (timeline.running.slot < 0).any()))
    now = max(timeline.now - timeline.base, 1e-6)
    span = max(now, until or 0.0)
    lane = lanes.of_slot[slot]
    begin, end = np.clip(start / span, 0, 1), np.clip((start + length) / span, 0, 1)
    are_wide = not len(start) or float(np.median(end - begin)) >= 1 / 250  # most can be distinguished
    exact = lanes.engines == 1 and len(start) <= MAX_SLICES and are_wide
    across = SLICE_UNITS if exact else min(max(MAX_CELLS // max(len(lanes.labels), 1), 100), 500)
    draw = _draw_slices if exact else _draw_shades
    paths = draw(lanes, lane, begin * across, end * across, status, across)
    paths += _draw_running(lanes, timeline, across, span, now)
    return {
        "lanes": lanes,
        "across": across,
        "paths": paths,
        "now": None if finished else round(across * now / span),
        "ticks": [(f"{100 * at / span:.3g}", label) for at, label in _ticks(span)],
        "breaks": [f"{100 * at / span:.3g}" for at in timeline.breaks],
        "notes": [pauses][: bool(pauses)] + _notes(timeline, lanes, exact, known, now),
    }


def _lanes(timeline: Timeline, unknown: bool) -> _Lanes:
    engines = list(timeline.engines)
    order = sorted(range(len(engines)), key=lambda slot: engine_order(engines[slot]))
    together = max(1, math.ceil(len(engines) / MAX_LANES))
    of_slot = np.zeros(len(engines) + 1, np.int64)
    labels = []
    for lane, first in enumerate(range(0, len(order), together)):
        slots = order[first : first + together]
        of_slot[slots] = lane
        labels.append(_label([engines[slot] for slot in slots]))
    if unknown:  # slot -1 selects the last item
        of_slot[-1] = len(labels)
        labels.append("not known")
    roomy = len(labels) <= MAX_LANES // 2
    return _Lanes(labels, of_slot, together, *((14, 11) if roomy else (10, 8)))


def _label(engines: list[EngineId]) -> str:
    if len(engines) == 1:
        return str(truncate(words.engines(engines), _MAX_LABEL))
    if all(isinstance(engine, int) for engine in engines):
        return f"{engines[0]}–{engines[-1]}"
    return f"{len(engines):,} engines"


def _draw_slices(
    lanes: _Lanes, lane: Index, begin: Floats, end: Floats, status: Codes, across: int
) -> list[SvgPath]:
    """Draw a slice for each message."""
    paths = []
    for code, least, dash in ((OK, 3, None), (FAILED, 6, _DASH)):
        chosen = np.flatnonzero(status == code)
        chosen = chosen[np.lexsort((begin[chosen], lane[chosen]))]
        left = np.minimum(begin[chosen].round().astype(np.int64), across - least)
        width = end[chosen].round().astype(np.int64) - left
        width = np.maximum(np.where(width > 9, width - 3, width), least)  # a gap to the next one
        paths.append({**_path(STATUSES[code], lanes, lane[chosen], left, width), "dash": dash})
    return [path for path in paths if path["d"]]


def _draw_shades(
    lanes: _Lanes, lane: Index, begin: Floats, end: Floats, status: Codes, across: int
) -> list[SvgPath]:
    """Draw, for each lane and column, the share of time in which its engines were busy."""
    rows = len(lanes.labels)
    paths = []
    busy = _coverage(lane, begin, end, rows, across) / lanes.engines
    present = _sum_cells(lane, begin, rows, across) > 0
    level = np.clip(np.ceil(busy * len(_SHADES) - 0.05), present, len(_SHADES)).astype(np.int64)
    for shade, opacity in enumerate(_SHADES, 1):
        paths.append(_path("ok", lanes, *_find_runs(level == shade), opacity=opacity))
    failed = status == FAILED
    if failed.any():
        paths += _draw_strips(lanes, lane[failed], begin[failed], end[failed], busy * lanes.engines)
    return [path for path in paths if path["d"]]


def _draw_strips(lanes: _Lanes, lane: Index, begin: Floats, end: Floats, busy: Floats) -> list[SvgPath]:
    """Draw the share of failed messages in each cell as a strip of one, two or three thirds of its height."""
    covered = _coverage(lane, begin, end, *busy.shape)
    share = np.divide(covered, busy, out=np.zeros_like(busy), where=busy > 1e-9)
    began = _sum_cells(lane, begin, *busy.shape) > 0
    level = np.where(began | (share > 1e-6), np.clip(np.ceil(3 * share), 1, 3), 0)
    strips = []
    for third in (1, 2, 3):
        height = math.ceil(third * lanes.bar / 3)
        strip = {"bar": height, "down": (lanes.bar - height) / 2}
        strips.append({**_path("failed", lanes, *_find_runs(level == third)), **strip})
    return strips


def _coverage(lane: Index, begin: Floats, end: Floats, rows: int, across: int) -> Floats:
    """Return how many slices cover each cell of a lane, on average over the cell; shape (rows, across)."""
    return np.diff(_ramps(lane, begin, rows, across) - _ramps(lane, end, rows, across), axis=1)


def _ramps(lane: Index, at: Floats, rows: int, across: int) -> Floats:
    """Return the sum of ``max(0, edge - at)`` for each edge between cells, in linear time."""
    number = _sum_cells(lane, at, rows, across).cumsum(axis=1)
    total = _sum_cells(lane, at, rows, across, at).cumsum(axis=1)
    ramps = np.zeros((rows, across + 1))
    ramps[:, 1:] = np.arange(1, across + 1) * number - total
    return ramps


def _sum_cells(lane: Index, at: Floats, rows: int, across: int, weights: Floats | None = None) -> Floats:
    """Return the sum of the weights in each cell; their number without weights."""
    cell = lane * across + np.minimum(at.astype(np.int64), across - 1)
    sums = np.bincount(cell, weights, minlength=rows * across)
    return sums.reshape(rows, across).astype(np.float64, copy=False)


def _find_runs(mask: Mask) -> tuple[Index, Index, Index]:
    """Return lane, first column and width of each run of adjacent marked cells."""
    edges = np.diff(mask.astype(np.int8), axis=1, prepend=0, append=0)
    lane, left = np.nonzero(edges == 1)
    return lane, left, np.nonzero(edges == -1)[1] - left


def _path(kind: str, lanes: _Lanes, lane: Index, left: Index, width: Index, opacity: float = 1.0) -> SvgPath:
    """Return one path of horizontal strokes; they must be sorted by lane and column."""
    same = np.diff(lane, prepend=-1) == 0
    gap = np.diff(left, prepend=0)
    gap[1:] -= width[:-1]
    middle = lane * lanes.pitch + lanes.middle
    columns = (same, gap, left, middle, width)
    d = "".join(
        f"m{skip} 0h{w}" if beside else f"M{x} {y}h{w}"
        for beside, skip, x, y, w in zip(*(column.tolist() for column in columns), strict=True)
    )
    return {"kind": kind, "d": d, "bar": lanes.bar, "down": 0, "opacity": opacity, "dash": None}


def _draw_running(lanes: _Lanes, timeline: Timeline, across: int, span: float, now: float) -> list[SvgPath]:
    """Draw an outline for each running task, or a mark if a lane holds several engines."""
    running = timeline.running
    lane = lanes.of_slot[running.slot]
    begin = running.start if lanes.engines == 1 else np.full(len(lane), now)
    right = max(round(across * now / span), 1)
    firsts: dict[int, float] = {}
    for row, at in zip(lane.tolist(), begin.tolist(), strict=True):
        firsts[row] = max(at, firsts.get(row, 0.0)) if math.isfinite(at) else firsts.get(row, 0.0)
    high = lanes.bar - 1
    d = "".join(
        f"M{left} {row * lanes.pitch + lanes.middle - high / 2:g}h{right - left}v{high}h{left - right}z"
        for row, at in sorted(firsts.items())
        for left in [min(round(across * at / span), right - math.ceil(across / 200))]
    )
    return [{"kind": "running", "d": d}] if d else []


def _ticks(span: float) -> Iterable[tuple[float, str]]:
    """Return round times on the time axis, with their labels."""
    decades = 10.0 ** math.floor(math.log10(span))
    steps = [decades * n for n in (0.1, 0.2, 0.5, 1)] if span < 5 else [float(step) for step in _TICK_STEPS]
    while span / steps[-1] > _MAX_TICKS:
        steps.append(2 * steps[-1])
    step = next(step for step in steps if span / step <= _MAX_TICKS)
    return [(n * step, _tick_label(n * step, span)) for n in range(int(span / step * (1 + 1e-9)) + 1)]


def _tick_label(at: float, span: float) -> str:
    if span < 0.5:
        return f"{1000 * at:.3g} ms" if at else "0 ms"
    return f"{at:.3g} s" if span <= 120 else format_elapsed(at)


def _notes(timeline: Timeline, lanes: _Lanes, exact: bool, known: Mask, now: float) -> list[str]:
    notes = []
    if timeline.shown < timeline.ended:
        nouns = "messages" if (timeline.inputs != 1).any() else "tasks"
        notes.append(f"timeline shows {timeline.shown:,} of {timeline.ended:,} {nouns}")
    if not exact:
        each = "its engines" if lanes.engines > 1 else "its engine"
        notes.append(f"shade: the share of the time in which {each} was busy")
    for code, phrase in ((OK, "done"), (FAILED, "failed")):  # a cancelled task never ran
        missing = int((timeline.status[~known] == code).sum())
        if missing:
            notes.append(f"{missing:,} {phrase} without times, not drawn")
    slack = 0.02 * now + 0.05
    start, length = timeline.start[known], timeline.duration[known]
    skewed = int(((start < -slack) | (start + length > now + slack)).sum())
    if skewed:
        notes.append(f"{skewed:,} outside the run by their engines' clocks")
    return notes
