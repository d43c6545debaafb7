"""Failures grouped by type and last frame of the user's code, cheap enough for 100,000 of them."""

from __future__ import annotations

import math
import re
import sys
from array import array
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..formatting import clip_middle, format_tasks
from ..model.arrays import Floats, Index
from ..model.snapshot import EngineId, FailureGroup, engine_order
from ..upstream.protocols import JSONObject
from .traceback_frames import find_place, put_user_frames_first

TRACEBACK_HEAD, TRACEBACK_TAIL = 20_000, 80_000
MAX_INDICES = 1_000
_MAX_CACHED_PLACES = 1_000
_MAX_DESCRIPTIONS = 3
_MAX_GROUPS = 200
# where ipyparallel is installed on the engine, as its frames in a traceback show
_PYTHON = re.compile(r"[Pp]ython3\.?(\d+)t?[/\\](?:Lib[/\\])?(?:site|dist)-packages[/\\]ipyparallel[/\\]")
ENGINE_DIED = "EngineError"  # type of the error that ends the tasks of an engine that has died
_DEAD_ENGINE = re.compile(r"Engine (?:b?'[^']*'|\d+) died while running task '[^']*'")


class Failure(NamedTuple):
    """Error of one failed message."""

    type: str
    message: str
    traceback: str
    remote: bool

    @classmethod
    def from_error(cls, error: Any) -> Failure:
        """Return the failure of a future's error: ipyparallel's RemoteError, or any other exception."""
        if hasattr(error, "ename"):
            return cls(
                str(error.ename), str(error.evalue), str(error.traceback or ""), bool(error.engine_info)
            )
        return cls(type(error).__name__, str(error), "", False)

    @classmethod
    def from_reply(cls, content: JSONObject) -> Failure:
        """Return the failure in the content of a reply that the Hub kept."""
        lines = content.get("traceback") or ()
        text = lines if isinstance(lines, str) else "\n".join(map(str, lines))
        kind, message = str(content.get("ename", "Error")), str(content.get("evalue", ""))
        return cls(kind, message, text, bool(content.get("engine_info")))

    def with_names(self, engine_id: EngineId | None, first: int, count: int) -> Failure:
        """Name a dead engine and its tasks as all views do; ipyparallel gives their uuid and message id."""
        if self.type != ENGINE_DIED or engine_id is None:
            return self
        message = f"Engine {engine_id} died while running {format_tasks(first, count)}"
        return self._replace(message=_DEAD_ENGINE.sub(lambda _: message, self.message))


_OTHERS = Failure("Other failures", f"beyond the first {_MAX_GROUPS} kinds, not told apart", "", False)


def note_on_python(traceback: str) -> str:
    """Return a sentence for the user if a traceback shows another minor version of Python; else nothing."""
    found = _PYTHON.search(traceback[:TRACEBACK_HEAD])
    here = sys.version_info
    if found is None or here[:2] == (3, int(found[1])):
        return ""
    return (
        f"Tasks failed on Python 3.{found[1]}, and were sent from {here.major}.{here.minor}: "
        "functions and classes of a notebook run only on engines of the same minor version."
    )


def clip_traceback(traceback: str) -> str:
    """Shorten a traceback to a bounded size, with a mark where text was left out."""
    return clip_middle(traceback, TRACEBACK_HEAD + TRACEBACK_TAIL, TRACEBACK_HEAD)


def arrange_traceback(traceback: str) -> str:
    """Return a traceback of bounded size, the frames of the user's code first."""
    return clip_traceback(put_user_frames_first(clip_traceback(traceback)))


