"""Recorder of a result that the Hub keeps: polls the Hub for task records, without waiting for replies."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any, cast

import numpy as np

from ...model.status import OK
from ...upstream.connection import Connection
from ...upstream.events import EventListener
from ...upstream.futures import positions_with_output
from ...upstream.protocols import (
    AsyncResultLike,
    JSONObject,
    Message,
    MessageFutureLike,
    ResultLike,
    TaskMetadata,
    Timestamp,
)
from ...upstream.timestamps import earliest
from ..failures import Failure
from ..state import Record
from .recorder import new_record
from .writer import RecordWriter, unread_ends

_PERIOD = 1.0  # seconds between two queries
_DIED = re.compile(r"Engine (\d+) died ")  # how the Hub names an engine that this client has never seen
_MAX_QUERIED = 1_000  # messages in one query
_SAME_KEYS = ("msg_id", "submitted", "started", "completed", "received", "engine_uuid", "stdout", "stderr")
_KEYS = [*_SAME_KEYS, "result_content"]  # the query fails if a record lacks one of them


class HubRecorder:
    """Recorder that follows an AsyncHubResult by querying the Hub at most once a second.

    Of a message without a record, as its database was full or it has none, the Hub only reports that it has
    ended. The outcome is unknown then.
    """

    has_news = True  # no event reports what the Hub receives
    drained_recently = False

    def __init__(self, result: AsyncResultLike, connection: Connection) -> None:
        self.record = new_record(result, connection)
        self.writer = RecordWriter(self.record, partial(_failure, self.record))
        self.listener = EventListener()  # attached to no futures: only cancellations read it
        self._metadata: dict[int, TaskMetadata] = {}
        self._replies: deque[JSONObject] = deque()
        self.replied = Event()
        self.query_pending = False
        self._queried_at = -_PERIOD
        self._queries = 0
        self._connection = connection
        self.record.clock.start()
        connection.add_recorder(self.record)
        connection.drop_when_collected(result, result.msg_ids)

    def query(self) -> None:
        """Query the records of pending messages, if the last query was answered and is a second old."""
        now, record = time.monotonic(), self.record
        if self.query_pending or record.finished or now - self._queried_at < _PERIOD:
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
        content: dict[str, object] = {"query": {"msg_id": {"$in": ids}}, "keys": _KEYS}
        self.query_pending = True
        if not self._connection.query_hub("db_request", content, partial(self._on_records, ids)):
            self.query_pending = False

    def _on_records(self, asked: list[str], message: Message) -> None:
        records = message["content"].get("records", [])
        self._replies.append({"records": records})
        missing = sorted(set(asked) - {each["msg_id"] for each in records})
        if not (missing and self._query_status(missing)):
            self._end_query()

    def _query_status(self, msg_ids: list[str]) -> bool:
        """Query which messages have ended, of which the Hub keeps no record."""
        content: dict[str, object] = {"msg_ids": msg_ids, "status_only": True}
        return self._connection.query_hub("result_request", content, partial(self._on_status, msg_ids))

    def _on_status(self, msg_ids: list[str], message: Message) -> None:
        content, middle = message["content"], len(msg_ids) // 2
        if middle and "completed" not in content:  # one of them is unknown to the Hub
            self._query_status(msg_ids[:middle])
            self._query_status(msg_ids[middle:])
            return
        self._replies.append({**content, "msg_id": msg_ids[0]})
        self._end_query()

    def _end_query(self) -> None:
        self.query_pending = False
        self.replied.set()

    def drain(self) -> None:
        """Enter the replies of the Hub, and what ipyparallel has fetched itself."""
        record = self.record
        if (index := unread_ends(record)) is not None:
            self._learn_dead_engines()
            with record.lock:
                self.writer.add_ended(index)
                record.version += 1
        while self._replies:
            content = self._replies.popleft()
            with record.lock:
                if "records" in content:
                    self._add_records(content["records"])
                elif "completed" in content:
                    self._add_ended(content["completed"], {"status": "unknown"})
                elif content.get("ename") == "KeyError":
                    self._add_ended([content["msg_id"]], content)
                record.version += 1

    def _add_records(self, records: list[JSONObject]) -> None:
        record = self.record
        submitted: list[Timestamp] = [each.get("submitted") for each in records]
        if not np.isnan(earliest(submitted)):
            record.clock.add_submitted(submitted)
            record.clock.start()
        positions = record.columns.locate([each["msg_id"] for each in records]).tolist()
        ended: dict[int, TaskMetadata] = {}
        busy: dict[str, int] = {}
        alive = set(self._connection.engine_uuids())
        for position, each in sorted(zip(positions, records, strict=True), key=lambda pair: pair[0]):
            if position < 0 or record.columns.status[position] >= OK:
                continue
            self._learn_dead_engine(each.get("engine_uuid"), (each.get("result_content") or {}).get("evalue"))
            if each.get("completed"):
                ended[position] = self._metadata[position] = _as_metadata(each)
            elif each.get("engine_uuid") in alive:
                busy.setdefault(each["engine_uuid"], position)
            else:  # the Hub fails tasks of a dead engine only after a while
                record.running.pop(position, None)
        if ended:
            self.writer.add_metadata(list(ended), list(ended.values()), ())
            self.writer.add_output(positions_with_output(list(ended), list(ended.values())))
        for uuid, position in busy.items():
            # the Hub knows the engine of the task, not when it started
            since = record.running.get(position, (0, time.time()))[1]
            record.running[position] = (record.engines.slot(None, uuid), since)

    def _learn_dead_engines(self) -> None:
        """Learn them from the errors that ipyparallel has fetched."""
        from ipyparallel.error import RemoteError

        result = self.record.result()
        if result is not None:
            for metadata, error in zip(result._metadata, _errors(result), strict=False):
                if isinstance(error, RemoteError):
                    self._learn_dead_engine(metadata["engine_uuid"], error.evalue)

    def _learn_dead_engine(self, uuid: object, message: object) -> None:
        """Remember the id of an engine that this client may never have seen, from an error of the Hub."""
        died = _DIED.match(str(message or ""))
        if died and isinstance(uuid, str):
            self._connection.add_engine(uuid, int(died[1]))

    def _add_ended(self, msg_ids: list[str], reply: JSONObject) -> None:
        """Enter messages without a record as ended, by the content of a reply."""
        columns = self.record.columns
        positions = columns.pending(columns.find(msg_ids)).tolist()
        for position in positions:
            self._metadata[position] = _as_metadata({"result_content": reply})
        if positions:
            self.writer.add_metadata(positions, [self._metadata[i] for i in positions], ())

    def fetch(self, result: AsyncResultLike) -> None:
        """Have ipyparallel fetch a result whose messages have all ended; waits for the Hub.

        It cannot fetch messages of which the Hub keeps no record.
        """
        for _ in range(2):  # the first call raises the errors of failed tasks; by the second they are fetched
            with suppress(Exception):
                result.wait(0)

    def metadata(self, result: ResultLike) -> Sequence[TaskMetadata]:
        """Return metadata from the Hub's records; that of ipyparallel for messages without a record."""
        return [self._metadata.get(i, md) for i, md in enumerate(result._metadata)]

    def value(self, result: Any) -> object:
        """Return the value, if ipyparallel has fetched it."""
        return result.result(0) if result.done() else None

    def close(self) -> None:
        """Do nothing: there are no callbacks to remove."""


