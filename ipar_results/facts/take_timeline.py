"""Builder of the timeline of a record."""

from __future__ import annotations

import numpy as np

from ..model.pauses import cut_pauses
from ..model.status import OK
from ..model.timeline import RunningTasks, Timeline, sample
from ..record.state import Record, running_columns


def take_timeline(record: Record, limit: int | None = None) -> Timeline:
    """Return the timeline of a record, with at most `limit` ended messages; for any thread."""
    with record.lock:
        columns = record.columns
        duration = columns.completed - columns.started
        index = sample(np.flatnonzero(columns.status >= OK), columns.status, duration, limit)
        pauses = record.clock.pauses
        started = cut_pauses(columns.started[index], pauses)
        moments = np.array([record.clock.submitted, np.fmin.reduce(columns.started, initial=np.nan)])
        position, slot, since = running_columns(record.running)
        since, now = cut_pauses(since, pauses), float(cut_pauses(record.clock.now, pauses))
        known = moments[~np.isnan(moments)]
        base = float(known[0]) if len(known) else now - record.elapsed
        last = np.fmax(record.clock.received, np.fmax.reduce(columns.completed, initial=np.nan))
        over = record.finished and not np.isnan(last)
        return Timeline(
            base=base,
            now=float(cut_pauses(last, pauses)) if over else now,
            ended=columns.ended,
            engines=tuple(record.engines.ids),
            position=index,
            first=columns.first_input_indices(index),
            inputs=columns.input_counts(index),
            slot=columns.engine[index],
            start=started - base,
            # negative if a clock was set back during a task
            duration=np.maximum(duration[index], 0.0),
            status=columns.status[index],
            breaks=tuple(float(cut_pauses(begin, pauses)) - base for begin, _ in pauses),
            running=RunningTasks(position, slot, since - base),
        )
