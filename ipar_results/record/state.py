"""State of one result: columns, engines, failures and clock, shared by views, waiters and exports."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple, Protocol

import numpy as np

from ..model.arrays import Floats, Index, Slots
from ..model.snapshot import EngineId
from ..model.status import QUEUED
from ..upstream.connection import Connection
from ..upstream.protocols import ResultLike
from .attempts import Attempts, FailedAttempts
from .clock import Clock
from .columns import Columns
from .engine_clocks import EngineClocks
from .engines import Engines, is_coalesced
from .failures import Failures

LARGE_RESULT = 200_000  # messages: the analysis of more takes noticeable time


class ConnectionLike(Protocol):
    """Connection of one client, or the connections of a group's clients."""

    @property
    def each(self) -> Sequence[Connection]: ...

    @property
    def joined_at(self) -> Mapping[EngineId, float]: ...

    @property
    def left_at(self) -> Mapping[EngineId, float]: ...

    @property
    def died(self) -> AbstractSet[EngineId]: ...

    @property
    def closed(self) -> bool: ...

    @property
    def contact_timeout(self) -> float: ...

    def alive_engines(self) -> AbstractSet[EngineId]: ...

    def mark_died(self, engine_id: EngineId, /) -> None: ...

    def other_recorders(self, recorder: Record, /) -> list[Record]: ...

    def record_contact(self) -> None: ...

    def check_contact(self) -> None: ...


class Presence(NamedTuple):
    """Time of an engine in the cluster, in seconds after the first submission.

    `joined` is 0 if it was there before. `left` is infinite if it stayed until the result had ended, and NaN
    if it is unknown. `died` tells whether it held a task when it left.
    """

    joined: float
    left: float = np.inf
    died: bool = False


@dataclass(eq=False, repr=False)
class Record:
    """State of one result.

    Reading it never drains events; :attr:`~ipar_results.results.followed.Followed.drain` does. Hold `lock` to
    write, or to read several columns consistently.
    """

    result: weakref.ref[ResultLike]  # an AsyncResult or Group, which a record never keeps alive
    connection: ConnectionLike
    columns: Columns
    engines: Engines
    name: str
    single: bool = False  # it has one message
    clock: Clock = field(default_factory=Clock)
    engine_clocks: EngineClocks = field(default_factory=EngineClocks)
    failures: Failures = field(default_factory=Failures)
    attempts: Attempts = field(default_factory=Attempts)
    failed_attempts: FailedAttempts = field(default_factory=FailedAttempts)
    lock: threading.RLock = field(default_factory=threading.RLock)
    version: int = 0  # increases with every change, so that a view never draws the same state twice
    # by position, the engine's slot and the POSIX time at which the task began
    running: dict[int, tuple[int, float]] = field(default_factory=dict)
    # positions of the tasks that wrote output most recently, oldest first; the values mean nothing
    recent_writers: dict[int, None] = field(default_factory=dict)
    direct: bool | None = None  # whether the user chose each message's engine; None if unknown
    can_grow: bool = False  # more messages may be added
    expected_inputs: int | None = None  # of a record that can grow, at the end; None if unknown
    followed: bool = False  # events of the result are received, or were until it ended
    given_up: bool = False  # it was ended because contact to the controller was lost
    reopened: int = 0  # how often messages were sent again
    _received_at: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Inputs that have ended."""
        return self.columns.total - int(self.columns.counts[QUEUED])

    @property
    def finished(self) -> bool:
        """Whether every message has ended and none can be added."""
        return not self.can_grow and self.columns.ended == self.columns.messages

    @property
    def expected_sizes(self) -> tuple[int, int]:
        """Final number of messages and of inputs, as far as known."""
        columns, expected = self.columns, self.expected_inputs if self.can_grow else None
        more = 0 if expected is None else max(0, expected - columns.total)
        return columns.messages + more, columns.total + more

    @property
    def large(self) -> bool:
        """Whether the analysis of the whole run takes noticeable time."""
        return self.columns.messages > LARGE_RESULT

    @property
    def positions(self) -> Index:
        """Positions of all messages."""
        return np.arange(self.columns.messages)

    @property
    def elapsed(self) -> float:
        """Seconds since the first submission, never decreasing, up to the last arrival."""
        with self.lock:
            return self.clock.elapsed(self.finished)

    @property
    def silence(self) -> float:
        """Seconds since the last event."""
        return time.monotonic() - self._received_at

    def mark_received(self) -> None:
        """Record that an event was received just now."""
        self._received_at = time.monotonic()

    def presence(self) -> list[Presence]:
        """Return by engine slot when each engine was in the cluster."""
        link, ids, holders = self.connection, self.engines.ids, {slot for slot, _ in self.running.values()}
        moments = self.joined().tolist()
        stays = {moment: Presence(moment) for moment in set(moments)}  # far fewer than a thousand engines
        found = list(map(stays.__getitem__, moments))
        absent = set(ids) - link.alive_engines()
        if link.closed or (self.finished and not self.followed):  # what was not seen to leave has stayed
            absent &= link.left_at.keys() | {ids[slot] for slot in self.engines.died}
        for engine_id in absent:
            if not is_coalesced(engine_id):
                slot = self.engines.slot(engine_id, None)
                found[slot] = self._absence(slot, engine_id, moments[slot], slot in holders)
        return found

    def _absence(self, slot: int, engine_id: EngineId, joined: float, holds_task: bool) -> Presence:
        """Return when an engine was in the cluster that is not there now."""
        link, died = self.connection, slot in self.engines.died
        left_at = link.left_at.get(engine_id)
        if left_at is None:  # it left before this client was followed, or died
            stayed = self.finished and isinstance(engine_id, int)
        else:
            stayed, died = self.finished and left_at > self.clock.received, died or holds_task
        if stayed and not died:
            return Presence(joined)
        left = float(self.clock.offsets(np.array([np.nan if left_at is None else left_at]))[0])
        return Presence(joined, left, died or engine_id in link.died)

    def joined(self) -> Floats:
        """Return by engine slot the seconds after the first submission at which it joined; 0 if before."""
        joined_at = self.connection.joined_at.get
        moments = np.array(list(map(joined_at, self.engines.ids, repeat(-np.inf))), np.float64)
        return np.fmax(self.clock.offsets(moments), 0.0)

    def mark_reopened(self, positions: list[int]) -> None:
        """Resume the clock and forget past failures: these messages are sent again."""
        self.clock.resume(self.finished)
        self.reopened += 1
        self.failed_attempts.forget(positions)


def running_by_slot(running: dict[int, tuple[int, float]]) -> dict[int, tuple[int, float]]:
    """Return, by engine slot, the position of the task that began last there, and when (POSIX seconds)."""
    current: dict[int, tuple[int, float]] = {}
    for position, (slot, since) in running.items():
        if slot >= 0 and (slot not in current or since > current[slot][1]):
            current[slot] = (position, since)
    return current


def running_columns(running: dict[int, tuple[int, float]]) -> tuple[Index, Slots, Floats]:
    """Return, by running task, its position, its engine's slot, and when it began (POSIX seconds)."""
    rows = np.array([(position, *task) for position, task in running.items()], np.float64).reshape(-1, 3)
    return rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int32), rows[:, 2]
