"""Tracker of all results made while the layer is on: polls each to its end, and remembers it for a while."""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from ..log import log_error, log_errors
from .round_robin import RoundRobin

if TYPE_CHECKING:
    from ..model.snapshot import Summary
    from ..upstream.protocols import AsyncResultLike, ResultLike
    from .followed import Followed

_ADOPTED_PER_ROUND = 20  # to follow a result takes some 50 µs: a burst of results is spread over rounds
_POLLED_PER_ROUND = 500  # beside those with news
_REMEMBERED = 200  # results of which only the last summary is left
_OUTPUT_TIMEOUT = 2.0  # seconds after its end for which a result is polled until all output has arrived
_MARKING_TIME = 0.01  # seconds in which another thread marks a new result as part of a map
# seconds after the end of a large result in which front ends are updated, before the run is analysed
FRONT_ENDS_FIRST = 0.3


class Cell:
    """The cell in which a result was made."""

    def __init__(self, cell_id: str | None = None, execution_count: int | None = None) -> None:
        self.cell_id, self.execution_count = cell_id, execution_count


class Tracked:
    """Entry of one result in the tracker."""

    def __init__(self, result: ResultLike, followed: Followed, cell: Cell, number: int = 0) -> None:
        self.id = uuid.uuid4().hex  # unique among all kernels
        self.number = number  # in this kernel, from 1, as users type it
        self.cell = cell
        self.shown = False
        self.over = False  # it has ended and is no longer polled
        self._result: ResultLike | None = result
        self._polled: Followed | None = followed
        self._followed = weakref.ref(followed)
        self._last: Summary | None = None
        self._ended_at: float | None = None

    @property
    def followed(self) -> Followed | None:
        """The facade; None once the result has ended and its user has dropped it."""
        return self._followed()

    @property
    def name(self) -> str:
        followed = self.followed
        if followed is not None:
            return followed.name
        return "" if self._last is None else self._last.name

    def is_named(self, name: str) -> bool:
        """Return whether the result still has a name that it had."""
        followed = self.followed
        return self.name == name if followed is None else followed.is_named(name)

    @property
    def gone(self) -> bool:
        """Whether only the last summary is left."""
        return self.followed is None

    @property
    def has_news(self) -> bool:
        """Whether events were received that have not been drained."""
        return self._polled is not None and self._polled.source.has_news

    def summary(self, analyse_run: bool = True) -> Summary | None:
        """Return the summary; the last one where the result is gone, None where there is none."""
        followed = self.followed
        return self._last if followed is None else followed.summary(analyse_run)

    def reopen(self, result: ResultLike, followed: Followed) -> None:
        """Poll the result again, after a retry."""
        self._result, self._polled, self._last = result, followed, None
        self._ended_at, self.over = None, False

    def poll(self) -> None:
        """Poll the result; release it once it has ended and its output has arrived."""
        followed, result = self._polled, self._result
        if followed is None or result is None:
            return
        followed.poll()
        record, now = followed.record, time.monotonic()
        closed = record.connection.closed
        if not record.finished and not closed:
            self._ended_at = None
            return
        self._ended_at = self._ended_at or now
        delay = FRONT_ENDS_FIRST * record.large if result._output_ready else _OUTPUT_TIMEOUT
        if closed or now - self._ended_at >= delay:
            self.release()

    def release(self) -> None:
        """Keep only the last summary, and no reference to the result."""
        if self._polled is not None:
            # once the result is gone, no variable holds it
            self._last = replace(self._polled.summary(), name=self._polled.record.name)
        self._result = self._polled = None
        self.over = True


