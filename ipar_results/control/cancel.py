"""Cancellation of queued tasks, and on request the interruption of running ones."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ..model.status import ABORTED, OK, QUEUED
from ..record.state import running_by_slot
from ..upstream.protocols import ClientLike, FutureLike, Message
from ..upstream.timestamps import parse_timestamp
from .end_tasks import end
from .scope import TaskScope

# seconds by which an engine's `busy` may arrive after its abort reply, usually and at most
USUAL_LAG, MAX_LAG = 0.3, 1.5


@dataclass(frozen=True)
class Cancelled:
    """Outcome of a cancellation, in counts of tasks.

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

    May be called from any thread; on ipyparallel's IO thread it does not wait for the engines. Parameters as
    of :meth:`~ipar_results.results.monitor.Monitor.cancel`.
    """
    timeout = 0.0 if scope.connection.on_io_thread else max(0.0, timeout)
    deadline = time.monotonic() + timeout
    scope.drain()
    request = Cancellation(scope, interrupt)
    if not len(request.positions):
        return Cancelled(already_done=request.total)
    scope.listener.reports_every_end = True
    scope.watchdog.cancellation = request
    request.send(scope.client)
    _wait(request.aborts, deadline - (timeout / 2 if interrupt else 0.0))
    # `busy` of a task may arrive after the engine's abort reply
    until = min(deadline, time.monotonic() + USUAL_LAG)
    request.interrupt(scope)
    while time.monotonic() < until and request.undecided(scope):
        time.sleep(0.02)
        request.interrupt(scope)
    _wait(request.signals, deadline)
    return _outcome(scope, request)


class Cancellation:
    """One cancellation, until every message of it has ended."""

    def __init__(self, scope: TaskScope, interrupt: bool) -> None:
        columns = scope.columns
        self.positions = columns.pending(scope.positions)
        self.total = int(columns.input_counts(scope.positions).sum())  # inputs of all messages in the scope
        self.aborts: dict[str, FutureLike | None] = {}  # by engine uuid, the reply to the abort request
        self.signals: dict[int, FutureLike | None] = {}  # by position, the reply to the interrupt
        self._interrupt = interrupt
        self._requested = set(self.positions.tolist())
        self.msg_id_of = {position: scope.msg_ids[position] for position in self.positions.tolist()}
        self.engine_of: dict[str, str] = {}  # by message id, for messages that have an engine
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
            self.engine_of.update(dict.fromkeys(assigned[uuid], uuid))
        unassigned.difference_update(self.engine_of)
        self.engines, aborts = set(engines), {}
        for uuid in engines:
            # a coalesced broadcast has an id of its own on each engine
            ids = [*unassigned, *assigned[uuid], *(f"{msg_id}_{uuid}" for msg_id in assigned[uuid])]
            if ids:
                aborts[uuid] = _send_control(client, uuid, "abort_request", {"msg_ids": ids})
        self.aborts = aborts

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
        start = scope.listener.last_busy.get(self.msg_id_of[position])
        if start is None:  # it was running before the cancellation
            return True
        uuid, date = start
        confirmation = _confirmation(self.aborts.get(uuid))
        if confirmation is None:
            return None
        started, confirmed = parse_timestamp(date), parse_timestamp(confirmation["header"].get("date"))
        return started is None or confirmed is None or started < confirmed

    def interrupt(self, scope: TaskScope) -> None:
        """Send SIGINT to the engines that run one of these messages now, if that was requested."""
        scope.drain()
        if not self._interrupt:
            return
        with self._interrupting:  # each task only once, whichever thread polls
            for slot, (position, since) in running_by_slot(scope.running).items():
                if position in self.signals or position not in self._requested:
                    continue
                if not self.runs(scope, position):
                    continue
                engine_id = scope.engine_ids[slot]
                uuid = scope.client._engines.get(engine_id) if isinstance(engine_id, int) else None
                scope.drain()  # the task may have ended just now, and the engine may run another one
                if uuid is not None and scope.running.get(position) == (slot, since):
                    self.signals[position] = None  # a Ctrl-C must not make it two signals
                    content: dict[str, object] = {"sig": "SIGINT"}
                    self.signals[position] = _send_control(scope.client, uuid, "signal_request", content)

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
            pending = {uuid for uuid, reply in self.aborts.items() if reply is not None and not reply.done()}
            if pending & alive or not any(map(_confirmation, self.aborts.values())):
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

            end(scope.connection, futures, "aborted", TaskAborted)

    def _shared(self, client: ClientLike, msg_id: str) -> bool:
        """Return whether several engines run this message, so that it is unknown which have started."""
        return sum(msg_id in client._outstanding_dict.get(uuid, ()) for uuid in self.engines) > 1


def _send_control(client: ClientLike, uuid: str, kind: str, content: dict[str, object]) -> FutureLike | None:
    """Send a request to an engine, and return its reply to come; None where the client is closed."""
    try:
        return client._send(client._control_stream, kind, content=content, ident=uuid.encode())
    except (OSError, RuntimeError):
        return None


def _wait(replies: Mapping[Any, FutureLike | None], deadline: float) -> None:
    """Wait until all engines have replied, or until the deadline (monotonic seconds)."""
    futures = [cast("Future[object]", reply) for reply in list(replies.values()) if reply is not None]
    wait(futures, max(0.0, deadline - time.monotonic()))


def _confirmation(reply: FutureLike | None) -> Message | None:
    """Return the reply to a control request once it confirms the request."""
    if reply is None or not reply.done() or reply.exception() is not None:
        return None
    message: Message = reply.result()
    return message if message["content"].get("status") == "ok" else None


def _outcome(scope: TaskScope, request: Cancellation) -> Cancelled:
    scope.drain()
    columns, client = scope.columns, scope.connection.client
    alive = set() if client is None or scope.connection.closed else set(client._engines.values())
    asked = request.engines & alive
    silent = {uuid for uuid in asked if not _confirmation(request.aborts.get(uuid))}
    counts = Counter[str]()
    with scope.lock:
        for position in request.positions.tolist():
            code = int(columns.status[position])
            if code == ABORTED:
                outcome = "cancelled"
            elif position in request.signals:
                outcome = "interrupted" if _confirmation(request.signals[position]) else "unreachable"
            elif code != QUEUED:
                outcome = "already_done"
            elif position in scope.running and (runs := request.runs(scope, position)) is not False:
                outcome = "running" if alive and runs else "unreachable"
            else:
                # no engine that could start the task may be left to confirm
                engine = request.engine_of.get(request.msg_id_of[position])
                confirmed = bool(asked) and not silent if engine is None else engine not in silent
                outcome = "cancelled" if confirmed else "unreachable"
            counts[outcome] += columns.input_count(position)
    counts["already_done"] += request.total - counts.total()
    return Cancelled(**counts)
