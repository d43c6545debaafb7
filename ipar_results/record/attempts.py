"""Earlier attempts at each message: those that a retry replaced, and those that the scheduler repeats."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEPT = 5


class Attempts:
    """Attempts that a retry replaced; costs nothing for messages that were sent once."""

    def __init__(self) -> None:
        self._earlier: dict[int, list[Any]] = {}
        self._count: dict[int, int] = {}

    def add(self, position: int, metadata: Any) -> None:
        """Count a further attempt; `metadata` is that of the one before."""
        self._count[position] = self.count(position) + 1
        earlier = self._earlier.setdefault(position, [])
        earlier.append(metadata)
        del earlier[:-_KEPT]

    def all(self) -> list[tuple[int, Any]]:
        """Return position and metadata of each earlier attempt that is kept."""
        return [(position, md) for position, kept in self._earlier.items() for md in kept]

    def count(self, position: int) -> int:
        """Return how often the message at this position was sent."""
        return self._count.get(position, 1)

    def counts(self, messages: int) -> NDArray[np.int64]:
        """Return how often each of so many messages was sent."""
        counts = np.ones(messages, np.int64)
        counts[list(self._count)] = list(self._count.values())
        return counts

    def earlier(self, position: int) -> Sequence[tuple[int, Any]]:
        """Return number and metadata of each earlier attempt that is kept, newest first."""
        kept = self._earlier.get(position, ())
        last = self.count(position) - 1
        return [(last - back, md) for back, md in enumerate(reversed(kept))]


class FailedAttempts:
    """Engines on which pending tasks have failed; the scheduler tries another engine, as `retries` allows.

    Attributes
    ----------
    engines : dict
        By position, the engines on which the task has failed.
    last : dict
        By position, when it last failed, or could still go to another engine (monotonic seconds).
    """

    def __init__(self) -> None:
        self.engines: dict[int, set[Any]] = {}
        self.last: dict[int, float] = {}

    def add(self, position: int, engine: Any) -> None:
        """Note that a task has failed on an engine and is still pending."""
        self.engines.setdefault(position, set()).add(engine)
        self.last[position] = time.monotonic()

    def forget(self, positions: Iterable[int]) -> None:
        """Drop these: they have ended, or were sent again."""
        for position in positions:
            self.engines.pop(position, None)
            self.last.pop(position, None)
