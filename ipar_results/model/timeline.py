"""Frozen timeline of a result in columns: when each message ran, and on which engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Codes, Floats, Index, Slots
from .snapshot import EngineId
from .status import ABORTED, FAILED

_MAX_SLOWEST = 50  # in a sample


@dataclass(frozen=True, eq=False)
class RunningTasks:
    """Columns of the messages that run at the moment of a :class:`Timeline`."""

    position: Index
    slot: Slots  # index into the timeline's engines; -1 for an unknown engine
    start: Floats  # seconds after the timeline's base


@dataclass(frozen=True, eq=False)
class Timeline:
    """Ended messages in columns, by position: all of them or an even sample.

    Its times are without the pauses before retries.
    """

    base: float  # POSIX seconds of the first submission, or of the first known event
    now: float  # POSIX seconds at which it was taken, or of the last reply once all messages have ended
    ended: int  # messages of the result that have ended
    engines: tuple[EngineId, ...]  # by slot, in order of appearance
    position: Index
    first: Index  # index of the first input of each message
    inputs: Index  # number of its inputs
    slot: Slots  # index into engines; -1 for an unknown engine
    start: Floats  # seconds after base; NaN if unknown
    duration: Floats  # seconds; NaN if unknown
    status: Codes  # OK, FAILED or ABORTED
    breaks: tuple[float, ...]  # seconds after base at which a pause before a retry is cut out
    running: RunningTasks  # all of them, never a sample

    @property
    def shown(self) -> int:
        """Number of messages in the columns; less than `ended` for a sample."""
        return len(self.position)


def sample(index: Index, status: Codes, duration: Floats, limit: int | None) -> Index:
    """Return at most `limit` of these positions, ascending, or all for None.

    All failed messages are taken first, then some of the slowest, and an even sample of the rest; aborted
    ones, which never ran, only if there is room left. `status` and `duration` are those of all messages.
    """
    if limit is None or len(index) <= limit:
        return index
    codes = status[index]
    never_ran = codes == ABORTED
    if never_ran.any():
        taken = sample(index[~never_ran], status, duration, limit)
        return np.sort(np.append(taken, _evenly_spaced(index[never_ran], limit - len(taken))))
    bad = codes == FAILED
    first, rest = _evenly_spaced(index[bad], limit), index[~bad]
    slow = min(_MAX_SLOWEST, (limit - len(first)) // 2)
    order = np.argpartition(-np.nan_to_num(duration[rest], nan=-1.0), slow) if slow else np.arange(len(rest))
    slowest, rest = rest[order[:slow]], np.sort(rest[order[slow:]])
    return np.sort(np.concatenate([first, slowest, _evenly_spaced(rest, limit - len(first) - slow)]))


def _evenly_spaced(index: Index, limit: int) -> Index:
    """Return at most `limit` evenly spaced positions, both ends included."""
    if len(index) <= limit:
        return index
    return index[np.linspace(0, len(index) - 1, max(limit, 0)).round().astype(np.int64)]
