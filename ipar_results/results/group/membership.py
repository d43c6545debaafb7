"""How results join a group: each is noted when it is made, and entered once all is said about it."""

from __future__ import annotations

import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...model.status import OK
from ...record.recorder import Recorder
from ...upstream.connection import Connection
from ...upstream.futures import PENDING, ended_positions, has_output
from ..tracker import stands_alone
from .clients import Connections, GroupRoster, Part
from .growing_columns import GrowingColumns

# a result says whether it is part of a map a few instructions after it was made
_UNDECIDED = 0.25


class Member(NamedTuple):
    """One result of a group, and the positions of its messages in the group."""

    result: Any
    part: Part
    rows: Sequence[int]


class Joining(Recorder, ABC):
    """A recorder whose messages become more: those of all results that join.

    Parameters
    ----------
    group : Group
        Held weakly.
    meet : callable
        Gives the connection of a client.
    joined : callable
        Is told of each result that joins.

    Attributes
    ----------
    open : bool
        More results may join.
    expected : int or None
        Inputs that there will be, where that is known before they are submitted.
    futures, metadata, msg_ids : list
        Of all messages, by position.
    members : list of Member
        The results that have joined.
    """

    def __init__(
        self, group: Any, meet: Callable[[Any], Connection], joined: Callable[[Any, Any], None]
    ) -> None:
        self.open = True
        self.expected: int | None = None
        self.futures: list[Any] = []
        self.metadata: list[Any] = []
        self.msg_ids: list[str] = []
        self.members: list[Member] = []
        self.parts: list[Part] = []
        self._owner: list[int] = []
        self._of: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._births: deque[tuple[Any, int, float]] = deque()
        self._newest: dict[int, Any] = {}
        self._meet = meet
        self._joined = joined
        connections = Connections()
        super().__init__(group, connections)  # type: ignore[arg-type]
        self.connection: Connections = connections  # type: ignore[assignment]
        self.columns: GrowingColumns = GrowingColumns()
        self.engines = GroupRoster(connections)
        self.single = False

    def _start(self, result: Any) -> None:
        self._listening = True

    def born(self, result: Any) -> None:
        """Note a result that was made just now, in the thread that made it; cheap, a map makes many."""
        thread = threading.get_ident()
        self._births.append((result, thread, time.monotonic()))
        self._newest[thread] = result

    def add(self, results: Sequence[Any]) -> None:
        """Take in results that exist already."""
        with self._lock:
            self._join([result for result in results if result not in self._of])

    def shut(self) -> None:
        """No more results join."""
        with self._lock:
            self.open = False
            self.drain()
            self.version += 1

    def _take_births(self) -> None:
        with self._lock:
            births, now = list(self._births), time.monotonic()
            # where its thread has gone on to another one, all is said about a result
            decided = [
                not self.open or self._newest.get(thread) is not result or now - since > _UNDECIDED
                for result, thread, since in births
            ]
            due = [
                result
                for (result, _, _), said in zip(births, decided, strict=True)
                if said and result not in self._of and stands_alone(result)
            ]
            if due:
                self._join(due)
            # not before they have joined: a Ctrl-C must not lose one
            for said in decided:
                if not said:
                    break
                self._births.popleft()
            if not self.open:
                self._newest.clear()

    def _join(self, results: list[Any]) -> None:
        fresh: list[tuple[Any, int]] = []
        inputs: list[int] = []
        found: dict[str, int] = {}
        begin, known = self.columns.messages, len(self.members)
        for result in results:
            rows, sizes, new = [], result._chunk_sizes, False
            for msg_id, future in zip(result.msg_ids, result._children, strict=True):
                row = self.columns.at(msg_id)
                row = found.get(msg_id) if row is None else row
                if row is None:  # else another result of the group has this message already
                    row = found[msg_id] = begin + len(fresh)
                    fresh.append((future, len(self.members)))
                    inputs.append(sizes.get(msg_id, 1) if sizes else 1)
                    new = True
                rows.append(row)
            if new:
                self.members.append(Member(result, self._part(result._client), rows))
        try:
            self._enter_fresh([future for future, _ in fresh], [owner for _, owner in fresh], inputs)
        except BaseException:  # a Ctrl-C
            if self.columns.messages == begin:
                for torn in (self.futures, self.metadata, self.msg_ids, self._owner):
                    del torn[begin:]
                del self.members[known:]
            raise
        finally:
            for number, member in enumerate(self.members[known:], known):
                self._of[member.result] = number
                self._joined(member.result, self)

    def _enter_fresh(self, futures: list[Any], owners: list[int], inputs: list[int]) -> None:
        ids = [future.msg_id for future in futures]
        metadata = [future.output.metadata for future in futures]
        self._torn = True
        self.futures += futures
        self.metadata += metadata
        self.msg_ids += ids
        self._owner.extend(owners)
        begin = self.columns.append(ids, inputs)
        waiting = [future.msg_id for future in futures if future._state in PENDING]
        for word in (part.connection.is_direct(waiting) for part in self.parts):
            if word is not None:
                self.direct = word and self.direct is not False
        self.listen(futures)
        first = np.isnan(self.clock.submitted)
        self.clock.sent([md["submitted"] for md in metadata])
        if first:
            self.clock.place()
        self._absorb(ended_positions(futures) + begin)
        self._note_begun(begin, metadata)
        for part in self.parts:
            if tried := part.connection.early_events.take(futures):
                self._note_tries(tried)
        self.version += 1
        self._torn = False

    def _note_begun(self, begin: int, metadata: list[Any]) -> None:
        now = time.time()
        for row, md in enumerate(metadata, begin):
            engine = md["engine_id"]
            if engine is not None and self.columns.status[row] < OK and not isinstance(engine, list):
                self.running[row] = (self.engines.slots([engine], [md])[0], now)
                if has_output(md):
                    self._note_output([row])

    @abstractmethod
    def _part(self, client: Any) -> Part:
        """The part of a client, made where this is its first result."""

    def listen(self, futures: Sequence[Any]) -> None:
        """Hear what comes of these futures before their own results do, so that no user is ahead of us."""
        on_iopub, on_done = self._listener.on_iopub, self._listener.on_done
        for future in futures:
            with future._condition:
                if future._state in PENDING:
                    future.iopub_callbacks.append(on_iopub)
                    future._done_callbacks.insert(0, on_done)

    def has(self, result: Any) -> bool:
        """Whether a result has joined."""
        return result is not None and result in self._of
