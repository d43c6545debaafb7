"""Cache of the estimated time of arrival of one result, so that every snapshot can have it."""

from __future__ import annotations

import math

import numpy as np

from ..model.status import ABORTED, OK
from ..record.state import Record, running_columns
from .eta_model import FEWEST, EtaInput, estimate

SAMPLE = 800  # ended messages that the estimate reads
_MAX_AGE = 0.25  # seconds


class Eta:
    """Cached estimate of one result, computed at most four times a second."""

    def __init__(self) -> None:
        self._made_at = -math.inf
        self._range: tuple[float, float] | None = None

    def range(self, record: Record, now: float) -> tuple[float, float] | None:
        """Return the remaining seconds at `now` (POSIX seconds), earliest and latest; None if unknown.

        The caller holds the record's lock.
        """
        grows = record.can_grow and record.expected_inputs is None  # by an unknown number of messages
        if record.finished or grows:
            return None
        if not 0 <= now - self._made_at < _MAX_AGE:
            observed = eta_input(record, now)
            self._made_at, self._range = now, None if observed is None else estimate(observed)
        if self._range is None:
            return None
        low, high = (max(0.0, float(end) - (now - self._made_at)) for end in self._range)
        return low, high


def eta_input(record: Record, now: float) -> EtaInput | None:
    """Return the input of the model; None until enough tasks have ended."""
    columns = record.columns
    if columns.ended < FEWEST:
        return None
    done = np.flatnonzero(columns.status >= OK)
    index = done[:: len(done) // SAMPLE + 1]
    length = columns.completed[index] - columns.started[index]
    index = index[(length >= 0) & (columns.engine[index] >= 0)]
    running, running_slot, since = running_columns(record.running)
    alive = record.connection.alive_engines()
    messages, total = record.expected_sizes
    queued = messages - len(done) - len(running)
    if queued and columns.counts[ABORTED]:  # they are being cancelled, too
        return None
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
        age=np.maximum(now - since, 0.0),
        running_inputs=columns.input_counts(running),
        running_position=running,
        running_slot=running_slot.astype(np.int64),
        queued=queued,
        queued_inputs=queued_inputs,
        queued_position=positions / queued if queued else 0.0,
        alive=np.array([engine in alive for engine in record.engines.ids], np.bool_),
    )
