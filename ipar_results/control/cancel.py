"""Cancellation of queued tasks, and on request the interruption of running ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..model.status import ABORTED, OK, QUEUED
from ..record.state import running_by_slot
from ..upstream.timestamps import parse_timestamp
from .end_tasks import end

if TYPE_CHECKING:
    from ..upstream.protocols import ClientLike, FutureLike, Timestamp
    from .scope import TaskScope

# seconds by which an engine's `busy` may arrive after its abort reply, usually and at most
USUAL_LAG, MAX_LAG = 0.3, 1.5


@dataclass(frozen=True)
class Cancelled:
    """Outcome of a cancellation, in counts of inputs.

    Attributes
    ----------
    cancelled : int
        Were queued and will not run: every engine that could have started them has confirmed it.
    interrupted : int
        Were running and received an interrupt (SIGINT), which a task may catch.
    already_done : int
        Had ended before.
    unreachable : int
        Not confirmed by the engines within the timeout. They are cancelled as soon as the engines read the
        request.
    running : int
        Continue to run, as interrupting was not requested.
    """

    cancelled: int = 0
    interrupted: int = 0
    already_done: int = 0
    unreachable: int = 0
    running: int = 0


def cancel(scope: TaskScope, interrupt: bool = False, timeout: float = 5.0) -> Cancelled:
    """Cancel queued tasks, and on request interrupt running ones.

    May be called from any thread; on ipyparallel's IO thread it does not wait for the engines.

    Parameters
    ----------
    interrupt : bool
        Send SIGINT to the engines that run a task of this scope at that moment, and to no others.
    timeout : float
        Seconds to wait at most for the engines' replies.
    """
    deadline = time.monotonic() + max(0.0, timeout)
    scope.drain()
    request = Cancellation(scope, interrupt)
    if not len(request.positions):
        return Cancelled(already_done=request.total)
    scope.begin_cancellation(request)
    request.send(scope.client)
    wait = not scope.connection.on_io_thread
    if wait:
        request.aborts.wait(deadline - (timeout / 2 if interrupt else 0.0))
    # `busy` of a task may arrive after the engine's abort reply
    until = min(deadline, time.monotonic() + USUAL_LAG)
    request.interrupt(scope)
    while wait and time.monotonic() < until and request.undecided(scope):
        time.sleep(0.02)
        request.interrupt(scope)
    if wait:
        request.signals.wait(deadline)
    return _outcome(scope, request)


class ControlReplies:
    """Replies of engines to control requests.

    Attributes
    ----------
    confirmed_at : dict
        By engine uuid, when it confirmed the request, by its own clock.
    """

    def __init__(self) -> None:
        self.confirmed_at: dict[str, Timestamp] = {}
        self._waiting: set[str] = set()
        self._changed = threading.Condition()

    def send(self, client: ClientLike, uuid: str, kind: str, content: dict[str, object]) -> None:
        """Send a request to an engine; never waits."""
        with self._changed:
            self._waiting.add(uuid)
        try:
            future = client._send(client._control_stream, kind, content=content, ident=uuid.encode())
        except (OSError, RuntimeError):  # the client is closed
            with self._changed:
                self._waiting.discard(uuid)
            return
        future.add_done_callback(lambda f: self._on_reply(uuid, f))

    def wait(self, deadline: float) -> None:
        """Wait until all engines have replied, or until the deadline (monotonic seconds)."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, max(0.0, deadline - time.monotonic()))

    def complete(self, alive: Iterable[str]) -> bool:
        """Return whether all engines that got a request and are alive have replied."""
        return not self._waiting.intersection(alive)

    def _on_reply(self, uuid: str, future: FutureLike) -> None:
        with self._changed:
            self._waiting.discard(uuid)
            if future.exception() is None and future.result()["content"].get("status") == "ok":
                self.confirmed_at[uuid] = future.result()["header"].get("date")
            self._changed.notify_all()


