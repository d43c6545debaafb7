"""Breakdown of the engines' time: each second of each engine counts towards one use."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...model.arrays import Codes, Floats, Index, Mask
from ...model.snapshot import TimeUse
from ...model.status import OK

OTHER = 5  # used like a status code: a task of another result


@dataclass(frozen=True, eq=False)
class RunTasks:
    """Columns of a finished run: one row a message, and one for each earlier attempt.

    Times are seconds after the first submission, NaN if unknown.
    """

    slot: Index  # of the engine; -1 if unknown
    status: Codes  # or OTHER, for a task of another result
    submitted: Floats
    started: Floats
    completed: Floats
    received: Floats
    joined: Floats  # by slot, when the engine joined the cluster; 0 if it did before the run
    left: Floats  # by slot, when the engine left the cluster; infinite if it did not
    length: float  # seconds between the first submission and the last arrival

    @property
    def engines(self) -> int:
        """Number of engines that took part."""
        return len(self.left)


@dataclass(frozen=True, eq=False)
class Executions:
    """Tasks of a run in the order in which each engine ran them, with the gaps between them.

    Times are seconds by the client's clock, within the run and without overlap on an engine.
    """

    row: Index  # in RunTasks, by engine and time, without those whose engine or time is unknown
    begin: Floats
    end: Floats
    gap: Floats  # seconds for which the engine was idle before the task
    unsent: Floats  # part of the gap in which the task had not been submitted yet
    last: Floats  # by slot, when the engine's last task ended, or when it joined if it had none


def drop_unused_engines(tasks: RunTasks) -> tuple[RunTasks, Mask]:
    """Return the run without engines that ran none of its tasks and stayed, and which slots took part.

    An engine that refuses a task, for a dependency, says that it is busy and runs nothing.
    """
    part = np.isfinite(tasks.left)
    part[tasks.slot[(tasks.slot >= 0) & (tasks.status != OTHER)]] = True
    slots = np.append(np.where(part, np.cumsum(part) - 1, -1), -1)
    return replace(tasks, slot=slots[tasks.slot], joined=tasks.joined[part], left=tasks.left[part]), part


def order_executions(tasks: RunTasks) -> Executions:
    """Order the tasks of a run by engine and time."""
    known = (tasks.slot >= 0) & ~np.isnan(tasks.started) & ~np.isnan(tasks.completed)
    row = np.flatnonzero(known)
    # two stable sorts are fast: rows are nearly sorted by time, and engines are few
    row = row[np.argsort(tasks.started[row], kind="stable")]
    row = row[np.argsort(tasks.slot[row].astype(np.int32), kind="stable")]
    slot = tasks.slot[row]
    stop = np.clip(tasks.left, tasks.joined, tasks.length)
    begin = np.clip(tasks.started[row], tasks.joined[slot], stop[slot])
    end = np.clip(tasks.completed[row], begin, stop[slot])
    # one running maximum for all engines: an offset larger than the run keeps them apart
    offset = slot * (tasks.length + 1.0)
    reached = np.maximum.accumulate(end + offset)
    before = np.maximum(np.append(-1.0, reached[:-1]) - offset, tasks.joined[slot]) if len(row) else end
    end = np.maximum(reached - offset, 0.0)
    begin = np.clip(begin, before, end)
    gap = begin - before
    sent = tasks.submitted[row]
    unsent = np.where(np.isnan(sent), 0.0, np.clip(sent - before, 0.0, gap))
    unsent = np.where(tasks.status[row] == OTHER, gap, unsent)
    last = np.array(tasks.joined)
    np.maximum.at(last, slot, end)
    return Executions(row, begin, end, gap, unsent, last)


def compute_time_use(tasks: RunTasks, executions: Executions) -> TimeUse:
    """Sum the seconds of each use; together they are the time from which each engine was there until the end.

    `executions` are those of `tasks`.
    """
    status = tasks.status[executions.row]
    spent = executions.end - executions.begin
    computing = float(spent[status == OK].sum())
    other = float(spent[status == OTHER].sum())
    lost = float(spent[(status != OK) & (status != OTHER)].sum())
    overhead = float((executions.gap - executions.unsent).sum())
    # the last reply of an engine is on its way for a while; engines that left are lost, with what they ran
    stayed = ~(tasks.left < tasks.length)
    answered = np.array(executions.last)
    known = tasks.slot >= 0
    np.fmax.at(answered, tasks.slot[known], np.minimum(tasks.received, tasks.length)[known])
    busy_last = executions.last > tasks.joined
    overhead += float((answered - executions.last)[stayed & busy_last].sum())
    lost += float((tasks.length - executions.last)[~stayed].sum())
    total = float((tasks.length - tasks.joined).sum())
    waiting = max(0.0, total - computing - other - lost - overhead)
    return TimeUse(tasks.engines, total, computing, waiting, overhead, lost, other)
