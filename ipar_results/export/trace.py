"""A result as a Chrome trace, which Perfetto opens: engines as threads, tasks as slices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..columns import ABORTED, FAILED, QUEUED, STATUSES
from ..render import words
from ..render.ansi import one_line
from ..snapshot import EngineId
from .tasks import Tasks, bounded

KEY = "ipar_results"
_PROCESS = 1
_NOWHERE = 0  # the thread of what never reached an engine
_AT_ONCE = 5_000

Event = dict[str, Any]


def lines(tasks: Tasks) -> Iterator[str]:
    """The JSON, piece by piece: one line an event; the snapshot it belongs to is kept beside them."""
    known = [moments[np.isfinite(moments)] for moments in (tasks.submitted, tasks.started)]
    base = min((float(moments.min()) for moments in known if len(moments)), default=0.0)
    other = {"base": base, KEY: bounded(tasks.snapshot).to_json()}
    yield f'{{"displayTimeUnit": "ms", "otherData": {json.dumps(other)},\n"traceEvents": [\n'
    separator, batch = "", []
    for event in events(tasks, base):
        batch.append(json.dumps(event))
        if len(batch) == _AT_ONCE:
            yield separator + ",\n".join(batch)
            separator, batch = ",\n", []
    yield (separator if batch else "") + ",\n".join(batch) + "\n]}\n"


def events(tasks: Tasks, base: float) -> Iterator[Event]:
    """The trace's events: names first, then every message that has begun or ended."""
    yield _name("process_name", _NOWHERE, {"name": words.name(tasks.snapshot)})
    met = {engine for engine in (*tasks.engine, *(e.engine for e in tasks.earlier)) if engine is not None}
    threads: dict[EngineId | None, int] = {None: _NOWHERE}
    for thread, engine in enumerate(sorted(met, key=lambda each: (isinstance(each, str), each)), 1):
        threads[engine] = thread
        yield _name("thread_name", thread, {"name": words.engines([engine])})
        yield _name("thread_sort_index", thread, {"sort_index": thread})
    if len(met) < len(set(tasks.engine)):
        yield _name("thread_name", _NOWHERE, {"name": "no engine"})
    yield from _earlier(tasks, threads, base)
    yield from _tasks(tasks, threads, base)


def _tasks(tasks: Tasks, threads: dict[EngineId | None, int], base: float) -> Iterator[Event]:
    begun, spent = (tasks.started - base) * 1e6, tasks.duration * 1e6
    seen = np.fmax(np.nan_to_num(tasks.received - base), np.nan_to_num(tasks.submitted - base)) * 1e6
    columns = (begun, spent, seen, tasks.index, tasks.inputs, tasks.status, tasks.attempts)
    listed = [np.round(column, 3).tolist() for column in columns]
    for start, length, last, index, inputs, code, attempts, engine, msg_id, error in zip(
        *listed, tasks.engine, tasks.msg_id, tasks.error, strict=True
    ):
        if code == QUEUED:
            continue
        name = _task(index, inputs) if attempts == 1 else f"{_task(index, inputs)} (attempt {attempts})"
        status = STATUSES[code]
        facts = {"status": status, "index": index, "inputs": inputs, "attempts": attempts, "msg_id": msg_id}
        event: Event = {"name": name, "cat": status, "pid": _PROCESS, "tid": threads[engine], "args": facts}
        if code == FAILED:
            facts["error"] = error
            event["name"] = f"✕ {name}: {error}"
            event["cname"] = "terrible"
        elif code == ABORTED:
            event["name"] = f"⊘ {name}"
            event["cname"] = "bad"
        if length == length:  # NaN is not
            yield {**event, "ph": "X", "ts": start, "dur": length}
        else:  # it is not known when it ran, or it still does
            yield {**event, "ph": "i", "s": "t", "ts": last}


def _earlier(tasks: Tasks, threads: dict[EngineId | None, int], base: float) -> Iterator[Event]:
    for each in tasks.earlier:
        task = _task(int(tasks.index[each.position]), int(tasks.inputs[each.position]))
        event: Event = {
            "name": f"↻ {task} (attempt {each.attempt}, tried again)",
            "cat": "retried",
            "cname": "bad",
            "pid": _PROCESS,
            "tid": threads[each.engine],
            "args": {"status": "retried", "index": int(tasks.index[each.position]), "attempt": each.attempt},
        }
        start, length = (each.started - base) * 1e6, (each.completed - each.started) * 1e6
        if np.isfinite(length):
            yield {**event, "ph": "X", "ts": round(start, 3), "dur": round(max(length, 0.0), 3)}


def _task(index: int, inputs: int) -> str:
    return f"task {index}" if inputs == 1 else f"tasks {index}–{index + inputs - 1}"


def _name(kind: str, thread: int, args: dict[str, Any]) -> Event:
    args = {key: one_line(value, 200) if isinstance(value, str) else value for key, value in args.items()}
    return {"name": kind, "ph": "M", "pid": _PROCESS, "tid": thread, "args": args}
