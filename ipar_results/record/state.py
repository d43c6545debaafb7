"""What is known of one result: what views, waiting and exports read, whatever fills it."""

from __future__ import annotations

import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..facts.advice.look_back import LARGE
from ..model.arrays import Index
from ..model.snapshot import EngineId
from ..model.status import ABORTED, FAILED, QUEUED
from .columns import Columns

if TYPE_CHECKING:
    from ..control.watchdog import Rescue
    from ..upstream.connection import Connection
    from .clock import Clock

_SUBMITTED, _RECEIVED = itemgetter("submitted"), itemgetter("received")


class Known(ABC):
    """The reading side of a recorder; each question first takes in what has happened.

    Attributes
    ----------
    columns : Columns
    clock : Clock
    connection : Connection
        The connection to the result's controller.
    rescue : Rescue
    name : str
    """

    columns: Columns
    clock: Clock
    connection: Connection
    rescue: Rescue
    name: str
    _result: weakref.ref[Any]
    _lock: threading.RLock
    _listening: bool
    _present: frozenset[int] | None
    _heard_at: float

    @abstractmethod
    def drain(self) -> None:
        """Take in what has happened since the last call."""

    def result(self) -> Any:
        """The result; None once nobody holds it any more."""
        return self._result()

    def records(self, result: Any) -> Sequence[Any]:
        """The metadata of each message, as ipyparallel keeps it."""
        return result._metadata  # type: ignore[no-any-return]

    def value_of(self, result: Any) -> Any:
        """The value of a result of one ended message; None where it is gone."""
        return None if result is None else result._children[0].result(0)

    @property
    def lock(self) -> threading.RLock:
        """Held while the columns are written, and by those who read several of them at once."""
        return self._lock

    @property
    def done(self) -> int:
        """Inputs that have ended."""
        self.drain()
        return self.columns.total - int(self.columns.counts[QUEUED])

    @property
    def any_failed(self) -> bool:
        """Whether a message failed or was aborted."""
        self.drain()
        return bool(self.columns.counts[FAILED] or self.columns.counts[ABORTED])

    @property
    def any_ended(self) -> bool:
        """Whether a message has ended."""
        self.drain()
        return self.columns.ended > 0

    @property
    def finished(self) -> bool:
        """Whether every message has ended."""
        self.drain()
        return self.all_ended

    @property
    def all_ended(self) -> bool:
        """The same, of what has been taken in."""
        return self.columns.ended == self.columns.messages

    @property
    def sizes(self) -> tuple[int, int]:
        """How many messages and inputs there will be, as far as that is known."""
        return self.columns.messages, self.columns.total

    @property
    def large(self) -> bool:
        """Whether looking back at it takes long enough to be noticed."""
        return self.columns.messages > LARGE

    @property
    def growing(self) -> bool:
        """Whether there will be more than is known."""
        return False

    @property
    def mine(self) -> Index:
        """Positions of the messages that an action is about."""
        return np.arange(self.columns.messages)

    @property
    def submitted(self) -> float:
        """POSIX seconds of the first submission; NaN where it is not known."""
        return self.clock.submitted

    @property
    def elapsed(self) -> float:
        """Seconds since the first submission; never falls, and stops at the last arrival."""
        with self._lock:
            return self.clock.elapsed(self.finished)

    @property
    def wall_time(self) -> float:
        """Seconds between the first submission and the last arrival so far; 0 before any."""
        result = self._result()
        if result is not None and result._ready and not self.columns.ended:
            # all that nobody has looked at yet: two of its stamps are enough
            self.clock.sent(list(map(_SUBMITTED, result._metadata)))
            self.clock.came(list(map(_RECEIVED, result._metadata)))
        else:
            self.drain()
        return self.clock.wall_time

    @property
    def serial_time(self) -> float:
        """Seconds spent computing, all ended tasks together."""
        self.drain()
        return self.columns.serial_time

    @property
    def lost(self) -> bool:
        """Whether nothing more can be expected for this result."""
        return self.rescue.lost(self.connection)

    @property
    def note(self) -> str:
        """What a person must know of the way to the engines; an empty text while all is well."""
        return self.rescue.note(self.connection)

    def remark(self, finished: bool) -> str:
        """What a person must know beside the counts."""
        return "" if finished else self.note

    @property
    def quiet(self) -> float:
        """Seconds since something was last heard of this result."""
        return time.monotonic() - self._heard_at

    def present(self, engine_id: EngineId) -> bool:
        """Whether an engine is in the cluster, or was when the result ended.

        Of a result that had ended before anybody looked nothing is known, so nothing is said.
        """
        if self._present is None:
            now, ended = self.connection.alive_engines(), self.all_ended
            if ended and not self._listening:
                return True
            if not ended:
                return engine_id in now
            self._present = now
        return engine_id in self._present
