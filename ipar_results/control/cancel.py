"""Stopping work: what is queued is cancelled, what runs is interrupted on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..facts.build_snapshot import running_now
from ..model.status import ABORTED, OK, QUEUED
from .end_tasks import end

if TYPE_CHECKING:
    from ..record.recorder import Recorder

# how long the word that a task has begun may take after the engine's word that it is cancelled:
# most often, and at the longest
SOON, QUIET = 0.3, 1.5


@dataclass(frozen=True)
class Cancelled:
    """What a cancellation did; counts are in inputs.

    Attributes
    ----------
    cancelled : int
        Were queued and will not run: every engine that could have taken them has said so.
    interrupted : int
        Were running and got an interrupt (SIGINT), which a task may catch.
    already_done : int
        Had ended before.
    unreachable : int
        Nobody answered for them within the timeout. They are cancelled as soon as the engines read it.
    running : int
        Go on, because they ran already and were not to be interrupted.
    """

    cancelled: int = 0
    interrupted: int = 0
    already_done: int = 0
    unreachable: int = 0
    running: int = 0


def cancel(result: Any, recorder: Recorder, interrupt: bool = False, timeout: float = 5.0) -> Cancelled:
    """Cancel what is queued of a result, and on request interrupt what runs.

    Callable from any thread; where that is ipyparallel's own, no answers are waited for.

    Parameters
    ----------
    result : AsyncResult
    recorder : Recorder
    interrupt : bool
        Send SIGINT to the engines that run a task of this result at that moment, and to no others.
    timeout : float
        Seconds to wait for the engines' answers.

    Returns
    -------
    Cancelled
    """
    deadline = time.monotonic() + max(0.0, timeout)
    recorder.drain()
    asked = Cancelling(result, recorder, interrupt)
    if not len(asked.positions):
        return Cancelled(already_done=asked.total)
    recorder.be_cancelled(asked)
    asked.send(result._client)
    wait = not recorder.connection.on_io_thread
    if wait:
        asked.answers.wait(deadline - (timeout / 2 if interrupt else 0.0))
    # the word that a task has begun may come after the engine's answer
    until = min(deadline, time.monotonic() + SOON)
    asked.strike(result._client, recorder)
    while wait and time.monotonic() < until and asked.waits(recorder):
        time.sleep(0.02)
        asked.strike(result._client, recorder)
    if wait:
        asked.signals.wait(deadline)
    return _told(recorder, asked)


class Answers:
    """The answers of engines to control messages.

    Attributes
    ----------
    good : dict
        By uuid, when an engine said yes, by its own clock.
    """

    def __init__(self) -> None:
        self.good: dict[str, Any] = {}
        self._waiting: set[str] = set()
        self._changed = threading.Condition()

    def ask(self, client: Any, uuid: str, kind: str, content: dict[str, Any]) -> None:
        """Send a message to an engine; never waits."""
        with self._changed:
            self._waiting.add(uuid)
        try:
            future = client._send(client._control_stream, kind, content=content, ident=uuid.encode())
        except (OSError, RuntimeError):  # the client is closed
            with self._changed:
                self._waiting.discard(uuid)
            return
        future.add_done_callback(lambda f: self._answered(uuid, f))

    def wait(self, deadline: float) -> None:
        """Wait until all have answered, or the deadline (monotonic)."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, max(0.0, deadline - time.monotonic()))

    def all_of(self, alive: Iterable[str]) -> bool:
        """Whether all that are asked and still alive have answered."""
        return not self._waiting.intersection(alive)

    def _answered(self, uuid: str, future: Any) -> None:
        with self._changed:
            self._waiting.discard(uuid)
            if future.exception() is None and future.result()["content"].get("status") == "ok":
                self.good[uuid] = future.result()["header"].get("date")
            self._changed.notify_all()


