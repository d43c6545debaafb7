"""What following a result costs, with futures fed by hand: `python tests/bench/observe.py [N ...]`.

The futures, the metadata and the AsyncResult are ipyparallel's own; only the cluster is missing.
Upstream's figures come from the same futures in the same run.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from ipyparallel import AsyncMapResult, AsyncResult
from ipyparallel.client.client import Metadata
from ipyparallel.client.futures import MessageFuture
from ipyparallel.client.map import Map
from ipyparallel.error import RemoteError
from jupyter_client.jsonutil import parse_date

import ipar_results
from ipar_results.config import IPythonParallelResults
from ipar_results.live.display.mime import bundle
from ipar_results.results.registry import Registry

ENGINES = 8
BATCH = 200  # ipyparallel delivers about 1,000 tasks a second, a stream is taken in five times a second
START = datetime(2026, 11, 23, 6, 0, 0, 123456, tzinfo=timezone.utc)
SESSION = "0123abcd-0123456789abcdef01234567"

_TRACE = "Traceback\nFile <string>:13, in simulate(n)\n\nValueError: grid of 0 cells"


def error() -> RemoteError:
    """A new one each time: once it is raised it holds the frames it went through, and all that is in them."""
    return RemoteError("ValueError", "grid of 0 cells", _TRACE, {"engine_id": 1, "method": "apply"})


class Client:
    """The parts of a Client that an AsyncResult and its followed read."""

    def __init__(self) -> None:
        self._ids = list(range(ENGINES))
        self._engines = {i: f"engine-uuid-{i}" for i in self._ids}
        self._registration_callbacks: list[Any] = []
        self._closed = False
        self.outstanding: set[str] = set()
        self.results: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def pending(n: int, session: str, submitted: datetime) -> tuple[Client, list[MessageFuture]]:
    """Futures of n messages that have just been submitted, and their client."""
    client, futures = Client(), []
    for i in range(n):
        future = MessageFuture(f"{session}_4711_{i}")
        future.output = MessageFuture(future.msg_id)
        future.output.metadata = Metadata(msg_id=future.msg_id, submitted=submitted)
        client.outstanding.add(future.msg_id)
        futures.append(future)
    return client, futures


def submit(n: int) -> tuple[AsyncResult, list[MessageFuture]]:
    """A map of n inputs that has just been submitted."""
    client, futures = pending(n, SESSION, START)
    return AsyncMapResult(client, futures, Map(), fname="simulate"), futures


def busy_message(msg_id: str, engine: str) -> dict[str, Any]:
    """The iopub message of an engine that begins a task."""
    return dict(
        header={"msg_type": "status"},
        content={"execution_state": "busy"},
        metadata={"engine": engine},
        parent_header={"msg_id": msg_id},
    )


def fed(n: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """For each task its busy message and the metadata of its reply, as the client would leave them."""
    made, zone = (
        [],
        type(parse_date(text(START)).tzinfo),
    )  # with a zone of its own for each date, or one for all
    for i in range(n):
        begin = START + timedelta(microseconds=2_000 * i + 17)
        reply = dict(
            engine_id=i % ENGINES,
            engine_uuid=f"engine-uuid-{i % ENGINES}",
            status="ok",
            submitted=text(START + timedelta(microseconds=i)),
            started=begin.astimezone(zone()),
            completed=text(begin + timedelta(microseconds=16_003)),
            received=begin + timedelta(microseconds=18_011),
        )
        made.append((busy_message(f"{SESSION}_4711_{i}", f"engine-uuid-{i % ENGINES}"), reply))
    return made


def play(
    client: Any,
    futures: list[MessageFuture],
    feed: list[Any],
    tick: Callable[[], None],
    every: int = BATCH,
) -> None:
    """What the client's thread does for each task: what began, what ended, what it gave."""
    for i, (busy, reply) in enumerate(feed):
        future = futures[i]
        # what the client itself has looked at by then: what was read from the wire just now is in the cache
        assert busy["parent_header"]["msg_id"] == future.msg_id and busy["header"]["msg_type"] == "status"
        assert busy["content"]["execution_state"] != "idle" and "engine" in busy["metadata"]
        for callback in future.iopub_callbacks:
            callback(busy)
        future.output.metadata.update(reply)
        client.outstanding.discard(future.msg_id)
        future.set_result(error() if reply["status"] == "error" else i)
        if (i + 1) % every == 0:
            tick()
    tick()
    for future in futures:
        future.output.set_result(None)


def run(result: AsyncResult, futures: list[MessageFuture], feed: list[Any], tick: Callable[[], None]) -> Any:
    """Play all events, draining as the ticker would; seconds of each batch."""
    took = []
    for first in range(0, len(feed), BATCH):
        batch = slice(first, first + BATCH)
        begin = time.process_time()
        play(result._client, futures[batch], feed[batch], tick)
        took.append(time.process_time() - begin)
    return np.array(took)


def timed(call: Callable[[], Any], repeat: int = 5) -> float:
    """Best of a few, in seconds."""
    best = float("inf")
    for _ in range(repeat):
        begin = time.process_time()
        call()
        best = min(best, time.process_time() - begin)
    return best


