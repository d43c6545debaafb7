"""Detectors of tasks that have failed on every engine: their last retries never start."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from ..model.snapshot import EngineId
from ..model.status import OK
from ..upstream.connection import Connection
from ..upstream.protocols import Message
from .end_tasks import end
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
    for position in without_iopub.check(scope):
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


class ExhaustedWithoutIopub:
    """Detector of exhausted retries while the iopub scheduler is down.

    The scheduler does not report a failed attempt while retries are left, and the engines report it on iopub
    only. Therefore the Hub is queried for the engines to which each task was sent. Then each engine is
    pinged, and replies only after all messages that it was sent before. A task that was sent to every
    engine, and has not ended once all have replied, is on no engine and will be sent to none.
    """

    def __init__(self) -> None:
        self._begun = False
        self._replied: dict[str, bool] = {}  # by engine uuid
        self._sent: dict[str, set[str]] | None = None  # by engine id, the tasks that were sent to it
        self._replied_at = 0.0
        self._round = 0

    def check(self, scope: TaskScope) -> Sequence[int]:
        """Return positions of messages whose retries are exhausted; never waits."""
        link, delay = scope.connection, LAST_RETRY_TIMEOUT  # for messages that may still arrive
        if scope.record.silence < max(delay, link.contact_timeout / 4) or not scope.futures:
            self._begun = False
            return ()
        if not link.schedulers.describe_problem("iopub"):
            return ()
        if not self._begun:
            self._query_hub(link)
            return ()
        waiting = time.monotonic() - self._replied_at < delay or not all(self._replied.values())
        if self._sent is None or waiting:
            return ()
        found = self._sent_to_all(scope, self._sent)
        if found and not self._replied:
            self._ping_engines(link)
            return ()
        self._begun = False  # begin again, with what the Hub knows by then
        return found

    def _query_hub(self, link: Connection) -> None:
        self._begun, self._replied, self._sent = True, {}, None
        self._round = this = self._round + 1

        def on_reply(message: Message) -> None:
            content = message["content"]
            if self._round == this and content["status"] == "ok":
                by_engine = [(key, each) for key, each in content.items() if isinstance(each, dict)]
                self._sent = {key: set(each["tasks"]) for key, each in by_engine}
                self._replied_at = time.monotonic()

        link.query_hub("queue_request", {"targets": None, "verbose": True}, on_reply)

    def _ping_engines(self, link: Connection) -> None:
        self._replied, this = dict.fromkeys(link.engine_uuids(), False), self._round

        def on_reply(uuid: str) -> None:
            if self._round == this:
                self._replied[uuid] = True
                self._replied_at = time.monotonic()

        for uuid in self._replied:
            link.replies.ping_engine(uuid, on_reply)

    def _sent_to_all(self, scope: TaskScope, sent: dict[str, set[str]]) -> list[int]:
        """Return positions of pending messages that were sent to every engine there is now."""
        link, columns = scope.connection, scope.columns
        if self._replied and not set(link.engine_uuids()) <= self._replied.keys():
            return []
        by_engine = [sent.get(str(engine), set()) for engine in link.alive_engines()]
        if not by_engine:
            return []
        everywhere = set.intersection(*by_engine)
        pending = columns.pending(scope.positions).tolist()
        return [position for position in pending if scope.msg_ids[position] in everywhere]
