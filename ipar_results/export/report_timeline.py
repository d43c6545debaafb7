"""The data of a report's moving timeline: columns as base64, so that 100,000 tasks fit in the page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from ..model.arrays import Index
from ..model.snapshot import EngineId
from ..model.status import ABORTED, FAILED, OK
from ..model.timeline import Timeline, sample
from ..render import words
from ..render.ansi import one_line
from .tasks import Tasks

MAX_BYTES = 1_400_000
_STATES = {OK: 0, ABORTED: 1}
_RUNS, _FAILED = 2, 3  # what failed adds which of the errors it was
_MAX_ERRORS = 250
_MAX_LABEL = 40


def timeline_data(tasks: Tasks, timeline: Timeline) -> dict[str, Any] | None:
    """What the page's script draws.

    Parameters
    ----------
    tasks : Tasks
    timeline : Timeline
        Of the same result: it knows what runs.

    Returns
    -------
    dict or None
        JSON types: ``lanes`` and ``errors`` by number, ``span`` in seconds, ``note``, ``count``, and
        ``columns``: name, type and values of each. None where nothing has begun.
    """
    placed = np.flatnonzero(np.isfinite(tasks.started) & np.isfinite(tasks.duration) & (tasks.status >= OK))
    wide, chunked = len(set(tasks.engine)) > 255, bool((tasks.inputs != 1).any())
    room, each = MAX_BYTES * 3 // 4, 10 + wide  # base64 makes four bytes of three
    whole = len(placed) == len(tasks) and not chunked and len(placed) <= room // each
    # without a number of its own a row is the task of its place
    shown = placed if whole else sample(placed, tasks.status, room // (each + 4 + 4 * chunked))
    running = timeline.running
    if not len(shown) and not len(running.position):
        return None
    positions = np.concatenate([shown, running.position])
    lanes = _lane_numbers(tasks)
    errors, codes = _state_codes(tasks, shown)
    start = np.concatenate([tasks.started[shown] - timeline.base, running.start])
    now = timeline.now - timeline.base
    took = np.concatenate([tasks.duration[shown], np.maximum(now - running.start, 0.0)])
    columns = {
        "start": (start, "<f4"),
        "took": (took, "<f4"),
        "lane": ([lanes[tasks.engine[i]] for i in positions.tolist()], "<u2" if wide else "<u1"),
        "state": (np.concatenate([codes, np.full(len(running.position), _RUNS)]), "<u1"),
    }
    if not whole:
        columns["index"] = (tasks.index[positions], "<u4")
    if chunked:
        columns["inputs"] = (tasks.inputs[positions], "<u4")
    ended = int((tasks.status >= OK).sum())
    note = f"timeline shows {len(shown):,} of {ended:,} tasks" if len(shown) < ended else ""
    return {
        "lanes": [_lane_label(engine) for engine in lanes],
        "errors": errors,
        "span": max(float(now), float((start + took).max(initial=0.0))),
        "note": note,
        "count": len(positions),
        "columns": [[name, kind[1:], _to_base64(values, kind)] for name, (values, kind) in columns.items()],
    }


def _lane_numbers(tasks: Tasks) -> dict[EngineId | None, int]:
    """The lane of each engine; what ran on an unknown one has the last."""
    known = sorted({each for each in tasks.engine if each is not None}, key=lambda e: (isinstance(e, str), e))
    return {engine: lane for lane, engine in enumerate([*known, *([None] if None in tasks.engine else [])])}


def _lane_label(engine: EngineId | None) -> str:
    return "not known" if engine is None else one_line(words.engines([engine]), _MAX_LABEL)


def _state_codes(tasks: Tasks, shown: Index) -> tuple[list[str], Index]:
    errors: dict[str, int] = {}
    codes = np.zeros(len(shown), np.int64)
    for row, (position, status) in enumerate(zip(shown.tolist(), tasks.status[shown].tolist(), strict=True)):
        if status == FAILED:
            error = tasks.error[position] or "Error"
            number = (
                errors.setdefault(error, len(errors)) if len(errors) < _MAX_ERRORS else errors.get(error, 0)
            )
            codes[row] = _FAILED + number
        else:
            codes[row] = _STATES[status]
    return list(errors), codes


def _to_base64(values: Any, kind: str) -> str:
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode()