class FailureGroupBuilder:
    """Builder of one :class:`FailureGroup`, which counts the failures of one kind."""

    failure: Failure  # of the message that was added first

    def __init__(self, where: str) -> None:
        self.where = where
        self.version = 0  # increases with every change
        self.clear()

    def clear(self) -> None:
        self.count = 0
        self.engines: set[EngineId] = set()
        self.indices, self.sizes = array("q"), array("q")
        self.first, self.last = math.inf, -math.inf
        self.input: tuple[int, str] | None = None
        self.descriptions = 0
        self.version += 1
        self.messages_differ = False

    def add(self, index: int, inputs: int, engine_id: EngineId | None, when: float) -> None:
        """Count one failed message; see :meth:`Failures.add`."""
        self.version += 1
        self.count += inputs
        self.indices.append(index)
        self.sizes.append(inputs)
        if engine_id is not None:
            self.engines.add(engine_id)
        if not math.isnan(when):
            self.first, self.last = min(self.first, when), max(self.last, when)

    def failed_inputs(self, most: int = MAX_INDICES) -> tuple[int, ...]:
        """Return the lowest indices of failed inputs, ascending."""
        indices, sizes = np.array(self.indices, np.int64), np.array(self.sizes, np.int64)
        lowest = np.argpartition(indices, most)[:most] if len(indices) > most else np.arange(len(indices))
        lowest = lowest[np.argsort(indices[lowest])]
        pairs = zip(indices[lowest].tolist(), sizes[lowest].tolist(), strict=True)
        listed = (index for first, size in pairs for index in range(first, first + size))
        return tuple(islice(listed, most))


class Failures:
    """Failure groups of one result, in order of appearance."""

    def __init__(self) -> None:
        self.note = ""  # sentence for the user
        self._groups: dict[tuple[str, str], FailureGroupBuilder] = {}
        self._places: dict[int, str] = {}

    def add(
        self,
        failure: Failure,
        index: int,
        inputs: int,
        engine_id: EngineId | None,
        when: float = math.nan,
        describe: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Count a failed message by the index of its first input; `when` is in POSIX seconds.

        `describe` returns a short text of its input; it is called for the first messages of a group only.
        """
        where = self._where(failure)
        key = (failure.type, where)
        if len(self._groups) >= _MAX_GROUPS and key not in self._groups:
            failure, where, key = _OTHERS, "", (_OTHERS.type, "")
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = FailureGroupBuilder(where)
        if not group.indices:
            self.note = self.note or note_on_python(failure.traceback)
            group.failure = failure._replace(traceback=arrange_traceback(failure.traceback))
        group.add(index, inputs, engine_id, when)
        group.messages_differ |= failure.message != group.failure.message
        if group.input is None and group.descriptions < _MAX_DESCRIPTIONS:
            group.descriptions += 1
            text = describe()
            group.input = None if text is None else (index, text)

    def clear(self) -> None:
        """Remove all failures; a group keeps its place, for those that are added again."""
        self.note = ""
        for group in self._groups.values():
            group.clear()

    def read_times(self, ends_of: Callable[[Index], Floats]) -> None:
        """Read the times of all failures again, by the indices of their first inputs."""
        for group in self._groups.values():
            ends = ends_of(np.array(group.indices, np.int64))
            if not np.isnan(ends).all():
                group.first, group.last = float(np.nanmin(ends)), float(np.nanmax(ends))
                group.version += 1

    def builders(self) -> list[FailureGroupBuilder]:
        """Return the groups in order of appearance, for reading only; a group keeps its place."""
        return list(self._groups.values())

    def groups(self) -> tuple[FailureGroup, ...]:
        """Return the groups that are not empty, frozen, the largest first."""
        ordered = sorted((g for g in self._groups.values() if g.indices), key=lambda group: -group.count)
        return tuple(
            FailureGroup(
                type=group.failure.type,
                message=group.failure.message,
                where=group.where,
                count=group.count,
                engines=tuple(sorted(group.engines, key=engine_order)),
                indices=group.failed_inputs(),
                traceback=group.failure.traceback,
                first_time=group.first if math.isfinite(group.first) else None,
                last_time=group.last if math.isfinite(group.last) else None,
                input=group.input,
                messages_differ=group.messages_differ,
            )
            for group in ordered
        )

    def _where(self, failure: Failure) -> str:
        if not failure.remote:
            return ""
        # cached by the frames, which repeat; the last line has the message and differs
        key = hash(failure.traceback[: failure.traceback.rfind(failure.type)])
        where = self._places.get(key)
        if where is None:
            if len(self._places) >= _MAX_CACHED_PLACES:
                self._places.clear()
            where = self._places[key] = find_place(failure.traceback[-TRACEBACK_TAIL:])
        return where
