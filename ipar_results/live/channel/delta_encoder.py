"""Delta encoder: what has changed in one result since the last update that was sent."""

from __future__ import annotations

import json
import math
import time
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ...formatting import truncate
from ...model.arrays import Floats
from ...model.pauses import cut_pauses
from ...model.status import QUEUED
from ...record.failures import Failure, Failures
from ...record.state import Record, running_columns
from ...results.followed import Followed
from ...results.tracker import Tracked
from .encoders import NAME, Json, encode_columns, encode_failure, encode_head, time_base

_MAX_FAILURES = 20
UNKNOWN_SLOT = 0xFFFF
_ROW_BYTES, _CHUNKED_ROW_BYTES, _LOAD_BYTES, _RUNNING_BYTES = 20, 31, 31, 19  # in base64
_LEFT, _THERE, _DIED = range(3)  # presence of an engine
_MIN_ROWS = 64
_CLOCK_SECONDS = 5.0  # rates and shares change with time while long tasks run
_RUNNING_SECONDS = 1.0  # at least, between two long lists of running tasks
_MAX_RUNNING = 2_000


class DeltaEncoder:
    """Encoder for the changes of one result, which remembers what it has sent."""

    def __init__(self, entry: Tracked) -> None:
        self.entry = entry
        self.with_rows = entry.shown  # a timeline needs them
        self.sent_at = 0.0
        self.reset()

    def reset(self) -> None:
        """Forget what was sent: a front end starts anew."""
        self._complete = self._end_sent = False
        self._sent_head: Json = {}
        self._sent_version: tuple[object, ...] | None = None
        self._sent_name = ""
        self._sent_engines = 0
        self._sent_loads: NDArray[np.float64] = np.zeros((0, 6))
        self._next_load = 0  # the engine whose load is sent first
        self._running_sent_at = -math.inf
        self._held_back = False
        self._sent_failures: dict[int, tuple[int, Failure]] = {}
        self._sent_offsets: Floats = np.zeros(0)  # of the engines' clocks, in the rows that were sent
        # of the rows that were sent; freed with the result
        self._sent_status: WeakKeyDictionary[Followed, NDArray[np.int8]] = WeakKeyDictionary()

    # whether there are changes -------------------------------------------------------------------

    @property
    def version(self) -> tuple[object, ...]:
        """A value that differs after every change but that of the clock."""
        followed = self.entry.followed
        if followed is None:
            return (self.entry.over,)
        record = followed.record
        return record.version, followed.lost, record.connection.alive_engines(), self.entry.over

    @property
    def is_complete(self) -> bool:
        """Whether the result has ended and all of it was sent."""
        if not (self._complete and self.entry.over and self.entry.is_named(self._sent_name)):
            return False
        followed, sent = self.entry.followed, self._sent_version
        # otherwise it was retried, and has ended again
        return followed is None or sent is None or sent[0] == followed.record.version

    def is_due(self, now: float) -> bool:
        """Return True if there are changes to send, or the clock needs a refresh."""
        return not self.is_complete and (
            self._held_back
            or self._sent_version != self.version
            or not self.entry.is_named(self._sent_name)
            or self._rows_left() > 0
            or (not self.entry.over and now - self.sent_at > _CLOCK_SECONDS)
        )

    def _rows_left(self) -> int:
        followed = self.entry.followed
        if not self.with_rows or followed is None:
            return 0
        status = followed.record.columns.status  # read once: a growing group replaces it
        return int(np.count_nonzero(self._known_status(followed, len(status)) != status))

    def _known_status(self, followed: Followed, rows: int) -> NDArray[np.int8]:
        known = self._sent_status.get(followed, np.zeros(0, np.int8))
        if len(known) != rows:
            known = np.append(known[:rows], np.zeros(max(0, rows - len(known)), np.int8))
            self._sent_status[followed] = known
        return known

    # changes -------------------------------------------------------------------------------------

    def encode(self, room: int) -> Json:
        """Return what has changed, as a ``ResultUpdate`` of the wire protocol.

        `room` is about how many bytes to fill; what does not fit is left for the next update.
        """
        over, self._sent_version, self._sent_name = self.entry.over, self.version, self.entry.name
        update: Json = {"id": self.entry.id}
        followed = self.entry.followed
        if followed is None:
            self._held_back, self._complete = False, True
            self._add_head(update, encode_head(self.entry, None))
            return update
        followed.drain()
        record = followed.record
        # the end of a large result is sent before its advice, which takes a second to compute
        ends = record.finished and not self._end_sent
        self._end_sent = record.finished
        self._held_back = ends and record.large
        share = room // 3
        with record.lock:
            self._add_head(update, encode_head(self.entry, record, not self._held_back))
            self._add_engines(update, record, share)
            self._add_failures(update, record.failures, share)
            if self.with_rows:
                self._add_running(update, record, share)
                columns = sum(len(part) for part in update.values() if isinstance(part, str))
                self._add_rows(update, followed, room - columns)
        self._complete = over and not self._held_back and not self._rows_left()
        return update

    def include_rows(self) -> None:
        """Send rows from now on."""
        self.with_rows, self._complete = True, False

    def _add_head(self, update: Json, now: Json) -> None:
        changed = {
            key: value
            for key, value in now.items()
            if key not in self._sent_head or self._sent_head[key] != value
        }
        self._sent_head = now
        if changed.keys() - {"time", "elapsed"}:
            update["head"] = changed

    def _add_engines(self, update: Json, record: Record, room: int) -> None:
        ids, columns = record.engines.ids, record.columns
        if len(ids) > self._sent_engines:
            update["engines"] = {
                "from": self._sent_engines,
                "ids": [truncate(i, NAME) for i in ids[self._sent_engines :]],
            }
            self._sent_engines = len(ids)
        columns.reserve(len(ids))
        n = len(ids)
        joined, left, died = np.array(record.presence(), np.float64).reshape(n, 3).T
        presence = np.where(died > 0, _DIED, np.where(np.isposinf(left), _THERE, _LEFT))
        left[np.isnan(left)] = np.inf  # NaN would always count as changed
        counts = columns.slot_done[:n], columns.slot_failed[:n], columns.slot_busy[:n]
        loads = np.stack([*counts, joined, left, presence], axis=1)
        known = np.full(loads.shape, np.nan)
        known[: len(self._sent_loads)] = self._sent_loads[:n]
        changed = np.flatnonzero((loads != known).any(axis=1))
        most = max(_MIN_ROWS, room // _LOAD_BYTES)
        if len(changed) > most:  # round robin, so that all of a thousand engines are updated
            changed = np.roll(changed, -int(np.searchsorted(changed, self._next_load)))[:most]
            self._next_load, self._held_back = int(changed[-1]) + 1, True
        known[changed] = loads[changed]
        self._sent_loads = known
        if len(changed):
            some = loads[changed]
            update["loads"] = encode_columns(
                (some[:, 0], "<u4"),
                (some[:, 1], "<u4"),
                *((some[:, column], "<f4") for column in (2, 3, 4)),
                (changed, "<u2"),
                (some[:, 5], "u1"),
            )

    def _add_failures(self, update: Json, failures: Failures, room: int) -> None:
        listed: list[Json] = []
        used = 0
        for n, group in enumerate(failures.builders()[:_MAX_FAILURES]):
            version, failure = self._sent_failures.get(n, (-1, None))
            if version == group.version:
                continue
            if used > room:
                self._held_back = True
                break
            encoded = encode_failure(n, group, with_texts=failure is not group.failure)
            self._sent_failures[n] = group.version, group.failure
            listed.append(encoded)
            used += len(json.dumps(encoded))
        if listed:
            update["failures"] = listed

    def _add_running(self, update: Json, record: Record, room: int) -> None:
        base, columns, now = time_base(record), record.columns, time.monotonic()
        positions, slots, since = running_columns(dict(list(record.running.items())[-_MAX_RUNNING:]))
        small = len(positions) <= max(_MIN_ROWS, room // _RUNNING_BYTES)
        if not small and now - self._running_sent_at < _RUNNING_SECONDS:
            self._held_back = True
            return
        self._running_sent_at = now
        update["running"] = encode_columns(
            (positions, "<u4"),
            (columns.first_input_indices(positions), "<u4"),
            (cut_pauses(since, record.clock.pauses) - base, "<f4"),
            (np.where(slots < 0, UNKNOWN_SLOT, slots), "<u2"),
        )

    def _add_rows(self, update: Json, followed: Followed, room: int) -> None:
        record = followed.record
        columns = record.columns
        known = self._known_status(followed, len(columns.status))
        offsets = record.engine_clocks.offsets(np.arange(len(record.engines.ids)))
        moved = np.flatnonzero(offsets[: len(self._sent_offsets)] != self._sent_offsets)
        self._sent_offsets = offsets
        if len(moved):  # an engine's clock is further ahead than was known, so its tasks began earlier
            known[np.isin(columns.engine, moved)] = QUEUED
        changed = np.flatnonzero(known != columns.status)
        chunked = columns.inputs is not None
        most = max(_MIN_ROWS, room // (_CHUNKED_ROW_BYTES if chunked else _ROW_BYTES))
        if len(changed) > most:  # evenly spread, so that a timeline shows the whole from the start
            changed = changed[:: math.ceil(len(changed) / most)]
        if not len(changed):
            return
        base = time_base(record)
        known[changed] = columns.status[changed]
        carried = [
            (columns.first_input_indices(changed), "<u4"),
            (columns.input_counts(changed), "<u4"),
        ]
        started = columns.started[changed]
        update["chunked_rows" if chunked else "rows"] = encode_columns(
            (changed, "<u4"),
            (cut_pauses(started, record.clock.pauses) - base, "<f4"),
            (columns.completed[changed] - started, "<f4"),
            *(carried if chunked else ()),
            (np.where(columns.engine[changed] < 0, UNKNOWN_SLOT, columns.engine[changed]), "<u2"),
            (columns.status[changed], "u1"),
        )
