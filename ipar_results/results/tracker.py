"""Every result made while the layer is on: seen at its birth, followed to its end, remembered for a while."""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from ..log import trouble
from .round_robin import Turns

if TYPE_CHECKING:
    from ..record.recorder import Recorder

_ADOPTED_AT_ONCE = 20  # a recorder takes some 50 µs: a burst of results is taken in bit by bit
_LOOKED_AT = 500  # in one round, beside those that something was heard of
_REMEMBERED = 200
_OUTPUT_GRACE = 2.0
_SETTING_UP = 0.01
TOLD_FIRST = (
    0.3  # seconds after the end of a large result in which front ends are told, before anybody looks back
)


class Where(NamedTuple):
    """The cell in which a result was made."""

    cell_id: str | None = None
    execution_count: int | None = None


class Tracked:
    """One result, by an id that every front end knows it by.

    Attributes
    ----------
    id : str
        32 hexadecimal digits, unique among all kernels.
    number : int
        Counts the results of this kernel from 1: what a person types.
    where : Where
    shown : bool
        Whether it was displayed.
    """

    def __init__(self, result: Any, recorder: Recorder, where: Where, number: int = 0) -> None:
        self.id = uuid.uuid4().hex
        self.number = number
        self.where = where
        self.shown = False
        self.over = False
        self._result: Any = result
        self._followed: Recorder | None = recorder
        self._recorder = weakref.ref(recorder)
        self._facts: dict[str, Any] | None = None
        self._ended_at: float | None = None

    @property
    def recorder(self) -> Recorder | None:
        """The recorder; None once the result has ended and its user has dropped it."""
        return self._recorder()

    @property
    def gone(self) -> bool:
        """Whether only the last facts are left."""
        return self._recorder() is None

    @property
    def stirs(self) -> bool:
        """Whether something was heard that has not been taken in."""
        return self._followed is not None and self._followed.stirs

    def facts(self, look_back: bool = True) -> dict[str, Any]:
        """What :func:`~ipar_results.facts.build_snapshot.scalars` gives; the last ones once it is gone."""
        recorder = self._recorder()
        if recorder is not None:
            return recorder.scalars(look_back)
        return self._facts or {}

    def reopen(self, result: Any, recorder: Recorder) -> None:
        """Follow it again, after a retry."""
        self._result, self._followed, self._facts = result, recorder, None
        self._ended_at, self.over = None, False

    def follow(self) -> None:
        """Take in what has happened; at its end, let go of the result."""
        recorder = self._followed
        if recorder is None:
            return
        recorder.poll()
        if not recorder.all_ended and not recorder.connection.closed:
            self._ended_at = None
            return
        self._ended_at = self._ended_at or time.monotonic()
        ended_for = time.monotonic() - self._ended_at
        patience = TOLD_FIRST * recorder.large if self._result._output_ready else _OUTPUT_GRACE
        if ended_for < patience and not recorder.connection.closed:
            return
        self.let_go()

    def let_go(self) -> None:
        """Keep the last facts, and nothing alive."""
        if self._followed is not None:
            self._facts = self._followed.scalars()
        self._result = self._followed = None
        self.over = True


class Tracker:
    """The results of one kernel, oldest first.

    Parameters
    ----------
    recorder : callable
        Gives the recorder of a result.
    wake : callable
        Has :meth:`round` called again and again until it says that nothing is left to do.

    Attributes
    ----------
    where : Where
        Where results are made now.
    stirred : list of Tracked
        Those of which something was heard in the last round, where there are too many to look at all of them.
    """

    def __init__(self, recorder: Callable[[Any], Recorder], wake: Callable[[], None]) -> None:
        self.where = Where()
        self.stirred: list[Tracked] = []
        self._recorder = recorder
        self._wake = wake
        self._turns = Turns(_LOOKED_AT)
        self._births: deque[tuple[weakref.ref[Any], Where]] = deque()
        self._old_births = 0
        self._numbers = count(1)
        self._entries: weakref.WeakKeyDictionary[Any, Tracked] = weakref.WeakKeyDictionary()
        self._tracked: dict[str, Tracked] = {}
        self._lock = threading.Lock()
        self._adopting = threading.Lock()

    # told by the user's threads --------------------------------------------------------------------

    def born(self, result: Any) -> None:
        """Note a new AsyncResult, cheaply: a load-balanced map makes one for each task."""
        self._births.append((weakref.ref(result), self.where))
        self._wake()

    def entry(self, result: Any, where: Where | None = None) -> Tracked:
        """The entry of a result, made now where it has none."""
        with self._lock:
            entry = self._entries.get(result)
            if entry is None:
                recorder = self._recorder(result)
                recorder.woken.append(self._woken)
                entry = Tracked(result, recorder, where or self.where, next(self._numbers))
                self._entries[result] = self._tracked[entry.id] = entry
        self._wake()
        return entry

    def _woken(self, result: Any) -> None:
        """Follow a result again whose tasks run again."""
        self.entry(result).reopen(result, self._recorder(result))
        self._wake()

    # asked by views --------------------------------------------------------------------------------

    def find(self, result_id: str) -> Tracked | None:
        """The entry with this id."""
        return self._tracked.get(result_id)

    def all(self) -> list[Tracked]:
        """All entries, oldest first."""
        with self._lock:
            return list(self._tracked.values())

    def ids(self) -> set[str]:
        """The ids of all entries."""
        with self._lock:
            return set(self._tracked)

    def catch_up(self) -> None:
        """Take in what was made up to now, for somebody who wants to see it at once."""
        there = len(self._births)
        if there:
            time.sleep(_SETTING_UP)  # a map elsewhere may be about to say that the newest is a part of it
            self._adopt(there, there)

    # the ticker's thread ---------------------------------------------------------------------------

    def round(self) -> bool:
        """Take in new results and follow those that have not ended; returns whether there is more to do."""
        # what is as old as a round has been set up by now, and says what it is part of
        self._adopt(self._old_births, _ADOPTED_AT_ONCE)
        self._old_births = len(self._births)
        active = [entry for entry in self.all() if not entry.over]
        turn = self._turns.take(active)
        self.stirred = [entry for entry in active if entry.stirs] if len(turn) < len(active) else []
        for entry in dict.fromkeys(self.stirred + turn):
            try:
                entry.follow()
            except Exception:
                trouble("following a result")
                entry.let_go()
        if self._turns.over:
            self._forget()
        return bool(active or self._births)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._tracked.clear()
            self._entries.clear()
            self._births.clear()

    def _adopt(self, due: int, room: int) -> None:
        with self._adopting:
            due = min(due, len(self._births))
            while due and room:
                due -= 1
                ref, where = self._births.popleft()
                result = ref()
                if result is None or not stands_alone(result):
                    continue
                room -= 1
                try:
                    self.entry(result, where)
                except Exception:
                    trouble("following a new result")

    def _forget(self) -> None:
        """Keep the newest of those of which only the last facts are left."""
        with self._lock:
            gone = [entry for entry in self._tracked.values() if entry.gone]
            for entry in gone[:-_REMEMBERED]:
                del self._tracked[entry.id]


def stands_alone(result: Any) -> bool:
    """Whether somebody submitted it, and not a map or a split that puts it together with others."""
    from ipyparallel import AsyncResult

    return type(result) is not AsyncResult or bool(result.owner)
