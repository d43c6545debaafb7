"""ipyparallel's events become columns: the room that knows its threads and private names.

Callbacks on ipyparallel's IO thread only append to a deque. Whoever wants to know drains it.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Any

import numpy as np

from .assemble import assemble
from .columns import ABORTED, FAILED, OK, Columns, Index
from .failures import Failure, Failures
from .link import Link
from .log import trouble
from .snapshot import EngineId, Snapshot
from .times import earliest, latest, seconds

_CODES = {"ok": OK, "error": FAILED, "aborted": ABORTED}
_PENDING = ("PENDING", "RUNNING")
_OUTPUT = frozenset(("stream", "display_data", "execute_result"))
_OUTPUTS_KEPT = 64


class Recorder:
    """Follows one AsyncResult.

    Parameters
    ----------
    result : AsyncResult
        Held weakly: a recorder never keeps a result alive.
    link : Link
        The connection to its controller.

    Attributes
    ----------
    version : int
        Rises with every change, so that nobody draws the same state twice.
    """

    def __init__(self, result: Any, link: Link) -> None:
        self._result = weakref.ref(result)
        self.link = link
        self.version = 0
        self.failures = Failures()
        self.running: dict[int, tuple[int, float]] = {}
        self.wrote: dict[int, None] = {}
        self.engines: list[EngineId] = []
        self._slots: dict[Any, int] = {}
        self._lock = threading.RLock()
        self._ended: deque[str] = deque()
        self._began_running: deque[tuple[str, str, float]] = deque()
        self._wrote: deque[str] = deque()
        self._listening = False
        self.name = str(result._fname) if result._fname != "unknown" else "result"
        self.single = len(result.msg_ids) == 1
        sizes = result._chunk_sizes
        inputs = [sizes.get(m, 1) for m in result.msg_ids] if sizes else None
        if inputs is not None and set(inputs) == {1}:
            inputs = None
        self.columns = Columns(result.msg_ids, inputs)
        self._submitted = earliest([md["submitted"] for md in result._metadata])
        self._received = float("nan")
        self._began = time.monotonic() - max(0.0, time.time() - self._submitted)
        self._elapsed = 0.0
        self._stopped = False
        self._start(result)

    # what happened -----------------------------------------------------------------------------

    def _start(self, result: Any) -> None:
        """Listen to what is pending, then take in what is already known."""
        # done() takes a lock for each future, and there may be 100,000
        pending = [f for f in result._children if f._state in _PENDING] if not result._ready else []
        on_iopub, on_done = self._on_iopub, self._on_done  # one object each, for all futures
        for future in pending:
            future.iopub_callbacks.append(on_iopub)
            future.add_done_callback(on_done)
        self._listening = bool(pending)
        late = set(map(id, pending))
        ready = [i for i, f in enumerate(result._children) if id(f) not in late] if late else None
        with self._lock:
            everything = np.arange(self.columns.messages)
            self._absorb(everything if ready is None else np.array(ready, np.int64))
            self._find_output(result._metadata)
            self._find_running(result)

    def _find_output(self, metadata: Sequence[Any]) -> None:
        """Output that came before anybody listened."""
        for i, md in enumerate(metadata):
            if md["stdout"] or md["stderr"] or md["outputs"] or md["execute_result"]:
                self._note_output(i)

    def _find_running(self, result: Any) -> None:
        """Tasks that began before anybody listened: the client notes their engine, not the time."""
        now = time.time()
        for i in self.columns.pending(np.arange(self.columns.messages)).tolist():
            engine = result._metadata[i]["engine_id"]
            if engine is not None and not isinstance(engine, list):
                self.running[i] = (self._slot(engine, None), now)

    def _on_done(self, future: Any) -> None:
        # the id, not the future: that would keep the result alive until somebody looks
        self._ended.append(future.msg_id)

    def _on_iopub(self, message: Any) -> None:
        # an exception here would stall the client's iopub for good
        try:
            kind = message["header"]["msg_type"]
            if kind == "status":
                if message["content"]["execution_state"] == "busy":
                    engine = message["metadata"].get("engine")
                    self._began_running.append((message["parent_header"]["msg_id"], engine, time.time()))
            elif kind in _OUTPUT:
                self._wrote.append(message["parent_header"]["msg_id"])
        except Exception:
            trouble("reading an iopub message")

    def drain(self) -> None:
        """Take in what has happened since the last call; costs nothing where nothing has."""
        if not (self._ended or self._began_running or self._wrote):
            self._overtaken()
            return
        with self._lock:
            busy, wrote, ended = (_emptied(q) for q in (self._began_running, self._wrote, self._ended))
            if ended:
                self._absorb(self.columns.find(ended))
            if busy:  # after the ends: most tasks that began have ended by now
                self._note_running(busy)
            if wrote:
                for position in self.columns.find(list(dict.fromkeys(wrote))).tolist():
                    self._note_output(position)
            self.link.heard()
            self.version += 1
        self._overtaken()

    def _overtaken(self) -> None:
        """A result tells its user that it is ready a moment before our callbacks run."""
        result = self._result()
        if result is not None and result._ready and self.columns.ended < self.columns.messages:
            with self._lock:
                self._absorb(np.arange(self.columns.messages))
                self.version += 1

    def _note_running(self, busy: list[tuple[str, str, float]]) -> None:
        columns = self.columns
        positions = columns.locate([msg_id for msg_id, _, _ in busy])
        for i in np.flatnonzero((positions >= 0) & (columns.status[positions] < OK)).tolist():
            _, engine, since = busy[i]
            self.running[int(positions[i])] = (self._slot(None, engine), since)

    # into the columns ---------------------------------------------------------------------------

    def _absorb(self, index: Index) -> None:
        result = self._result()
        index = self.columns.pending(index)
        if result is None or not len(index):
            return
        positions = index.tolist()
        self.enter(positions, [result._metadata[i] for i in positions], result._children)

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
        codes = [_CODES.get(md["status"], -1) for md in records]
        if -1 in codes:  # cancelled here, or its metadata was dropped: the future still knows
            codes = [
                c if c >= 0 else _outcome(children[i]) if children else OK
                for i, c in zip(positions, codes, strict=True)
            ]
        slots = self._slots_of(records)
        self.columns.reserve(len(self.engines))
        self.columns.end(
            np.array(positions, np.int64),
            np.array(codes, np.int8),
            np.array(slots, np.int32),
            seconds([md["started"] for md in records]),
            seconds([md["completed"] for md in records]),
        )
        self._submitted = np.fmin(self._submitted, earliest([md["submitted"] for md in records]))
        self._received = np.fmax(self._received, latest([md["received"] for md in records]))
        for position in [p for p in self.running if self.columns.status[p] >= OK]:
            del self.running[position]
        if FAILED in codes:
            for position, code, slot, md in zip(positions, codes, slots, records, strict=True):
                if code == FAILED:
                    self._note_failure(position, slot, md, children)

    def _note_failure(self, position: int, slot: int, md: Any, children: Sequence[Any]) -> None:
        columns = self.columns
        engine = self.engines[slot] if slot >= 0 else None
        failure = self._failure(position, md, children)
        self.failures.add(failure, columns.first_input(position), columns.carried(position), engine)

    def _failure(self, position: int, md: Any, children: Sequence[Any]) -> Failure:
        return Failure.of(_error(children[position]))

    def _note_output(self, position: int) -> None:
        self.wrote.pop(position, None)
        self.wrote[position] = None
        self.columns.wrote[position] = True
        if len(self.wrote) > _OUTPUTS_KEPT:
            del self.wrote[next(iter(self.wrote))]

    def _slots_of(self, records: Sequence[Any]) -> list[int]:
        ids = [md["engine_id"] for md in records]
        try:
            unknown = set(ids) - self._slots.keys()
        except TypeError:  # a coalesced reply has a list of engines
            unknown = {None}
        if None in unknown:
            return [self._slot(i, md["engine_uuid"]) for i, md in zip(ids, records, strict=True)]
        for engine_id in unknown:
            self._slot(engine_id, None)
        slots = self._slots
        return [slots[i] for i in ids]

    def _slot(self, engine_id: Any, uuid: Any) -> int:
        """The column slot of an engine; -1 where no engine is known.

        A dead engine loses its id before its tasks fail, its uuid stays.
        """
        if engine_id is None:
            engine_id = self.link.engine(uuid)
        if engine_id is None:
            return -1
        if isinstance(engine_id, list):
            engine_id = "engines " + ", ".join(map(str, engine_id))
        slot = self._slots.get(engine_id)
        if slot is None:
            slot = self._slots[engine_id] = len(self.engines)
            self.engines.append(engine_id)
        return slot

    # what is known -------------------------------------------------------------------------------

    def poll(self) -> None:
        """Keep up with what does not come by itself; called again and again by whoever shows or waits."""
        self.drain()
        if not self.finished:
            self.link.check()

    @property
    def done(self) -> int:
        """Inputs that have ended."""
        self.drain()
        return int(self.columns.counts[OK:].sum())

    @property
    def any_failed(self) -> bool:
        """Whether a message failed or was aborted."""
        self.drain()
        return bool(self.columns.counts[FAILED] or self.columns.counts[ABORTED])

    @property
    def any_ended(self) -> bool:
        """Whether a message has ended."""
        self.drain()
        return self.columns.ended > 0

    @property
    def finished(self) -> bool:
        """Whether every message has ended."""
        self.drain()
        return self.columns.ended == self.columns.messages

    @property
    def elapsed(self) -> float:
        """Seconds since the first submission; never falls, and stops at the last arrival."""
        with self._lock:
            if not self._stopped:
                self._stopped = self.finished
                known = self._stopped and not np.isnan(self._received)
                now = self.wall_time if known else time.monotonic() - self._began
                self._elapsed = max(self._elapsed, now)
            return self._elapsed

    @property
    def wall_time(self) -> float:
        """Seconds between the first submission and the last arrival so far; 0 before any."""
        self.drain()
        return max(0.0, round(float(np.nan_to_num(self._received - self._submitted)), 6))

    @property
    def serial_time(self) -> float:
        """Seconds spent computing, all ended tasks together."""
        self.drain()
        return self.columns.serial_time

    def snapshot(self) -> Snapshot:
        """Everything that is known now, frozen; may be called from any thread at any time."""
        self.drain()
        with self._lock:
            return assemble(self, self._result())

    def resolve(self, result: Any) -> bool:
        """Whether the result itself is ready."""
        return bool(result._ready)

    def records(self, result: Any) -> Sequence[Any]:
        """The metadata of each message, as ipyparallel keeps it."""
        return result._metadata  # type: ignore[no-any-return]

    def value_of(self, result: Any) -> Any:
        """The value of a result of one ended message; None where it is gone."""
        return None if result is None else result._children[0].result(0)

    def close(self) -> None:
        """Take our callbacks off what is still pending; a second call does nothing."""
        result, listening = self._result(), self._listening
        self._listening = False
        # what is pending keeps its result alive, so a result that is gone has nothing to take off
        for future in result._children if listening and result is not None else ():
            with future._condition:
                if self._on_done in future._done_callbacks:
                    future._done_callbacks.remove(self._on_done)
            if self._on_iopub in future.iopub_callbacks:
                future.iopub_callbacks.remove(self._on_iopub)


def _emptied(events: deque[Any]) -> list[Any]:
    """All that is in a deque now; others may append meanwhile."""
    return [events.popleft() for _ in range(len(events))]


def _outcome(future: Any) -> int:
    """The status code of an ended future whose metadata does not tell."""
    error = _error(future)
    if error is None:
        return OK
    return ABORTED if type(error).__name__ in ("TaskAborted", "CancelledError") else FAILED


def _error(future: Any) -> Any:
    """The error an ended future holds; ipyparallel gives errors as results."""
    try:
        result = future.result(0)
    except CancelledError as error:
        return error
    except Exception as error:
        return error
    return result if isinstance(result, Exception) else None