class Cancellation:
    """One cancellation, until every message of it has ended.

    Attributes
    ----------
    positions : ndarray of int
        The messages that were pending.
    total : int
        Inputs of all messages in the scope.
    aborts, signals : ControlReplies
        Replies of the engines to the abort requests, and to the interrupts.
    interrupted : dict
        By position, the engine that was interrupted.
    """

    def __init__(self, scope: TaskScope, interrupt: bool) -> None:
        columns = scope.columns
        self.positions = columns.pending(scope.positions)
        self.total = int(columns.input_counts(scope.positions).sum())
        self.aborts, self.signals = ControlReplies(), ControlReplies()
        self.interrupted: dict[int, str] = {}
        self._interrupt = interrupt
        self._requested = set(self.positions.tolist())
        self.msg_id_of = {position: scope.msg_ids[position] for position in self.positions.tolist()}
        self._engine_of: dict[str, str] = {}  # by message id, for messages that have an engine
        self._not_running_since = np.full(columns.messages, np.nan)
        self._confirmed_at: float | None = None
        self._interrupting = threading.Lock()

    def send(self, client: ClientLike) -> None:
        """Send abort requests: each engine gets the ids of its own tasks and of those without an engine."""
        engines = list(client._engines.values())
        unassigned = set(self.msg_id_of.values())
        assigned: dict[str, set[str]] = {}
        for uuid in engines:
            assigned[uuid] = unassigned.intersection(client._outstanding_dict.get(uuid, ()))
            self._engine_of.update(dict.fromkeys(assigned[uuid], uuid))
        unassigned.difference_update(self._engine_of)
        for uuid in engines:
            # a coalesced broadcast has an id of its own on each engine
            ids = [*unassigned, *assigned[uuid], *(f"{msg_id}_{uuid}" for msg_id in assigned[uuid])]
            if ids:
                self.aborts.send(client, uuid, "abort_request", {"msg_ids": ids})
        self._engines = set(engines)

    def confirmed(self, msg_id: str, alive: set[str]) -> bool:
        """Return whether no engine will start this task any more."""
        engine = self._engine_of.get(msg_id)
        engines = alive & (self._engines if engine is None else {engine})
        return engines <= self.aborts.confirmed_at.keys() and (engine is not None or bool(engines))

    def undecided(self, scope: TaskScope) -> bool:
        """Return whether a message has neither ended nor been reported to run."""
        with scope.lock:
            pending = len(scope.columns.pending(self.positions))
            return pending > sum(position in self._requested for position in scope.running)

    def runs(self, scope: TaskScope, position: int) -> bool | None:
        """Return whether a task that is reported as running really runs; None while that is undecided.

        Engines publish `busy` before they check the abort list, so a `busy` after the abort reply does not
        mean that the task ran.
        """
        start = scope.late_starts.get(self.msg_id_of[position])
        if start is None:  # it was running before the cancellation
            return True
        uuid, date = start
        if uuid not in self.aborts.confirmed_at:
            return None
        started, confirmed = parse_timestamp(date), parse_timestamp(self.aborts.confirmed_at[uuid])
        return started is None or confirmed is None or started < confirmed

    def interrupt(self, scope: TaskScope) -> None:
        """Send SIGINT to the engines that run one of these messages now, if that was requested."""
        scope.drain()
        if not self._interrupt:
            return
        with self._interrupting:  # each task only once, whichever thread polls
            for slot, (position, since) in running_by_slot(scope.running).items():
                if position in self.interrupted or position not in self._requested:
                    continue
                if not self.runs(scope, position):
                    continue
                engine_id = scope.engine_ids[slot]
                uuid = scope.client._engines.get(engine_id) if isinstance(engine_id, int) else None
                scope.drain()  # the task may have ended just now, and the engine may run another one
                if uuid is not None and scope.running.get(position) == (slot, since):
                    self.interrupted[position] = uuid
                    self.signals.send(scope.client, uuid, "signal_request", {"sig": "SIGINT"})

    def exclude(self, positions: list[int]) -> None:
        """Leave these messages alone: they were sent again."""
        self.positions = np.setdiff1d(self.positions, positions)
        self._requested.difference_update(positions)

    def settle(self, scope: TaskScope) -> None:
        """End messages that are certainly cancelled, before an engine would take them from its queue."""
        columns, client = scope.columns, scope.client
        if not scope.futures or not (columns.status[self.positions] < OK).any():
            return
        alive = set(client._engines.values())
        if self._confirmed_at is None:
            if not (self.aborts.confirmed_at and self.aborts.complete(alive)):
                return
            self._confirmed_at = time.monotonic()
        if time.monotonic() - self._confirmed_at < MAX_LAG:
            self.interrupt(scope)
        now, since = time.monotonic(), self._not_running_since
        with scope.lock:
            waiting = columns.pending(self.positions)
            new = waiting[np.isnan(since[waiting])]
            since[new] = now
            since[[position for position in scope.running if position in self._requested]] = np.nan
            due = waiting[now - since[waiting] > MAX_LAG].tolist()
            futures = [scope.futures[i] for i in due if not self._shared(client, scope.msg_ids[i])]
            since[due] = np.nan  # ended only once
        if futures:
            from ipyparallel.error import TaskAborted

            end(scope, futures, "aborted", TaskAborted)

    def _shared(self, client: ClientLike, msg_id: str) -> bool:
        """Return whether several engines run this message, so that it is unknown which have started."""
        return sum(msg_id in client._outstanding_dict.get(uuid, ()) for uuid in self._engines) > 1


def _outcome(scope: TaskScope, request: Cancellation) -> Cancelled:
    scope.drain()
    columns, client = scope.columns, scope.connection.client
    alive = set() if client is None or scope.connection.closed else set(client._engines.values())
    counts = dict.fromkeys(("cancelled", "interrupted", "already_done", "unreachable", "running"), 0)
    with scope.lock:
        for position in request.positions.tolist():
            code = int(columns.status[position])
            if code == ABORTED:
                outcome = "cancelled"
            elif position in request.interrupted:
                confirmed = request.interrupted[position] in request.signals.confirmed_at
                outcome = "interrupted" if confirmed else "unreachable"
            elif code != QUEUED:
                outcome = "already_done"
            elif position in scope.running and (runs := request.runs(scope, position)) is not False:
                outcome = "running" if alive and runs else "unreachable"
            else:
                confirmed = request.confirmed(request.msg_id_of[position], alive)
                outcome = "cancelled" if confirmed else "unreachable"
            counts[outcome] += columns.input_count(position)
    counts["already_done"] += request.total - sum(counts.values())
    return Cancelled(**counts)
