"""Rate limits for messages and bytes: a sliding window and a leaky bucket."""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """Sum of the amounts that were added within the last second."""

    def __init__(self) -> None:
        self._added: deque[tuple[float, int]] = deque()

    def add(self, now: float, amount: int) -> None:
        if amount:
            self._added.append((now, amount))

    def total(self, now: float) -> int:
        """Return the sum of the last second, and forget what is older."""
        while self._added and self._added[0][0] <= now - 1.0:
            self._added.popleft()
        return sum(amount for _, amount in self._added)


class LeakyBucket:
    """Amount that drains at a constant rate, and is full at one second's worth."""

    def __init__(self, rate: float) -> None:
        self.rate = rate  # a second
        self._level = self._drained_at = 0.0

    def add(self, amount: float) -> None:
        """Fill in an amount, beyond the brim too."""
        self._level += amount

    def is_full(self, now: float) -> bool:
        """Return whether nothing may be added now."""
        self._level = max(0.0, self._level - (now - self._drained_at) * self.rate)
        self._drained_at = now
        return self._level >= self.rate
