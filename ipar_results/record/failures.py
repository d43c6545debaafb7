"""Failures grouped by type and last remote frame, cheaply enough to do it for each of 100,000."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..formatting import clip_middle
from ..model.snapshot import EngineId, FailureGroup

TRACEBACK_HEAD, TRACEBACK_TAIL = 20_000, 80_000
MAX_INDICES = 1_000
_MAX_CACHED_FRAMES = 1_000
_MAX_DESCRIPTIONS = 3
_MAX_GROUPS = 200
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(
    r'^ {0,4}(?:File|Cell) "?(?P<file>[^\n]{1,300}?)"?(?::|, line )(?P<line>\d+)'
    r"(?:, in (?P<function>[^\n(]{1,200}))?",
    re.MULTILINE,
)


class Failure(NamedTuple):
    """What is known of one failed message."""

    type: str
    message: str
    traceback: str
    remote: bool

    @classmethod
    def from_error(cls, error: Any) -> Failure:
        """From what a future gave: ipyparallel's RemoteError, or any other exception."""
        if hasattr(error, "ename"):
            return cls(
                str(error.ename), str(error.evalue), str(error.traceback or ""), bool(error.engine_info)
            )
        return cls(type(error).__name__, str(error), "", False)

    @classmethod
    def from_reply(cls, content: dict[str, Any]) -> Failure:
        """From the content of a reply that the Hub kept."""
        lines = content.get("traceback") or ()
        text = lines if isinstance(lines, str) else "\n".join(map(str, lines))
        kind, message = str(content.get("ename", "Error")), str(content.get("evalue", ""))
        return cls(kind, message, text, bool(content.get("engine_info")))


_OTHERS = Failure("Other failures", f"beyond the first {_MAX_GROUPS} kinds, not told apart", "", False)


def last_frame(traceback: str) -> str:
    """Where a traceback ends: ``"solve, line 13"``, or an empty text where it shows no frame."""
    frames = list(_FRAME.finditer(_ANSI.sub("", traceback[-TRACEBACK_TAIL:])))
    if not frames:
        return ""
    frame = frames[-1]
    if frame["function"]:
        place = frame["function"].strip().rpartition(".")[2]
    else:
        place = frame["file"].replace("\\", "/").rpartition("/")[2]
    return f"{place}, line {frame['line']}"


def clip_traceback(traceback: str) -> str:
    """A traceback of bounded size, which says what was left out."""
    return clip_middle(traceback, TRACEBACK_HEAD + TRACEBACK_TAIL, TRACEBACK_HEAD)


class FailureGroupBuilder:
    """The failures of one kind so far."""

    def __init__(self, failure: Failure, where: str) -> None:
        self.failure = failure._replace(traceback=clip_traceback(failure.traceback))
        self.where = where
        self.clear()

    def clear(self) -> None:
        """Nothing of this kind has failed."""
        self.count = 0
        self.engines: set[EngineId] = set()
        self.indices, self.sizes = array("q"), array("q")
        self.first, self.last = math.inf, -math.inf
        self.input: tuple[int, str] | None = None
        self.describe_attempts = 0

    def note(self, index: int, inputs: int, engine_id: EngineId | None, when: float) -> None:
        """Count one message."""
        self.count += inputs
        self.indices.append(index)
        self.sizes.append(inputs)
        if engine_id is not None:
            self.engines.add(engine_id)
        if when == when:  # NaN is not
            self.first, self.last = min(self.first, when), max(self.last, when)

    def failed_inputs(self, most: int = MAX_INDICES) -> tuple[int, ...]:
        """The first failed inputs, ascending."""
        firsts, sizes = np.array(self.indices, np.int64), np.array(self.sizes, np.int64)
        lowest = np.argpartition(firsts, most)[:most] if len(firsts) > most else np.arange(len(firsts))
        lowest = lowest[np.argsort(firsts[lowest])]
        pairs = zip(firsts[lowest].tolist(), sizes[lowest].tolist(), strict=True)
        listed = (index for first, size in pairs for index in range(first, first + size))
        return tuple(islice(listed, most))


class Failures:
    """The failure groups of one result, in order of appearance."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], FailureGroupBuilder] = {}
        self._frames: dict[int, str] = {}

    def add(
        self,
        failure: Failure,
        index: int,
        inputs: int,
        engine_id: EngineId | None,
        when: float = math.nan,
        describe: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Count a failed message.

        Parameters
        ----------
        index, inputs : int
            Its first input, and how many it carries.
        when : float
            POSIX seconds; NaN where nobody knows.
        describe : callable
            Tells what it was given; asked for the first messages of a group only.
        """
        where = self._where(failure)
        key = (failure.type, where)
        if len(self._groups) >= _MAX_GROUPS and key not in self._groups:
            failure, where, key = _OTHERS, "", (_OTHERS.type, "")
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = FailureGroupBuilder(failure, where)
        group.note(index, inputs, engine_id, when)
        if group.input is None and group.describe_attempts < _MAX_DESCRIPTIONS:
            group.describe_attempts += 1
            text = describe()
            group.input = None if text is None else (index, text)

    def drop(self, inputs: dict[int, int], of: Callable[[int], tuple[EngineId | None, float]]) -> None:
        """Take back failures; a group that becomes empty keeps its place.

        Parameters
        ----------
        inputs : dict
            How many inputs each message carries, by the index of its first.
        of : callable
            Engine and end (POSIX seconds or NaN) of a message that stays, by the index of its first input.
        """
        for group in self._groups.values():
            had = list(zip(group.indices, group.sizes, strict=True))
            stay = [(index, size) for index, size in had if index not in inputs]
            if len(stay) < len(had):
                told = group.input
                group.clear()
                group.input = told if told and told[0] not in inputs else None
                for index, size in stay:
                    group.note(index, size, *of(index))

    def builders(self) -> list[FailureGroupBuilder]:
        """The groups in order of appearance, not to be changed; a group keeps its place."""
        return list(self._groups.values())

    def groups(self) -> tuple[FailureGroup, ...]:
        """The groups as frozen records, most inputs first."""
        ordered = sorted((g for g in self._groups.values() if g.indices), key=lambda group: -group.count)
        return tuple(
            FailureGroup(
                type=group.failure.type,
                message=group.failure.message,
                where=group.where,
                count=group.count,
                engines=tuple(sorted(group.engines, key=lambda e: (isinstance(e, str), e))),
                indices=group.failed_inputs(),
                traceback=group.failure.traceback,
                first_time=group.first if math.isfinite(group.first) else None,
                last_time=group.last if math.isfinite(group.last) else None,
                input=group.input,
            )
            for group in ordered
        )

    def _where(self, failure: Failure) -> str:
        if not failure.remote:
            return ""
        # the last line differs by its message, the frames above it repeat
        frames = hash(failure.traceback[: failure.traceback.rfind(failure.type)])
        where = self._frames.get(frames)
        if where is None:
            if len(self._frames) >= _MAX_CACHED_FRAMES:
                self._frames.clear()
            where = self._frames[frames] = last_frame(failure.traceback)
        return where
