"""A recorder's columns become a Snapshot; called under the recorder's lock."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from ..describe import short_repr
from ..log import trouble
from ..model.snapshot import EngineLoad, Snapshot, State, TaskOutput, TaskRecord
from ..model.status import ABORTED, FAILED, OK, QUEUED, RUNNING, STATUSES, Status
from ..record.engines import coalesced
from ..upstream.futures import has_output
from ..upstream.timestamps import to_posix
from .advice.look_back import NOTHING

if TYPE_CHECKING:
    from ..record.recorder import Recorder

TASKS_SHOWN = 50
OUTPUTS_SHOWN = 20
OUTPUT_TAIL = 4_000
_PLAIN = (int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, np.generic)


def assemble(recorder: Recorder, result: Any) -> Snapshot:
    """Everything known of a result.

    Parameters
    ----------
    recorder : Recorder
    result : AsyncResult or None
        None once the user has dropped it: then its tasks, output and value are gone too.
    """
    columns = recorder.columns
    facts = scalars(recorder)
    return Snapshot(
        **facts,
        engines=_engines(recorder),
        failures=recorder.failures.groups(),
        tasks=() if result is None else _tasks(recorder, result),
        outputs=() if result is None else outputs(recorder, result),
        value=_shown_value(recorder, result)
        if facts["finished"] and columns.counts[OK] == columns.total == 1
        else None,
    )


def scalars(recorder: Recorder, look_back: bool = True) -> dict[str, Any]:
    """The fields of a Snapshot that are one number or word each: cheap enough to look at again and again.

    Parameters
    ----------
    recorder : Recorder
    look_back : bool, optional
        Also say, once it has ended, where the time went and what to do better: a second for a million tasks.
    """
    columns = recorder.columns
    elapsed = recorder.elapsed  # takes in what has just come, so it goes before everything that is counted
    ok, failed, aborted = (int(columns.counts[code]) for code in (OK, FAILED, ABORTED))
    done = ok + failed + aborted
    running = sum(columns.carried(position) for position in recorder.running)
    finished, (messages, total) = recorder.all_ended, recorder.sizes
    ids, now = recorder.engines.ids, time.time()
    busy = float(columns.slot_busy.sum()) + sum(
        max(0.0, now - since) for _, since in running_now(recorder).values()
    )
    speedup = busy / elapsed if elapsed > 0 and busy > 0 else None
    together = not ids or any(map(coalesced, ids))
    return {
        "name": recorder.name,
        "total": total,
        "done": done,
        "ok": ok,
        "failed": failed,
        "aborted": aborted,
        "running": running,
        "queued": total - done - running,
        "messages": messages,
        "elapsed": elapsed,
        "serial_time": columns.serial_time,
        "wall_time": recorder.wall_time if finished else None,
        "speedup": speedup,
        "efficiency": None if speedup is None or together else speedup / len(ids),
        "throughput": done / elapsed if done and elapsed > 0 else None,
        "eta": recorder.forecast.range(recorder, now),
        "finished": finished,
        "outputs_total": int(np.count_nonzero(columns.wrote)),
        "state": _state(total, done, running, failed + aborted, finished, recorder.lost),
        "note": recorder.remark(finished),
        "single": recorder.single and total == 1,
        "time": now,
        **(recorder.hindsight.facts(recorder) if look_back else NOTHING),
    }


def running_now(recorder: Recorder) -> dict[int, tuple[int, float]]:
    """By engine slot, the position of the task that began last there, and when (POSIX seconds)."""
    current: dict[int, tuple[int, float]] = {}
    for position, (slot, since) in recorder.running.items():
        if slot >= 0 and (slot not in current or since > current[slot][1]):
            current[slot] = (position, since)
    return current


def _state(total: int, done: int, running: int, bad: int, finished: bool, lost: bool) -> State:
    if total == 0:
        return "empty"
    if finished:
        return "failed" if bad else "done"
    if lost:
        return "lost"
    return "running" if running or done else "queued"


def _engines(recorder: Recorder) -> tuple[EngineLoad, ...]:
    columns, now, ids = recorder.columns, time.time(), list(recorder.engines.ids)
    columns.reserve(len(ids))
    current = running_now(recorder)
    counts = columns.slot_done.tolist(), columns.slot_failed.tolist(), columns.slot_busy.tolist()
    loads = []
    # what is reserved may be more
    for slot, (engine_id, done, failed, busy) in enumerate(zip(ids, *counts, strict=False)):
        task = None
        if slot in current:
            position, since = current[slot]
            task = (columns.first_input(position), max(0.0, now - since))
            busy += task[1]
        loads.append(
            EngineLoad(
                engine_id=engine_id,
                done=done,
                failed=failed,
                running=task,
                busy_time=busy,
                alive=coalesced(engine_id) or recorder.present(engine_id),
            )
        )
    return tuple(sorted(loads, key=lambda load: (isinstance(load.engine_id, str), load.engine_id)))


def _tasks(recorder: Recorder, result: Any) -> tuple[TaskRecord, ...]:
    columns = recorder.columns
    return tuple(
        TaskRecord(
            index=columns.first_input(i),
            inputs=columns.carried(i),
            msg_id=result.msg_ids[i],
            engine_id=engine_of(recorder, i),
            status=status_of(recorder, i),
            submitted=_time(md["submitted"]),
            started=_number(columns.started[i]),
            completed=_number(columns.completed[i]),
            received=_time(md["received"]),
            duration=_number(columns.completed[i] - columns.started[i]),
            attempts=recorder.attempts.count(i),
        )
        for i, md in enumerate(recorder.records(result)[:TASKS_SHOWN])
    )


def engine_of(recorder: Recorder, position: int) -> Any:
    """The engine that runs or ran a message; None where none is known."""
    slot = int(recorder.columns.engine[position])
    if slot < 0 and position in recorder.running:
        slot = recorder.running[position][0]
    return recorder.engines.ids[slot] if slot >= 0 else None


def status_of(recorder: Recorder, position: int) -> Status:
    """The state of a message, in a word."""
    code = int(recorder.columns.status[position])
    return STATUSES[RUNNING if code == QUEUED and position in recorder.running else code]


def outputs(recorder: Recorder, result: Any) -> tuple[TaskOutput, ...]:
    """The newest tasks that wrote something."""
    records = recorder.records(result)
    newest = list(recorder.wrote)[-OUTPUTS_SHOWN:]
    found: list[TaskOutput] = []
    for i in reversed(newest):
        attempts = recorder.attempts
        for attempt, md in [(attempts.count(i), records[i]), *attempts.earlier(i)]:
            if has_output(md) or attempts.count(i) == 1:
                found.append(_output(recorder, i, md, attempt))
    return tuple(found[:OUTPUTS_SHOWN])


def _output(recorder: Recorder, position: int, md: Any, attempt: int) -> TaskOutput:
    stdout, stderr, shown = md["stdout"] or "", md["stderr"] or "", md["execute_result"]
    if shown:  # what %%px shows as Out[engine:n]
        stdout += f"Out: {shown.get('data', {}).get('text/plain', '')}"
    tails = [text[-OUTPUT_TAIL:] for text in (stdout, stderr)]
    newest = attempt == recorder.attempts.count(position)
    return TaskOutput(
        index=recorder.columns.first_input(position),
        engine_id=engine_of(recorder, position) if newest else md["engine_id"],
        stdout=tails[0],
        stderr=tails[1],
        omitted=len(stdout) + len(stderr) - sum(map(len, tails)),
        rich=len(md["outputs"] or ()),
        attempt=attempt,
    )


def _shown_value(recorder: Recorder, result: Any) -> str | None:
    try:
        return _value(recorder, result)
    except Exception:
        trouble("describing a value")
        return None


def _value(recorder: Recorder, result: Any) -> str | None:
    """A short text of a single value; a foreign object's repr is not run, it may do anything."""
    if result is None:
        return None
    value = recorder.value_of(result)
    if type(value).__name__ == "ExecuteReply":
        shown = recorder.records(result)[0]["execute_result"]
        return None if not shown else short_repr(shown["data"].get("text/plain", "")).strip("'\"")
    if value is None:
        return "None"
    if isinstance(value, _PLAIN) and type(value).__module__ in ("builtins", "numpy"):
        return short_repr(value)
    return f"<{type(value).__name__}>"


def _number(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)


def _time(value: Any) -> float | None:
    return _number(to_posix(value))
