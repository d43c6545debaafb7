"""Builder of the timeline of a record."""

from __future__ import annotations

import time

import numpy as np

from ..model.status import OK
from ..model.timeline import RunningTasks, Timeline, sample
from ..record.columns import Columns
from ..record.state import Record


def take_timeline(record: Record, limit: int | None = None) -> Timeline:
    """Return the timeline of a record; may be called from any thread.

    Parameters
    ----------
    limit : int, optional
        Maximum of ended messages: failed and aborted ones first, then an even sample of the rest.
    """
    with record.lock:
        columns = record.columns
        index = sample(np.flatnonzero(columns.status >= OK), columns.status, limit)
        started = columns.started[index]
        moments = np.array([record.clock.submitted, np.fmin.reduce(columns.started, initial=np.nan)])
        running, now = record.running, time.time()
        known = moments[~np.isnan(moments)]
        base = float(known[0]) if len(known) else now - record.elapsed
        last = np.fmax(record.clock.received, np.fmax.reduce(columns.completed, initial=np.nan))
        over = record.finished and not np.isnan(last)
        return Timeline(
            base=base,
            now=float(last) if over else now,
            messages=columns.messages,
            ended=columns.ended,
            engines=tuple(record.engines.ids),
            position=index,
            first=columns.first_input_indices(index),
            inputs=columns.input_counts(index),
            slot=columns.engine[index],
            start=started - base,
            # negative if a clock was set back during a task
            duration=np.maximum(columns.completed[index] - started, 0.0),
            status=columns.status[index],
            running=_running_tasks(columns, running, base),
        )


def _running_tasks(columns: Columns, running: dict[int, tuple[int, float]], base: float) -> RunningTasks:
    position = np.fromiter(running, np.int64, len(running))
    slots, since = zip(*running.values(), strict=True) if running else ((), ())
    return RunningTasks(
        position=position,
        first=columns.first_input_indices(position),
        slot=np.array(slots, np.int32),
        start=np.array(since, np.float64) - base,
    )
