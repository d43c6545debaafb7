"""Builders of summaries and snapshots of a record. Called under the record's lock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

from ..describe import short_repr
from ..formatting import none_if_nan
from ..log import log_error
from ..model.snapshot import (
    Advice,
    EngineId,
    EngineLoad,
    Snapshot,
    State,
    Summary,
    TaskOutput,
    TaskRecord,
    TimeUse,
    engine_order,
)
from ..model.status import ABORTED, FAILED, OK, QUEUED, RUNNING, STATUSES, UNKNOWN
from ..record.state import Record, running_by_slot
from ..upstream.futures import has_output
from ..upstream.protocols import ResultLike, TaskMetadata
from ..upstream.timestamps import to_posix_array

TASKS_SHOWN = 50
OUTPUTS_SHOWN = 20
OUTPUT_TAIL = 4_000
_LOAD_FIELDS = [each.name for each in fields(EngineLoad)]
_PLAIN = (int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, np.generic, type(None))


def summarize(
    record: Record,
    *,
    name: str,
    eta: tuple[float, float] | None = None,
    lost: bool = False,
    note: str = "",
    advice: tuple[Advice, ...] = (),
    time_use: TimeUse | None = None,
    value: Callable[[], str | None] = lambda: None,
) -> Summary:
    """Return the summary of a record.

    Parameters
    ----------
    lost : bool
        Whether no more replies can be expected.
    value : callable
        Returns a short text of the value; called for a result of one task that has succeeded.
    """
    columns = record.columns
    elapsed, finished, (messages, total) = record.elapsed, record.finished, record.expected_sizes
    ok, failed, aborted = (int(columns.counts[code]) for code in (OK, FAILED, ABORTED))
    done, unknown = record.done, int(columns.counts[UNKNOWN])
    complete = done - columns.cut_short
    running = sum(columns.input_count(position) for position in record.running)
    ids, now = record.engines.ids, record.clock.now
    busy = float(columns.slot_busy.sum()) + sum(
        max(0.0, now - since) for _, since in running_by_slot(record.running).values()
    )
    wall_time = record.clock.wall_time if finished and not unknown and record.clock.is_known else None
    # a result of the Hub is seen to end up to a second late
    lasted = wall_time or elapsed
    speedup = busy / lasted if lasted > 0 and busy > 0 and not unknown else None
    together = not ids or record.engines.any_coalesced
    there = float(np.maximum(lasted - record.joined(), 0.0).sum())  # engine seconds
    return Summary(
        name=name,
        total=total,
        done=done,
        ok=ok,
        failed=failed,
        aborted=aborted,
        running=running,
        queued=total - done - running,
        messages=messages,
        elapsed=elapsed,
        serial_time=columns.serial_time,
        wall_time=wall_time,
        speedup=speedup,
        efficiency=None if speedup is None or together or not there else busy / there,
        throughput=complete / lasted if complete and lasted > 0 and (wall_time or not finished) else None,
        eta=eta,
        finished=finished,
        outputs_total=int(np.count_nonzero(columns.has_output)),
        state=_state(total, done, running, failed + aborted, unknown, finished, lost),
        note=note,
        single=record.single and total == 1,
        time=time.time(),
        submitted=none_if_nan(record.clock.submitted),
        pauses=tuple(record.clock.pauses),
        advice=advice,
        time_use=time_use,
        value=value() if finished and ok == total == 1 else None,
    )


def build_snapshot(
    record: Record,
    summary: Summary,
    result: ResultLike | None,
    metadata: Sequence[TaskMetadata],
    describe_input: Callable[[int], str | None],
) -> Snapshot:
    """Return the snapshot of a record; `describe_input` returns a short text of the input at a position.

    A result that was garbage-collected has no metadata, and its snapshot neither tasks nor output.
    """
    shown = [] if result is None else _shown_positions(record, min(record.columns.messages, len(metadata)))
    return Snapshot(
        **vars(summary),
        engines=_engines(record),
        failures=record.failures.groups(),
        tasks=()
        if result is None
        else tuple(describe_messages(record, shown, result.msg_ids, metadata, describe_input)),
        outputs=() if result is None else newest_outputs(record, metadata),
    )


def _state(total: int, done: int, running: int, bad: int, unknown: int, finished: bool, lost: bool) -> State:
    if total == 0:
        return "empty"
    if finished:
        return "failed" if bad else "unknown" if unknown else "done"
    if lost:
        return "lost"
    return "running" if running or done else "queued"


def _engines(record: Record) -> tuple[EngineLoad, ...]:
    columns, now, ids = record.columns, record.clock.now, list(record.engines.ids)
    if not ids:
        return ()
    columns.reserve(len(ids))
    busy = columns.slot_busy.tolist()
    tasks: list[tuple[int, float] | None] = [None] * len(ids)
    for slot, (position, since) in running_by_slot(record.running).items():
        tasks[slot] = (columns.first_input_index(position), max(0.0, now - since))
        busy[slot] += max(0.0, now - since)
    joined, left, died = zip(*record.presence(), strict=True)
    left_or_none = {moment: moment if math.isfinite(moment) else None for moment in set(left)}
    rows = zip(
        ids,
        columns.slot_done.tolist(),
        columns.slot_failed.tolist(),
        tasks,
        busy,
        map(math.inf.__eq__, left),
        died,
        joined,
        map(left_or_none.__getitem__, left),
        strict=True,
    )
    loads = []
    for row in rows:
        load = object.__new__(EngineLoad)
        # faster than __init__, which sets frozen fields one by one, and than a strict zip
        load.__dict__.update(zip(_LOAD_FIELDS, row))  # noqa: B905
        loads.append(load)
    if ids != sorted(ids, key=None if set(map(type, ids)) == {int} else engine_order):
        loads.sort(key=lambda load: engine_order(load.engine_id))
    return tuple(loads)


def _shown_positions(record: Record, count: int) -> list[int]:
    """Return the first `count` positions or, if they are too many, those that took longest, in this order."""
    if count <= TASKS_SHOWN:
        return list(range(count))
    columns = record.columns
    rank = columns.started[:count] - columns.completed[:count]
    for position, (_, since) in record.running.items():
        rank[position] = since - record.clock.now
    limit = np.partition(rank, TASKS_SHOWN - 1)[TASKS_SHOWN - 1]  # unknown times, NaN, come last
    if math.isnan(limit):
        longer, equal = np.flatnonzero(rank == rank), np.flatnonzero(rank != rank)
    else:
        longer, equal = np.flatnonzero(rank < limit), np.flatnonzero(rank == limit)
    longest = longer[np.argsort(rank[longer], kind="stable")]
    return [*longest.tolist(), *equal[: TASKS_SHOWN - len(longer)].tolist()]


def describe_messages(
    record: Record,
    positions: Sequence[int],
    msg_ids: Sequence[str],
    metadata: Sequence[TaskMetadata],
    describe_input: Callable[[int], str | None],
) -> list[TaskRecord]:
    """Return the messages at these positions without their output; `describe_input` returns a short text."""
    columns, running, ids = record.columns, record.running, record.engines.ids
    rows = np.asarray(positions, np.int64)
    first, counts = columns.first_input_indices(rows).tolist(), columns.input_counts(rows).tolist()
    times = (
        to_posix_array([metadata[i]["submitted"] for i in positions]),
        columns.started[rows],
        columns.completed[rows],
        to_posix_array([metadata[i]["received"] for i in positions]),
    )
    found = []
    # one row of each array a message would take a call of numpy each
    for i, index, inputs, code, slot, submitted, started, completed, received in zip(
        positions,
        first,
        counts,
        columns.status[rows].tolist(),
        columns.engine[rows].tolist(),
        *(moments.tolist() for moments in times),
        strict=True,
    ):
        if i in running:
            slot = running[i][0] if slot < 0 else slot
            if code == QUEUED:
                code, started = RUNNING, running[i][1]
        duration = completed - started
        found.append(
            TaskRecord(
                index,
                inputs,
                msg_ids[i],
                ids[slot] if slot >= 0 else None,
                STATUSES[code],
                # unknown times are NaN, which differs from itself
                submitted if submitted == submitted else None,
                started if started == started else None,
                completed if completed == completed else None,
                received if received == received else None,
                duration if duration == duration else None,
                record.attempts.count(i),
                describe_input(i),
            )
        )
    return found


def engine_of(record: Record, position: int) -> EngineId | None:
    """Return the engine that runs or ran a message; None if unknown."""
    slot = record.columns.engine.item(position)
    if slot < 0 and position in record.running:
        slot = record.running[position][0]
    return record.engines.ids[slot] if slot >= 0 else None


def newest_outputs(record: Record, metadata: Sequence[TaskMetadata]) -> tuple[TaskOutput, ...]:
    """Return the output of the tasks that wrote most recently."""
    newest = list(record.recent_writers)[-OUTPUTS_SHOWN:]
    found: list[TaskOutput] = []
    for i in reversed(newest):
        attempts = record.attempts
        for attempt, md in [(attempts.count(i), metadata[i]), *attempts.earlier(i)]:
            if has_output(md) or attempts.count(i) == 1:
                found.append(_output(record, i, md, attempt))
    return tuple(found[:OUTPUTS_SHOWN])


def _output(record: Record, position: int, md: TaskMetadata, attempt: int) -> TaskOutput:
    stdout, stderr = md["stdout"] or "", md["stderr"] or ""
    if shown := md["execute_result"]:  # %%px shows it as Out[engine:n]
        stdout += f"Out: {_plain_text(shown)}"
    tails = [text[-OUTPUT_TAIL:] for text in (stdout, stderr)]
    newest, engine = attempt == record.attempts.count(position), md["engine_id"]
    return TaskOutput(
        index=record.columns.first_input_index(position),
        engine_id=engine_of(record, position) if newest or isinstance(engine, list) else engine,
        stdout=tails[0],
        stderr=tails[1],
        omitted=len(stdout) + len(stderr) - sum(map(len, tails)),
        rich=len(md["outputs"] or ()),
        attempt=attempt,
    )


def describe_value(read_value: Callable[[], object], metadata: Sequence[TaskMetadata]) -> str | None:
    """Return a short text of a value, without calling the repr of a user's class, which may do anything."""
    try:
        value = read_value()
        kind = type(value)
        if kind.__name__ == "ExecuteReply":
            shown = metadata[0]["execute_result"]
            return None if not shown else short_repr(_plain_text(shown)).strip("'\"")
        if isinstance(value, _PLAIN) and kind.__module__ in ("builtins", "numpy"):
            return short_repr(value)
        return f"<{kind.__name__}>"
    except Exception:
        log_error("describing a value")
        return None


def _plain_text(shown: dict[str, object]) -> str:
    """Return the plain text of an ``execute_result``."""
    data = shown.get("data")
    return str(data.get("text/plain", "")) if isinstance(data, dict) else ""
