"""Many results followed as one: the recorder of a group, whose messages become more while its block runs."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from .columns import OK
from .growing import GrowingColumns
from .ids import Index
from .link import Link
from .outcomes import PENDING, ended, wrote_something
from .parts import GroupRoster, Links, Part, Routes, pending_of, positions
from .recorder import Recorder
from .tracking import stands_alone

# a result says whether it is part of a map a few instructions after it was made
_UNDECIDED = 0.25


class Member(NamedTuple):
    """One result of a group, and the positions of its messages in the group."""

    result: Any
    part: Part
    rows: Sequence[int]


class GroupRecorder(Recorder):
    """Follows all results of a group in one set of columns, with one callback a task.

    Parameters
    ----------
    group : Group
        Held weakly.
    meet : callable
        Gives the link of a client.
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
    """

    def __init__(
        self, group: Any, meet: Callable[[Any], Link], joined: Callable[[Any, GroupRecorder], None]
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
        self._reached = {"_ready": 0, "_output_ready": 0}
        self._meet = meet
        self._joined = joined
        links = Links()
        super().__init__(group, links)  # type: ignore[arg-type]
        self.link: Links = links  # type: ignore[assignment]
        self.columns: GrowingColumns = GrowingColumns()
        self.engines = GroupRoster(links)
        self.rescue = Routes(self)
        self.single = False

    def _start(self, result: Any) -> None:
        self._listening = True

    # results join --------------------------------------------------------------------------------

    def born(self, result: Any) -> None:
        """Note a result that was made just now, in the thread that made it; cheap, a map makes many."""
        thread = threading.get_ident()
        self._births.append((result, thread, time.monotonic()))
        self._newest[thread] = result

    def add(self, results: Sequence[Any]) -> None:
        """Take in results that exist already."""
        with self._lock:
            self._join([result for result in results if result not in self._of])

    def close(self) -> None:
        """Take our callbacks off what is still pending; a second call does nothing."""
        listening, self._listening = self._listening, False
        self._deaf = self._deaf or listening
        if listening:
            self.deafen(self.futures)

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
        for word in (part.link.direct(waiting) for part in self.parts):
            if word is not None:
                self.direct = word and self.direct is not False
        self.listen(futures)
        first = np.isnan(self.clock.submitted)
        self.clock.sent([md["submitted"] for md in metadata])
        if first:
            self.clock.place()
        self._absorb(ended(futures) + begin)
        self._note_begun(begin, metadata)
        for part in self.parts:
            if tried := part.link.first_words.take(futures):
                self._note_tries(tried)
        self.version += 1
        self._torn = False

    def _note_begun(self, begin: int, metadata: list[Any]) -> None:
        now = time.time()
        for row, md in enumerate(metadata, begin):
            engine = md["engine_id"]
            if engine is not None and self.columns.status[row] < OK and not isinstance(engine, list):
                self.running[row] = (self.engines.slots([engine], [md])[0], now)
                if wrote_something(md):
                    self._note_output([row])

    def _part(self, client: Any) -> Part:
        for part in self.parts:
            if part._client is client:
                return part
        part = Part(self, self._meet(client), client)
        part.link.keep_until_gone(self, self.msg_ids)
        self.link.each.append(part.link)
        self.parts.append(part)
        return part

    # what goes on --------------------------------------------------------------------------------

    def listen(self, futures: Sequence[Any]) -> None:
        """Hear what comes of these futures before their own results do, so that no user is ahead of us."""
        on_iopub, on_done = self._listener._on_iopub, self._listener._on_done
        for future in futures:
            with future._condition:
                if future._state in PENDING:
                    future.iopub_callbacks.append(on_iopub)
                    future._done_callbacks.insert(0, on_done)

    def hear_every_end(self) -> None:
        """Note each attempt that ends, also one that shows no error."""
        self._listener.every_end = True

    def drain(self) -> None:
        """Take in new results and what has happened to all."""
        if self._births:
            self._take_births()
        super().drain()

    def _overtaken(self) -> None:
        """Nothing: our callbacks run before those of the results."""

    @property
    def stirs(self) -> bool:
        """Whether it is worth looking: results may have joined of which nobody has heard yet."""
        return True

    def poll(self) -> None:
        """Keep up with what does not come by itself."""
        self.drain()
        if self.columns.ended == self.columns.messages:
            return
        self.link.check()
        for part in self.parts:
            part.look()

    def refresh(self, result: Any) -> None:
        """Follow the futures that a result has now: some were sent again, or are waited for anew."""
        number = self._of.get(result)
        if number is None:
            return
        self.drain()
        again = False
        with self._lock:
            rows = self.members[number].rows
            changed = [
                (row, future)
                for row, future in zip(rows, result._children, strict=True)
                if self.futures[row] is not future
            ]
            self.deafen([self.futures[row] for row, _ in changed])
            sent = [row for row, future in changed if self.msg_ids[row] != future.msg_id]
            if sent:
                again = True
                self._reopen_rows(sent)
            for row, future in changed:
                self.futures[row], self.msg_ids[row] = future, future.msg_id
                self.metadata[row] = future.output.metadata
            if sent:
                self.columns.reopen(np.array(sent, np.int64), self.msg_ids)
            self._reached = dict.fromkeys(self._reached, 0)
            self.listen([future for _, future in changed])
            now_ended = set(ended([future for _, future in changed]).tolist())
            self._absorb(np.array([row for n, (row, _) in enumerate(changed) if n in now_ended], np.int64))
            self.version += 1
        group = self._result()
        if again and group is not None:
            self.wake(group)

    def _reopen_rows(self, rows: list[int]) -> None:
        columns = self.columns
        self.clock.go_on(self.all_ended)
        self._present = None
        self.rescue.spare(rows)
        self.link.sent.drop([self.msg_ids[row] for row in rows])
        for row in rows:
            self.attempts.add(row, self.metadata[row])
        inputs = {columns.first_input(row): columns.carried(row) for row in rows}
        self.failures.drop(inputs, self._where_it_failed)

    # what is known -------------------------------------------------------------------------------

    @property
    def all_ended(self) -> bool:
        """Whether everything has ended and nothing more joins."""
        return not self.open and super().all_ended

    @property
    def sizes(self) -> tuple[int, int]:
        """How many messages and inputs there will be, as far as that is known."""
        columns = self.columns
        more = max(0, self.expected - columns.total) if self.open and self.expected is not None else 0
        return columns.messages + more, columns.total + more

    @property
    def growing(self) -> bool:
        """Whether there will be more than is known."""
        return self.open and self.expected is None

    @property
    def elapsed(self) -> float:
        """Seconds since the first submission; 0 before it."""
        self.drain()
        return 0.0 if np.isnan(self.clock.submitted) else super().elapsed

    @property
    def lost(self) -> bool:
        """Whether nothing more can be expected of what has not ended."""
        lost = [part for part in self.parts if part.lost]
        return bool(lost) and all(
            part in lost or not pending_of(self.columns, part.mine) for part in self.parts
        )

    @property
    def note(self) -> str:
        """What a person must know of the ways to the engines."""
        waiting = [part.note for part in self.parts if pending_of(self.columns, part.mine)]
        return " ".join(dict.fromkeys(filter(None, [self.link.trouble, *waiting])))

    def remark(self, finished: bool) -> str:
        """What a person must know beside the counts; that the block failed stays true at the end."""
        return self.link.trouble if finished else self.note

    def reached(self, attribute: str) -> bool:
        """Whether all results are ``_ready``, or ``_output_ready``; each is asked until it once was."""
        at, members = self._reached[attribute], self.members
        while at < len(members) and getattr(members[at].result, attribute):
            at += 1
        self._reached[attribute] = at
        return at == len(members)

    def _mend(self) -> None:
        """Read the futures themselves, and listen to those that a Ctrl-C kept us from."""
        if self._torn and not self._deaf:
            with self._lock:
                waiting = [future for future in self.futures if future._state in PENDING]
                self.deafen(waiting)
                self.listen(waiting)
        super()._mend()

    # parts ---------------------------------------------------------------------------------------

    def has(self, result: Any) -> bool:
        """Whether a result has joined."""
        return result is not None and result in self._of

    def part_at(self, position: int) -> Part:
        """The part to which a message belongs."""
        return self.members[self._owner[position]].part

    def members_of(self, part: Part) -> list[Member]:
        """The results of a client."""
        return [member for member in self.members if member.part is part]

    def member_at(self, position: int) -> tuple[Member, int]:
        """The result to which a message belongs, and its place there."""
        member = self.members[self._owner[position]]
        return member, member.rows.index(position)

    def positions_of(self, part: Part) -> Index:
        """Positions of a part's messages."""
        numbers = [n for n, member in enumerate(self.members) if member.part is part]
        return positions(self._owner, numbers)


def weakly(method: Callable[[Any], None]) -> Callable[[Any], None]:
    """The same method, without keeping its object alive."""
    ref = weakref.WeakMethod(method)

    def call(result: Any) -> None:
        found = ref()
        if found is not None:
            with suppress(ReferenceError):
                found(result)

    return call
