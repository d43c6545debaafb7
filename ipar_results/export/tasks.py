"""Table of all messages of a result, in columns: the input of every export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..formatting import clip_middle, none_if_nan, utf8_safe
from ..model.arrays import Codes, Floats, Index
from ..model.snapshot import EngineId, Snapshot, TaskRecord
from ..model.status import FAILED, QUEUED, RUNNING, STATUSES
from ..record.failures import Failures
from ..record.state import Record
from ..render.ansi import one_line
from ..upstream.protocols import ResultLike, TaskMetadata
from ..upstream.timestamps import to_posix, to_posix_array

_MAX_TYPE = 200
_MAX_TEXT = 4_000


@dataclass(frozen=True)
class EarlierAttempt:
    """Attempt of a task that was retried."""

    position: int
    attempt: int
    engine: EngineId | None
    started: float
    completed: float


@dataclass(frozen=True, eq=False)
class Tasks:
    """Columns with one row per message, by position.

    Times are POSIX seconds by the client's clock, NaN if unknown.
    """

    snapshot: Snapshot  # of the result at the same moment
    index: Index
    inputs: Index
    attempts: Index
    status: Codes
    engine: list[EngineId | None]
    msg_id: list[str]
    submitted: Floats
    started: Floats
    completed: Floats
    received: Floats
    engine_clock_offset: Floats  # seconds by which the engine's clock is ahead; NaN if the engine is unknown
    error: list[str | None]  # exception type of failed messages
    earlier: tuple[EarlierAttempt, ...]

    def __len__(self) -> int:
        return len(self.index)

    def stamps(self, name: str) -> Floats:
        """Return a column of times as ipyparallel has it: `started` and `completed` by the engine's clock."""
        column: Floats = getattr(self, name)
        by_engine = name in ("started", "completed")
        return column + np.nan_to_num(self.engine_clock_offset) if by_engine else column

    @property
    def duration(self) -> Floats:
        """Computation times in seconds; NaN if unknown."""
        return np.maximum(self.completed - self.started, 0.0)

    def records(self, positions: Index) -> tuple[TaskRecord, ...]:
        """Return the rows at some positions as records of a snapshot."""
        duration = self.duration
        return tuple(
            TaskRecord(
                index=int(self.index[i]),
                inputs=int(self.inputs[i]),
                msg_id=self.msg_id[i],
                engine_id=self.engine[i],
                status=STATUSES[self.status[i]],
                submitted=none_if_nan(self.submitted[i]),
                started=none_if_nan(self.started[i]),
                completed=none_if_nan(self.completed[i]),
                received=none_if_nan(self.received[i]),
                duration=none_if_nan(duration[i]),
                attempts=int(self.attempts[i]),
            )
            for i in positions.tolist()
        )


def collect_tasks(
    record: Record, snapshot: Snapshot, result: ResultLike, metadata: Sequence[TaskMetadata]
) -> Tasks:
    """Collect the columns of all messages of a result; the record's lock must be held since `snapshot`."""
    columns = record.columns
    every = record.positions
    status, slots = columns.status.copy(), columns.engine.copy()
    for position, (slot, _) in record.running.items():
        if status[position] == QUEUED:
            status[position], slots[position] = RUNNING, slot
    ids = [*record.engines.ids, None]  # slot -1 selects the last item
    index = columns.first_input_indices(every).copy()
    attempts = record.attempts.counts(columns.messages)
    return Tasks(
        snapshot=snapshot,
        index=index,
        inputs=columns.input_counts(every).copy(),
        attempts=attempts,
        status=status,
        engine=[ids[slot] for slot in slots.tolist()],
        msg_id=list(result.msg_ids),
        submitted=to_posix_array([md["submitted"] for md in metadata]),
        started=columns.started.copy(),
        completed=columns.completed.copy(),
        received=to_posix_array([md["received"] for md in metadata]),
        engine_clock_offset=np.where(slots < 0, np.nan, record.engine_clocks.offsets(slots)),
        error=_exception_types(record.failures, index, status),
        earlier=_earlier_attempts(record, np.flatnonzero(attempts > 1).tolist()),
    )


def _exception_types(failures: Failures, index: Index, status: Codes) -> list[str | None]:
    errors: list[str | None] = [None] * len(index)
    failed = np.flatnonzero(status == FAILED)
    kinds = {i: group.failure.type for group in failures.builders() for i in group.indices}
    for position, first in zip(failed.tolist(), index[failed].tolist(), strict=True):
        errors[position] = one_line(kinds.get(first, ""), _MAX_TYPE) or "Error"
    return errors


def _earlier_attempts(record: Record, again: list[int]) -> tuple[EarlierAttempt, ...]:
    found = []
    for position in again:
        for attempt, md in record.attempts.earlier(position):
            engine = md["engine_id"]
            # coalesced messages are never sent again, and an aborted one never ran
            if isinstance(engine, list) or md["status"] == "aborted":
                continue
            slot = record.engines.slot(engine, md["engine_uuid"])
            started, completed = (
                to_posix(date) - float(record.engine_clocks.offsets(np.array(slot)))
                for date in (md["started"], md["completed"])
            )
            found.append(EarlierAttempt(position, attempt, engine, started, completed))
    return tuple(found)


def truncate_texts(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with long failure texts cut, so that a file has room for many groups."""
    return replace(
        snapshot,
        failures=tuple(
            replace(
                group,
                message=clip_middle(utf8_safe(group.message), _MAX_TEXT),
                traceback=clip_middle(utf8_safe(group.traceback), _MAX_TEXT),
            )
            for group in snapshot.failures
        ),
    )
