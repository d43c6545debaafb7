"""Numpy columns of message states, about 22 bytes a message, with running counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..model.arrays import Codes, Floats, Index, Slots
from ..model.status import OK, QUEUED, STATUSES
from .message_ids import MessageIdIndex


class Columns:
    """Status, engine and times of each message of one result.

    A message that has ended stays so until :meth:`reopen`. `inputs` is the number of inputs in each message;
    None if each has one.
    """

    def __init__(self, msg_ids: Sequence[str], inputs: Sequence[int] | None) -> None:
        n = len(msg_ids)
        self.messages = n
        self.status = np.zeros(n, np.int8)
        self.engine = np.full(n, -1, np.int32)  # slot; -1 if unknown
        self.started = np.full(n, np.nan)  # POSIX seconds by the client's clock; NaN if unknown
        self.completed = np.full(n, np.nan)
        self.inputs = None if inputs is None else np.asarray(inputs, np.int64)
        self._first_inputs = None if self.inputs is None else np.cumsum(self.inputs) - self.inputs
        self.total = n if self.inputs is None else int(self.inputs.sum())
        self.counts = np.zeros(len(STATUSES), np.int64)  # inputs by status; running ones count as queued
        self.counts[QUEUED] = self.total
        self.slot_done = np.zeros(0, np.int64)  # by engine slot, inputs that have ended
        self.slot_failed = np.zeros(0, np.int64)  # and those that failed or were aborted
        self.slot_busy = np.zeros(0)  # and seconds in tasks and replaced attempts
        self.ended = 0  # messages
        self.cut_short = 0  # inputs that failed or were aborted without a complete task
        self._busy_microseconds = 0  # kept up to date: a sum over a million rows takes 20 ms
        self._replaced_microseconds, self._replaced_busy = 0, np.zeros(0)  # of attempts before a retry
        self.has_output = np.zeros(n, np.bool_)
        self.id_index = MessageIdIndex(msg_ids)

    def find(self, msg_ids: Sequence[str]) -> Index:
        """Return the positions of messages, unique and ascending; unknown ids are left out."""
        return self.id_index.find(msg_ids)

    def locate(self, msg_ids: Sequence[str]) -> Index:
        """Return the position of each message, -1 for an unknown id."""
        return self.id_index.locate(msg_ids)

    def pending(self, index: Index) -> Index:
        """Return those of the positions whose messages have not ended."""
        return index[self.status[index] < OK]

    def input_counts(self, index: Index) -> Index:
        """Return the number of inputs in each message at these positions."""
        return np.ones(len(index), np.int64) if self.inputs is None else self.inputs[index]

    def first_input_index(self, position: int) -> int:
        """Return the index of the first input in the message at this position."""
        return position if self._first_inputs is None else int(self._first_inputs[position])

    def first_input_indices(self, index: Index) -> Index:
        """Return the index of the first input in each message at these positions."""
        return index if self._first_inputs is None else self._first_inputs[index]

    def input_count(self, position: int) -> int:
        """Return the number of inputs in the message at this position."""
        return 1 if self.inputs is None else int(self.inputs[position])

    def positions_of_inputs(self, inputs: Index) -> Index:
        """Return the position of the message that has each of these inputs."""
        return (
            inputs if self._first_inputs is None else np.searchsorted(self._first_inputs, inputs, "right") - 1
        )

    def reopen(self, index: Index, msg_ids: Sequence[str]) -> None:
        """Make ended messages pending again; `msg_ids` holds the ids of all messages, some of them new."""
        microseconds, busy = self._busy_microseconds, self.slot_busy.copy()
        self.status[index] = QUEUED
        self.engine[index] = -1
        self.started[index] = self.completed[index] = np.nan
        self.id_index = MessageIdIndex(msg_ids)
        self.recount()
        self._replaced_microseconds += microseconds - self._busy_microseconds
        self._replaced_busy = busy - self.slot_busy + self._replaced_by_slot()
        self._busy_microseconds, self.slot_busy = microseconds, busy

    def shift_times(self, slot: int, seconds: float) -> None:
        """Move the times of an engine's messages back: its clock is further ahead than was known."""
        rows = self.engine == slot
        self.started[rows] -= seconds
        self.completed[rows] -= seconds

    def reserve(self, slots: int) -> None:
        """Make room for this many engine slots."""
        more = slots - len(self.slot_done)
        if more > 0:
            self.slot_done = np.append(self.slot_done, np.zeros(more, np.int64))
            self.slot_failed = np.append(self.slot_failed, np.zeros(more, np.int64))
            self.slot_busy = np.append(self.slot_busy, np.zeros(more))

    def recount(self) -> None:
        """Rebuild the counts from the columns, after some of their rows were changed."""
        index = np.flatnonzero(self.status >= OK)
        status, engine = self.status[index].copy(), self.engine[index].copy()
        started, completed = self.started[index].copy(), self.completed[index].copy()
        self.counts[:] = 0
        self.counts[QUEUED] = self.total
        self.slot_done[:], self.slot_failed[:], self.slot_busy[:] = 0, 0, self._replaced_by_slot()
        self.ended, self.cut_short, self._busy_microseconds = 0, 0, self._replaced_microseconds
        self.end(index, status, engine, started, completed)

    def _replaced_by_slot(self) -> Floats:
        return np.append(self._replaced_busy, np.zeros(len(self.slot_busy) - len(self._replaced_busy)))

    @property
    def serial_time(self) -> float:
        """Seconds in tasks, summed over ended messages and replaced attempts; exact to the microsecond."""
        return self._busy_microseconds / 1e6

    def end(
        self,
        index: Index,
        status: Codes,
        engine: Slots,
        started: Floats,
        completed: Floats,
    ) -> None:
        """Enter the ends of pending messages; all arrays have the shape of `index`."""
        self.engine[index] = engine
        self.started[index] = started
        self.completed[index] = completed
        self.status[index] = status  # written last: readers without the lock take the row as complete then
        self.ended += len(index)
        inputs = None if self.inputs is None else self.inputs[index]
        bad = status != OK
        any_bad = bool(bad.any())
        if any_bad or inputs is not None:
            gained = _count_inputs(status, inputs, len(STATUSES))
            self.counts += gained
            self.counts[QUEUED] -= gained.sum()
        else:
            self.counts[OK] += len(index)
            self.counts[QUEUED] -= len(index)
        spent = completed - started
        if any_bad:
            self.cut_short += int(_count_inputs(np.isnan(spent) & bad, inputs, 2)[1])
        # unknown times give NaN, and a clock that was set back during a task a negative time: both count as 0
        spent = np.fmax(spent, 0.0)
        self._busy_microseconds += int(np.rint(spent * 1e6).sum())
        known = engine >= 0
        if not known.all():
            engine, bad, spent = engine[known], bad[known], spent[known]
            inputs = None if inputs is None else inputs[known]
        size = len(self.slot_done)
        self.slot_done += _count_inputs(engine, inputs, size)
        self.slot_busy += np.bincount(engine, spent, size)
        if any_bad:
            self.slot_failed += _count_inputs(engine[bad], None if inputs is None else inputs[bad], size)


def _count_inputs(codes: Codes | Slots, inputs: Index | None, size: int) -> Index:
    """Return the number of inputs by code."""
    return np.bincount(codes, inputs, size).astype(np.int64)