def observed(n: int) -> SimpleNamespace:
    """Runs without us and with us in turn; the best of each batch, since a busy machine only ever adds."""
    plain, ours, attach = [], [], []
    for _ in range(max(4, min(100, 60_000 // n))):
        result, futures = submit(n)
        feed = fed(n)
        gc.collect()
        plain.append(run(result, futures, feed, lambda: None))
        result, futures = submit(n)
        registry = Registry()
        registry.connection(result._client)  # as the layer does before a client's first result
        gc.collect()
        begin = time.process_time()
        followed = registry.followed(result)
        attach.append(time.process_time() - begin)
        ours.append(run(result, futures, feed, followed.drain))
    bare, with_us = (np.min(times, axis=0).sum() for times in (plain, ours))
    return SimpleNamespace(result=result, followed=followed, plain=bare / n, ours=(min(attach) + with_us) / n)


def memory(n: int) -> float:
    """Bytes a task that our own code holds: before the run or after it, whichever is more."""
    result, futures = submit(n)
    feed = fed(n)
    ours = [tracemalloc.Filter(True, f"{Path(ipar_results.__file__).parent}/*")]
    gc.collect()
    tracemalloc.start()

    def held() -> int:
        gc.collect()  # of Python's own lists of free tuples too
        taken = tracemalloc.take_snapshot().filter_traces(ours)
        return sum(trace.size for trace in taken.traces)

    followed = Registry().followed(result)
    at_start = held()
    run(result, futures, feed, followed.drain)
    followed.snapshot()
    at_end = held()
    tracemalloc.stop()
    return max(at_start, at_end) / n


def table(n: int) -> None:
    """Print the table of one size."""
    config = IPythonParallelResults()
    print(f"\n{n:,} tasks")
    seen = observed(n)
    ar, followed = seen.result, seen.followed
    cost = (seen.ours - seen.plain) * 1e6
    row(
        "cost per observed task",
        f"{cost:.2f} µs",
        "≤ 5 µs",
        f"{seen.ours / seen.plain:.2f} × bare futures",
    )
    begin = time.process_time()
    assert followed.wall_time() > 0
    first_followed = time.process_time() - begin
    live = followed.snapshot()
    row("progress", f"{timed(lambda: (followed.drain(), followed.record.done)) * 1e6:.2f} µs", "≤ 5 µs", "")
    row("snapshot()", f"{timed(followed.snapshot) * 1e3:.2f} ms", "≤ 1 ms", f"{live.done:,} done")
    html = bundle(live, config)["text/html"]
    full = timed(lambda: bundle(followed.snapshot(), config))
    row("full display, followed", f"{full * 1e3:.1f} ms", "≤ 30 ms", "")
    late = timed(lambda: bundle(Registry().followed(ar).snapshot(), config), 3)
    row("full display, never seen before", f"{late * 1e3:.1f} ms", "≤ 30 ms", "")
    row("bytes of HTML", f"{len(html.encode()):,}", "< 200,000", "")
    taken = memory(n)
    row("memory per task", f"{taken:.0f} B", "≤ 100 B", "")
    fits = len(html.encode()) < 200_000 and taken <= 100  # the same on every machine, however busy
    first = timed(lambda: Registry().followed(ar).wall_time(), 3)
    ipar_results.enable()
    ours = dict(wall=ar.wall_time, serial=ar.serial_time, length=len(ar), progress=ar.progress)
    probe = timed(lambda: hasattr(ar, "_repr_html_"))
    ipar_results.disable()
    row("first wall_time, followed", f"{first_followed * 1e3:.3f} ms", "≤ 10 ms", "")
    row("first wall_time, never seen before", f"{first * 1e3:.1f} ms", "≤ 10 ms", "")
    row("probe for a missing attribute", f"{probe * 1e6:.1f} µs", "O(1)", "")
    ar, futures = submit(n)
    run(ar, futures, fed(n), lambda: None)
    theirs_wall = timed(lambda: ar.wall_time, 1)
    theirs = dict(wall=ar.wall_time, serial=ar.serial_time, length=len(ar), progress=ar.progress)
    row("  upstream: first wall_time", f"{theirs_wall * 1e3:.0f} ms", "", "")
    row("  upstream: one such probe", f"{timed(lambda: hasattr(ar, '_repr_html_')) * 1e6:.0f} µs", "", "")
    row("  upstream: progress", f"{timed(lambda: ar.progress, 3) * 1e6:.0f} µs", "", "")
    row("HTML and memory within their goals", "yes" if fits else "NO", "yes", "")
    agree = all(abs(ours[key] - theirs[key]) < 1e-6 * max(1.0, theirs[key]) for key in ours)
    row("same figures as upstream", "yes" if agree else "NO", "yes", "")
    if not agree:
        sys.exit(f"ours {ours}, upstream {theirs}")
    if not fits:
        sys.exit("HTML or memory is beyond its goal")


def row(what: str, figure: str, goal: str, note: str) -> None:
    """One line of the table."""
    print(f"  {what:36s} {figure:>12s}   goal {goal:10s} {note}".rstrip())


if __name__ == "__main__":
    for size in [int(argument.replace("_", "")) for argument in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        table(size)
