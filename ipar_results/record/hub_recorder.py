"""Recorder of a result that the Hub keeps: polls its task records without waiting for the answer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from threading import Event
from typing import Any

import numpy as np

from ..model.status import OK
from ..upstream.connection import Connection
from ..upstream.events import EventListener
from ..upstream.futures import positions_with_output
from ..upstream.timestamps import earliest
from .failures import Failure
from .recorder import new_record
from .writer import RecordWriter, unread_ends

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


class HubRecorder:
    """Follows an AsyncHubResult by asking the Hub at most once a second.

    A Hub that keeps no record of the tasks is asked what has ended instead: then times and errors stay
    unknown until ipyparallel fetches the result.
    """

    has_news = True  # no event reports what the Hub receives
    drained_recently = False

    def __init__(self, result: Any, connection: Connection) -> None:
        self.record = new_record(result, connection)
        self.writer = RecordWriter(self.record, _failure)
        self.listener = EventListener()  # of no futures; a cancellation looks into it all the same
        self._records: dict[int, dict[str, Any]] = {}
        self._answers: deque[Any] = deque()
        self._answered = Event()
        self._waiting = False
        self._asked_at = -_PERIOD
        self._turn = 0
        self._database = True
        self._completed: set[str] = set()  # message ids, as reported by a Hub without a database
        self.record.clock.start()
        connection.add_recorder(self.record)
        connection.drop_when_collected(result, result.msg_ids)

    def ask(self) -> None:
        """Ask for the records of what is pending, if the last answer has come and is a second old."""
        now, record = time.monotonic(), self.record
        query: dict[str, Any]
        if self._waiting or record.finished or now - self._asked_at < _PERIOD:
            return
        result = record.result()
        if result is None:
            return
        pending = record.columns.pending(record.positions)
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
        if not record.connection.query_hub(kind, query, self._on_answer):
            self._waiting = False

    def wait_for_answer(self, timeout: float) -> None:
        """Wait until the question that is on its way, if there is one, has been answered."""
        if self._waiting:
            self._answered.wait(timeout)

    def expect_answer(self) -> None:
        """Let :meth:`wait_for_answer` wait for the next answer, whatever came before."""
        self._answered.clear()

    def _on_answer(self, message: Any) -> None:
        self._answers.append(message["content"])
        self._waiting = False
        self._answered.set()

    def drain(self) -> None:
        """Take in the Hub's answers, and what ipyparallel has fetched itself."""
        record = self.record
        if (index := unread_ends(record)) is not None:
            with record.lock:
                self.writer.add_ended(index)
                record.version += 1
        while self._answers:
            content = self._answers.popleft()
            with record.lock:
                if "completed" in content:
                    self._completed.update(content["completed"])
                    self._database = True
                else:
                    self._add_records(content.get("records", []))
                record.version += 1

    def _add_records(self, records: list[dict[str, Any]]) -> None:
        record = self.record
        submitted = earliest([each.get("submitted") for each in records])
        if submitted < np.inf:  # not NaN
            record.clock.add_submitted([each.get("submitted") for each in records])
            record.clock.start()
        found = {each["msg_id"] for each in records}
        # a Hub that keeps no records still reports what has ended
        self._add_completed(list(self._completed - found))
        self._completed.clear()
        self._database = bool(records)
        positions = record.columns.locate([each["msg_id"] for each in records]).tolist()
        over: dict[int, dict[str, Any]] = {}
        busy: dict[Any, int] = {}
        for position, each in sorted(zip(positions, records, strict=True), key=lambda pair: pair[0]):
            if position < 0 or record.columns.status[position] >= OK:
                continue
            if each.get("completed"):
                over[position] = self._records[position] = _as_metadata(each)
            elif each.get("engine_uuid"):
                busy.setdefault(each["engine_uuid"], position)
        if over:
            self.writer.add_metadata(list(over), list(over.values()), ())
            self.writer.add_output(positions_with_output(list(over), list(over.values())))
        for uuid, position in busy.items():
            # the Hub knows which engine has the task, not since when
            since = record.running.get(position, (0, time.time()))[1]
            record.running[position] = (record.engines.slot(None, uuid), since)

    def _add_completed(self, msg_ids: list[str]) -> None:
        columns = self.record.columns
        positions = columns.pending(columns.find(msg_ids)).tolist()
        for position in positions:
            self._records[position] = _as_metadata({"result_content": {"status": "ok"}})
        if positions:
            self.writer.add_metadata(positions, [self._records[i] for i in positions], ())

    def fetch(self, result: Any) -> None:
        """Have ipyparallel fetch a result that is all there; waits for the Hub."""
        try:
            result.wait(0)
        except Exception:
            # failed tasks raise at the first fetch; the second finds them fetched
            result.wait(0)

    def metadata(self, result: Any) -> Sequence[Any]:
        """Return the Hub's records, or ipyparallel's own metadata once it has fetched them."""
        return [self._records.get(i, md) for i, md in enumerate(result._metadata)]

    def value(self, result: Any) -> Any:
        """Return the value, if ipyparallel has fetched it."""
        return result.result(0) if result.done() else None

    def failure(self, position: int, result: Any) -> Failure | None:
        """Return why a message failed or was aborted; None where it did not."""
        return self.writer.failure_of(position, self.metadata(result)[position], ())

    def input(self, position: int) -> str | None:
        """Return a short text of what a message carried; None where that is not kept."""
        return self.writer.input_of(position)

    def close(self) -> None:
        """Do nothing: no callbacks are attached."""


def _failure(position: int, metadata: Any, futures: Sequence[Any]) -> Failure:
    """Return why a message failed, from what the Hub kept of its reply."""
    error = metadata["error"]
    if isinstance(error, dict):
        return Failure.from_reply(error)
    return (
        Failure.from_error(error) if error is not None else Failure("Error", "not kept by the Hub", "", False)
    )


def _as_metadata(record: dict[str, Any]) -> dict[str, Any]:
    """Return a task record with the keys of ipyparallel's metadata."""
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
