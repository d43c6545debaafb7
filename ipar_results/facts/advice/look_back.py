"""What is known of a run once it has ended: where the time went and what to do better, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...log import trouble
from ...model.snapshot import Advice, TimeUse
from ...model.status import FAILED, OK
from ...record.engines import coalesced
from ...upstream.timestamps import to_posix
from .advise import advise
from .run import Past
from .time_use import OTHER, Run, account, even, time_use

if TYPE_CHECKING:
    from ...record.recorder import Recorder

_STAMPS = 512  # messages are submitted one after the other: in between, times are as even as nobody cares

LARGE = 200_000  # messages: to look back at more takes long enough to be noticed
NOTHING: dict[str, Any] = {"advice": (), "time_use": None}

Floats = NDArray[np.float64]


class Hindsight:
    """The hindsight of one result; made anew only after a retry."""

    def __init__(self) -> None:
        self._made = False
        self._facts: tuple[TimeUse | None, tuple[Advice, ...]] = (None, ())

    def facts(self, recorder: Recorder) -> dict[str, Any]:
        """The fields `advice` and `time_use` of a snapshot; empty until the result has ended.

        Parameters
        ----------
        recorder : Recorder
            Its lock must be held.
        """
        if not recorder.all_ended:
            self._made = False
            return NOTHING
        result = recorder.result()
        if not self._made and result is not None:
            self._made = True
            try:
                self._facts = _look(recorder, result)
            except Exception:
                trouble("looking back at a run")
                self._facts = (None, ())
        return {"advice": self._facts[1], "time_use": self._facts[0]}


def _look(recorder: Recorder, result: Any) -> tuple[TimeUse | None, tuple[Advice, ...]]:
    if recorder.single or any(map(coalesced, recorder.engines.ids)):
        return None, ()
    run = run_of(recorder, recorder.records(result))
    if run is None:
        return None, ()
    run = even(run)
    ordered = account(run)
    used = time_use(run, ordered)
    return used, advise(_past(recorder, result, run), ordered, used)


def run_of(recorder: Recorder, records: Any) -> Run | None:
    """The tasks of a recorder, those of earlier attempts, and those of others on the same engines.

    Parameters
    ----------
    recorder : Recorder
    records : sequence of mapping
        The metadata of each message.
    """
    columns, clock, ids = recorder.columns, recorder.clock, recorder.engines.ids
    length = recorder.wall_time
    if not ids or not length > 0 or np.isnan(clock.submitted):
        return None
    submitted, received = _stamps(recorder, records)
    slots = {engine_id: slot for slot, engine_id in enumerate(ids)}
    rows = [
        (columns.engine, columns.status, submitted, columns.started, columns.completed, received),
        *_earlier(recorder),
        *(
            _foreign(other, slots, clock.submitted, clock.received)
            for other in recorder.connection.other_recorders(recorder)
        ),
    ]
    slot, status, *times = (np.concatenate(column) for column in zip(*rows, strict=True))
    gone = np.array(
        [recorder.connection.left_at.get(i, np.nan) if isinstance(i, int) else np.nan for i in ids]
    )
    left = clock.offsets(gone)
    sent, started, completed, came = map(clock.offsets, times)
    return Run(
        slot=slot.astype(np.int64),
        status=status.astype(np.int8),
        submitted=sent,
        started=started,
        completed=completed,
        received=came,
        left=np.where((left >= 0) & (left < length), left, np.inf),
        length=length,
    )


def _stamps(recorder: Recorder, records: Any) -> tuple[Floats, Floats]:
    """When messages were sent, read at some and drawn between; and when answers came, where it matters.

    To read them all costs as much as everything else together.
    """
    columns = recorder.columns
    n = columns.messages
    at = np.unique(np.linspace(0, n - 1, min(n, _STAMPS)).round().astype(np.int64))
    again = np.array(sorted({position for position, _ in recorder.attempts.all()}), np.int64)
    sent = np.array([to_posix(records[i]["submitted"]) for i in at.tolist()])
    known = ~np.isnan(sent)
    submitted = np.full(n, np.nan)
    if known.any():
        submitted = np.interp(np.arange(n), at[known], sent[known])
    for i in again.tolist():
        submitted[i] = to_posix(records[i]["submitted"])
    received = np.full(n, np.nan)
    for i in {*at.tolist(), *_last_of_each(recorder)}:
        received[i] = to_posix(records[i]["received"])
    return submitted, received


def _last_of_each(recorder: Recorder) -> list[int]:
    """The position of the message that each engine ended last."""
    columns = recorder.columns
    row = np.flatnonzero((columns.engine >= 0) & ~np.isnan(columns.completed))
    row = row[np.argsort(columns.completed[row], kind="stable")]
    last = np.full(len(recorder.engines.ids), -1, np.int64)
    last[columns.engine[row]] = row  # of several, the last one stays
    return [int(position) for position in last if position >= 0]


def _earlier(recorder: Recorder) -> list[tuple[Any, ...]]:
    """What tasks did before they were tried again: lost, however it ended."""
    tried = [md for _, md in recorder.attempts.all()]
    if not tried:
        return []
    slots = [
        -1 if isinstance(md["engine_id"], list) else recorder.engines.slot(md["engine_id"], md["engine_uuid"])
        for md in tried
    ]
    stamps = [
        np.array([to_posix(md[name]) for md in tried])
        for name in ("submitted", "started", "completed", "received")
    ]
    return [(np.array(slots), np.full(len(tried), FAILED), *stamps)]


def _foreign(other: Recorder, slots: dict[Any, int], begin: float, end: float) -> tuple[Any, ...]:
    """The tasks of another result in this time, read without its lock: somebody may hold it."""
    columns = other.columns
    own = np.array([slots.get(engine_id, -1) for engine_id in list(other.engines.ids)] + [-1])
    started, completed = columns.started.copy(), columns.completed.copy()
    row = np.flatnonzero((completed > begin) & (started < end))
    slot = own[np.minimum(columns.engine[row], len(own) - 1)]
    running = [(own[s], since) for s, since in list(other.running.values()) if s < len(own) and since < end]
    slot = np.append(slot, [s for s, _ in running]).astype(np.int64)
    started = np.append(started[row], [since for _, since in running])
    completed = np.append(completed[row], np.full(len(running), end))
    unknown = np.full(len(slot), np.nan)
    return slot, np.full(len(slot), OTHER), unknown, started, completed, unknown


def _past(recorder: Recorder, result: Any, run: Run) -> Past:
    from ipyparallel import AsyncMapResult

    columns, ids = recorder.columns, recorder.engines.ids
    direct = recorder.direct
    if direct is None:  # nobody watched: one message each looks like a direct view's
        direct = columns.messages <= len(ids)
    free = 0 if direct or recorder.direct is None else len(recorder.connection.alive_engines() - set(ids))
    return Past(
        run=run,
        messages=columns.messages,
        first=columns.firsts(np.arange(columns.messages)),
        inputs=columns.weight(np.arange(columns.messages)),
        ids=tuple(ids),
        free=free,
        mapped=isinstance(result, AsyncMapResult),
        direct=direct,
        failed=int((columns.status != OK).sum()),
        sent=recorder.connection.message_sizes.sent_bytes(result.msg_ids),
        came=recorder.connection.message_sizes.received_bytes(result.msg_ids),
    )
