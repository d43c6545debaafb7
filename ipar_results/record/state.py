"""State of one result: columns, engines, failures and clock, read by views, waiters and exports."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Any

import numpy as np

from ..model.arrays import Index
from ..model.snapshot import EngineId
from ..model.status import ABORTED, FAILED, QUEUED
from .attempts import Attempts, FailedAttempts
from .clock import Clock
from .columns import Columns
from .engines import Engines
from .failures import Failures

LARGE_RESULT = 200_000  # messages: analysing more of them takes long enough to be noticed


class Record:
    """State of one result.

    Reading it never takes in new events: :meth:`~ipar_results.results.followed.Followed.drain` does. Whoever
    writes, or reads several columns at once, holds `lock`.

    Parameters
    ----------
    result : AsyncResult or Group
        Held weakly: a record never keeps a result alive.
    single : bool
        Whether the result has one message.

    Attributes
    ----------
    version : int
        Rises with every change, so that a view never draws the same state twice.
    running : dict
        By position, the engine's slot and the POSIX time at which the task began.
    wrote : dict
        Positions of the tasks that wrote output last, oldest first.
    tries : FailedAttempts
        Engines on which pending tasks have failed so far.
    direct : bool or None
        Whether the user chose each message's engine; None where that is not known.
    open : bool
        Whether more messages may be added.
    expected : int or None
        Number of inputs to come in the end, where an open result knows it.
    followed : bool
        Whether events of the result are received, or were until it ended.
    given_up : bool
        Whether the result was ended because contact to the controller was lost.
    """

    def __init__(
        self,
        result: Any,
        connection: Any,
        columns: Columns,
        engines: Engines,
        *,
        name: str,
        single: bool = False,
    ) -> None:
        self._result = weakref.ref(result)
        self.connection = connection
        self.columns = columns
        self.engines = engines
        self.name = name
        self.single = single
        self.clock = Clock()
        self.failures = Failures()
        self.attempts = Attempts()
        self.lock = threading.RLock()
        self.version = 0
        self.running: dict[int, tuple[int, float]] = {}
        self.recent_writers: dict[int, None] = {}
        self.failed_attempts = FailedAttempts()
        self.direct: bool | None = None
        self.can_grow = False
        self.expected_inputs: int | None = None
        self.followed = False
        self.given_up = False
        self._engines_at_end: frozenset[Any] | None = None
        self._received_at = time.monotonic()

    def result(self) -> Any:
        """Return the result; None once its user has dropped it."""
        return self._result()

    # counts --------------------------------------------------------------------------------------

    @property
    def done(self) -> int:
        """Inputs that have ended."""
        return self.columns.total - int(self.columns.counts[QUEUED])

    @property
    def any_failed(self) -> bool:
        """Whether a message failed or was aborted."""
        return bool(self.columns.counts[FAILED] or self.columns.counts[ABORTED])

    @property
    def any_ended(self) -> bool:
        """Whether a message has ended."""
        return self.columns.ended > 0

    @property
    def finished(self) -> bool:
        """Whether every message has ended and none can be added."""
        return not self.can_grow and self.columns.ended == self.columns.messages

    @property
    def expected_sizes(self) -> tuple[int, int]:
        """Number of messages and inputs in the end, as far as they are known."""
        columns = self.columns
        more = (
            max(0, self.expected_inputs - columns.total)
            if self.can_grow and self.expected_inputs is not None
            else 0
        )
        return columns.messages + more, columns.total + more

    @property
    def size_unknown(self) -> bool:
        """Whether an unknown number of messages will be added."""
        return self.can_grow and self.expected_inputs is None

    @property
    def large(self) -> bool:
        """Whether analysing the whole run takes long enough to be noticed."""
        return self.columns.messages > LARGE_RESULT

    @property
    def positions(self) -> Index:
        """Positions of all messages."""
        return np.arange(self.columns.messages)

    # times ---------------------------------------------------------------------------------------

    @property
    def submitted(self) -> float:
        """POSIX seconds of the first submission; NaN where it is not known."""
        return self.clock.submitted

    @property
    def elapsed(self) -> float:
        """Seconds since the first submission; never falls, and stops at the last arrival."""
        with self.lock:
            return self.clock.elapsed(self.finished)

    @property
    def silence(self) -> float:
        """Seconds since the last event."""
        return time.monotonic() - self._received_at

    def mark_received(self) -> None:
        """Note that an event has been received just now."""
        self._received_at = time.monotonic()

    # engines -------------------------------------------------------------------------------------

    def was_engine_alive(self, engine_id: EngineId) -> bool:
        """Return whether an engine is in the cluster, or was when the result ended.

        Of a result that had ended before it was followed this is not known, and True is returned.
        """
        if self._engines_at_end is None:
            now = self.connection.alive_engines()
            if self.finished and not self.followed:
                return True
            if not self.finished:
                return engine_id in now
            self._engines_at_end = now
        return engine_id in self._engines_at_end

    # changed by a retry --------------------------------------------------------------------------

    def mark_reopened(self, positions: list[int]) -> None:
        """Drop what only holds for messages that have ended: these are sent again."""
        self.clock.resume(self.finished)
        self._engines_at_end = None
        self.failed_attempts.forget(positions)


def running_by_slot(running: dict[int, tuple[int, float]]) -> dict[int, tuple[int, float]]:
    """Return, by engine slot, the position of the task that began last there, and when (POSIX seconds).

    Parameters
    ----------
    running : dict
        By position, the engine's slot and the POSIX time at which the task began.
    """
    current: dict[int, tuple[int, float]] = {}
    for position, (slot, since) in running.items():
        if slot >= 0 and (slot not in current or since > current[slot][1]):
            current[slot] = (position, since)
    return current
