"""Recorder of one result: drains the events of its listener into the record."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from operator import itemgetter
from typing import Any, Protocol

import numpy as np

from ...model.status import OK
from ...upstream.connection import Connection
from ...upstream.events import EventListener
from ...upstream.futures import PENDING, ended_positions, has_output
from ...upstream.protocols import AsyncResultLike, MessageFutureLike, ResultLike, TaskMetadata
from ..columns import Columns
from ..engines import Engines
from ..state import Record
from .writer import RecordWriter, unread_ends

_ENGINE, _SUBMITTED, _MSG_ID = itemgetter("engine_id"), itemgetter("submitted"), itemgetter(0)
_BATCH = 0.2  # seconds: no view is redrawn more often


class RecordSource(Protocol):
    """Source of a record: the futures of a result, the Hub, or the results of a group."""

    record: Record
    writer: RecordWriter

    @property
    def has_news(self) -> bool:
        """Whether draining may change the record."""

    def drain(self) -> None:
        """Enter what has happened since the last call."""

    def metadata(self, result: ResultLike) -> Sequence[TaskMetadata]:
        """Return the metadata of each message of the result."""

    def value(self, result: Any) -> object:
        """Return the value of a result of one ended message; None if it is gone."""

    def close(self) -> None:
        """Remove our callbacks; a second call does nothing."""


def new_record(result: AsyncResultLike, connection: Connection) -> Record:
    """Return an empty record of a result."""
    sizes = result._chunk_sizes
    inputs = [sizes.get(msg_id, 1) for msg_id in result.msg_ids] if sizes else None
    if inputs is not None and set(inputs) == {1}:
        inputs = None
    return Record(
        weakref.ref(result),
        connection,
        Columns(result.msg_ids, inputs),
        Engines(connection.engine_id),
        name=str(result._fname) if result._fname != "unknown" else "result",
        single=len(result.msg_ids) == 1,
    )


class Recorder:
    """Recorder that follows the futures of a result, or of a group.

    A Ctrl-C may interrupt a thread during a transaction. The record is therefore marked as dirty until the
    transaction is complete, and the next drain repairs a dirty record from the futures.
    """

    def __init__(self, record: Record, listener: EventListener, writer: RecordWriter) -> None:
        self.record = record
        self.listener = listener
        self.writer = writer
        self._dirty = False
        self._detached = False  # no events are received any more
        self._drained_at = -_BATCH

    @classmethod
    def follow(cls, result: AsyncResultLike, connection: Connection) -> Recorder:
        """Return a recorder of a result, attached to its pending futures.

        A result that is ready is read by the first drain.
        """
        record = new_record(result, connection)
        recorder = cls(record, EventListener(), RecordWriter(record))
        if not result._ready:
            recorder._attach(result, connection)
        record.clock.start()
        connection.add_recorder(record)
        connection.drop_when_collected(result, result.msg_ids)
        return recorder

    def _attach(self, result: AsyncResultLike, connection: Connection) -> None:
        record, writer = self.record, self.writer
        futures, metadata = result._children, result._metadata
        early_events = connection.early_events
        record.followed = True
        any_ended = self.listener.attach(futures, early_events)
        record.columns.locate([future.msg_id for future in futures[:1]])  # takes 0.2 s for a million, once
        waiting = next((f.msg_id for f in reversed(futures) if f._state in PENDING), None)
        record.direct = None if waiting is None else connection.is_direct([waiting])
        engines, submitted = list(map(_ENGINE, metadata)), list(map(_SUBMITTED, metadata))
        record.clock.add_submitted(submitted)
        with suppress(TypeError):  # timestamps of different types
            writer.first_submitted = submitted.index(min(submitted))
        with record.lock:
            if any_ended:
                writer.add_ended(ended_positions(futures))
            self.add_already_started(0, engines, metadata)
            if tries := early_events.pop_failed_attempts(futures):
                writer.add_failed_attempts(tries)

    def add_already_started(
        self, first: int, engines: Sequence[int | list[int] | None], metadata: Sequence[TaskMetadata]
    ) -> None:
        """Enter tasks that began before they were followed: the client knows their engine, not the time."""
        record, now = self.record, time.time()
        if engines.count(None) == len(engines):  # as of a result that was made just now
            return
        for i in [i for i, engine in enumerate(engines) if engine is not None]:
            position = first + i
            if record.columns.status[position] < OK and not isinstance(engines[i], list):
                record.running[position] = (record.engines.slots([engines[i]], [metadata[i]])[0], now)
            if has_output(metadata[i]):
                self.writer.add_output([position])

    @property
    def has_news(self) -> bool:
        return self._detached or bool(self.listener)

    @property
    def drained_recently(self) -> bool:
        """Whether the last drain was so recent that another is not worth its cost."""
        return time.monotonic() - self._drained_at < _BATCH

    def drain(self) -> None:
        """Enter what has happened since the last call; returns at once if nothing has."""
        self.drain_events()
        columns = self.record.columns
        # a result that is ready is read: our callbacks may not have run yet
        if columns.ended != columns.messages and (index := unread_ends(self.record)) is not None:
            with self.record.lock, self.transaction():
                self.writer.add_ended(index)

    def drain_events(self) -> None:
        """Enter the events that were received since the last call."""
        record, writer = self.record, self.writer
        if self._dirty or self._detached:
            self._repair()
        if self.listener:
            with record.lock, self.transaction():
                events = self.listener.take()
                if events.started and record.connection.left_at:  # a task may have moved from a dead engine
                    writer.add_started(events.started)
                if events.ended:
                    writer.add_ended(record.columns.find(events.ended), read_output=False)
                over = set(events.ended)
                if not over.issuperset(map(_MSG_ID, events.started)):  # after the ends: most are over by now
                    writer.add_started([event for event in events.started if event[0] not in over])
                if events.wrote:
                    writer.add_output(record.columns.find(list(dict.fromkeys(events.wrote))).tolist())
                if events.failed_attempts:
                    writer.add_failed_attempts(events.failed_attempts)
                record.connection.record_contact()
                record.mark_received()
                self._drained_at = time.monotonic()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Leave the record dirty if the context is interrupted; entered under the record's lock.

        It does not hold the lock itself: a Ctrl-C in contextlib's code would then leave it locked for good.
        """
        self._dirty = True
        yield
        self.record.version += 1
        self._dirty = False

    @property
    def dirty(self) -> bool:
        """Whether a transaction was interrupted while events are received."""
        return self._dirty and not self._detached

    def _repair(self) -> None:
        """Read the futures: a transaction was interrupted, or no more events are received."""
        record = self.record
        result = record.result()
        if result is None or (
            self._detached and not self._dirty and record.columns.ended == record.columns.messages
        ):
            return
        with record.lock:
            dirty, self._dirty = self._dirty, True
            if not (dirty or self._detached):  # another thread was only inside its transaction
                self._dirty = False
                return
            if dirty:
                self.writer.forget_ends()
                record.version += 1
            before = record.columns.ended
            self.writer.add_ended(ended_positions(result._children))
            record.version += record.columns.ended > before
            self._dirty = False

    def metadata(self, result: ResultLike) -> Sequence[TaskMetadata]:
        return result._metadata

    def value(self, result: Any) -> object:
        return result._children[0].result(0)

    def reopen(self, positions: list[int], replace_futures: Callable[[], None]) -> None:
        """Make ended messages pending again, by new futures; called on the client's IO thread."""
        record = self.record
        result = record.result()
        if result is None:
            return
        self.drain()
        with record.lock:
            self.writer.discard_ends(positions, self.metadata(result), result._children, result.msg_ids)
            replace_futures()
            record.columns.reopen(np.array(positions, np.int64), result.msg_ids)
            record.followed, self._detached = True, False
            record.mark_received()
            self.listener.attach([result._children[i] for i in positions])
            record.version += 1

    def close(self) -> None:
        result = self.record.result()
        # pending futures keep their result alive, so a collected one has no callbacks to remove
        self.detach(() if result is None else result._children)

    def detach(self, futures: Sequence[MessageFutureLike]) -> None:
        """Remove our callbacks from these futures, which are all that are followed."""
        followed, self.record.followed = self.record.followed, False
        self._detached = self._detached or followed
        if followed:
            self.listener.detach(futures)
