"""Where the engines' time went: every second of every engine is put to one account."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...model.snapshot import TimeUse
from ...model.status import OK

OTHER = 5  # beside the status codes: a task of another result
_SAME_CLOCK = 0.05  # what two clocks may differ before anybody cares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RunTasks:
    """The tasks of a run that has ended; one row a message, and one for each earlier attempt.

    Attributes
    ----------
    slot : ndarray of int, shape (n,)
        Engine; -1 where it is not known.
    status : ndarray of int, shape (n,)
        Status codes, and :data:`OTHER` for tasks of other results.
    submitted, started, completed, received : ndarray of float, shape (n,)
        Seconds after the first submission; NaN where nobody knows. The middle two by the engines' clocks.
    left : ndarray of float, shape (engines,)
        When each engine left the cluster; infinite where it did not.
    length : float
        Seconds between the first submission and the last arrival.
    """

    slot: Ints
    status: NDArray[np.int8]
    submitted: Floats
    started: Floats
    completed: Floats
    received: Floats
    left: Floats
    length: float

    @property
    def engines(self) -> int:
        """How many engines took part."""
        return len(self.left)


@dataclass(frozen=True, eq=False)
class Executions:
    """The tasks of a run in the order in which each engine ran them, and what was between them.

    Attributes
    ----------
    row : ndarray of int, shape (m,)
        Rows of the tasks, by engine and time; those of which the engine or a time is not known are left out.
    begin, end : ndarray of float, shape (m,)
        By the client's clock, within the run, and never two at a time on one engine.
    gap : ndarray of float, shape (m,)
        Seconds for which the engine did nothing before.
    unsent : ndarray of float, shape (m,)
        Those of them in which the task had not been submitted yet.
    last : ndarray of float, shape (engines,)
        When each engine's last task ended; 0 where it had none.
    """

    row: Ints
    begin: Floats
    end: Floats
    gap: Floats
    unsent: Floats
    last: Floats


def align_clocks(tasks: RunTasks) -> RunTasks:
    """The same run with all times by the client's clock.

    A reply is never received before it was made, and a task never begins before it was sent: so much is
    known of how far an engine's clock is ahead. Where it must be, the quickest reply is taken to have come
    at once.
    """
    least, most = np.full(tasks.engines, -np.inf), np.full(tasks.engines, np.inf)
    known = tasks.slot >= 0
    slot = tasks.slot[known]
    np.fmax.at(least, slot, (tasks.completed - tasks.received)[known])
    np.fmin.at(most, slot, (tasks.started - tasks.submitted)[known])
    behind = np.where(np.isfinite(least) & (least <= most), least, most)
    ahead = np.where(least > _SAME_CLOCK, least, np.where(most < -_SAME_CLOCK, behind, 0.0))
    shift = np.append(ahead, 0.0)[tasks.slot]
    return replace(tasks, started=tasks.started - shift, completed=tasks.completed - shift)


def order_executions(tasks: RunTasks) -> Executions:
    """Put an evened run in order."""
    known = (tasks.slot >= 0) & ~np.isnan(tasks.started) & ~np.isnan(tasks.completed)
    row = np.flatnonzero(known)
    # nearly sorted by time already, and few engines: two stable sorts are quick
    row = row[np.argsort(tasks.started[row], kind="stable")]
    row = row[np.argsort(tasks.slot[row].astype(np.int32), kind="stable")]
    slot = tasks.slot[row]
    stop = np.clip(tasks.left, 0.0, tasks.length)
    begin = np.clip(tasks.started[row], 0.0, stop[slot])
    end = np.clip(tasks.completed[row], begin, stop[slot])
    # lifted by more than the run is long, engines don't meet
    lift = slot * (tasks.length + 1.0)
    reached = np.maximum.accumulate(end + lift)
    before = np.maximum(np.append(-1.0, reached[:-1]) - lift, 0.0) if len(row) else end
    end = np.maximum(reached - lift, 0.0)
    begin = np.clip(begin, before, end)
    gap = begin - before
    sent = tasks.submitted[row]
    unsent = np.where(np.isnan(sent), 0.0, np.clip(sent - before, 0.0, gap))
    unsent = np.where(tasks.status[row] == OTHER, gap, unsent)
    last = np.zeros(tasks.engines)
    np.maximum.at(last, slot, end)
    return Executions(row, begin, end, gap, unsent, last)


def compute_time_use(tasks: RunTasks, executions: Executions) -> TimeUse:
    """Add up what each second went into; the parts sum to engines times the length of the run.

    Parameters
    ----------
    run : RunTasks
        Evened.
    executions : Executions
        Of the same tasks.
    """
    status = tasks.status[executions.row]
    spent = executions.end - executions.begin
    computing = float(spent[status == OK].sum())
    other = float(spent[status == OTHER].sum())
    lost = float(spent[(status != OK) & (status != OTHER)].sum())
    overhead = float((executions.gap - executions.unsent).sum())
    # after an engine's last task its result is on its way; one that left was lost with what it ran
    stayed = ~(tasks.left < tasks.length)
    answered = np.array(executions.last)
    known = tasks.slot >= 0
    np.fmax.at(answered, tasks.slot[known], np.minimum(tasks.received, tasks.length)[known])
    busy_last = executions.last > 0
    overhead += float((answered - executions.last)[stayed & busy_last].sum())
    lost += float((tasks.length - executions.last)[~stayed].sum())
    total = tasks.engines * tasks.length
    waiting = max(0.0, total - computing - other - lost - overhead)
    return TimeUse(tasks.engines, total, computing, waiting, overhead, lost, other)
