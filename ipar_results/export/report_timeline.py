"""Encoder for the interactive timeline of a report: columns in base64, so that 100,000 tasks fit."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import ArrayLike

from ..formatting import join_facts
from ..model.arrays import Index
from ..model.snapshot import EngineId, engine_order
from ..model.status import ABORTED, FAILED, OK
from ..model.timeline import Timeline, sample
from ..render import words
from ..render.ansi import one_line
from .tasks import Tasks

MAX_BYTES = 1_400_000
_OK, _RUNNING, _FIRST_ERROR = 0, 1, 2  # a failed task is the first code plus the index of its error
_MAX_ERRORS = 250
_MAX_LABEL = 40


def timeline_data(tasks: Tasks, timeline: Timeline) -> dict[str, object] | None:
    """Return what the page's script draws, as JSON types; None before the first task starts.

    ``lanes`` and ``errors`` are listed by number, and ``columns`` with name, type and values of each.
    """
    placed = np.flatnonzero(np.isfinite(tasks.started) & np.isfinite(tasks.duration) & (tasks.status >= OK))
    wide, chunked = len(set(tasks.engine)) > 255, bool((tasks.inputs != 1).any())
    room, each = MAX_BYTES * 3 // 4, 10 + wide  # base64 encodes three bytes as four
    whole = len(placed) == len(tasks) and not chunked and len(placed) <= room // each
    # the index column is left out if each row is the task of the same index
    shown = (
        placed if whole else sample(placed, tasks.status, tasks.duration, room // (each + 4 + 4 * chunked))
    )
    running = timeline.running
    if not len(shown) and not len(running.position):
        return None
    positions = np.concatenate([shown, running.position])
    lanes = _lane_numbers(tasks)
    errors, codes = _state_codes(tasks, shown)
    run_time = np.full(len(tasks), np.nan)
    run_time[timeline.position] = timeline.start
    start = np.concatenate([run_time[shown], running.start])
    now = timeline.now - timeline.base
    took = np.concatenate([tasks.duration[shown], np.maximum(now - running.start, 0.0)])
    columns: dict[str, tuple[ArrayLike, str]] = {
        "start": (start, "<f4"),
        "took": (took, "<f4"),
        "lane": ([lanes[tasks.engine[i]] for i in positions.tolist()], "<u2" if wide else "<u1"),
        "state": (np.concatenate([codes, np.full(len(running.position), _RUNNING)]), "<u1"),
    }
    if not whole:
        columns["index"] = (tasks.index[positions], "<u4")
    if chunked:
        columns["inputs"] = (tasks.inputs[positions], "<u4")
    ended = int(((tasks.status >= OK) & (tasks.status != ABORTED)).sum())  # those never ran
    nouns = "messages" if chunked else "tasks"
    cut = f"timeline shows {len(shown):,} of {ended:,} {nouns}" if len(shown) < ended else ""
    return {
        "lanes": ["not known" if i is None else one_line(words.engines([i]), _MAX_LABEL) for i in lanes],
        "errors": errors,
        "span": max(float(now), float((start + took).max(initial=0.0))),
        "note": join_facts(words.pauses(tasks.snapshot), cut),
        "breaks": timeline.breaks,
        "count": len(positions),
        "columns": [
            [name, kind[1:], base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode()]
            for name, (values, kind) in columns.items()
        ],
    }


def _lane_numbers(tasks: Tasks) -> dict[EngineId | None, int]:
    """Return the lane of each engine; the last lane is for unknown engines."""
    known = sorted({each for each in tasks.engine if each is not None}, key=engine_order)
    return {engine: lane for lane, engine in enumerate([*known, *([None] if None in tasks.engine else [])])}


def _state_codes(tasks: Tasks, shown: Index) -> tuple[list[str], Index]:
    errors: dict[str, int] = {}
    codes = np.full(len(shown), _OK, np.int64)
    for row in np.flatnonzero(tasks.status[shown] == FAILED).tolist():
        error = tasks.error[shown[row]] or "Error"
        if len(errors) < _MAX_ERRORS:
            errors.setdefault(error, len(errors))
        codes[row] = _FIRST_ERROR + errors.get(error, 0)
    return list(errors), codes
