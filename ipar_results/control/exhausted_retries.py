"""Detector of tasks that have failed on every engine: their last retries never start."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..model.snapshot import EngineId
from ..model.status import OK
from .end_tasks import end

if TYPE_CHECKING:
    from .exhausted_without_iopub import ExhaustedWithoutIopub
    from .scope import TaskScope

LAST_RETRY_TIMEOUT = 10.0  # seconds: twice the time in which the scheduler notices an engine's death


def fail_exhausted(scope: TaskScope, without_iopub: ExhaustedWithoutIopub) -> None:
    """Fail tasks that have been tried on every engine; never waits."""
    alive, ids, tries = scope.connection.alive_engines(), scope.engine_ids, scope.failed_attempts
    for position, (slot, _) in list(scope.running.items()):
        engine = ids[slot] if slot >= 0 else None
        died = isinstance(engine, int) and engine not in alive  # while it ran the task
        if died and engine not in tries.engines.get(position, ()):
            tries.add(position, engine)
    for position, engines in list(tries.engines.items()):
        if scope.columns.status[position] >= OK:
            tries.forget([position])
        elif not alive <= engines:
            tries.last[position] = time.monotonic()
        elif time.monotonic() - tries.last[position] > LAST_RETRY_TIMEOUT:
            tries.forget([position])
            _fail(scope, position, engines)
    for position in without_iopub.check(scope, LAST_RETRY_TIMEOUT):
        tries.forget([position])
        _fail(scope, position, alive)


def _fail(scope: TaskScope, position: int, engines: Iterable[EngineId]) -> None:
    from ipyparallel.error import RemoteError

    last = scope.metadata[position].get("error")
    names = ", ".join(map(str, sorted(engines)))
    note = f"tried on every engine ({names}), and no other is left for its retries"
    if isinstance(last, RemoteError):
        error = RemoteError(last.ename, f"{last.evalue} ({note})", last.traceback, dict(last.engine_info))
    else:
        error = RemoteError("EngineError", f"engines died while they ran the task: {note}", "", {})
    end(scope.connection, [scope.futures[position]], "error", lambda _: error)
