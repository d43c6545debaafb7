"""Cached analysis of a finished run: use of the engines' time, and advice for the next run."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from ...log import log_error
from ...model.arrays import Codes, Floats, Index, Slots
from ...model.snapshot import Advice, EngineId, TimeUse
from ...model.status import FAILED
from ...record.state import Record
from ...upstream.protocols import DateField, ResultLike, TaskMetadata
from ...upstream.sent_messages import eligible_engines
from ...upstream.timestamps import to_posix, to_posix_array
from . import rules
from .run_metrics import FinishedRun, RunMetrics
from .time_use import (
    OTHER,
    Executions,
    RunTasks,
    compute_time_use,
    drop_unused_engines,
    order_executions,
)

MOST = 3
SHORTEST = 0.5  # seconds: no advice on shorter runs
_SAMPLED = 512  # messages whose submission is read; that of others is interpolated

_Findings: TypeAlias = "tuple[TimeUse | None, tuple[Advice, ...]]"
_Rows: TypeAlias = "Sequence[Index | Slots | Codes | Floats]"
"""Slot, status, submitted, started, completed and received of several attempts, as in :class:`RunTasks`."""

_RULES: tuple[Callable[[RunMetrics], Advice | None], ...] = (
    rules.tiny_tasks,
    rules.large_messages,
    rules.submission_bound,
    rules.slow_engine,
    rules.uneven_end,
    rules.engine_lost,
)


_ON_OVERHEAD = {"tiny-tasks", "large-messages", "submission-bound"}


class RunAnalysis:
    """Analysis of one run, made when it has ended and again after a retry."""

    def __init__(self) -> None:
        self._made: int | None = None  # number of retries before it
        self._findings: _Findings = (None, ())

    def analyse(self, record: Record, metadata: Callable[[ResultLike], Sequence[TaskMetadata]]) -> _Findings:
        """Return time use and advice; None and nothing until the result has ended.

        The caller holds the record's lock.
        """
        if not record.finished:
            return None, ()
        result = record.result()
        if self._made != record.reopened and result is not None:
            self._made = record.reopened
            try:
                self._findings = _analyse(record, result, metadata(result))
            except Exception:
                log_error("looking back at a run")
                self._findings = (None, ())
        return self._findings


def _analyse(record: Record, result: ResultLike, metadata: Sequence[TaskMetadata]) -> _Findings:
    if record.single or record.engines.any_coalesced:
        return None, ()
    tasks = collect_tasks(record, metadata)
    if tasks is None:
        return None, ()
    tasks, part = drop_unused_engines(tasks)
    ids = tuple(itertools.compress(record.engines.ids, part))
    executions = order_executions(tasks)
    use = compute_time_use(tasks, executions)
    return use, advise(_finished_run(record, result, tasks, ids), executions, use)


def advise(run: FinishedRun, executions: Executions, use: TimeUse) -> tuple[Advice, ...]:
    """Return at most three pieces of advice on a run, largest gain first."""
    if run.tasks.length < SHORTEST or run.messages < 2:
        return ()
    metrics = RunMetrics(run, executions)
    given = [advice for rule in _RULES if (advice := rule(metrics)) is not None]
    given = sorted(given, key=lambda advice: -advice.gain)[:MOST]
    if not _ON_OVERHEAD.intersection(advice.code for advice in given):
        overhead = rules.overhead(metrics, use)
        if overhead is not None:  # of a certain loss, so it replaces the least gain
            given = sorted([*given[: MOST - 1], overhead], key=lambda advice: -advice.gain)
    return tuple(given)


def collect_tasks(record: Record, metadata: Sequence[TaskMetadata]) -> RunTasks | None:
    """Return the tasks of a record, their earlier attempts, and tasks of other results on its engines."""
    columns, clock, ids = record.columns, record.clock, record.engines.ids
    length = clock.wall_time
    if not ids or not length > 0 or np.isnan(clock.submitted):
        return None
    submitted, received = _sample_times(record, metadata)
    slots = {engine_id: slot for slot, engine_id in enumerate(ids)}
    rows: list[_Rows] = [
        (columns.engine, columns.status, submitted, columns.started, columns.completed, received),
        _earlier_attempts(record),
    ]
    for other in record.connection.other_recorders(record):
        rows.append(_tasks_of_other(other, slots, clock.submitted, clock.received))
    slot, status, *times = (np.concatenate(column) for column in zip(*rows, strict=True))
    left_at = record.connection.left_at
    left = clock.offsets(np.array([left_at.get(i, np.nan) if isinstance(i, int) else np.nan for i in ids]))
    submitted, started, completed, received = map(clock.offsets, times)
    joined = np.minimum(record.joined(), length)
    for each, presence in enumerate(record.presence()):
        if np.isnan(left[each]) and presence.left != np.inf:
            left[each] = completed[(slot == each) & ~np.isnan(started)].max(initial=joined[each])
    return RunTasks(
        slot=slot.astype(np.int64),
        status=status.astype(np.int8),
        submitted=submitted,
        started=started,
        completed=completed,
        received=received,
        joined=joined,
        left=np.where((left >= 0) & (left < length), left, np.inf),
        length=length,
    )


def _sample_times(record: Record, metadata: Sequence[TaskMetadata]) -> tuple[Floats, Floats]:
    """Return times of submission, interpolated from a sample, and of reception, NaN outside of the sample.

    Reading all of them would cost as much as the rest of the analysis. In between, messages are submitted one
    after the other at an even pace.
    """
    columns = record.columns
    n = columns.messages
    sampled = np.unique(np.linspace(0, n - 1, min(n, _SAMPLED)).round().astype(np.int64))
    sent = to_posix_array([metadata[i]["submitted"] for i in sampled.tolist()])
    known = ~np.isnan(sent)
    submitted = np.interp(np.arange(n), sampled[known], sent[known]) if known.any() else np.full(n, np.nan)
    for i, _ in record.attempts.all():
        submitted[i] = to_posix(metadata[i]["submitted"])
    received = np.full(n, np.nan)
    rows = list({*sampled.tolist(), *_last_positions(record)})
    received[rows] = to_posix_array([metadata[i]["received"] for i in rows])
    return submitted, received


def _last_positions(record: Record) -> list[int]:
    """Return the position of the last message that each engine completed."""
    columns = record.columns
    row = np.flatnonzero((columns.engine >= 0) & ~np.isnan(columns.completed))
    row = row[np.argsort(columns.completed[row], kind="stable")]
    last = np.full(len(record.engines.ids), -1, np.int64)
    last[columns.engine[row]] = row  # an assignment with duplicate indices keeps the last value
    return [int(position) for position in last if position >= 0]


def _earlier_attempts(record: Record) -> _Rows:
    """Return the attempts that were replaced by a retry and ran, all as failed: their time is lost."""
    attempts = [md for _, md in record.attempts.all() if md["status"] != "aborted"]
    slots = [
        -1 if isinstance(md["engine_id"], list) else record.engines.slot(md["engine_id"], md["engine_uuid"])
        for md in attempts
    ]
    slot = np.array(slots, np.int64)
    ahead = record.engine_clocks.offsets(slot)
    fields: tuple[DateField, ...] = ("submitted", "started", "completed", "received")
    sent, begin, end, received = (to_posix_array([md[name] for md in attempts]) for name in fields)
    return [slot, np.full(len(slot), FAILED), sent, begin - ahead, end - ahead, received]


def _tasks_of_other(other: Record, slots: dict[EngineId, int], begin: float, end: float) -> _Rows:
    """Return the tasks of another result in this time; reads without its lock, to avoid a deadlock."""
    columns = other.columns
    own = np.array([slots.get(engine_id, -1) for engine_id in list(other.engines.ids)] + [-1])
    started, completed = columns.started.copy(), columns.completed.copy()
    row = np.flatnonzero((completed > begin) & (started < end))
    slot = own[np.minimum(columns.engine[row], len(own) - 1)]
    running = [(own[s], since) for s, since in list(other.running.values()) if s < len(own) and since < end]
    slot = np.append(slot, [s for s, _ in running]).astype(np.int64)
    started = np.append(started[row], [since for _, since in running])
    completed = np.append(completed[row], np.full(len(running), end))
    unknown = np.full(len(slot), np.nan)
    return slot, np.full(len(slot), OTHER), unknown, started, completed, unknown


def _finished_run(
    record: Record, result: ResultLike, tasks: RunTasks, ids: tuple[EngineId, ...]
) -> FinishedRun:
    from ipyparallel import AsyncMapResult

    columns, direct = record.columns, record.direct
    if direct is None:  # not followed while it ran: guess from at most one message per engine
        direct = columns.messages <= len(ids)
    free = 0
    if not direct and record.direct is not None:
        idle, uuids = record.connection.alive_engines() - set(ids), eligible_engines(result)
        if uuids is not None:
            idle &= {link.engine_id(uuid) for link in record.connection.each for uuid in uuids}
        joined_at, begin = record.connection.joined_at, record.clock.submitted
        free = sum(joined_at.get(engine_id, begin) <= begin for engine_id in idle)
    links, engines = record.connection.each, zip(record.engines.ids, record.presence(), strict=True)
    return FinishedRun(
        tasks=tasks,
        messages=columns.messages,
        first=columns.first_input_indices(np.arange(columns.messages)),
        inputs=columns.input_counts(np.arange(columns.messages)),
        ids=ids,
        died=frozenset(engine_id for engine_id, presence in engines if presence.died),
        free=free,
        left_unseen=any(
            left < np.inf and engine_id not in record.connection.left_at
            for engine_id, left in zip(ids, tasks.left, strict=True)
        ),
        mapped=isinstance(result, AsyncMapResult),
        direct=direct,
        failed=int(columns.counts[FAILED]),
        sent=sum(link.sent_sizes.total(result.msg_ids) for link in links),
        received=sum(link.received_sizes.total(result.msg_ids) for link in links),
    )
