"""Export as a Chrome trace for Perfetto: engines are threads, tasks are slices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice, pairwise
from json.encoder import encode_basestring_ascii as _quoted
from typing import TypeAlias

import numpy as np

from ..model.snapshot import EngineId, engine_order
from ..model.status import ABORTED, FAILED, QUEUED, STATUSES
from ..render import words
from ..render.ansi import one_line
from .tasks import Tasks, truncate_texts

SNAPSHOT_KEY = "ipar_results"
_PROCESS = 1
_NO_ENGINE = 0  # thread of tasks that never reached an engine
_BATCH = 5_000

Event: TypeAlias = "dict[str, object]"


def trace_lines(tasks: Tasks) -> Iterator[str]:
    """Yield the JSON in pieces, with one line per event, and the snapshot in ``otherData``."""
    began = np.array([each.started for each in tasks.earlier], np.float64)
    known = [moments[np.isfinite(moments)] for moments in (tasks.submitted, tasks.started, began)]
    base = min((float(moments.min()) for moments in known if len(moments)), default=0.0)
    other = {"base": base, SNAPSHOT_KEY: truncate_texts(tasks.snapshot).to_json()}
    yield f'{{"displayTimeUnit": "ms", "otherData": {json.dumps(other)},\n"traceEvents": [\n'
    separator, written = "", events(tasks, base)
    while batch := list(islice(written, _BATCH)):
        yield separator + ",\n".join(batch)
        separator = ",\n"
    yield "\n]}\n"


def events(tasks: Tasks, base: float) -> Iterator[str]:
    """Yield the events as JSON: names first, then all messages that have started or ended."""
    met = {engine for engine in (*tasks.engine, *(e.engine for e in tasks.earlier)) if engine is not None}
    order = sorted(met, key=engine_order)
    threads: dict[EngineId | None, int] = {None: _NO_ENGINE}
    threads |= {engine: thread for thread, engine in enumerate(order, 1)}
    few = chain(
        _metadata_events(tasks, threads),
        _attempt_events(tasks, threads, base),
        _retry_arrows(tasks, threads, base),
    )
    yield from map(json.dumps, few)
    yield from _task_events(tasks, threads, base)


def _metadata_events(tasks: Tasks, threads: dict[EngineId | None, int]) -> Iterator[Event]:
    yield _metadata_event("process_name", _NO_ENGINE, name=words.result_name(tasks.snapshot))
    for engine, thread in threads.items():
        if engine is not None:
            yield _metadata_event("thread_name", thread, name=words.engines([engine]))
            yield _metadata_event("thread_sort_index", thread, sort_index=thread)
    if None in tasks.engine:
        yield _metadata_event("thread_name", _NO_ENGINE, name="no engine")


def _task_events(tasks: Tasks, threads: dict[EngineId | None, int], base: float) -> Iterator[str]:
    """Yield an event for each task, formatted by hand: a dict and json.dumps() take three times as long."""
    begun, spent = (tasks.started - base) * 1e6, tasks.duration * 1e6
    seen = np.fmax(np.nan_to_num(tasks.received - base), np.nan_to_num(tasks.submitted - base)) * 1e6
    columns = (begun, spent, seen, tasks.index, tasks.inputs, tasks.status, tasks.attempts)
    listed = [np.round(column, 3).tolist() for column in columns]
    for start, length, last, index, inputs, code, attempts, engine, msg_id, error in zip(
        *listed, tasks.engine, tasks.msg_id, tasks.error, strict=True
    ):
        if code == QUEUED:
            continue
        name = _task_label(index, inputs) + (f" (attempt {attempts})" if attempts > 1 else "")
        status, more, colour = STATUSES[code], "", ""
        if code == FAILED:
            name, colour = f"✕ {name}: {error}", ', "cname": "terrible"'
            more = f', "error": {_quoted(error or "")}'
        elif code == ABORTED:
            name, colour = f"⊘ {name}", ', "cname": "bad"'
        # NaN (not equal to itself): the task still runs, or its times are unknown
        when = f'"X", "ts": {start}, "dur": {length}' if length == length else f'"i", "s": "t", "ts": {last}'
        yield (
            f'{{"name": {_quoted(name)}, "cat": "{status}", "pid": {_PROCESS}, "tid": {threads[engine]}, '
            f'"ph": {when}{colour}, "args": {{"status": "{status}", "index": {index}, "n_inputs": {inputs}, '
            f'"attempts": {attempts}, "msg_id": {_quoted(msg_id)}{more}}}}}'
        )


def _attempt_events(tasks: Tasks, threads: dict[EngineId | None, int], base: float) -> Iterator[Event]:
    for each in tasks.earlier:
        task = _task_label(int(tasks.index[each.position]), int(tasks.inputs[each.position]))
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


def _retry_arrows(tasks: Tasks, threads: dict[EngineId | None, int], base: float) -> Iterator[Event]:
    """Yield arrows from each attempt to the next one."""
    chains: dict[int, list[tuple[EngineId | None, float]]] = {}
    for each in sorted(tasks.earlier, key=lambda one: (one.position, one.attempt)):
        if np.isfinite(each.completed - each.started):
            chains.setdefault(each.position, []).append((each.engine, each.started))
    for position, tries in chains.items():
        if np.isfinite(tasks.duration[position]):
            tries.append((tasks.engine[position], float(tasks.started[position])))
        for number, ends in enumerate(pairwise(tries)):
            arrow = {"name": "tried again", "cat": "retried", "id": f"{position}-{number}", "pid": _PROCESS}
            for kind, (engine, at) in zip("sf", ends, strict=True):
                place = {"ph": kind, "tid": threads[engine], "ts": round((at - base) * 1e6, 3)}
                yield {**arrow, **place, **({"bp": "e"} if kind == "f" else {})}


def _task_label(index: int, inputs: int) -> str:
    return f"task {index}" if inputs == 1 else f"tasks {index}–{index + inputs - 1}"


def _metadata_event(kind: str, thread: int, **args: object) -> Event:
    args = {key: one_line(value, 200) if isinstance(value, str) else value for key, value in args.items()}
    return {"name": kind, "ph": "M", "pid": _PROCESS, "tid": thread, "args": args}