class Tracker:
    """Results of one kernel, oldest first.

    `wake` has :meth:`round` called repeatedly until it returns False.
    """

    def __init__(self, followed: Callable[[ResultLike], Followed], wake: Callable[[], None]) -> None:
        self.cell = Cell()  # the one that runs now
        self.with_news: list[Tracked] = []  # in the last round, if there were too many to poll all
        self._followed = followed
        self._wake = wake
        self._round_robin = RoundRobin(_POLLED_PER_ROUND)
        self._new: deque[tuple[weakref.ref[AsyncResultLike], Cell]] = deque()
        self._settled = 0  # number of new results that are a round old
        self._numbers = count(1)
        self._entries: weakref.WeakKeyDictionary[ResultLike, Tracked] = weakref.WeakKeyDictionary()
        self._tracked: dict[str, Tracked] = {}
        self._lock = threading.Lock()
        self._adopting = threading.Lock()

    # called in the user's threads ------------------------------------------------------------------

    def add_new(self, result: AsyncResultLike) -> None:
        """Queue a new AsyncResult; must be fast, as a load-balanced map makes one for each task."""
        self._new.append((weakref.ref(result), self.cell))
        self._wake()

    def entry(self, result: ResultLike, cell: Cell | None = None) -> Tracked:
        """Return the entry of a result; made now if it has none."""
        with self._lock:
            entry = self._entries.get(result)
            if entry is None:
                followed = self._followed(result)
                followed.on_resume.append(self._resume)
                entry = Tracked(result, followed, cell or self.cell, next(self._numbers))
                self._entries[result] = self._tracked[entry.id] = entry
        self._wake()
        return entry

    def _resume(self, result: ResultLike) -> None:
        """Poll a result again, as its tasks run again."""
        self.entry(result).reopen(result, self._followed(result))
        self._wake()

    # called by views ------------------------------------------------------------------------------

    def find(self, result_id: str) -> Tracked | None:
        return self._tracked.get(result_id)

    def all(self) -> list[Tracked]:
        with self._lock:
            return list(self._tracked.values())

    def ids(self) -> set[str]:
        with self._lock:
            return set(self._tracked)

    def catch_up(self) -> None:
        """Adopt all results made up to now, for a view that needs them at once."""
        new = len(self._new)
        if new:
            time.sleep(_MARKING_TIME)
            self._adopt(new, new)

    # the ticker's thread ---------------------------------------------------------------------------

    def round(self) -> bool:
        """Adopt new results and poll those that have not ended; return whether there is more to do."""
        # a result that is a round old is marked by now if it is part of a map
        self._adopt(self._settled, _ADOPTED_PER_ROUND)
        self._settled = len(self._new)
        active = [entry for entry in self.all() if not entry.over]
        batch = self._round_robin.take(active)
        self.with_news = [entry for entry in active if entry.has_news] if len(batch) < len(active) else []
        for entry in dict.fromkeys(self.with_news + batch):
            try:
                entry.poll()
            except Exception:
                log_error("following a result")
                entry.release()
        if self._round_robin.complete:
            self._forget_oldest()
        return bool(active or self._new)

    def close(self) -> None:
        """Drop all entries."""
        with self._lock:
            self._tracked.clear()
            self._entries.clear()
            self._new.clear()

    def _adopt(self, due: int, limit: int) -> None:
        """Make entries for up to `limit` of the `due` oldest new results; parts of maps get none."""
        with self._adopting:
            due = min(due, len(self._new))
            while due and limit:
                due -= 1
                ref, cell = self._new.popleft()
                result = ref()
                if result is None or not is_standalone(result):
                    continue
                limit -= 1
                with log_errors("following a new result"):
                    self.entry(result, cell)

    def _forget_oldest(self) -> None:
        """Drop all but the newest entries of which only the last summary is left."""
        with self._lock:
            gone = [entry for entry in self._tracked.values() if entry.gone]
            for entry in gone[:-_REMEMBERED]:
                del self._tracked[entry.id]


def is_standalone(result: AsyncResultLike) -> bool:
    """Return whether a user submitted the result; a map or a split makes parts of a larger one."""
    from ipyparallel import AsyncResult

    return type(result) is not AsyncResult or result.owner
