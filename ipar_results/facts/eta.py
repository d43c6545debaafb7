"""From a recorder's columns to an estimate, cheaply enough for every snapshot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..model.status import ABORTED, OK
from .eta_model import FEWEST, Work, estimate

if TYPE_CHECKING:
    from ..record.recorder import Recorder

SAMPLE = 800
_AGE = 0.25


class Forecast:
    """The estimate of one result, made anew at most four times a second."""

    def __init__(self) -> None:
        self._made_at = -math.inf
        self._range: tuple[float, float] | None = None

    def range(self, recorder: Recorder, now: float) -> tuple[float, float] | None:
        """Seconds still to go, from and to; None where nobody knows.

        Parameters
        ----------
        recorder : Recorder
            Its lock must be held.
        now : float
            POSIX seconds.
        """
        if recorder.all_ended or recorder.growing or recorder.lost:
            return None
        if not 0 <= now - self._made_at < _AGE:
            work = work_of(recorder, now)
            self._made_at, self._range = now, None if work is None else estimate(work)
        if self._range is None:
            return None
        gone = now - self._made_at
        return max(0.0, self._range[0] - gone), max(0.0, self._range[1] - gone)


def work_of(recorder: Recorder, now: float) -> Work | None:
    """What a recorder knows, as an estimate needs it; None before anything has ended."""
    columns = recorder.columns
    if columns.ended < FEWEST:
        return None
    done = np.flatnonzero(columns.status >= OK)
    index = done[:: len(done) // SAMPLE + 1]
    length = columns.completed[index] - columns.started[index]
    index = index[(length >= 0) & (columns.status[index] != ABORTED) & (columns.engine[index] >= 0)]
    running, alive = (
        np.fromiter(recorder.running, np.int64, len(recorder.running)),
        recorder.connection.alive_engines(),
    )
    slots, since = zip(*recorder.running.values(), strict=True) if recorder.running else ((), ())
    messages, total = recorder.sizes
    queued = messages - len(done) - len(running)
    queued_inputs = total - int(columns.counts[OK:].sum()) - int(columns.weight(running).sum())
    positions = messages * (messages - 1) // 2 - int(done.sum()) - int(running.sum())
    return Work(
        length=columns.completed[index] - columns.started[index],
        start=columns.started[index],
        inputs=columns.weight(index),
        position=index,
        slot=columns.engine[index].astype(np.int64),
        ended=len(done),
        busy=float(columns.slot_busy.sum()),
        age=np.maximum(now - np.array(since, np.float64), 0.0),
        running_inputs=columns.weight(running),
        running_slot=np.array(slots, np.int64),
        queued=queued,
        queued_inputs=queued_inputs,
        queued_position=positions / queued if queued else 0.0,
        alive=np.array([engine in alive for engine in recorder.engines.ids], np.bool_),
    )
