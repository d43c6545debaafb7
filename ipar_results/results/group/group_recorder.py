"""Many results followed as one: what goes on in a group, and what is known of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from ...model.arrays import Index
from ...upstream.connection import Connection
from ...upstream.futures import PENDING, ended_positions
from .clients import Part, Routes, pending_of, positions
from .membership import Joining, Member


class GroupRecorder(Joining):
    """Follows all results of a group in one set of columns, with one callback a task.

    Parameters
    ----------
    group, meet, joined
        As for :class:`Joining`.
    """

    def __init__(
        self, group: Any, meet: Callable[[Any], Connection], joined: Callable[[Any, GroupRecorder], None]
    ) -> None:
        super().__init__(group, meet, joined)
        self.rescue = Routes(self)
        self._reached = {"_ready": 0, "_output_ready": 0}

    # what goes on --------------------------------------------------------------------------------

    def hear_every_end(self) -> None:
        """Note each attempt that ends, also one that shows no error."""
        self._listener.reports_every_end = True

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
        self.connection.check_contact()
        for part in self.parts:
            part.look()

    def close(self) -> None:
        """Take our callbacks off what is still pending; a second call does nothing."""
        listening, self._listening = self._listening, False
        self._deaf = self._deaf or listening
        if listening:
            self.deafen(self.futures)

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
            now_ended = set(ended_positions([future for _, future in changed]).tolist())
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
        self.connection.argument_cache.drop([self.msg_ids[row] for row in rows])
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
        return " ".join(dict.fromkeys(filter(None, [self.connection.trouble, *waiting])))

    def remark(self, finished: bool) -> str:
        """What a person must know beside the counts; that the block failed stays true at the end."""
        return self.connection.trouble if finished else self.note

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

    def _part(self, client: Any) -> Part:
        for part in self.parts:
            if part._client is client:
                return part
        part = Part(self, self._meet(client), client)
        part.connection.drop_when_collected(self, self.msg_ids)
        self.connection.each.append(part.connection)
        self.parts.append(part)
        return part

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
