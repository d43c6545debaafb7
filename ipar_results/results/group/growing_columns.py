"""Columns of a group, which grow while its block submits more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.arrays import Index
from ...model.status import QUEUED
from ...record.columns import Columns

_FEWEST_ROWS = 64
# by column: its type, and its value for a new message
_INITIAL: dict[str, tuple[type[np.generic], float]] = {
    "status": (np.int8, QUEUED),
    "engine": (np.int32, -1),
    "started": (np.float64, np.nan),
    "completed": (np.float64, np.nan),
    "has_output": (np.bool_, False),
    "inputs": (np.int64, 1),
    "_first_inputs": (np.int64, 0),
}


class GrowingColumns(Columns):
    """Columns to which messages can be added; positions are found by a dict, as sorted hashes cannot grow.

    The columns are views of arrays whose length doubles when they are full, so that adding a message takes
    constant time.
    """

    def __init__(self) -> None:
        super().__init__([], None)
        self._at: dict[str, int] = {}
        self._stores: dict[str, NDArray[Any]] = {
            name: np.full(0, empty, kind) for name, (kind, empty) in _INITIAL.items()
        }

    def at(self, msg_id: str) -> int | None:
        """Return the position of a message; None for an unknown one."""
        position = self._at.get(msg_id, self.messages)
        return position if position < self.messages else None

    def append(self, msg_ids: Sequence[str], inputs: Sequence[int]) -> int:
        """Add new messages as queued, each with its number of inputs; return the first position."""
        begin, end = self.messages, self.messages + len(msg_ids)
        self._make_room(end)
        carried = np.asarray(inputs, np.int64)
        self._stores["inputs"][begin:end] = carried
        self._stores["_first_inputs"][begin:end] = self.total + np.cumsum(carried) - carried
        chunked = self.inputs is not None or bool((carried != 1).any())
        self._show(end, chunked)
        self._at.update(zip(msg_ids, range(begin, end), strict=True))
        gained = int(carried.sum())
        self.total += gained
        self.counts[QUEUED] += gained
        self.messages = end
        return begin

    def _show(self, rows: int, chunked: bool) -> None:
        for name in _INITIAL:
            if chunked or name not in ("inputs", "_first_inputs"):
                setattr(self, name, self._stores[name][:rows])

    def recount(self) -> None:
        """Count anew from the columns, after an interrupted change."""
        self._show(self.messages, self.inputs is not None)
        self.total = int(self._stores["inputs"][: self.messages].sum())
        super().recount()

    def _make_room(self, rows: int) -> None:
        if rows <= len(self._stores["status"]):
            return
        size = max(_FEWEST_ROWS, 2 * rows)
        for name, (kind, empty) in _INITIAL.items():
            store: NDArray[Any] = np.full(size, empty, kind)
            store[: self.messages] = self._stores[name][: self.messages]
            self._stores[name] = store

    def find(self, msg_ids: Sequence[str]) -> Index:
        """Return the positions of messages, each once, ascending; unknown ids are left out."""
        found = {self._at.get(msg_id, -1) for msg_id in msg_ids}
        found.discard(-1)
        return np.array(sorted(found), np.int64)

    def locate(self, msg_ids: Sequence[str]) -> Index:
        """Return the position of each message, -1 for an unknown one."""
        return np.array([self._at.get(msg_id, -1) for msg_id in msg_ids], np.int64)

    def reopen(self, index: Index, msg_ids: Sequence[str]) -> None:
        """Make ended messages pending again; `msg_ids` are those of all messages, some of them new."""
        super().reopen(index, msg_ids)
        for position in index.tolist():
            self._at[msg_ids[position]] = position
