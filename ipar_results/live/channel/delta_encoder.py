"""What has changed of one result since the front end was last told: small JSON and binary columns."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formatting import truncate
from ...record.engines import coalesced
from ...record.failures import Failures
from ...record.state import Record
from ...results.tracker import Tracked
from .encoders import NAME, encode_columns, encode_failure, encode_head, time_base

GROUPS = 20
UNKNOWN_SLOT = 0xFFFF
_ROW_BYTES, _CHUNKED_ROW_BYTES, _LOAD_BYTES, _RUNNING_BYTES = 15, 23, 15, 14
_FEWEST_ROWS = 64
_CLOCK = 5.0  # seconds: rates and shares drift while long tasks run
_RUNNING_AGE = 1.0  # seconds for which a long list of what runs may be old
_MOST_RUNNING = 2_000


class Told:
    """What the front end knows of one result.

    Attributes
    ----------
    wanted : bool
        Whether its rows are sent: somebody looks at its timeline.
    """

    def __init__(self, entry: Tracked) -> None:
        self.entry = entry
        self.wanted = entry.shown
        self.sent_at = 0.0
        self.forget()

    def forget(self) -> None:
        """Start from nothing: the front end does."""
        self._all_told = self._end_told = False
        self._head: dict[str, Any] = {}
        self._stamp: tuple[Any, ...] | None = None
        self._engines = 0
        self._loads: NDArray[np.float64] = np.zeros((0, 4))
        self._turn = 0  # whose load is told first
        self._running_at = -math.inf
        self._withheld = False
        self._groups: dict[int, int] = {}
        self._rows: NDArray[np.int8] | None = None

    # whether there is something to tell ----------------------------------------------------------

    @property
    def stamp(self) -> tuple[Any, ...]:
        """Changes whenever something is to be told, the clock apart."""
        followed = self.entry.followed
        if followed is None:
            return (self.entry.over,)
        record = followed.record
        return record.version, followed.lost, record.connection.alive_engines(), self.entry.over

    @property
    def settled(self) -> bool:
        """Whether it has ended and all of it was told."""
        return self._all_told and self.entry.over

    @property
    def stale(self) -> bool:
        """Whether the front end does not know all."""
        return self._withheld or self._stamp != self.stamp or self._rows_left() > 0

    def due(self, now: float) -> bool:
        """Whether there is something to tell, be it that time goes on."""
        return not self.settled and (self.stale or (self.running and now - self.sent_at > _CLOCK))

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return not self.entry.over

    def _rows_left(self) -> int:
        followed = self.entry.followed
        if not self.wanted or followed is None:
            return 0
        status = followed.record.columns.status  # that of a group may be replaced by a longer one meanwhile
        return int(np.count_nonzero(self._known(len(status)) != status))

    def _known(self, rows: int) -> NDArray[np.int8]:
        known = np.zeros(0, np.int8) if self._rows is None else self._rows
        if len(known) != rows:
            self._rows = np.append(known[:rows], np.zeros(max(0, rows - len(known)), np.int8))
            return self._rows
        self._rows = known
        return known

    def rest(self) -> None:
        """Keep no rows of a result that is gone."""
        if self._rows is not None and self.entry.gone:
            self._rows = None

    # what to tell --------------------------------------------------------------------------------

    def update(self, room: int, buffers: list[bytes]) -> dict[str, Any]:
        """What has changed; binary columns are appended to `buffers`.

        Parameters
        ----------
        room : int
            About how many bytes there are; what does not fit is told the next time.

        Returns
        -------
        dict
            A ``ResultUpdate`` of the wire protocol.
        """
        over, self._stamp = self.entry.over, self.stamp
        told: dict[str, Any] = {"id": self.entry.id}
        followed = self.entry.followed
        if followed is None:
            self._withheld, self._all_told = False, True
            self._add_head(told, encode_head(self.entry, None))
            return told
        followed.drain()
        record = followed.record
        # that it has ended is told before the second that looking back at a large one takes
        ends = record.finished and not self._end_told
        self._end_told = record.finished
        self._withheld = ends and record.large
        before, share = len(buffers), room // 3
        with record.lock:
            self._add_head(told, encode_head(self.entry, record, not self._withheld))
            self._add_engines(told, record, share, buffers)
            self._add_failures(told, record.failures, share)
            if self.wanted:
                self._add_running(told, record, share, buffers)
                left = room - sum(map(len, buffers[before:]))
                self._add_rows(told, record, left, buffers)
        self._all_told = over and not self._withheld and not self._rows_left()
        return told

    def watch(self) -> None:
        """Send rows from now on."""
        self.wanted, self._all_told = True, False

    def _add_head(self, told: dict[str, Any], now: dict[str, Any]) -> None:
        changed = {
            key: value for key, value in now.items() if key not in self._head or self._head[key] != value
        }
        self._head = now
        if changed.keys() - {"time", "elapsed"}:
            told["head"] = changed

    def _add_engines(self, told: dict[str, Any], record: Record, room: int, buffers: list[bytes]) -> None:
        ids, columns = record.engines.ids, record.columns
        if len(ids) > self._engines:
            told["engines"] = {
                "from": self._engines,
                "ids": [truncate(i, NAME) for i in ids[self._engines :]],
            }
            self._engines = len(ids)
        columns.reserve(len(ids))
        n = len(ids)
        alive = np.fromiter((coalesced(i) or record.was_present(i) for i in ids), np.float64, n)
        loads = np.stack(
            [columns.slot_done[:n], columns.slot_failed[:n], columns.slot_busy[:n], alive], axis=1
        )
        known = np.full((n, 4), np.nan)
        known[: len(self._loads)] = self._loads[:n]
        changed = np.flatnonzero((loads != known).any(axis=1))
        most = max(_FEWEST_ROWS, room // _LOAD_BYTES)
        if len(changed) > most:  # of a thousand engines, each has its turn
            changed = np.roll(changed, -int(np.searchsorted(changed, self._turn)))[:most]
            self._turn, self._withheld = int(changed[-1]) + 1, True
        known[changed] = loads[changed]
        self._loads = known
        if len(changed):
            some = loads[changed]
            told["loads"] = encode_columns(
                buffers,
                len(changed),
                (some[:, 0], "<u4"),
                (some[:, 1], "<u4"),
                (some[:, 2], "<f4"),
                (changed, "<u2"),
                (some[:, 3], "u1"),
            )

    def _add_failures(self, told: dict[str, Any], failures: Failures, room: int) -> None:
        listed: list[dict[str, Any]] = []
        used = 0
        for n, group in enumerate(failures.listed()[:GROUPS]):
            if self._groups.get(n) == group.count:
                continue
            if used > room:
                self._withheld = True
                break
            encoded = encode_failure(n, group, n not in self._groups)
            self._groups[n] = group.count
            listed.append(encoded)
            used += len(json.dumps(encoded))
        if listed:
            told["failures"] = listed

    def _add_running(self, told: dict[str, Any], record: Record, room: int, buffers: list[bytes]) -> None:
        base, columns, now = time_base(record), record.columns, time.monotonic()
        running = [(position, slot, since) for position, (slot, since) in record.running.items()]
        running = running[-_MOST_RUNNING:]
        small = len(running) <= max(_FEWEST_ROWS, room // _RUNNING_BYTES)
        if not small and now - self._running_at < _RUNNING_AGE:
            self._withheld = True
            return
        self._running_at = now
        told["running"] = encode_columns(
            buffers,
            len(running),
            ([position for position, _, _ in running], "<u4"),
            ([columns.first_input(position) for position, _, _ in running], "<u4"),
            ([since - base for _, _, since in running], "<f4"),
            ([slot if slot >= 0 else UNKNOWN_SLOT for _, slot, _ in running], "<u2"),
        )

    def _add_rows(self, told: dict[str, Any], record: Record, room: int, buffers: list[bytes]) -> None:
        columns = record.columns
        known = self._known(len(columns.status))
        changed = np.flatnonzero(known != columns.status)
        chunked = columns.inputs is not None
        most = max(_FEWEST_ROWS, room // (_CHUNKED_ROW_BYTES if chunked else _ROW_BYTES))
        if len(changed) > most:  # evenly spread: a picture of the whole that gets finer
            changed = changed[:: math.ceil(len(changed) / most)]
        if not len(changed):
            return
        base = time_base(record)
        known[changed] = columns.status[changed]
        carried = [
            (columns.firsts(changed), "<u4"),
            (columns.weight(changed), "<u4"),
        ]
        started = columns.started[changed]
        told["rows"] = {
            **encode_columns(
                buffers,
                len(changed),
                (changed, "<u4"),
                (started - base, "<f4"),
                (columns.completed[changed] - started, "<f4"),
                *(carried if chunked else ()),
                (np.where(columns.engine[changed] < 0, UNKNOWN_SLOT, columns.engine[changed]), "<u2"),
                (columns.status[changed], "u1"),
            ),
            "chunked": chunked,
        }
