"""Tracker of all results made while the layer is on: followed to their end, and remembered for a while."""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from ..log import log_error
from .round_robin import RoundRobin

if TYPE_CHECKING:
    from ..model.snapshot import Summary
    from .followed import Followed

_ADOPTED_AT_ONCE = 20  # to follow a result takes some 50 µs: a burst of results is adopted bit by bit
_POLLED = 500  # in one round, beside those with news
_REMEMBERED = 200
_OUTPUT_GRACE = 2.0
_SETTING_UP = 0.01
# seconds after the end of a large result in which front ends are updated, before the run is analysed
FRONT_ENDS_FIRST = 0.3


class Cell(NamedTuple):
    """The cell in which a result was made."""

    cell_id: str | None = None
    execution_count: int | None = None


class Tracked:
    """One result, with the id by which front ends know it.

    Attributes
    ----------
    id : str
        32 hexadecimal digits, unique among all kernels.
    number : int
        Counts the results of this kernel from 1: what a person types.
    cell : Cell
        Where the result was made.
    shown : bool
        Whether it was displayed.
    over : bool
        Whether it has ended and is no longer polled.
    """

    def __init__(self, result: Any, followed: Followed, cell: Cell, number: int = 0) -> None:
        self.id = uuid.uuid4().hex
        self.number = number
        self.cell = cell
        self.shown = False
        self.over = False
        self._result: Any = result
        self._polled: Followed | None = followed
        self._followed = weakref.ref(followed)
        self._last: Summary | None = None
        self._ended_at: float | None = None

    @property
    def followed(self) -> Followed | None:
        """The facade; None once the result has ended and its user has dropped it."""
        return self._followed()

    @property
    def gone(self) -> bool:
        """Whether only the last summary is left."""
        return self._followed() is None

    @property
    def has_news(self) -> bool:
        """Whether events were received that have not been drained."""
        return self._polled is not None and self._polled.has_news

    def summary(self, analyse_run: bool = True) -> Summary | None:
        """Return the summary; the last one where the result is gone, None where there is none."""
        followed = self._followed()
        return self._last if followed is None else followed.summary(analyse_run)

    def reopen(self, result: Any, followed: Followed) -> None:
        """Poll it again, after a retry."""
        self._result, self._polled, self._last = result, followed, None
        self._ended_at, self.over = None, False

    def poll(self) -> None:
        """Poll the result; release it once it has ended and its output has come."""
        followed = self._polled
        if followed is None:
            return
        followed.poll()
        record = followed.record
        closed = record.connection.closed
        if not record.finished and not closed:
            self._ended_at = None
            return
        self._ended_at = self._ended_at or time.monotonic()
        ended_for = time.monotonic() - self._ended_at
        patience = FRONT_ENDS_FIRST * record.large if self._result._output_ready else _OUTPUT_GRACE
        if ended_for < patience and not closed:
            return
        self.release()

    def release(self) -> None:
        """Keep the last summary, and nothing alive."""
        if self._polled is not None:
            self._last = self._polled.summary()
        self._result = self._polled = None
        self.over = True


class Tracker:
    """Results of one kernel, oldest first.

    Parameters
    ----------
    followed : callable
        Gives the facade of a result.
    wake : callable
        Has :meth:`round` called repeatedly until it returns that nothing is left to do.

    Attributes
    ----------
    cell : Cell
        The cell that runs now.
    with_news : list of Tracked
        Those with news in the last round, where there are too many to poll all of them.
    """

    def __init__(self, followed: Callable[[Any], Followed], wake: Callable[[], None]) -> None:
        self.cell = Cell()
        self.with_news: list[Tracked] = []
        self._followed = followed
        self._wake = wake
        self._round_robin = RoundRobin(_POLLED)
        self._new: deque[tuple[weakref.ref[Any], Cell]] = deque()
        self._settled = 0  # of the new ones, how many were there a round ago
        self._numbers = count(1)
        self._entries: weakref.WeakKeyDictionary[Any, Tracked] = weakref.WeakKeyDictionary()
        self._tracked: dict[str, Tracked] = {}
        self._lock = threading.Lock()
        self._adopting = threading.Lock()

    # called in the user's threads ------------------------------------------------------------------

    def add_new(self, result: Any) -> None:
        """Note a new AsyncResult, cheaply: a load-balanced map makes one for each task."""
        self._new.append((weakref.ref(result), self.cell))
        self._wake()

    def entry(self, result: Any, cell: Cell | None = None) -> Tracked:
        """Return the entry of a result, made now where it has none."""
        with self._lock:
            entry = self._entries.get(result)
            if entry is None:
                followed = self._followed(result)
                followed.on_resume(self._resume)
                entry = Tracked(result, followed, cell or self.cell, next(self._numbers))
                self._entries[result] = self._tracked[entry.id] = entry
        self._wake()
        return entry

    def _resume(self, result: Any) -> None:
        """Poll a result again whose tasks run again."""
        self.entry(result).reopen(result, self._followed(result))
        self._wake()

    # called by views ------------------------------------------------------------------------------

    def find(self, result_id: str) -> Tracked | None:
        """Return the entry with this id."""
        return self._tracked.get(result_id)

    def all(self) -> list[Tracked]:
        """Return all entries, oldest first."""
        with self._lock:
            return list(self._tracked.values())

    def ids(self) -> set[str]:
        """Return the ids of all entries."""
        with self._lock:
            return set(self._tracked)

    def catch_up(self) -> None:
        """Adopt what was made up to now, for a view that needs it at once."""
        new = len(self._new)
        if new:
            time.sleep(_SETTING_UP)  # another thread may be about to mark the newest as part of a map
            self._adopt(new, new)

    # the ticker's thread ---------------------------------------------------------------------------

    def round(self) -> bool:
        """Adopt new results and poll those that have not ended; return whether there is more to do."""
        # what is as old as a round has been set up by now, and is marked if it is part of a map
        self._adopt(self._settled, _ADOPTED_AT_ONCE)
        self._settled = len(self._new)
        active = [entry for entry in self.all() if not entry.over]
        turn = self._round_robin.take(active)
        self.with_news = [entry for entry in active if entry.has_news] if len(turn) < len(active) else []
        for entry in dict.fromkeys(self.with_news + turn):
            try:
                entry.poll()
            except Exception:
                log_error("following a result")
                entry.release()
        if self._round_robin.complete:
            self._forget()
        return bool(active or self._new)

    def close(self) -> None:
        """Drop all entries."""
        with self._lock:
            self._tracked.clear()
            self._entries.clear()
            self._new.clear()

    def _adopt(self, due: int, room: int) -> None:
        with self._adopting:
            due = min(due, len(self._new))
            while due and room:
                due -= 1
                ref, cell = self._new.popleft()
                result = ref()
                if result is None or not stands_alone(result):
                    continue
                room -= 1
                try:
                    self.entry(result, cell)
                except Exception:
                    log_error("following a new result")

    def _forget(self) -> None:
        """Keep the newest of those of which only the last summary is left."""
        with self._lock:
            gone = [entry for entry in self._tracked.values() if entry.gone]
            for entry in gone[:-_REMEMBERED]:
                del self._tracked[entry.id]


def stands_alone(result: Any) -> bool:
    """Return whether a user submitted it; a map or a split makes parts of a larger result."""
    from ipyparallel import AsyncResult

    return type(result) is not AsyncResult or bool(result.owner)
