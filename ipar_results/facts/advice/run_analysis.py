"""Analysis of a run that has ended: where the engines' time went, and advice for the next run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...log import log_error
from ...model.snapshot import Advice, TimeUse
from ...model.status import FAILED, OK
from ...record.engines import is_coalesced
from ...record.state import Record
from ...upstream.timestamps import to_posix
from .advise import advise
from .run_metrics import FinishedRun
from .time_use import OTHER, RunTasks, align_clocks, compute_time_use, order_executions

_STAMPS = (
    512  # submission times that are read: messages are sent one after the other, at an even pace in between
)

Floats = NDArray[np.float64]


class RunAnalysis:
    """Analysis of one run that has ended, made once and again after a retry."""

    def __init__(self) -> None:
        self._made = False
        self._findings: tuple[TimeUse | None, tuple[Advice, ...]] = (None, ())

    def analyse(
        self, record: Record, metadata: Callable[[Any], Sequence[Any]]
    ) -> tuple[TimeUse | None, tuple[Advice, ...]]:
        """Return where the time went and what would have helped; nothing until the result has ended.

        Parameters
        ----------
        record : Record
            Its lock must be held.
        metadata : callable
            Gives the metadata of each message of the result.
        """
        if not record.finished:
            self._made = False
            return None, ()
        result = record.result()
        if not self._made and result is not None:
            self._made = True
            try:
                self._findings = _analyse(record, result, metadata(result))
            except Exception:
                log_error("looking back at a run")
                self._findings = (None, ())
        return self._findings


def _analyse(
    record: Record, result: Any, metadata: Sequence[Any]
) -> tuple[TimeUse | None, tuple[Advice, ...]]:
    if record.single or any(map(is_coalesced, record.engines.ids)):
        return None, ()
    tasks = collect_tasks(record, metadata)
    if tasks is None:
        return None, ()
    tasks = align_clocks(tasks)
    executions = order_executions(tasks)
    time_use = compute_time_use(tasks, executions)
    return time_use, advise(_finished_run(record, result, tasks), executions, time_use)


def collect_tasks(record: Record, metadata: Sequence[Any]) -> RunTasks | None:
    """Return a record's tasks, their earlier attempts, and the tasks of other results on the same engines.

    Parameters
    ----------
    metadata : sequence of mapping
        The metadata of each message.
    """
    columns, clock, ids = record.columns, record.clock, record.engines.ids
    length = clock.wall_time
    if not ids or not length > 0 or np.isnan(clock.submitted):
        return None
    submitted, received = _stamps(record, metadata)
    slots = {engine_id: slot for slot, engine_id in enumerate(ids)}
    rows = [
        (columns.engine, columns.status, submitted, columns.started, columns.completed, received),
        *_earlier(record),
        *(
            _foreign(other, slots, clock.submitted, clock.received)
            for other in record.connection.other_recorders(record)
        ),
    ]
    slot, status, *times = (np.concatenate(column) for column in zip(*rows, strict=True))
    gone = np.array([record.connection.left_at.get(i, np.nan) if isinstance(i, int) else np.nan for i in ids])
    left = clock.offsets(gone)
    sent, started, completed, came = map(clock.offsets, times)
    return RunTasks(
        slot=slot.astype(np.int64),
        status=status.astype(np.int8),
        submitted=sent,
        started=started,
        completed=completed,
        received=came,
        left=np.where((left >= 0) & (left < length), left, np.inf),
        length=length,
    )


def _stamps(record: Record, metadata: Sequence[Any]) -> tuple[Floats, Floats]:
    """Return when messages were submitted, interpolated from a sample, and when some replies were received.

    To read all times costs as much as everything else together.
    """
    columns = record.columns
    n = columns.messages
    at = np.unique(np.linspace(0, n - 1, min(n, _STAMPS)).round().astype(np.int64))
    again = np.array(sorted({position for position, _ in record.attempts.all()}), np.int64)
    sent = np.array([to_posix(metadata[i]["submitted"]) for i in at.tolist()])
    known = ~np.isnan(sent)
    submitted = np.full(n, np.nan)
    if known.any():
        submitted = np.interp(np.arange(n), at[known], sent[known])
    for i in again.tolist():
        submitted[i] = to_posix(metadata[i]["submitted"])
    received = np.full(n, np.nan)
    for i in {*at.tolist(), *_last_of_each(record)}:
        received[i] = to_posix(metadata[i]["received"])
    return submitted, received


def _last_of_each(record: Record) -> list[int]:
    """Return the position of the message that each engine ended last."""
    columns = record.columns
    row = np.flatnonzero((columns.engine >= 0) & ~np.isnan(columns.completed))
    row = row[np.argsort(columns.completed[row], kind="stable")]
    last = np.full(len(record.engines.ids), -1, np.int64)
    last[columns.engine[row]] = row  # of several, the last one stays
    return [int(position) for position in last if position >= 0]


def _earlier(record: Record) -> list[tuple[Any, ...]]:
    """Return the attempts that a retry replaced: time lost, however they ended."""
    tried = [md for _, md in record.attempts.all()]
    if not tried:
        return []
    slots = [
        -1 if isinstance(md["engine_id"], list) else record.engines.slot(md["engine_id"], md["engine_uuid"])
        for md in tried
    ]
    stamps = [
        np.array([to_posix(md[name]) for md in tried])
        for name in ("submitted", "started", "completed", "received")
    ]
    return [(np.array(slots), np.full(len(tried), FAILED), *stamps)]


def _foreign(other: Record, slots: dict[Any, int], begin: float, end: float) -> tuple[Any, ...]:
    """Return the tasks of another result in this time, read without its lock: another thread may hold it."""
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


def _finished_run(record: Record, result: Any, tasks: RunTasks) -> FinishedRun:
    from ipyparallel import AsyncMapResult

    columns, ids = record.columns, record.engines.ids
    direct = record.direct
    if direct is None:  # not followed while it ran: one message each looks like a direct view's
        direct = columns.messages <= len(ids)
    free = 0 if direct or record.direct is None else len(record.connection.alive_engines() - set(ids))
    return FinishedRun(
        tasks=tasks,
        messages=columns.messages,
        first=columns.first_input_indices(np.arange(columns.messages)),
        inputs=columns.input_counts(np.arange(columns.messages)),
        ids=tuple(ids),
        free=free,
        mapped=isinstance(result, AsyncMapResult),
        direct=direct,
        failed=int((columns.status != OK).sum()),
        sent=record.connection.message_sizes.sent_bytes(result.msg_ids),
        came=record.connection.message_sizes.received_bytes(result.msg_ids),
    )
