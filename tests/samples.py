"""Snapshots of every state a result can be in, and hostile ones: for the view tests and the gallery."""

from __future__ import annotations

import time
from dataclasses import replace

from ipar_results.model.snapshot import (
    Advice,
    EngineLoad,
    FailureGroup,
    Snapshot,
    TaskOutput,
    TaskRecord,
    TimeUse,
)

NOW = 1_700_000_000.0


def clock(after: float = 0.0) -> str:
    """The time of day so many seconds after a sample was taken, where the tests run."""
    return time.strftime("%H:%M:%S", time.localtime(NOW + after))


TRACEBACK = (
    "\x1b[31m---------------------------------------------------------------------------\x1b[39m\n"
    "\x1b[31mValueError\x1b[39m                                Traceback (most recent call last)\n"
    "File \x1b[32m<string>:13\x1b[39m, in \x1b[36msimulate\x1b[34m(n, seed)\x1b[39m\n"
    "\x1b[32m     11\x1b[39m \x1b[38;5;28;01mdef\x1b[39;00m\x1b[38;5;250m \x1b[39m"
    "\x1b[34msimulate\x1b[39m(n, seed):\n"
    "\x1b[32m     12\x1b[39m     grid = build(n)  \x1b[38;5;66;03m# may be empty\x1b[39;00m\n"
    "\x1b[32m---> 13\x1b[39m     \x1b[38;5;28;01mreturn\x1b[39;00m \x1b[30;43msolve\x1b[39;49m(grid, seed)\n"
    "\n"
    "\x1b[31mValueError\x1b[39m: grid of 0 cells cannot be solved"
)

GROUPS = (
    FailureGroup(
        "ValueError",
        "grid of 0 cells cannot be solved",
        "simulate, line 13",
        12,
        tuple(range(8)),
        (3, *range(40, 50), 77),
        TRACEBACK,
        NOW - 20,
        NOW - 2,
        (3, "(0, 7)"),
    ),
    FailureGroup(
        "TimeoutError",
        "no answer after 5 s",
        "fetch, line 40",
        2,
        (3,),
        (77, 91),
        "TimeoutError: no answer after 5 s",
        NOW - 9,
        NOW - 9,
    ),
)


