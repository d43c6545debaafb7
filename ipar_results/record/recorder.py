"""ipyparallel's events become columns: the room that knows its private names, beside upstream."""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..control.end_tasks import give_up_contact
from ..control.watchdog import Rescue
from ..facts.advice.look_back import Hindsight
from ..facts.build_snapshot import assemble, scalars
from ..facts.eta import Forecast
from ..log import trouble
from ..model.arrays import Index
from ..model.snapshot import EngineId, Snapshot
from ..model.status import ABORTED, FAILED, OK
from ..task_inputs import describe_input
from ..upstream.connection import Connection
from ..upstream.events import EventListener
from ..upstream.futures import (
    PENDING,
    all_ended,
    ended_positions,
    error_of,
    has_output,
    is_given_up,
    positions_with_output,
    status_code,
)
from ..upstream.timestamps import to_posix, to_posix_array
from .attempts import Attempts
from .clock import Clock
from .columns import Columns
from .engines import Roster
from .failures import Failure, Failures
from .state import Known

if TYPE_CHECKING:
    from ..control.cancel import Cancelling

_CODES = {"ok": OK, "error": FAILED, "aborted": ABORTED}
_FACTS = [itemgetter(key) for key in ("status", "engine_id", "started", "completed", "received")]
_ENGINE, _SUBMITTED = itemgetter("engine_id"), itemgetter("submitted")
_BLOCK = 2_000  # messages whose metadata stays in the processor's cache while it is read
_OUTPUTS_KEPT = 64
_PACE = 0.2  # seconds: no view changes more often


