"""Recorder of a group: the futures of all its results, in one record."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from ...model.snapshot import EngineId
from ...record.recorder import Recorder
from ...record.state import Record
from ...record.writer import RecordWriter
from ...upstream.events import EventListener
from ...upstream.futures import PENDING, ended_positions
from .client_scope import ClientScope
from .clients import Connections, GroupEngines
from .growing_columns import GrowingColumns
from .membership import Membership

if TYPE_CHECKING:
    from ...upstream.connection import Connection
    from ...upstream.protocols import AsyncResultLike, ClientLike


class GroupRecorder:
    """Follows all results of a group with one callback a task.

    Parameters
    ----------
    group : Group
        Held weakly.
    connect : callable
        Gives the connection of a client.
    notify : callable
        ``notify(result, callback)`` has `callback` called whenever tasks of a result run again.

    Attributes
    ----------
    on_resume : callable
        Called when tasks of the group run again.
    scopes : list of ClientScope
        One for each client.
    """

    has_news = True  # a result may have joined without an event
    drained_recently = False

    def __init__(
        self,
        group: Any,
        connect: Callable[[ClientLike], Connection],
        notify: Callable[[AsyncResultLike, Callable[[Any], None]], None],
    ) -> None:
        self.on_resume: Callable[[], None] = lambda: None
        self._connect = connect
        self.connections = Connections(lambda result: self.membership.has(result))
        columns = GrowingColumns()
        self.record = Record(
            group, self.connections, columns, GroupEngines(self.connections), name=group.label
        )
        self.record.can_grow = self.record.followed = True
        self.writer = RecordWriter(self.record, on_failed_attempt=self._add_failed_attempt)
        self._recorder = Recorder(self.record, EventListener(), self.writer)
        self.scopes: list[ClientScope] = []
        refresh = weakly(self.refresh)
        self.membership = Membership(
            self._recorder,
            columns,
            self.connections.each,
            self._connection_of,
            lambda result: notify(result, refresh),
        )
        self._reached = {"_ready": 0, "_output_ready": 0}

    # draining ------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Take in new results and what has happened to all.

        Nothing is read from results that are ready: our callbacks run before those of the results.
        """
        self.membership.take_new()
        if self._recorder.dirty:  # a Ctrl-C may have kept us from listening
            with self.record.lock:
                waiting = [future for future in self.membership.futures if future._state in PENDING]
                self._recorder.listener.detach(waiting)
                self._recorder.listener.attach_first(waiting)
        self._recorder.drain_events()

    def shut(self) -> None:
        """Let no more results join."""
        with self.record.lock:
            self.record.can_grow = False
            self.drain()
            self.record.version += 1

    def close(self) -> None:
        """Take our callbacks off what is still pending; a second call does nothing."""
        self._recorder.detach(self.membership.futures)

    def refresh(self, result: AsyncResultLike) -> None:
        """Follow the futures that a result has now: some were sent again, or are waited for anew."""
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
                    scope.forget(sent)
                self.writer.discard_ends(sent, membership.metadata, membership.msg_ids)
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
        """Return whether all results are `_ready`, or `_output_ready`; each is asked until it once was."""
        at, members = self._reached[attribute], self.membership.members
        while at < len(members) and getattr(members[at].result, attribute):
            at += 1
        self._reached[attribute] = at
        return at == len(members)

    # what the record does not hold ---------------------------------------------------------------

    def metadata(self, result: Any) -> Sequence[Any]:
        """Return the metadata of each message."""
        return self._recorder.metadata(result)

    def value(self, result: Any) -> Any:
        """Return the value of a group of one ended message."""
        return self._recorder.value(result)

    # clients -------------------------------------------------------------------------------------

    def _connection_of(self, client: ClientLike) -> Connection:
        """Return the connection of a client; its first result makes it a client of the group."""
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


def weakly(method: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return the same method, without keeping its object alive."""
    ref = weakref.WeakMethod(method)

    def call(result: Any) -> None:
        found = ref()
        if found is not None:
            with suppress(ReferenceError):
                found(result)

    return call
