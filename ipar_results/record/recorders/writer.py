"""Writer of one record: enters starts, ends, output and failures of messages, under the record's lock."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, cast

import numpy as np

from ...model.arrays import Floats, Index
from ...model.snapshot import EngineId
from ...model.status import ABORTED, FAILED, OK, QUEUED, UNKNOWN
from ...task_inputs import describe_input
from ...upstream.futures import all_ended, ended_positions, error_of, positions_with_output, status_code
from ...upstream.timestamps import to_posix, to_posix_array
from ..engines import is_coalesced
from ..failures import ENGINE_DIED, Failure
from ..state import Record

if TYPE_CHECKING:
    from ...upstream.protocols import MessageFutureLike, TaskMetadata

_CODES = {"ok": OK, "error": FAILED, "aborted": ABORTED, "unknown": UNKNOWN}
_STATUS, _SUBMITTED, _RECEIVED = itemgetter("status"), itemgetter("submitted"), itemgetter("received")
_FIELDS = [itemgetter(key) for key in ("engine_id", "started", "completed")]
# of an aborted task: the engine and the times in its metadata are those of the refusal
_NEVER_RAN: TaskMetadata = cast(
    "TaskMetadata", dict.fromkeys(("engine_id", "engine_uuid", "started", "completed"))
)
_BLOCK = 2_000  # messages whose metadata fits the processor's cache while it is read
_MAX_RECENT_WRITERS = 64
_MAX_INPUT_TEXTS = 200


def failure_of_future(position: int, metadata: TaskMetadata, futures: Sequence[MessageFutureLike]) -> Failure:
    """Return the failure of a message from the error in its future."""
    return Failure.from_error(error_of(futures[position]))


class RecordWriter:
    """Writer of one record; `on_failed_attempt` is called for tasks that failed and are still pending."""

    def __init__(
        self,
        record: Record,
        failure: Callable[[int, TaskMetadata, Sequence[MessageFutureLike]], Failure] = failure_of_future,
        on_failed_attempt: Callable[[int, EngineId], None] | None = None,
    ) -> None:
        self._record = record
        self._failure = failure
        self._on_failed_attempt = on_failed_attempt or record.failed_attempts.add
        self._input_texts: dict[int, str | None] = {}  # by position: to make one takes 20 µs
        self.first_submitted = -1  # position of the first message that was submitted; -1 if unknown

    def add_started(self, started: list[tuple[str, str, float]]) -> None:
        """Enter tasks that have started: message id, engine uuid and POSIX time of each."""
        if not started:
            return
        record = self._record
        columns = record.columns
        positions = columns.locate([msg_id for msg_id, _, _ in started])
        for i in np.flatnonzero((positions >= 0) & (columns.status[positions] < OK)).tolist():
            _, engine, since = started[i]
            position, slot = int(positions[i]), record.engines.slot(None, engine)
            self._check_moved(position, slot)
            record.running[position] = (slot, since)

    def _check_moved(self, position: int, slot: int) -> None:
        """Mark an engine as dead that has left, if its task goes on, or ended, elsewhere."""
        before, ids = self._record.running.get(position, (-1, 0.0))[0], self._record.engines.ids
        moved = before >= 0 <= slot != before and not is_coalesced(ids[slot])
        if moved and ids[before] not in self._record.connection.alive_engines():
            self._mark_died(before)

    def _mark_died(self, slot: int) -> None:
        record = self._record
        record.engines.died.add(slot)
        record.connection.mark_died(record.engines.ids[slot])

    def add_failed_attempts(self, tries: list[tuple[str, str]]) -> None:
        """Enter attempts that failed while their task is pending: message id and engine uuid of each."""
        record = self._record
        positions = record.columns.locate([msg_id for msg_id, _ in tries]).tolist()
        for position, (_, uuid) in zip(positions, tries, strict=True):
            if position < 0 or record.columns.status[position] >= OK:
                continue
            slot = record.engines.slot(None, uuid)
            if slot >= 0:  # otherwise the engine is unknown
                self._on_failed_attempt(position, record.engines.ids[slot])
            running = record.running.get(position)
            if running is not None and running[0] == slot:
                del record.running[position]

    def add_ended(self, index: Index, read_output: bool = True) -> None:
        """Enter the ends of messages; those that were entered before are skipped.

        `read_output` looks in the metadata for output, because no event may have reported it.
        """
        result = self._record.result()
        index = self._record.columns.pending(index)
        if result is None or not len(index):
            return
        for first in range(0, len(index), _BLOCK):
            positions = index[first : first + _BLOCK].tolist()
            metadata = list(map(result._metadata.__getitem__, positions))
            self.add_metadata(positions, metadata, result._children)
            if read_output:
                self.add_output(positions_with_output(positions, metadata))

    def add_metadata(
        self, positions: list[int], metadata: Sequence[TaskMetadata], futures: Sequence[MessageFutureLike]
    ) -> None:
        """Enter the ends of pending messages by their metadata.

        `futures` holds all futures of the result; a result of the Hub has none.
        """
        record = self._record
        # one list a field, made in C: a tuple for each message would trigger the garbage collector
        states, received = list(map(_STATUS, metadata)), list(map(_RECEIVED, metadata))
        if states.count("ok") == len(states):
            status = [OK] * len(states)
        else:
            status = [_CODES.get(state, -1) for state in states]
        if -1 in status:  # cancelled here, or the metadata was dropped: the future has the outcome
            status = [
                code if code >= 0 else status_code(futures[i]) if futures else OK
                for i, code in zip(positions, status, strict=True)
            ]
        ran = metadata
        if ABORTED in status:
            ran = [_NEVER_RAN if code == ABORTED else md for code, md in zip(status, metadata, strict=True)]
        engines, started, completed = (list(map(get, ran)) for get in _FIELDS)
        slots = record.engines.slots(engines, ran)
        record.columns.reserve(len(record.engines.ids))
        of_engine, begin, end = np.array(slots, np.int32), to_posix_array(started), to_posix_array(completed)
        clocks, columns = record.engine_clocks, record.columns
        if clocks.are_due(slots) or columns.ended + len(positions) == columns.messages:
            self._observe_clocks(slots, metadata, begin, end)
        if clocks.differ:
            ahead = clocks.offsets(of_engine)
            begin, end = begin - ahead, end - ahead
        columns.end(
            np.fromiter(positions, np.int64, len(positions)),
            np.fromiter(status, np.int8, len(positions)),
            of_engine,
            begin,
            end,
        )
        if self.first_submitted < 0 or self.first_submitted in positions:
            record.clock.add_submitted(list(map(_SUBMITTED, metadata)))
        record.clock.add_received(received)
        for position in [p for p in record.running if record.columns.status[p] >= OK]:
            self._check_moved(position, int(record.columns.engine[position]))
            del record.running[position]
        result = record.result()
        for link in record.connection.each:
            if len(link.argument_cache) and result is not None:
                msg_ids = result.msg_ids
                succeeded = [msg_ids[p] for p, code in zip(positions, status, strict=True) if code == OK]
                link.argument_cache.mark_succeeded(succeeded)
        if FAILED in status:
            for position, code, slot, md in zip(positions, status, slots, metadata, strict=True):
                if code == FAILED:
                    self._add_failure(position, slot, md, futures)

    def _observe_clocks(
        self, slots: list[int], metadata: Sequence[TaskMetadata], started: Floats, completed: Floats
    ) -> None:
        """Compare the clocks of the engines with the client's, and move entered times where they differ."""
        record = self._record
        # the first and the last message of each engine: to parse all dates takes as long as the rest
        numbered = list(zip(slots, range(len(slots)), strict=True))
        first, last = dict(reversed(numbered)), dict(numbered)
        first.pop(-1, None)  # unknown engines
        rows = np.array([list(first.values()), [last[slot] for slot in first]], np.int64)
        some = [metadata[i] for i in rows.ravel().tolist()]
        submitted, received = (
            to_posix_array(list(map(get, some))).reshape(rows.shape) for get in (_SUBMITTED, _RECEIVED)
        )
        moved = record.engine_clocks.observe(
            np.array(list(first), np.int64), submitted, started[rows], completed[rows], received
        )
        for engine, seconds in moved:
            record.columns.shift_times(engine, seconds)
        if moved:
            columns = record.columns
            record.failures.read_times(lambda first: columns.completed[columns.positions_of_inputs(first)])

    def _add_failure(
        self, position: int, slot: int, metadata: TaskMetadata, futures: Sequence[MessageFutureLike]
    ) -> None:
        record = self._record
        columns = record.columns
        ended_at = float(columns.completed[position])
        engine_id = record.engines.ids[slot] if slot >= 0 else None
        index = columns.first_input_index(position)
        count = columns.input_count(position)
        failure = self._failure(position, metadata, futures).with_names(engine_id, index, count)
        if slot >= 0 and failure.type == ENGINE_DIED:
            self._mark_died(slot)
        record.failures.add(
            failure,
            index,
            count,
            engine_id,
            to_posix(metadata["received"]) if math.isnan(ended_at) else ended_at,
            lambda: self._describe_failed_input(position),
        )

    def failure_at(
        self, position: int, metadata: TaskMetadata, futures: Sequence[MessageFutureLike]
    ) -> Failure | None:
        """Return the failure of a failed or aborted message; None for others."""
        record, columns = self._record, self._record.columns
        if columns.status[position] not in (FAILED, ABORTED):
            return None
        slot = int(columns.engine[position])
        engine_id = record.engines.ids[slot] if slot >= 0 else None
        failure = self._failure(position, metadata, futures)
        index, count = columns.first_input_index(position), columns.input_count(position)
        return failure.with_names(engine_id, index, count)

    def describe_input_at(self, position: int) -> str | None:
        """Return a short text of the input of a message; None if its arguments are no longer cached."""
        if position in self._input_texts:
            return self._input_texts[position]
        record = self._record
        result = record.result()
        if result is None:
            return None
        for link in record.connection.each:
            cache = link.argument_cache
            if len(cache) and (request := cache.find(result.msg_ids[position])):
                count = record.columns.input_count(position)
                text = describe_input(request.buffers, request.mapped, count)
                if len(self._input_texts) >= _MAX_INPUT_TEXTS:
                    self._input_texts.clear()
                self._input_texts[position] = text
                return text
        return None

    def _describe_failed_input(self, position: int) -> str | None:
        """Return a short text of the input of a failed message; of several inputs any may have failed."""
        text = self.describe_input_at(position)
        return f"one of {text}" if text and self._record.columns.input_count(position) > 1 else text

    def add_output(self, positions: list[int]) -> None:
        """Enter that these tasks have written output."""
        record = self._record
        record.columns.has_output[positions] = True
        for position in positions[-_MAX_RECENT_WRITERS:]:
            record.recent_writers.pop(position, None)
            record.recent_writers[position] = None
        while len(record.recent_writers) > _MAX_RECENT_WRITERS:
            del record.recent_writers[next(iter(record.recent_writers))]

    def forget_ends(self) -> None:
        """Discard all ends after a transaction was interrupted, so that they are entered again."""
        columns = self._record.columns
        columns.status[:] = QUEUED
        columns.recount()
        self._record.failures.clear()

    def discard_ends(
        self,
        positions: list[int],
        metadata: Sequence[TaskMetadata],
        futures: Sequence[MessageFutureLike],
        msg_ids: Sequence[str],
    ) -> None:
        """Discard the ends of messages that are sent again; their metadata is kept as an earlier attempt.

        `metadata`, `futures` and `msg_ids` are those of all messages, before they are sent again.
        """
        record = self._record
        record.mark_reopened(positions)
        for position in positions:
            record.attempts.add(position, metadata[position])
        self._recount_failures(metadata, futures, positions)
        for link in record.connection.each:
            link.argument_cache.drop([msg_ids[i] for i in positions])

    def _recount_failures(
        self, metadata: Sequence[TaskMetadata], futures: Sequence[MessageFutureLike], discarded: list[int]
    ) -> None:
        columns = self._record.columns
        self._record.failures.clear()
        for position in np.setdiff1d(np.flatnonzero(columns.status == FAILED), discarded).tolist():
            self._add_failure(position, int(columns.engine[position]), metadata[position], futures)


def unread_ends(record: Record) -> Index | None:
    """Return the positions of ended messages of a ready result; None if there is nothing to read.

    A result becomes ready shortly before our callbacks run. The record must know by then what its user sees.
    """
    result = record.result()
    if result is None or not result._ready or record.given_up:
        return None
    if record.columns.ended == record.columns.messages:
        return None
    futures = result._children
    return record.positions if not futures or all_ended(futures) else ended_positions(futures)