def _failure(
    record: Record, position: int, metadata: TaskMetadata, futures: Sequence[MessageFutureLike]
) -> Failure:
    """Return the failure of a message from the reply that the Hub has stored, or ipyparallel has fetched."""
    error, result = metadata.get("error"), record.result()
    if error is None and result is not None:  # only errors that an engine has published are in the metadata
        error = next(iter(_errors(result)[position : position + 1]), None)
    if isinstance(error, dict):
        return Failure.from_reply(error)
    if error is None:
        return Failure("Error", "not kept by the Hub", "", False)
    return Failure.from_error(error)


def _errors(result: ResultLike) -> Sequence[object]:
    """Return the errors of a result that ipyparallel has fetched, with the values of the other messages."""
    if result._single_result:
        return [cast("AsyncResultLike", result)._exception]
    raw: Sequence[object] = getattr(result, "_raw_results", ())
    return raw


def _as_metadata(record: JSONObject) -> TaskMetadata:
    """Convert a task record to ipyparallel's metadata."""
    from ipyparallel.client.client import Metadata

    content = record.get("result_content") or {}
    known = {key: record[key] for key in _SAME_KEYS if record.get(key)}
    if "completed" in known:  # nothing is received of a task whose engine died
        known.setdefault("received", known["completed"])
    metadata: TaskMetadata = Metadata(known, status=content.get("status", "ok"), error=content)
    return metadata
