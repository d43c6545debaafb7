"""Recorder of a group: writes the events of all its results to one record."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from ...model.snapshot import EngineId
from ...record.recorders.recorder import Recorder
from ...record.recorders.writer import RecordWriter
from ...record.state import Record
from ...upstream.connection import Connection
from ...upstream.events import EventListener
from ...upstream.futures import PENDING, ended_positions
from ...upstream.protocols import AsyncResultLike, ClientLike, ResultLike
from .client_scope import ClientScope
from .clients import Connections, GroupEngines
from .growing_columns import GrowingColumns
from .membership import Membership


class GroupRecorder:
    """Recorder of all results of a group, with one callback a task.

    ``notify(result, callback)`` has `callback` called whenever tasks of a result run again.
    """

    has_news = True  # a result may have joined without an event

    def __init__(
        self,
        group: ResultLike,
        connect: Callable[[ClientLike], Connection],
        notify: Callable[[AsyncResultLike, Callable[[Any], None]], None],
    ) -> None:
        self.on_resume: Callable[[], None] = lambda: None  # called when tasks of the group run again
        self._connect = connect
        self.connections = Connections(lambda result: self.membership.has(result))
        columns = GrowingColumns()
        self.record = Record(
            weakref.ref(group), self.connections, columns, GroupEngines(self.connections), name=group._fname
        )
        self.record.can_grow = self.record.followed = True
        self.writer = RecordWriter(self.record, on_failed_attempt=self._add_failed_attempt)
        self._recorder = Recorder(self.record, EventListener(), self.writer)
        self.metadata, self.value = self._recorder.metadata, self._recorder.value
        self.scopes: list[ClientScope] = []  # one for each client
        refresh = weakly(self.refresh)
        self.membership = Membership(
            self._recorder,
            columns,
            self.connections.each,
            self._connection_of,
            lambda result: notify(result, refresh),
        )
        self._reached = {"_ready": 0, "_output_ready": 0}  # leading members of which it was True

    def drain(self) -> None:
        """Have new results join, and write what has happened to the record.

        Ends need not be read from results that are ready: our callbacks run before those of the results.
        """
        self.membership.take_new()
        if self._recorder.dirty:
            self._attach_again()
        self._recorder.drain_events()

    def _attach_again(self) -> None:
        """Attach to all that is pending: a Ctrl-C may have left futures without our callbacks."""
        with self.record.lock:
            # otherwise another thread was only inside its transaction, and an end would be missed in between
            if self._recorder.dirty:
                waiting = [future for future in self.membership.futures if future._state in PENDING]
                self._recorder.listener.detach(waiting)
                self._recorder.listener.attach_first(waiting)

    def stop_growing(self) -> None:
        """Have no more results join."""
        with self.record.lock:
            self.record.can_grow = False
            self.drain()
            self.record.version += 1

    def close(self) -> None:
        self._recorder.detach(self.membership.futures)

    def refresh(self, result: AsyncResultLike) -> None:
        """Follow the futures that a result has now: a retry or a loss of contact has replaced some."""
        membership, record, listener = self.membership, self.record, self._recorder.listener
        if not membership.has(result):
            return
        self.drain()
        with record.lock:
            changed = [
                (row, future)
                for row, future in zip(membership.rows_of(result), result._children, strict=True)
                if membership.futures[row] is not future
            ]
            listener.detach([membership.futures[row] for row, _ in changed])
            sent = [row for row, future in changed if membership.msg_ids[row] != future.msg_id]
            if sent:
                for scope in self.scopes:
                    scope.failed_attempts.forget(sent)
                    scope.watchdog.forget(sent)
                self.writer.discard_ends(sent, membership.metadata, membership.futures, membership.msg_ids)
            for row, future in changed:
                membership.futures[row], membership.msg_ids[row] = future, future.msg_id
                membership.metadata[row] = future.output.metadata
            if sent:
                record.columns.reopen(np.array(sent, np.int64), membership.msg_ids)
            self._reached = dict.fromkeys(self._reached, 0)
            listener.attach_first([future for _, future in changed])
            over = set(ended_positions([future for _, future in changed]).tolist())
            rows = [row for n, (row, _) in enumerate(changed) if n in over]
            self.writer.add_ended(np.array(rows, np.int64))
            record.version += 1
        if sent:
            self.on_resume()

    def reached(self, attribute: str) -> bool:
        """Return whether all results are `_ready`, or `_output_ready`; each is read until it once was."""
        count, members = self._reached[attribute], self.membership.members
        while count < len(members) and getattr(members[count].result, attribute):
            count += 1
        self._reached[attribute] = count
        return count == len(members)

    def _connection_of(self, client: ClientLike) -> Connection:
        """Return the connection of a client; the first call adds a scope for it."""
        for scope in self.scopes:
            if scope.client is client:
                return scope.connection
        link = self._connect(client)
        link.drop_when_collected(self.record, self.membership.msg_ids)
        self.connections.each.append(link)
        self.scopes.append(
            ClientScope(self.membership, self.connections, link, client, self.drain, self.refresh)
        )
        return link

    def _add_failed_attempt(self, position: int, engine: EngineId) -> None:
        client = self.membership.client_at(position)
        for scope in self.scopes:
            if scope.client is client:
                scope.failed_attempts.add(position, scope.local_id(engine))


def weakly(method: Callable[[AsyncResultLike], None]) -> Callable[[AsyncResultLike], None]:
    """Return a function that calls a method without keeping its object alive."""
    ref = weakref.WeakMethod(method)

    def call(result: AsyncResultLike) -> None:
        found = ref()
        if found is not None:
            with suppress(ReferenceError):
                found(result)

    return call