class Recorder(Known):
    """Follows one AsyncResult.

    Parameters
    ----------
    result : AsyncResult
        Held weakly: a recorder never keeps a result alive.
    connection : Connection
        The connection to its controller.

    Attributes
    ----------
    version : int
        Rises with every change, so that nobody draws the same state twice.
    direct : bool or None
        Whether the user chose each message's engine; None where nobody knows.
    """

    def __init__(self, result: Any, connection: Connection) -> None:
        self._result = weakref.ref(result)
        self.connection = connection
        self.version = 0
        self.failures = Failures()
        self.running: dict[int, tuple[int, float]] = {}
        self.wrote: dict[int, None] = {}
        self.engines = Roster(connection)
        self.rescue = Rescue()
        self.attempts = Attempts()
        self.forecast = Forecast()
        self.hindsight = Hindsight()
        self.direct: bool | None = None
        self.woken: list[Callable[[Any], None]] = []
        self._listener = EventListener()
        self._listening = False
        self._deaf = False
        self._torn = False
        self._lock = threading.RLock()
        self._heard_at = time.monotonic()
        self._drained_at = -_PACE
        self.name = str(result._fname) if result._fname != "unknown" else "result"
        self.single = len(result.msg_ids) == 1
        sizes = result._chunk_sizes
        inputs = [sizes.get(m, 1) for m in result.msg_ids] if sizes else None
        if inputs is not None and set(inputs) == {1}:
            inputs = None
        self.columns = Columns(result.msg_ids, inputs)
        self.clock = Clock()
        self._present: frozenset[int] | None = None
        self._first_sent = -1  # the position of the message that was sent first; -1 where it is not known
        self._start(result)
        self.clock.place()
        connection.add_recorder(self)
        connection.drop_when_collected(result, result.msg_ids)

    # what happened -----------------------------------------------------------------------------

    def _start(self, result: Any) -> None:
        """Listen to what is pending, and note what has happened to it already.

        A result that is ready is read when somebody asks for what is in it.
        """
        if result._ready:
            return
        children, metadata = result._children, result._metadata
        self._listening = True
        over = self._listener.attach(children, self.connection.early_events.on_iopub)
        self.columns.ids.prepare()
        waiting = next((f.msg_id for f in reversed(children) if f._state in PENDING), None)
        self.direct = None if waiting is None else self.connection.is_direct([waiting])
        engines, submitted = list(map(_ENGINE, metadata)), list(map(_SUBMITTED, metadata))
        self.clock.sent(submitted)
        with suppress(TypeError):  # not all of one kind
            self._first_sent = submitted.index(min(submitted))
        with self._lock:
            self._absorb(np.array([i for i in over if not is_given_up(children[i])], np.int64))
            self._find_begun(engines, metadata)
            if tried := self.connection.early_events.pop_failed_attempts(children):
                self._note_tries(tried)

    def _find_begun(self, engines: Sequence[Any], metadata: Sequence[Any]) -> None:
        """Tasks that began before anybody listened: the client notes their engine, not the time."""
        now = time.time()
        for i in [i for i, engine in enumerate(engines) if engine is not None]:
            if self.columns.status[i] < OK and not isinstance(engines[i], list):
                self.running[i] = (self.engines.slot(engines[i], None), now)
            if has_output(metadata[i]):
                self._note_output([i])

    def drain(self) -> None:
        """Take in what has happened since the last call; costs nothing where nothing has."""
        if self._torn or self._deaf:
            self._mend()
        if self._listener:
            with self._lock:
                self._torn = True  # until all of what is taken now has been entered
                events = self._listener.take()
                if events.ended:
                    self._absorb(self.columns.find(events.ended), listened=True)
                if events.started:  # after the ends: most tasks that began have ended by now
                    over = set(events.ended)
                    self._note_running([word for word in events.started if word[0] not in over])
                if events.wrote:
                    self._note_output(self.columns.find(list(dict.fromkeys(events.wrote))).tolist())
                if events.failed_attempts:
                    self._note_tries(events.failed_attempts)
                self.connection.record_contact()
                self._heard_at = self._drained_at = time.monotonic()
                self.version += 1
                self._torn = False
        self._overtaken()

    def _mend(self) -> None:
        """Read the futures themselves.

        A Ctrl-C may have torn what was being entered, and a recorder that was closed hears nothing any more.
        """
        result = self._result()
        if result is None or (self._deaf and not self._torn and self.columns.ended == self.columns.messages):
            return
        with self._lock:
            torn, self._torn = self._torn, True
            if not (torn or self._deaf):  # somebody else was only in the middle of it
                self._torn = False
                return
            if torn:
                self.columns.recount()
                self._regroup(result)
                self.version += 1
            before = self.columns.ended
            self._absorb(ended_positions(result._children))
            self.version += self.columns.ended > before
            self._torn = False

    def _regroup(self, result: Any) -> None:
        """Group the failures anew."""
        self.failures = Failures()
        for position in np.flatnonzero(self.columns.status == FAILED).tolist():
            slot = int(self.columns.engine[position])
            self._note_failure(position, slot, self.records(result)[position], result._children)

    def _overtaken(self) -> None:
        """A result tells its user that it is ready a moment before our callbacks run."""
        result = self._result()
        if (
            result is not None
            and result._ready
            and self.columns.ended < self.columns.messages
            and not self.rescue.given_up
        ):
            with self._lock:
                self._torn = True
                children = result._children
                whole = not children or all_ended(children)
                self._absorb(np.arange(self.columns.messages) if whole else ended_positions(children))
                self.version += 1
                self._torn = False

    def _note_running(self, began: list[tuple[str, str, float]]) -> None:
        if not began:
            return
        columns = self.columns
        positions = columns.locate([msg_id for msg_id, _, _ in began])
        for i in np.flatnonzero((positions >= 0) & (columns.status[positions] < OK)).tolist():
            _, engine, since = began[i]
            self.running[int(positions[i])] = (self.engines.slot(None, engine), since)

    def _note_tries(self, tried: list[tuple[str, str]]) -> None:
        positions = self.columns.locate([msg_id for msg_id, _ in tried]).tolist()
        for position, (_, uuid) in zip(positions, tried, strict=True):
            if position < 0 or self.columns.status[position] >= OK:
                continue
            slot = self.engines.slot(None, uuid)
            if slot >= 0:  # else nobody knows which engine it was
                self.rescue.tried(position, self.engines.ids[slot])
            running = self.running.get(position)
            if running is not None and running[0] == slot:
                del self.running[position]

    # into the columns ---------------------------------------------------------------------------

    def _absorb(self, index: Index, listened: bool = False) -> None:
        result = self._result()
        index = self.columns.pending(index)
        if result is None or not len(index):
            return
        for first in range(0, len(index), _BLOCK):
            positions = index[first : first + _BLOCK].tolist()
            records = list(map(result._metadata.__getitem__, positions))
            self.enter(positions, records, result._children)
            if not listened:
                self._note_output(positions_with_output(positions, records))

    def enter(self, positions: list[int], records: Sequence[Any], children: Sequence[Any]) -> None:
        """Enter ended messages.

        Parameters
        ----------
        positions : list of int
            Positions of messages that were pending.
        records : sequence of mapping
            Their metadata, as ipyparallel's ``Metadata``.
        children : sequence of MessageFuture
            All futures of the result; empty for a result of the Hub.
        """
        # a list a field, in C: a tuple a record would call the garbage collector
        states, engines, started, completed, received = (list(map(get, records)) for get in _FACTS)
        if states.count("ok") == len(states):
            status = [OK] * len(states)
        else:
            status = [_CODES.get(state, -1) for state in states]
        if -1 in status:  # cancelled here, or its metadata was dropped: the future still knows
            status = [
                code if code >= 0 else status_code(children[i]) if children else OK
                for i, code in zip(positions, status, strict=True)
            ]
        slots = self.engines.slots(engines, records)
        self.columns.reserve(len(self.engines.ids))
        self.columns.end(
            np.fromiter(positions, np.int64, len(positions)),
            np.fromiter(status, np.int8, len(positions)),
            np.fromiter(slots, np.int32, len(positions)),
            to_posix_array(started),
            to_posix_array(completed),
        )
        if self._first_sent < 0 or self._first_sent in positions:
            self.clock.sent(list(map(_SUBMITTED, records)))
        self.clock.came(received)
        for position in [p for p in self.running if self.columns.status[p] >= OK]:
            del self.running[position]
        if len(self.connection.argument_cache) and (result := self._result()) is not None:
            msg_ids = result.msg_ids
            self.connection.argument_cache.drop(
                msg_ids[p] for p, code in zip(positions, status, strict=True) if code == OK
            )
        if FAILED in status:
            for position, code, slot, md in zip(positions, status, slots, records, strict=True):
                if code == FAILED:
                    self._note_failure(position, slot, md, children)

    def _note_failure(self, position: int, slot: int, md: Any, children: Sequence[Any]) -> None:
        columns = self.columns
        engine = self.engines.ids[slot] if slot >= 0 else None
        failure = self._failure(position, md, children)
        when = float(columns.completed[position])
        self.failures.add(
            failure,
            columns.first_input(position),
            columns.carried(position),
            engine,
            to_posix(md["received"]) if math.isnan(when) else when,
            lambda: self.input_of(position),
        )

    def input_of(self, position: int) -> str | None:
        """What a message was given, in a few words; None where that is not at hand."""
        result = self._result()
        if result is None or not len(self.connection.argument_cache):
            return None
        request = self.connection.argument_cache.find(result.msg_ids[position])
        if request is None:
            return None
        return describe_input(request.buffers, request.mapped, self.columns.carried(position))

    def _failure(self, position: int, md: Any, children: Sequence[Any]) -> Failure:
        return Failure.of(error_of(children[position]))

    def failure_of(self, position: int, result: Any) -> Failure | None:
        """Why a message failed or was aborted; None where it did not."""
        if self.columns.status[position] not in (FAILED, ABORTED):
            return None
        return self._failure(position, self.records(result)[position], result._children)

    def _note_output(self, positions: list[int]) -> None:
        self.columns.wrote[positions] = True
        for position in positions[-_OUTPUTS_KEPT:]:
            self.wrote.pop(position, None)
            self.wrote[position] = None
        while len(self.wrote) > _OUTPUTS_KEPT:
            del self.wrote[next(iter(self.wrote))]

    # kept up with --------------------------------------------------------------------------------

    @property
    def stirs(self) -> bool:
        """Whether something was heard that was not taken in."""
        return self._deaf or bool(self._listener)

    def poll(self) -> None:
        """Keep up with what does not come by itself; called again and again by whoever shows or waits.

        What comes in a stream is taken in no oftener than views change: most of what a batch costs is
        the same for few tasks as for many. The end, and what comes after a pause, is taken in at once.
        """
        result = self._result()
        too_soon = time.monotonic() - self._drained_at < _PACE
        if too_soon and result is not None and not (result._ready or self.lost):
            return
        self.drain()
        over = self.all_ended
        if not over:
            self.connection.check_contact()
        if result is not None and not (over and result._ready):
            self.rescue.look(result, self)

    def give_up(self, result: Any) -> None:
        """Contact is lost: the result says so."""
        give_up_contact(result, self)

    def scalars(self, look_back: bool = True) -> dict[str, Any]:
        """What :func:`~ipar_results.facts.build_snapshot.scalars` gives."""
        self.drain()
        with self._lock:
            return scalars(self, look_back)

    def snapshot(self) -> Snapshot:
        """Everything that is known now, frozen; may be called from any thread at any time."""
        self.drain()
        with self._lock:
            return assemble(self, self._result())

    def resolve(self, result: Any) -> bool:
        """Whether the result itself is ready."""
        return bool(result._ready)

    def reopen(self, positions: list[int], swap: Callable[[], None]) -> None:
        """Make ended messages pending again; to be called on the client's own thread.

        Parameters
        ----------
        positions : list of int
        swap : callable
            Puts the new futures in the place of the old ones.
        """
        result = self._result()
        if result is None:
            return
        self.drain()
        columns = self.columns
        with self._lock:
            self.clock.go_on(self.finished)
            self._present = None
            self.rescue.spare(positions)
            for position in positions:
                self.attempts.add(position, self.records(result)[position])
            index = np.array(positions, np.int64)
            inputs = {columns.first_input(i): columns.carried(i) for i in positions}
            self.failures.drop(inputs, self._where_it_failed)
            self.connection.argument_cache.drop([result.msg_ids[i] for i in positions])
            swap()
            self.connection.drop_when_collected(result, result.msg_ids)
            columns.reopen(index, result.msg_ids)
            self._listening, self._deaf = True, False
            self._heard_at = time.monotonic()
            self._listener.attach([result._children[i] for i in positions])
            self.version += 1

    def _where_it_failed(self, index: int) -> tuple[EngineId | None, float]:
        position = self.columns.positions_of(np.array([index]))[0]
        slot = int(self.columns.engine[position])
        return self.engines.ids[slot] if slot >= 0 else None, float(self.columns.completed[position])

    def wake(self, result: Any) -> None:
        """Tell those who followed the result to its end that it goes on."""
        for told in list(self.woken):
            try:
                told(result)
            except Exception:
                trouble("going on with a result")

    def be_cancelled(self, cancelling: Cancelling) -> None:
        """Take care of what the user asked to be cancelled."""
        self._listener.reports_every_end = True
        self.rescue.cancelling = cancelling

    @property
    def late(self) -> dict[str, tuple[str, Any]]:
        """Engine and its time of each word since a cancellation that a task has begun, by message id."""
        return self._listener.last_busy

    def listen(self, futures: Sequence[Any]) -> None:
        """Hear what comes of these futures."""
        self._listener.attach(futures)

    def deafen(self, futures: Sequence[Any]) -> None:
        """Hear no more of these futures."""
        self._listener.detach(futures)

    def close(self) -> None:
        """Take our callbacks off what is still pending; a second call does nothing."""
        result, listening = self._result(), self._listening
        self._listening, self._deaf = False, listening
        # what is pending keeps its result alive, so a result that is gone has nothing to take off
        if listening and result is not None:
            self._listener.detach(result._children)
