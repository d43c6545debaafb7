"""Recorder of a result that the Hub keeps: polls the Hub for task records, without waiting for replies."""

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
from ..upstream.protocols import (
    AsyncResultLike,
    JSONObject,
    Message,
    MessageFutureLike,
    ResultLike,
    TaskMetadata,
    Timestamp,
)
from ..upstream.timestamps import earliest
from .failures import Failure
from .recorder import new_record
from .writer import RecordWriter, unread_ends

_PERIOD = 1.0  # seconds between two queries
_MAX_QUERIED = 1_000  # messages in one query
_SAME_KEYS = ("msg_id", "submitted", "started", "completed", "received", "engine_uuid", "stdout", "stderr")
_KEYS = [*_SAME_KEYS, "result_content"]  # the query fails if a record lacks one of them


class HubRecorder:
    """Recorder that follows an AsyncHubResult by querying the Hub at most once a second.

    A Hub without a database only reports which messages have ended: times and errors stay unknown until
    ipyparallel fetches the result.
    """

    has_news = True  # no event reports what the Hub receives
    drained_recently = False

    def __init__(self, result: AsyncResultLike, connection: Connection) -> None:
        self.record = new_record(result, connection)
        self.writer = RecordWriter(self.record, _failure)
        self.listener = EventListener()  # attached to no futures: only cancellations read it
        self._metadata: dict[int, TaskMetadata] = {}
        self._replies: deque[JSONObject] = deque()
        self._replied = Event()
        self._query_pending = False
        self._queried_at = -_PERIOD
        self._queries = 0
        self._has_database = True
        self._completed: set[str] = set()  # message ids, as reported by a Hub without a database
        self._connection = connection
        self.record.clock.start()
        connection.add_recorder(self.record)
        connection.drop_when_collected(result, result.msg_ids)

    def query(self) -> None:
        """Query the records of pending messages, if the last query was answered and is a second old."""
        now, record = time.monotonic(), self.record
        content: dict[str, object]
        if self._query_pending or record.finished or now - self._queried_at < _PERIOD:
            return
        result = record.result()
        if result is None:
            return
        pending = record.columns.pending(record.positions)
        # a different thousand in each query: the same ones may all wait while others end
        pending = np.roll(pending, -self._queries * _MAX_QUERIED)[:_MAX_QUERIED]
        self._queries += 1
        ids = [result.msg_ids[i] for i in pending.tolist()]
        self._queried_at = now
        if self._has_database:
            kind, content = "db_request", {"query": {"msg_id": {"$in": ids}}, "keys": _KEYS}
        else:
            kind, content = "result_request", {"msg_ids": ids, "status_only": True}
        self._query_pending = True
        if not self._connection.query_hub(kind, content, self._on_reply):
            self._query_pending = False

    def wait_for_reply(self, timeout: float) -> None:
        """Wait for the reply to the pending query, if there is one."""
        if self._query_pending:
            self._replied.wait(timeout)

    def discard_reply(self) -> None:
        """Have :meth:`wait_for_reply` wait for the next reply, even if one has arrived."""
        self._replied.clear()

    def _on_reply(self, message: Message) -> None:
        self._replies.append(message["content"])
        self._query_pending = False
        self._replied.set()

    def drain(self) -> None:
        """Enter the replies of the Hub, and what ipyparallel has fetched itself."""
        record = self.record
        if (index := unread_ends(record)) is not None:
            with record.lock:
                self.writer.add_ended(index)
                record.version += 1
        while self._replies:
            content = self._replies.popleft()
            with record.lock:
                if "completed" in content:
                    self._completed.update(content["completed"])
                    self._has_database = True
                else:
                    self._add_records(content.get("records", []))
                record.version += 1

    def _add_records(self, records: list[JSONObject]) -> None:
        record = self.record
        submitted: list[Timestamp] = [each.get("submitted") for each in records]
        if not np.isnan(earliest(submitted)):
            record.clock.add_submitted(submitted)
            record.clock.start()
        found = {each["msg_id"] for each in records}
        # a Hub without a database still reports what has ended
        self._add_completed(list(self._completed - found))
        self._completed.clear()
        self._has_database = bool(records)
        positions = record.columns.locate([each["msg_id"] for each in records]).tolist()
        ended: dict[int, TaskMetadata] = {}
        busy: dict[str, int] = {}
        for position, each in sorted(zip(positions, records, strict=True), key=lambda pair: pair[0]):
            if position < 0 or record.columns.status[position] >= OK:
                continue
            if each.get("completed"):
                ended[position] = self._metadata[position] = _as_metadata(each)
            elif each.get("engine_uuid"):
                busy.setdefault(each["engine_uuid"], position)
        if ended:
            self.writer.add_metadata(list(ended), list(ended.values()), ())
            self.writer.add_output(positions_with_output(list(ended), list(ended.values())))
        for uuid, position in busy.items():
            # the Hub knows the engine of the task, not when it started
            since = record.running.get(position, (0, time.time()))[1]
            record.running[position] = (record.engines.slot(None, uuid), since)

    def _add_completed(self, msg_ids: list[str]) -> None:
        columns = self.record.columns
        positions = columns.pending(columns.find(msg_ids)).tolist()
        for position in positions:
            self._metadata[position] = _as_metadata({"result_content": {"status": "ok"}})
        if positions:
            self.writer.add_metadata(positions, [self._metadata[i] for i in positions], ())

    def fetch(self, result: AsyncResultLike) -> None:
        """Have ipyparallel fetch a result whose messages have all ended; waits for the Hub."""
        try:
            result.wait(0)
        except Exception:
            # the first call raises the errors of failed tasks; by the second they are fetched
            result.wait(0)

    def metadata(self, result: ResultLike) -> Sequence[TaskMetadata]:
        """Return metadata from the Hub's records; that of ipyparallel for messages without a record."""
        return [self._metadata.get(i, md) for i, md in enumerate(result._metadata)]

    def value(self, result: Any) -> object:
        """Return the value, if ipyparallel has fetched it."""
        return result.result(0) if result.done() else None

    def close(self) -> None:
        """Do nothing: there are no callbacks to remove."""


def _failure(position: int, metadata: TaskMetadata, futures: Sequence[MessageFutureLike]) -> Failure:
    """Return the failure of a message from its reply, as the Hub has stored it."""
    error = metadata.get("error")
    if isinstance(error, dict):
        return Failure.from_reply(error)
    if error is None:
        return Failure("Error", "not kept by the Hub", "", False)
    return Failure.from_error(error)


def _as_metadata(record: JSONObject) -> TaskMetadata:
    """Convert a task record to ipyparallel's metadata."""
    from ipyparallel.client.client import Metadata

    content = record.get("result_content") or {}
    known = {key: record[key] for key in _SAME_KEYS if record.get(key)}
    metadata: TaskMetadata = Metadata(known, status=content.get("status", "ok"), error=content)
    return metadata
