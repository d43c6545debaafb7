"""The state of one result's messages in numpy columns, about 22 bytes a message, with running counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.arrays import Index
from ..model.status import OK, QUEUED
from .message_ids import MessageIdIndex


class Columns:
    """What became of each message of one result.

    State only moves forward: a message that has ended never runs again, and one absorbed twice counts once.

    Parameters
    ----------
    msg_ids : sequence of str
        The result's message ids, in order.
    inputs : sequence of int or None
        How many inputs each message carries; None where each carries one.

    Attributes
    ----------
    status, engine, started, completed : ndarray, shape (len(msg_ids),)
        Status code, engine slot (-1: unknown), POSIX seconds (NaN: unknown).
    wrote : ndarray of bool, shape (len(msg_ids),)
        Whether the message's task wrote something.
    counts : ndarray of int, shape (5,)
        Inputs by status code; those that run count as queued here.
    ended : int
        Messages that have ended.
    """

    def __init__(self, msg_ids: Sequence[str], inputs: Sequence[int] | None) -> None:
        n = len(msg_ids)
        self.messages = n
        self.status = np.zeros(n, np.int8)
        self.engine = np.full(n, -1, np.int32)
        self.started = np.full(n, np.nan)
        self.completed = np.full(n, np.nan)
        self.inputs = None if inputs is None else np.asarray(inputs, np.int64)
        self._first_inputs = None if self.inputs is None else np.cumsum(self.inputs) - self.inputs
        self.total = n if self.inputs is None else int(self.inputs.sum())
        self.counts = np.zeros(5, np.int64)
        self.counts[QUEUED] = self.total
        self.slots = 0
        self.slot_done = np.zeros(0, np.int64)
        self.slot_failed = np.zeros(0, np.int64)
        self.slot_busy = np.zeros(0)
        self.ended = 0
        self._spent = 0  # microseconds; a sum over the columns would take 20 ms of a million
        self.has_output = np.zeros(n, np.bool_)
        self.id_index = MessageIdIndex(msg_ids)

    def find(self, msg_ids: Sequence[str]) -> Index:
        """Positions of messages, each once, ascending; ids that are not of this result are left out."""
        return self.id_index.find(msg_ids)

    def locate(self, msg_ids: Sequence[str]) -> Index:
        """The position of each message, -1 for one that is not of this result."""
        return self.id_index.locate(msg_ids)

    def pending(self, index: Index) -> Index:
        """Those of the given positions that have not ended yet."""
        return index[self.status[index] < OK]

    def input_counts(self, index: Index) -> Index:
        """Inputs carried by the messages at these positions."""
        return np.ones(len(index), np.int64) if self.inputs is None else self.inputs[index]

    def first_input_index(self, position: int) -> int:
        """Index of the first input of the message at this position."""
        return position if self._first_inputs is None else int(self._first_inputs[position])

    def first_input_indices(self, index: Index) -> Index:
        """Index of the first input of each message at these positions."""
        return index if self._first_inputs is None else self._first_inputs[index]

    def input_count(self, position: int) -> int:
        """How many inputs the message at this position carries."""
        return 1 if self.inputs is None else int(self.inputs[position])

    def positions_of_inputs(self, inputs: Index) -> Index:
        """The position of the message that carries each of these inputs."""
        return (
            inputs if self._first_inputs is None else np.searchsorted(self._first_inputs, inputs, "right") - 1
        )

    def reopen(self, index: Index, msg_ids: Sequence[str]) -> None:
        """Make messages that have ended pending again; `msg_ids` are those of all, some of them new."""
        self.status[index] = QUEUED
        self.engine[index] = -1
        self.started[index] = self.completed[index] = np.nan
        self.id_index = MessageIdIndex(msg_ids)
        self.recount()

    def reserve(self, slots: int) -> None:
        """Make room for this many engines."""
        if slots > len(self.slot_done):
            more = max(slots, 2 * len(self.slot_done)) - len(self.slot_done)
            self.slot_done = np.append(self.slot_done, np.zeros(more, np.int64))
            self.slot_failed = np.append(self.slot_failed, np.zeros(more, np.int64))
            self.slot_busy = np.append(self.slot_busy, np.zeros(more))
        self.slots = max(self.slots, slots)

    def recount(self) -> None:
        """Count anew from the columns, after an interruption in the middle of :meth:`end`."""
        index = np.flatnonzero(self.status >= OK)
        status, engine = self.status[index].copy(), self.engine[index].copy()
        started, completed = self.started[index].copy(), self.completed[index].copy()
        self.counts[:] = 0
        self.counts[QUEUED] = self.total
        self.slot_done[:], self.slot_failed[:], self.slot_busy[:] = 0, 0, 0.0
        self.ended = self._spent = 0
        self.end(index, status, engine, started, completed)

    @property
    def serial_time(self) -> float:
        """Seconds spent computing, all ended messages together; exact to the microsecond of their stamps."""
        return self._spent / 1e6

    def end(
        self,
        index: Index,
        status: NDArray[np.int8],
        engine: NDArray[np.int32],
        started: NDArray[np.float64],
        completed: NDArray[np.float64],
    ) -> None:
        """Enter the ends of messages that were pending; all arrays have the shape of `index`."""
        self.engine[index] = engine
        self.started[index] = started
        self.completed[index] = completed
        self.status[index] = status  # last: a row whose status says so is whole
        self.ended += len(index)
        weight = None if self.inputs is None else self.inputs[index]
        bad = status != OK
        any_bad = bool(bad.any())
        if any_bad or weight is not None:
            gained = _tally(status, weight, 5)
            self.counts += gained
            self.counts[QUEUED] -= gained.sum()
        else:
            self.counts[OK] += len(index)
            self.counts[QUEUED] -= len(index)
        # neither unknown times nor clocks that were set back in mid-task are negative work
        spent = np.fmax(completed - started, 0.0)
        self._spent += int(np.rint(spent * 1e6).sum())
        known = engine >= 0
        if not known.all():
            engine, bad, spent = engine[known], bad[known], spent[known]
            weight = None if weight is None else weight[known]
        size = len(self.slot_done)
        self.slot_done += _tally(engine, weight, size)
        self.slot_busy += np.bincount(engine, spent, size)
        if any_bad:
            self.slot_failed += _tally(engine[bad], None if weight is None else weight[bad], size)


def _tally(codes: NDArray[Any], weight: Index | None, size: int) -> Index:
    """Count the inputs of each code."""
    return np.bincount(codes, weight, size).astype(np.int64)
