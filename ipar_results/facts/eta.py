"""Cache of the estimated time of arrival of one result, so that every snapshot can have it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..model.status import ABORTED, OK
from .eta_model import FEWEST, EtaInput, estimate

if TYPE_CHECKING:
    from ..record.state import Record

SAMPLE = 800  # ended messages that the estimate reads
_MAX_AGE = 0.25  # seconds


class Eta:
    """Cached estimate of one result, computed at most four times a second."""

    def __init__(self) -> None:
        self._made_at = -math.inf
        self._range: tuple[float, float] | None = None

    def range(self, record: Record, now: float) -> tuple[float, float] | None:
        """Return the remaining seconds, earliest and latest; None if they cannot be estimated.

        Parameters
        ----------
        record : Record
            The caller holds its lock.
        now : float
            POSIX seconds.
        """
        if record.finished or record.size_unknown:
            return None
        if not 0 <= now - self._made_at < _MAX_AGE:
            observed = eta_input(record, now)
            self._made_at, self._range = now, None if observed is None else estimate(observed)
        if self._range is None:
            return None
        age = now - self._made_at
        return max(0.0, self._range[0] - age), max(0.0, self._range[1] - age)


def eta_input(record: Record, now: float) -> EtaInput | None:
    """Return the input of the model; None until enough tasks have ended."""
    columns = record.columns
    if columns.ended < FEWEST:
        return None
    done = np.flatnonzero(columns.status >= OK)
    index = done[:: len(done) // SAMPLE + 1]
    length = columns.completed[index] - columns.started[index]
    index = index[(length >= 0) & (columns.status[index] != ABORTED) & (columns.engine[index] >= 0)]
    running, alive = (
        np.fromiter(record.running, np.int64, len(record.running)),
        record.connection.alive_engines(),
    )
    slots, since = zip(*record.running.values(), strict=True) if record.running else ((), ())
    messages, total = record.expected_sizes
    queued = messages - len(done) - len(running)
    queued_inputs = total - int(columns.counts[OK:].sum()) - int(columns.input_counts(running).sum())
    positions = messages * (messages - 1) // 2 - int(done.sum()) - int(running.sum())
    return EtaInput(
        length=columns.completed[index] - columns.started[index],
        start=columns.started[index],
        inputs=columns.input_counts(index),
        position=index,
        slot=columns.engine[index].astype(np.int64),
        ended=len(done),
        busy=float(columns.slot_busy.sum()),
        age=np.maximum(now - np.array(since, np.float64), 0.0),
        running_inputs=columns.input_counts(running),
        running_position=running,
        running_slot=np.array(slots, np.int64),
        queued=queued,
        queued_inputs=queued_inputs,
        queued_position=positions / queued if queued else 0.0,
        alive=np.array([engine in alive for engine in record.engines.ids], np.bool_),
    )
