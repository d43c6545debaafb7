"""A result that must be asked of the Hub: the same columns, filled from its task records."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from threading import Event
from typing import Any

import numpy as np

from ..model.status import OK
from ..upstream.futures import positions_with_output
from ..upstream.timestamps import earliest
from .failures import Failure
from .recorder import Recorder

_PERIOD = 1.0
_AT_ONCE = 1_000
_KEYS = (
    "msg_id",
    "submitted",
    "started",
    "completed",
    "received",
    "engine_uuid",
    "result_content",
    "stdout",
    "stderr",
)  # one that a record lacks makes the whole query fail


class HubRecorder(Recorder):
    """Follows an AsyncHubResult by asking the Hub at most once a second, never waiting for the answer.

    A Hub that has no record of the tasks, be it that it keeps none, is asked what has ended instead:
    then times and errors stay unknown until ipyparallel fetches the result.
    """

    def _start(self, result: Any) -> None:
        self._records: dict[int, dict[str, Any]] = {}
        self._answers: deque[Any] = deque()
        self._answered_once = Event()
        self._waiting = False
        self._asked_at = -_PERIOD
        self._turn = 0
        self._database = True
        self._said_done: set[str] = set()

    @property
    def stirs(self) -> bool:
        """Whether it is worth looking: nobody says when something comes."""
        return True

    def poll(self) -> None:
        """Ask for the records of what is pending, if the last answer has come and is a second old."""
        super().poll()
        now = time.monotonic()
        query: dict[str, Any]
        if self._waiting or self.finished or now - self._asked_at < _PERIOD:
            return
        result = self._result()
        if result is None:
            return
        pending = self.columns.pending(np.arange(self.columns.messages))
        # not always the same thousand: they may all wait while others end
        pending = np.roll(pending, -self._turn * _AT_ONCE)[:_AT_ONCE]
        self._turn += 1
        ids = [result.msg_ids[i] for i in pending.tolist()]
        self._asked_at = now
        if self._database:
            kind, query = "db_request", {"query": {"msg_id": {"$in": ids}}, "keys": list(_KEYS)}
        else:
            kind, query = "result_request", {"msg_ids": ids, "status_only": True}
        self._waiting = True
        if not self.connection.query_hub(kind, query, self._on_answer):
            self._waiting = False

    def ask_and_wait(self, timeout: float) -> None:
        """For a question in the user's own thread: what is known may be a second old, not older."""
        self._answered_once.clear()
        self.poll()
        if self._waiting:
            self._answered_once.wait(timeout)
        self.drain()

    def _on_answer(self, message: Any) -> None:
        self._answers.append(message["content"])
        self._waiting = False
        self._answered_once.set()

    def drain(self) -> None:
        """Take in the Hub's answers, and what ipyparallel fetched itself."""
        self._overtaken()
        while self._answers:
            content = self._answers.popleft()
            with self._lock:
                if "completed" in content:
                    self._said_done.update(content["completed"])
                    self._database = True
                else:
                    self._enter_records(content.get("records", []))
                self.version += 1

    def _enter_records(self, records: list[dict[str, Any]]) -> None:
        submitted = earliest([record.get("submitted") for record in records])
        if submitted < np.inf:  # not NaN
            self.clock.sent([record.get("submitted") for record in records])
            self.clock.place()
        found = {record["msg_id"] for record in records}
        # a Hub that keeps no records still says what has ended
        self._enter_ids(list(self._said_done - found))
        self._said_done.clear()
        self._database = bool(records)
        positions = self.columns.locate([record["msg_id"] for record in records]).tolist()
        ended: dict[int, dict[str, Any]] = {}
        busy: dict[Any, int] = {}
        for position, record in sorted(zip(positions, records, strict=True), key=lambda pair: pair[0]):
            if position < 0 or self.columns.status[position] >= OK:
                continue
            if record.get("completed"):
                ended[position] = self._records[position] = _as_metadata(record)
            elif record.get("engine_uuid"):
                busy.setdefault(record["engine_uuid"], position)
        if ended:
            self.enter(list(ended), list(ended.values()), ())
            self._note_output(positions_with_output(list(ended), list(ended.values())))
        for uuid, position in busy.items():
            # the Hub knows who has it, not since when
            since = self.running.get(position, (0, time.time()))[1]
            self.running[position] = (self.engines.slot(None, uuid), since)

    def _enter_ids(self, msg_ids: list[str]) -> None:
        positions = self.columns.pending(self.columns.find(msg_ids)).tolist()
        for position in positions:
            self._records[position] = _as_metadata({"result_content": {"status": "ok"}})
        if positions:
            self.enter(positions, [self._records[i] for i in positions], ())

    def resolve(self, result: Any) -> bool:
        """Have ipyparallel fetch the result once the Hub says that all of it is there."""
        if not result._ready and self.finished and not self.connection.lost:
            try:
                result.wait(0)
            except Exception:
                # failed tasks raise at the first fetch; the second finds them fetched
                result.wait(0)
        return bool(result._ready)

    def _failure(self, position: int, md: Any, children: Sequence[Any]) -> Failure:
        error = md["error"]
        if isinstance(error, dict):
            return Failure.of_reply(error)
        return Failure.of(error) if error is not None else Failure("Error", "not kept by the Hub", "", False)

    def records(self, result: Any) -> Sequence[Any]:
        """The Hub's records, or ipyparallel's own metadata once it has fetched them."""
        return [self._records.get(i, md) for i, md in enumerate(result._metadata)]

    def value_of(self, result: Any) -> Any:
        """The value, if ipyparallel has fetched it."""
        return result.result(0) if result is not None and result.done() else None


def _as_metadata(record: dict[str, Any]) -> dict[str, Any]:
    """A task record in the keys of ipyparallel's metadata."""
    content = record.get("result_content") or {}
    return {
        **{key: record.get(key) for key in ("submitted", "started", "completed", "received", "engine_uuid")},
        "engine_id": None,
        "status": content.get("status", "ok"),
        "error": content,
        "stdout": record.get("stdout"),
        "stderr": record.get("stderr"),
        "outputs": record.get("outputs"),
        "execute_result": None,
    }
