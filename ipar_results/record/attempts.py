"""How often each message was sent, and what its earlier attempts left behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEPT = 5


class Attempts:
    """The attempts of one result's messages; costs nothing for those that were sent once."""

    def __init__(self) -> None:
        self._earlier: dict[int, list[Any]] = {}
        self._count: dict[int, int] = {}

    def add(self, position: int, metadata: Any) -> None:
        """Note a further attempt; `metadata` is that of the one before."""
        self._count[position] = self.count(position) + 1
        earlier = self._earlier.setdefault(position, [])
        earlier.append(metadata)
        del earlier[:-_KEPT]

    def all(self) -> list[tuple[int, Any]]:
        """The position and the metadata of each earlier attempt that is still kept."""
        return [(position, md) for position, kept in self._earlier.items() for md in kept]

    def count(self, position: int) -> int:
        """How often the message at this position was sent."""
        return self._count.get(position, 1)

    def counts(self, messages: int) -> NDArray[np.int64]:
        """How often each of so many messages was sent."""
        counts = np.ones(messages, np.int64)
        counts[list(self._count)] = list(self._count.values())
        return counts

    def earlier(self, position: int) -> Sequence[tuple[int, Any]]:
        """The number and the metadata of each earlier attempt that is still kept, newest first."""
        kept = self._earlier.get(position, ())
        last = self.count(position) - 1
        return [(last - back, md) for back, md in enumerate(reversed(kept))]
