"""Earlier attempts at messages: those replaced by a retry, and failed ones that the scheduler repeats."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np

from ..model.arrays import Index
from ..model.snapshot import EngineId
from ..upstream.protocols import TaskMetadata

_MAX_KEPT = 5


class Attempts:
    """Attempts that a retry replaced; messages that were sent once take no memory."""

    def __init__(self) -> None:
        self._earlier: dict[int, list[TaskMetadata]] = {}
        self._count: dict[int, int] = {}

    def add(self, position: int, metadata: TaskMetadata) -> None:
        """Count a further attempt; `metadata` belongs to the one before."""
        self._count[position] = self.count(position) + 1
        earlier = self._earlier.setdefault(position, [])
        earlier.append(metadata)
        del earlier[:-_MAX_KEPT]

    def all(self) -> list[tuple[int, TaskMetadata]]:
        """Return position and metadata of each earlier attempt that is kept."""
        return [(position, md) for position, kept in self._earlier.items() for md in kept]

    def count(self, position: int) -> int:
        """Return how often the message at this position was sent."""
        return self._count.get(position, 1)

    def counts(self, messages: int) -> Index:
        """Return how often each of the first `messages` messages was sent."""
        counts = np.ones(messages, np.int64)
        counts[list(self._count)] = list(self._count.values())
        return counts

    def earlier(self, position: int) -> Sequence[tuple[int, TaskMetadata]]:
        """Return number and metadata of each earlier attempt that is kept, newest first."""
        kept = self._earlier.get(position, ())
        last = self.count(position) - 1
        return [(last - back, md) for back, md in enumerate(reversed(kept))]


class FailedAttempts:
    """Failed attempts at tasks that are still pending: the scheduler sends them to another engine."""

    def __init__(self) -> None:
        self.engines: dict[int, set[EngineId]] = {}  # by position, those on which the task has failed
        # by position, when it last failed, or could still go to another engine (monotonic seconds)
        self.last: dict[int, float] = {}

    def add(self, position: int, engine: EngineId | None) -> None:
        """Record that a task has failed on an engine, None if unknown, and is still pending."""
        engines = self.engines.setdefault(position, set())
        if engine is not None:
            engines.add(engine)
        self.last[position] = time.monotonic()

    def forget(self, positions: Iterable[int]) -> None:
        """Drop the attempts at these messages, which have ended or were sent again."""
        for position in positions:
            self.engines.pop(position, None)
            self.last.pop(position, None)
