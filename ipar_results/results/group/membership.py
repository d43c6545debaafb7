"""Membership of results in a group: each is queued when it is made, and joins once it is complete."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ...model.arrays import Index
from ...record.recorders.recorder import Recorder
from ...upstream.connection import Connection
from ...upstream.futures import PENDING, ended_positions
from ...upstream.protocols import AsyncResultLike, ClientLike, MessageFutureLike, ResultLike, TaskMetadata
from ..tracker import is_standalone
from .growing_columns import GrowingColumns

# seconds: a result is marked as part of a map a few instructions after it was made
_UNDECIDED = 0.25


class Member(NamedTuple):
    """One result of a group, and the positions of its messages in the group."""

    result: AsyncResultLike
    rows: Sequence[int]


class Membership:
    """Results of a group, and their messages by position.

    `connections` are those of its clients so far; `connect` is called for each result that joins.
    """

    def __init__(
        self,
        recorder: Recorder,
        columns: GrowingColumns,
        connections: Sequence[Connection],
        connect: Callable[[ClientLike], Connection],
        on_join: Callable[[AsyncResultLike], None],
    ) -> None:
        self.recorder = recorder
        self.futures: list[MessageFutureLike] = []
        self.metadata: list[TaskMetadata] = []
        self.msg_ids: list[str] = []
        self.members: list[Member] = []
        self._record = recorder.record
        self._columns = columns
        self._connections = connections
        self._connect = connect
        self._on_join = on_join
        self._owner: list[int] = []  # by position, the number of its member
        self._number_of: weakref.WeakKeyDictionary[AsyncResultLike, int] = weakref.WeakKeyDictionary()
        self._new: deque[tuple[AsyncResultLike, int, float]] = deque()
        self._newest: dict[int, AsyncResultLike] = {}  # by thread

    def add_new(self, result: AsyncResultLike) -> None:
        """Queue a new result, in the thread that made it; must be fast, as a map makes many."""
        thread = threading.get_ident()
        self._newest[thread] = result  # first: a result that is queued and not the newest counts as complete
        self._new.append((result, thread, time.monotonic()))

    def add(self, results: Sequence[AsyncResultLike]) -> None:
        """Have existing results join."""
        with self._record.lock:
            self._join([result for result in results if result not in self._number_of])

    def take_new(self) -> None:
        """Have those new results join of which it is known by now that they are no parts of a map."""
        if not self._new:
            return
        with self._record.lock:
            new, now, still_open = list(self._new), time.monotonic(), self._record.can_grow
            # a result is complete once its thread has made another one
            decided = [
                not still_open or self._newest.get(thread) is not result or now - since > _UNDECIDED
                for result, thread, since in new
            ]
            due = [
                result
                for (result, _, _), complete in zip(new, decided, strict=True)
                if complete and result not in self._number_of and is_standalone(result)
            ]
            if due:
                self._join(due)
            # only after they have joined: a Ctrl-C must not lose one
            for complete in decided:
                if not complete:
                    break
                self._new.popleft()
            if not still_open:
                self._newest.clear()

    def _join(self, results: list[AsyncResultLike]) -> None:
        fresh: list[tuple[MessageFutureLike, int]] = []
        inputs: list[int] = []
        found: dict[str, int] = {}
        begin, known = self._columns.messages, len(self.members)
        for result in results:
            rows, sizes, new = [], result._chunk_sizes, False
            for msg_id, future in zip(result.msg_ids, result._children, strict=True):
                row = self._columns.at(msg_id)
                row = found.get(msg_id) if row is None else row
                if row is None:  # else another result of the group has this message already
                    row = found[msg_id] = begin + len(fresh)
                    fresh.append((future, len(self.members)))
                    inputs.append(sizes.get(msg_id, 1) if sizes else 1)
                    new = True
                rows.append(row)
            if new:
                self._connect(result._client)
                self.members.append(Member(result, rows))
        try:
            self._enter([future for future, _ in fresh], [owner for _, owner in fresh], inputs)
        except BaseException:  # a Ctrl-C
            if self._columns.messages == begin:
                for torn in (self.futures, self.metadata, self.msg_ids, self._owner):
                    del torn[begin:]
                del self.members[known:]
            raise
        finally:
            for number, member in enumerate(self.members[known:], known):
                self._number_of[member.result] = number
                self._on_join(member.result)

    def _enter(self, futures: list[MessageFutureLike], owners: list[int], inputs: list[int]) -> None:
        record, recorder = self._record, self.recorder
        ids = [future.msg_id for future in futures]
        metadata = [future.output.metadata for future in futures]
        with record.lock, recorder.transaction():
            self.futures += futures
            self.metadata += metadata
            self.msg_ids += ids
            self._owner.extend(owners)
            begin = self._columns.append(ids, inputs)
            waiting = [future.msg_id for future in futures if future._state in PENDING]
            for direct in (link.is_direct(waiting) for link in self._connections):
                if direct is not None:
                    record.direct = direct and record.direct is not False
            recorder.listener.attach_first(futures)
            unplaced = np.isnan(record.clock.submitted)
            record.clock.add_submitted([md["submitted"] for md in metadata])
            if unplaced:
                record.clock.start()
            recorder.writer.add_ended(ended_positions(futures) + begin)
            recorder.add_already_started(begin, [md["engine_id"] for md in metadata], metadata)
            for link in self._connections:
                link.early_events.hand_over(futures, recorder.listener)
                if tries := link.early_events.pop_failed_attempts(futures):
                    recorder.writer.add_failed_attempts(tries)

    def has(self, result: ResultLike | None) -> bool:
        """Return whether a result has joined."""
        return result is not None and result in self._number_of

    def rows_of(self, result: AsyncResultLike) -> Sequence[int]:
        """Return the positions of the messages of a result that has joined."""
        return self.members[self._number_of[result]].rows

    def member_at(self, position: int) -> tuple[AsyncResultLike, int]:
        """Return the result to which a message belongs, and its position there."""
        member = self.members[self._owner[position]]
        return member.result, member.rows.index(position)

    def client_at(self, position: int) -> ClientLike:
        """Return the client that submitted a message."""
        return self.members[self._owner[position]].result._client

    def positions_of(self, client: ClientLike) -> Index:
        """Return the positions of a client's messages."""
        numbers = [n for n, member in enumerate(self.members) if member.result._client is client]
        return np.flatnonzero(np.isin(np.array(self._owner, np.int64), numbers)).astype(np.int64)
