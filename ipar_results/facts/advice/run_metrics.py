"""A run that has ended, and the figures about it that several rules of advice need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...model.snapshot import EngineId, TimeUse
from ...model.status import FAILED, OK
from .time_use import Executions, Floats, Ints, RunTasks

_SHARE, _LEAST = 0.12, 0.25  # what is worth a word: this share of the run, and so many seconds
_TWICE, _SURE = 1.35, 4.0
_SHORT = 0.01  # seconds: what shorter tasks take says nothing of their engine


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run that has ended, as the rules see it.

    Attributes
    ----------
    tasks : RunTasks
        By the client's clock; the first rows are the messages of the result, in order.
    first, inputs : ndarray of int, shape (messages,)
    ids : tuple of (int or str)
        Engines by slot.
    free : int
        Engines that could have taken tasks and got none.
    mapped, direct : bool
        Whether it is a map, and whether each message was sent to an engine of the user's choice.
    failed : int
        Messages that failed or were aborted.
    sent, came : int
        Bytes of the large requests and replies.
    """

    tasks: RunTasks
    messages: int
    first: Ints
    inputs: Ints
    ids: tuple[EngineId, ...]
    free: int = 0
    mapped: bool = True
    direct: bool = False
    failed: int = 0
    sent: int = 0
    came: int = 0


class RunMetrics:
    """The figures that several rules need."""

    def __init__(self, run: FinishedRun, executions: Executions, use: TimeUse) -> None:
        self.run, self.executions, self.use = run, executions, use
        tasks = run.tasks
        self.length = tasks.length
        self.engines = tasks.engines + run.free
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
        order = np.argsort(self.row, kind="stable")
        self.by_row = self.duration[order]

    @cached_property
    def follows(self) -> Ints:
        """Of the own tasks, those that were not their engine's first: before that one, all is slow."""
        slot = self.run.tasks.slot[self.executions.row]
        second = np.append(False, slot[1:] == slot[:-1]) if len(slot) else np.zeros(0, np.bool_)
        return np.asarray(self.own[second[self.own]], np.int64)

    @cached_property
    def gap(self) -> float:
        """Seconds between two tasks of an engine, on average, a few long ones left out."""
        gaps = np.sort(self.executions.gap[self.follows])
        kept = gaps[: max(1, int(0.98 * len(gaps)))]
        return float(kept.mean()) if len(kept) else 0.0

    @cached_property
    def unsent(self) -> float:
        """Seconds in which engines waited for a submission, together."""
        return float(self.executions.unsent[self.own].sum())

    @cached_property
    def pace(self) -> float:
        """Seconds from one submission to the next, the usual ones."""
        sent = self.run.tasks.submitted[: self.run.messages]
        sent = sent[~np.isnan(sent)]
        return float(np.median(np.diff(sent))) if len(sent) > 1 else 0.0

    @cached_property
    def bytes_each(self) -> float:
        """Bytes of a message, request and reply together, as far as they are large."""
        return (self.run.sent + self.run.came) / max(self.run.messages, 1)

    @cached_property
    def slowness(self) -> tuple[Floats, Ints]:
        """How many times longer each engine takes than the others, and which do so beyond doubt."""
        engines = self.run.tasks.engines
        ratio, slow = np.ones(engines), list[int]()
        each = np.log(np.maximum(self.duration / self.inputs, 1e-6))
        number = np.bincount(self.slot, minlength=engines)
        if self.number < 6 or engines < 2 or np.median(self.duration) < _SHORT:
            return ratio, np.array(slow, np.int64)
        middle, usual = _medians(each, self.slot, number), np.sort(each)
        rest = each - middle[self.slot]
        free = max(self.number - engines, 1)
        spread = max(float(np.sqrt((rest**2).sum() / free)), 0.05)
        # without an engine's own, the median of the rest is no less than this one of all
        apart = middle - usual[np.maximum(self.number - number - 1, 0) // 2]
        able = (number >= 3) & (self.number - number >= 3) & (apart > np.log(_TWICE))
        for s in np.flatnonzero(able).tolist():
            others = self.slot != s
            distance = float(middle[s] - np.median(each[others]))
            error = 1.25 * spread * np.sqrt(1 / number[s] + 1 / others.sum())
            if distance > np.log(_TWICE) and distance > _SURE * error:
                ratio[s] = np.exp(distance)
                slow.append(s)
        return ratio, np.array(slow, np.int64)

    def worth(self, gain: float, share: float = _SHARE) -> bool:
        """Whether a gain is worth a word."""
        return gain >= max(share * self.length, _LEAST)


def _medians(values: Floats, slot: Ints, number: Ints) -> Floats:
    """The median of each engine's values; NaN where it has none."""
    ordered = values[np.lexsort((values, slot))]
    end = np.cumsum(number)
    low, high = end - number + (number - 1) // 2, end - number + number // 2
    found = np.full(len(number), np.nan)
    some = number > 0
    found[some] = (ordered[low[some]] + ordered[high[some]]) / 2
    return found