class Cancelling:
    """One request to cancel, until every message of it has ended.

    Attributes
    ----------
    positions : ndarray of int
        The messages that were pending.
    total : int
        Inputs of all messages that it is about.
    answers, signals : Answers
        What the engines said to the cancellation, and to interrupts.
    hit : dict
        The engine that was interrupted for a message.
    """

    def __init__(self, result: Any, recorder: Recorder, interrupt: bool) -> None:
        columns = recorder.columns
        self.positions = columns.pending(recorder.mine)
        self.total = int(columns.weight(recorder.mine).sum())
        self.answers, self.signals = Answers(), Answers()
        self.hit: dict[int, str] = {}
        self._interrupt = interrupt
        self._asked = set(self.positions.tolist())
        self._id_at = {position: result.msg_ids[position] for position in self.positions.tolist()}
        self._holder: dict[str, str] = {}
        self._quiet_since = np.full(columns.messages, np.nan)
        self._confirmed_at: float | None = None
        self._striking = threading.Lock()

    def send(self, client: Any) -> None:
        """Tell the engines, each what it holds; what the scheduler holds may come to any of them."""
        engines = list(client._engines.values())
        loose = set(self._id_at.values())
        held: dict[str, set[str]] = {}
        for uuid in engines:
            held[uuid] = loose.intersection(client._outstanding_dict.get(uuid, ()))
            self._holder.update(dict.fromkeys(held[uuid], uuid))
        loose.difference_update(self._holder)
        for uuid in engines:
            # a coalesced broadcast has an id of its own on each engine
            ids = [*loose, *held[uuid], *(f"{msg_id}_{uuid}" for msg_id in held[uuid])]
            if ids:
                self.answers.ask(client, uuid, "abort_request", {"msg_ids": ids})
        self._engines = set(engines)

    def confirmed(self, msg_id: str, alive: set[str]) -> bool:
        """Whether no engine will begin this task any more."""
        holder = self._holder.get(msg_id)
        takers = self._engines & alive if holder is None else {holder} & alive
        return takers <= self.answers.good.keys() and (holder is not None or bool(takers))

    def waits(self, recorder: Recorder) -> bool:
        """Whether a message has neither ended nor been seen to run."""
        with recorder.lock:
            pending = len(recorder.columns.pending(self.positions))
            return pending > sum(position in self._asked for position in recorder.running)

    def runs(self, recorder: Recorder, position: int) -> bool | None:
        """Whether a task that was said to have begun is one that the engine runs; None while nobody can tell.

        An engine says of each task that it has begun, and only then looks whether it was cancelled.
        """
        word = recorder.late.get(self._id_at[position])
        if word is None:  # it had begun before
            return True
        uuid, began = word
        if uuid not in self.answers.good:
            return None
        answered = self.answers.good[uuid]
        return began is None or answered is None or bool(began < answered)

    def strike(self, client: Any, recorder: Recorder) -> None:
        """SIGINT to the engines that run one of these messages now, where that was wanted."""
        recorder.drain()
        if not self._interrupt:
            return
        with self._striking:  # each task once, whoever looks
            for slot, (position, since) in running_now(recorder).items():
                if position in self.hit or position not in self._asked or not self.runs(recorder, position):
                    continue
                uuid = client._engines.get(recorder.engines.ids[slot])
                recorder.drain()  # it may have ended just now, and the engine may run somebody else's task
                if uuid is not None and recorder.running.get(position) == (slot, since):
                    self.hit[position] = uuid
                    self.signals.ask(client, uuid, "signal_request", {"sig": "SIGINT"})

    def spare(self, positions: list[int]) -> None:
        """Leave these messages alone: they were sent again."""
        self.positions = np.setdiff1d(self.positions, positions)
        self._asked.difference_update(positions)

    def settle(self, result: Any, recorder: Recorder) -> None:
        """End what is cancelled and would only wait for its turn to be told so."""
        columns, client = recorder.columns, result._client
        if not result._children or not (columns.status[self.positions] < OK).any():
            return
        alive = set(client._engines.values())
        if self._confirmed_at is None:
            if not (self.answers.good and self.answers.all_of(alive)):
                return
            self._confirmed_at = time.monotonic()
        if time.monotonic() - self._confirmed_at < QUIET:
            self.strike(client, recorder)
        now, quiet = time.monotonic(), self._quiet_since
        with recorder.lock:
            waiting = columns.pending(self.positions)
            new = waiting[np.isnan(quiet[waiting])]
            quiet[new] = now
            quiet[[position for position in recorder.running if position in self._asked]] = np.nan
            due = waiting[now - quiet[waiting] > QUIET].tolist()
            futures = [result._children[i] for i in due if not self._together(client, result.msg_ids[i])]
            quiet[due] = np.nan  # once is enough
        if futures:
            from ipyparallel.error import TaskAborted

            end(recorder, futures, "aborted", TaskAborted)

    def _together(self, client: Any, msg_id: str) -> bool:
        """Whether several engines run this message: which of them have begun is not known."""
        return sum(msg_id in client._outstanding_dict.get(uuid, ()) for uuid in self._engines) > 1


def _told(recorder: Recorder, asked: Cancelling) -> Cancelled:
    recorder.drain()
    columns, client = recorder.columns, recorder.connection.client
    alive = set() if client is None or recorder.connection.closed else set(client._engines.values())
    counts = dict.fromkeys(("cancelled", "interrupted", "already_done", "unreachable", "running"), 0)
    with recorder.lock:
        for position in asked.positions.tolist():
            msg_id = asked._id_at[position]
            code = int(columns.status[position])
            if code == ABORTED:
                what = "cancelled"
            elif position in asked.hit:
                what = "interrupted" if asked.hit[position] in asked.signals.good else "unreachable"
            elif code != QUEUED:
                what = "already_done"
            elif position in recorder.running and (runs := asked.runs(recorder, position)) is not False:
                what = "running" if alive and runs else "unreachable"
            else:
                what = "cancelled" if asked.confirmed(msg_id, alive) else "unreachable"
            counts[what] += columns.carried(position)
    counts["already_done"] += asked.total - sum(counts.values())
    return Cancelled(**counts)
