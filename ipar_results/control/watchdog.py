"""Watchdog that ends tasks which can no longer finish; polled a few times a second by views and waiters."""

from __future__ import annotations

import threading
import time
from concurrent.futures import InvalidStateError
from contextlib import suppress

from ..log import log_error
from ..model.status import OK
from ..upstream.connection import Connection
from .end_tasks import end
from .exhausted_retries import ExhaustedWithoutIopub, fail_exhausted
from .scope import TaskScope, WatchdogState

GRACE_PERIOD = 1.0  # seconds that ipyparallel has to fail a stranded task or resolve an ended result itself


class Watchdog(WatchdogState):
    """Watchdog of one scope."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._scheduler: str | None = None
        self._lock = threading.Lock()
        self._unresolved_since: float | None = None
        self._without_iopub = ExhaustedWithoutIopub()

    def check(self, scope: TaskScope) -> None:
        """End what cannot end by itself; cheap while there is no problem."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._check_scheduler(scope)
            if self.lost:
                if self.connection.lost:
                    self.connection.check_contact()  # logs why, if contact was lost since the last check
                if not scope.given_up and not scope.ready:
                    scope.given_up = True
                    scope.give_up()
                return
            scope.given_up = False
            self._resolve(scope)
            self._end_stranded(scope)
            if self.cancellation is not None:
                self.cancellation.settle(scope)
            fail_exhausted(scope, self._without_iopub)
        except Exception:
            log_error("looking after a result")
        finally:
            self._lock.release()

    def _check_scheduler(self, scope: TaskScope) -> None:
        """Check the scheduler that has the scope's tasks, once no event has arrived for a while."""
        link = scope.connection
        if link.lost or not scope.futures:
            return
        scheduler_problem = ""
        if scope.record.silence >= link.contact_timeout / 4:
            self._scheduler = self._scheduler or scheduler_of(scope)
            scheduler_problem = link.schedulers.describe_problem(self._scheduler)
        if bool(scheduler_problem) != bool(self.scheduler_problem):
            scope.record.version += 1
        self.scheduler_problem = scheduler_problem

    def _end_stranded(self, scope: TaskScope) -> None:
        """Fail tasks that were sent while their engine's death was reported: ipyparallel overlooks them."""
        if scope.record.silence < GRACE_PERIOD or not scope.futures:
            return
        client, columns = scope.client, scope.columns
        alive = set(client._engines.values())
        for uuid, msg_ids in list(client._outstanding_dict.items()):
            if uuid not in alive and msg_ids:
                for position in columns.locate(list(msg_ids)).tolist():
                    if position >= 0 and columns.status[position] < OK:
                        _fail_stranded(scope, position, uuid)

    def _resolve(self, scope: TaskScope) -> None:
        """Resolve a result that was made before the layer was on, as ipyparallel itself may never do so."""
        result = scope.result
        if result is None or result._ready or not result._children or not result._result_future.done():
            self._unresolved_since = None
            return
        self._unresolved_since = self._unresolved_since or time.monotonic()
        if time.monotonic() - self._unresolved_since > GRACE_PERIOD:
            with suppress(InvalidStateError):
                result._resolve_result(result._result_future)


def scheduler_of(scope: TaskScope) -> str:
    """Return the scheduler that has the pending messages: 'task', 'mux' or 'broadcast'."""
    pending = scope.columns.pending(scope.positions)
    if not len(pending):
        return "task"
    msg_id = scope.msg_ids[int(pending[0])]
    holders = [uuid for uuid, ids in list(scope.client._outstanding_dict.items()) if msg_id in ids]
    if not holders:
        return "task"
    return "broadcast" if len(holders) > 1 or msg_id.endswith(f"_{holders[0]}") else "mux"


def _fail_stranded(scope: TaskScope, position: int, uuid: str) -> None:
    from ipyparallel.error import RemoteError

    engine = scope.connection.engine_id(uuid)
    message = f"Engine {engine!r} died before it was given the task"
    # RemoteError cannot be rendered without all three keys
    engine_info = {"engine_id": engine, "engine_uuid": uuid, "method": "apply"}
    error = RemoteError("EngineError", message, "", engine_info)
    end(scope.connection, [scope.futures[position]], "error", lambda _: error)
