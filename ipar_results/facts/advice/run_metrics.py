"""Metrics of a finished run that several rules of advice need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...model.arrays import Floats, Index
from ...model.snapshot import EngineId
from ...model.status import FAILED, OK
from .time_use import Executions, RunTasks

_MIN_SHARE, _MIN_GAIN = 0.12, 0.25  # gains worth advice: share of the run, and seconds
_SLOWER, _SURE = 1.35, 4.0  # ratio, and standard errors, from which an engine counts as slow
_USUAL_PACE = 0.008  # seconds between two submissions that nothing delays
_SHORT = 0.01  # seconds: durations of shorter tasks do not show the speed of an engine


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """Finished run, as the rules see it."""

    tasks: RunTasks  # the first rows are the messages of the result, in order
    messages: int
    first: Index  # index of the first input in each message
    inputs: Index  # number of its inputs
    ids: tuple[EngineId, ...]  # of the engines, by slot
    died: frozenset[EngineId] = frozenset()  # others for which `tasks.left` is finite have left
    free: int = 0  # engines that could have taken tasks and got none
    left_unseen: bool = False  # an engine left before this client was connected, after its last task
    mapped: bool = True  # it is a map
    direct: bool = False  # the user chose the engine of each message
    failed: int = 0  # tasks
    sent: int = 0  # bytes of the large requests
    received: int = 0  # bytes of the large replies

    @property
    def noun(self) -> str:
        """What its messages are called, in the singular."""
        return "chunk" if (self.inputs > 1).any() else "task"


class RunMetrics:
    """Metrics of the ended tasks of one run; arrays have one entry for each, by engine and time."""

    def __init__(self, run: FinishedRun, executions: Executions) -> None:
        self.run, self.executions = run, executions
        tasks = run.tasks
        self.length = tasks.length
        self.joined = np.append(tasks.joined, np.zeros(run.free))
        self.engines = len(self.joined)
        own = (executions.row < run.messages) & np.isin(tasks.status[executions.row], (OK, FAILED))
        self.own = np.flatnonzero(own)
        self.row = executions.row[self.own]
        self.slot = tasks.slot[self.row]
        self.duration = (executions.end - executions.begin)[self.own]
        self.end = executions.end[self.own]
        self.inputs = np.maximum(run.inputs[self.row], 1)
        self.number = len(self.own)
        self.last = np.zeros(tasks.engines)
        np.maximum.at(self.last, self.slot, self.end)
        self.finish = float(self.end.max(initial=0.0))
        self.lag = max(0.0, self.length - self.finish)
        self.order = np.argsort(self.row, kind="stable")
        self.by_row = self.duration[self.order]
        self.computing = float(self.duration.sum())

    @cached_property
    def gap(self) -> float:
        """Mean seconds between two tasks on an engine, without the longest 2 %."""
        slot = self.run.tasks.slot[self.executions.row]
        follows = np.diff(slot, prepend=-1) == 0  # the first task on an engine starts slowly
        gaps = np.sort(self.executions.gap[self.own[follows[self.own]]])
        kept = gaps[: max(1, int(0.98 * len(gaps)))]
        return float(kept.mean()) if len(kept) else 0.0

    @cached_property
    def pace(self) -> float:
        """Median seconds between two submissions."""
        sent = self.run.tasks.submitted[: self.run.messages]
        sent = sent[~np.isnan(sent)]
        return float(np.median(np.diff(sent))) if len(sent) > 1 else 0.0

    @cached_property
    def sent_late(self) -> bool:
        """Whether the engines waited mostly for tasks that came late and had not been submitted yet."""
        gaps, unsent = (float(each[self.own].sum()) for each in (self.executions.gap, self.executions.unsent))
        return self.pace > _USUAL_PACE and unsent > 0.5 * gaps

    @cached_property
    def bytes_each(self) -> float:
        """Bytes of large requests and replies per message."""
        return (self.run.sent + self.run.received) / max(self.run.messages, 1)

    @cached_property
    def slowness(self) -> tuple[Floats, Index]:
        """Ratio of each engine's durations to those of the others, and the slots of slow engines."""
        engines = self.run.tasks.engines
        ratio, slow = np.ones(engines), np.zeros(engines, np.bool_)
        each = np.log(np.maximum(self.duration / self.inputs, 1e-6))
        number = np.bincount(self.slot, minlength=engines)
        if self.number < 6 or engines < 2 or np.median(self.duration) < _SHORT:
            return ratio, np.flatnonzero(slow)
        middle, usual = _medians(each, self.slot, number), np.sort(each)
        rest = each - middle[self.slot]
        free = max(self.number - engines, 1)
        spread = max(float(np.sqrt((rest**2).sum() / free)), 0.05)
        # lower bound of the median of the other engines' tasks, without computing each
        apart = middle - usual[np.maximum(self.number - number - 1, 0) // 2]
        able = (number >= 3) & (self.number - number >= 3) & (apart > np.log(_SLOWER))
        for s in np.flatnonzero(able).tolist():
            others = self.slot != s
            distance = float(middle[s] - np.median(each[others]))
            error = 1.25 * spread * np.sqrt(1 / number[s] + 1 / others.sum())
            if distance > np.log(_SLOWER) and distance > _SURE * error:
                ratio[s], slow[s] = np.exp(distance), True
        return ratio, np.flatnonzero(slow)

    @property
    def shortest(self) -> float:
        """Seconds that the run takes if no engine is ever idle."""
        return (self.computing + float(self.joined.sum())) / self.engines

    def worth(self, gain: float, share: float = _MIN_SHARE) -> bool:
        """Return True if a gain is worth advice."""
        return gain >= max(share * self.length, _MIN_GAIN)


def _medians(values: Floats, slot: Index, number: Index) -> Floats:
    """Return the median of the values by slot; NaN for a slot without values."""
    ordered = values[np.lexsort((values, slot))]
    end = np.cumsum(number)
    low, high = end - number + (number - 1) // 2, end - number + number // 2
    found = np.full(len(number), np.nan)
    some = number > 0
    found[some] = (ordered[low[some]] + ordered[high[some]]) / 2
    return found