def _tasks(number: int, inputs: int = 1, engines: int = 8) -> tuple[TaskRecord, ...]:
    states = ["ok"] * 3 + ["failed"] + ["ok"] * (number - 4)
    return tuple(
        TaskRecord(
            index=position * inputs,
            inputs=inputs,
            msg_id=f"b3f0-{position}",
            engine_id=position % engines,
            status=status,
            submitted=NOW - 23 + position * 0.0004,
            started=NOW - 23 + 0.012 + 2.1 * (position // engines),
            completed=NOW - 21 + 2.1 * (position // engines),
            received=NOW - 21 + 2.1 * (position // engines),
            duration=2.07,
        )
        for position, status in enumerate(states)
    )


def _pending(tasks: tuple[TaskRecord, ...], status: str) -> tuple[TaskRecord, ...]:
    started = NOW - 2 if status == "running" else None
    return tuple(replace(t, status=status, started=started, completed=None, duration=None) for t in tasks)


def _loads(number: int, moving: bool, elapsed: float) -> tuple[EngineLoad, ...]:
    return tuple(
        EngineLoad(
            engine_id=engine,
            done=51 + engine % 3,
            failed=2 if engine < 6 else 1,
            running=(412 + engine, 0.4 * engine) if moving else None,
            busy_time=elapsed * (0.97 - 0.03 * (engine % 8)),
        )
        for engine in range(number)
    )


OUTPUTS = (
    TaskOutput(411, 3, stdout="step 1 of 3\nstep 2 of 3\nstep 3 of 3\n"),
    TaskOutput(408, 0, stderr="\x1b[33mRuntimeWarning\x1b[0m: overflow in exp\n", omitted=3210, rich=2),
    TaskOutput(399, 5, stdout="  0%|\r 50%|█████     \r100%|██████████\n", stderr="done\n"),
)

running = Snapshot(
    name="simulate",
    total=1000,
    done=412,
    ok=398,
    failed=14,
    running=8,
    queued=580,
    messages=1000,
    elapsed=23.4,
    serial_time=171.0,
    speedup=7.44,
    efficiency=0.93,
    throughput=17.9,
    eta=(31.2, 38.7),
    engines=_loads(8, True, 23.4),
    failures=GROUPS,
    tasks=_tasks(50),
    outputs=OUTPUTS,
    outputs_total=3,
    state="running",
    time=NOW,
    submitted=NOW - 23,
)
queued = replace(
    running,
    done=0,
    ok=0,
    failed=0,
    running=0,
    queued=1000,
    elapsed=1.2,
    serial_time=0.0,
    speedup=None,
    efficiency=None,
    throughput=None,
    eta=None,
    engines=(),
    failures=(),
    tasks=_pending(_tasks(50), "queued"),
    outputs=(),
    outputs_total=0,
    state="queued",
)
failed = replace(
    running,
    done=1000,
    ok=986,
    running=0,
    queued=0,
    elapsed=57.2,
    wall_time=57.2,
    serial_time=422.4,
    eta=None,
    finished=True,
    engines=_loads(8, False, 57.2),
    state="failed",
)
done = replace(
    failed,
    name="score",
    ok=1000,
    failed=0,
    failures=(),
    outputs=(),
    outputs_total=0,
    state="done",
    tasks=_tasks(3 + 1)[:3],
    time_use=TimeUse(8, 457.6, 13.7, 68.6, 375.3, 0.0),
    advice=(
        Advice(
            "tiny-tasks",
            "Tasks average 0.5 ms, less than the cost of sending one. chunksize=128 would take about 2.0 s.",
            "1,000 messages",
            55.2,
        ),
    ),
)
chunked = replace(
    done, name="score", total=20_000, done=20_000, ok=20_000, messages=128, tasks=_tasks(50, inputs=157)
)
aborted = replace(failed, ok=600, aborted=386, note="386 tasks were cancelled before they began.")
lost = replace(
    running,
    done=230,
    ok=228,
    failed=2,
    queued=762,
    elapsed=15.0,
    eta=None,
    failures=(replace(GROUPS[0], count=2, engines=(2, 5)),),
    engines=(*_loads(7, False, 23.4), EngineLoad(7, 12, busy_time=3.0, alive=False, died=True)),
    outputs=(),
    outputs_total=0,
    state="lost",
    note="The controller has not answered for 30 s. Results received so far are kept.",
)
frozen = replace(
    running,
    state="frozen",
    eta=None,
    note="The extension was unloaded while this ran: counts are as they were then.",
)
empty = Snapshot(name="f", state="empty", finished=True, time=NOW)
one = Snapshot(
    name="os.getpid",
    total=1,
    done=1,
    ok=1,
    messages=1,
    elapsed=0.0042,
    wall_time=0.0042,
    serial_time=0.001,
    finished=True,
    engines=(EngineLoad(2, 1, busy_time=0.001),),
    tasks=(TaskRecord(0, 1, "b3f0-1", 2, "ok", NOW - 1, NOW - 0.999, NOW - 0.998, NOW - 0.996, 0.001),),
    state="done",
    value="41872",
    single=True,
    time=NOW,
    submitted=NOW - 23,
)
one_failed = replace(
    one,
    name="simulate",
    ok=0,
    failed=1,
    value=None,
    state="failed",
    failures=(replace(GROUPS[0], count=1, engines=(2,), indices=(0,)),),
    tasks=(replace(one.tasks[0], status="failed"),),
    outputs=(TaskOutput(0, 2, stdout="building a grid of 0 cells\n"),),
    outputs_total=1,
)
one_running = replace(
    one,
    name="simulate",
    done=0,
    ok=0,
    running=1,
    elapsed=83.0,
    wall_time=None,
    finished=False,
    value=None,
    state="running",
    tasks=_pending(one.tasks, "running"),
)
many_engines = replace(running, engines=_loads(1024, True, 23.4), running=1000, queued=0, total=1412)

MEGABYTE = "&<" * 500_000
HOSTILE = (
    "<b>&\"'",
    "<script>alert(1)</script>",
    "</details></style></pre></div>",
    "<img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b]8;;http://x\x07link\x1b[2J\x1b[",
    "a\x00b\x07c\rd\x9b31m",
    "\u202egnp.exe\u2066",
    "\ud800 lone",
    "{{ 7*7 }}{% raw %}",
)


def poisoned(snapshot: Snapshot, text: str) -> Snapshot:
    """The snapshot with ``text`` in every field that a task, a user or an engine can fill."""
    return replace(
        snapshot,
        name=text,
        note=text,
        value=None if snapshot.value is None else text,
        engines=tuple(replace(load, engine_id=text) for load in snapshot.engines),
        failures=tuple(
            replace(
                group, type=text, message=text, where=text, engines=(text,), traceback=text, input=(3, text)
            )
            for group in snapshot.failures
        ),
        tasks=tuple(replace(task, engine_id=text, msg_id=text, input=text) for task in snapshot.tasks),
        outputs=tuple(
            replace(output, engine_id=text, stdout=text, stderr=text) for output in snapshot.outputs
        ),
        advice=tuple(replace(each, message=text, evidence=text) for each in snapshot.advice),
    )


huge = replace(
    poisoned(many_engines, MEGABYTE),
    failures=tuple(
        FailureGroup(f"E{number}", MEGABYTE, MEGABYTE, 1, (number,), (number,), MEGABYTE)
        for number in range(500)
    ),
    outputs=tuple(TaskOutput(number, number, MEGABYTE, MEGABYTE) for number in range(300)),
    outputs_total=100_000,
    total=100_000,
    messages=100_000,
    queued=98_588,
)

ALL = {
    "running": running,
    "failed": failed,
    "done": done,
    "queued": queued,
    "chunked": chunked,
    "aborted": aborted,
    "lost": lost,
    "frozen": frozen,
    "empty": empty,
    "one": one,
    "one_failed": one_failed,
    "one_running": one_running,
    "many_engines": many_engines,
}
