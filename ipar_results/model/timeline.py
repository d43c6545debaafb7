"""When each message of a result ran, and where: what timelines, exports and estimates are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Index
from .snapshot import EngineId
from .status import ABORTED, FAILED

_MAX_ID = 200


@dataclass(frozen=True, eq=False)
class RunningTasks:
    """The messages that run at the moment of a :class:`Timeline`.

    Attributes
    ----------
    position, first : ndarray of int, shape (n,)
    slot : ndarray of int, shape (n,)
        Index into the timeline's `engines`; -1 where the engine is not known.
    start : ndarray of float, shape (n,)
        Seconds after the timeline's `base`.
    """

    position: Index
    first: Index
    slot: NDArray[np.int32]
    start: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Timeline:
    """Ended messages in columns, by position; all of them or an even sample.

    Attributes
    ----------
    base : float
        POSIX seconds of the first submission; of the first known moment where that is not known.
    now : float
        POSIX seconds at which this was true; the last arrival, once all have ended.
    messages, ended : int
        Messages of the result, and how many of them have ended.
    engines : tuple of (int or str)
        Engines by slot, in the order in which they were met.
    position, first, inputs : ndarray of int, shape (shown,)
        Position of the message, index of its first input, how many inputs it carries.
    slot : ndarray of int, shape (shown,)
        Index into `engines`; -1 where the engine is not known.
    start, duration : ndarray of float, shape (shown,)
        Seconds after `base`, and seconds; NaN where nobody knows.
    status : ndarray of int, shape (shown,)
        2 ok, 3 failed, 4 aborted.
    running : Running
        All that run now, never a sample.
    """

    base: float
    now: float
    messages: int
    ended: int
    engines: tuple[EngineId, ...]
    position: Index
    first: Index
    inputs: Index
    slot: NDArray[np.int32]
    start: NDArray[np.float64]
    duration: NDArray[np.float64]
    status: NDArray[np.int8]
    running: RunningTasks

    @property
    def shown(self) -> int:
        """How many ended messages are in the columns; fewer than `ended` in a sample."""
        return len(self.position)

    def to_json(self) -> dict[str, Any]:
        """The ended messages as JSON types; times to the millisecond.

        Returns
        -------
        dict
            ``base``, ``ended``, ``engines`` and one list for each column; null for what nobody knows.
        """
        return {
            "base": round(self.base, 3),
            "of": self.ended,
            "engines": [each if isinstance(each, int) else str(each)[:_MAX_ID] for each in self.engines],
            "position": self.position.tolist(),
            "first": self.first.tolist(),
            "inputs": self.inputs.tolist(),
            "slot": self.slot.tolist(),
            "start": _round_to_ms(self.start),
            "duration": _round_to_ms(self.duration),
            "status": self.status.tolist(),
        }


def sample(index: Index, status: NDArray[np.int8], limit: int | None) -> Index:
    """At most `limit` of the given positions, ascending: failed and aborted ones, then an even spread.

    Parameters
    ----------
    index : ndarray of int
        Positions of ended messages, ascending.
    status : ndarray of int
        Status codes by position.
    limit : int or None
        None takes all.
    """
    if limit is None or len(index) <= limit:
        return index
    codes = status[index]
    bad = (codes == FAILED) | (codes == ABORTED)
    first, rest = _evenly_spaced(index[bad], limit), index[~bad]
    return np.sort(np.concatenate([first, _evenly_spaced(rest, limit - len(first))]))


def _evenly_spaced(index: Index, limit: int) -> Index:
    """An even spread over positions, both ends included."""
    if len(index) <= limit:
        return index
    return index[np.linspace(0, len(index) - 1, max(limit, 0)).round().astype(np.int64)]


def _round_to_ms(values: NDArray[np.float64]) -> list[float | None]:
    rounded = np.round(values, 3).tolist()
    return [None if value != value else value for value in rounded]
