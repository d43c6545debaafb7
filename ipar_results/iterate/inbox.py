"""Where ended tasks are put by ipyparallel's thread, and waited for by a thread or by an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any


class Inbox:
    """Futures that have ended, oldest first, each with its source.

    One thread at a time takes out; any may put in.
    """

    def __init__(self) -> None:
        self._announced = self._taken = 0
        self._come: deque[tuple[Any, Any]] = deque()
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._sleepers: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    @property
    def expected(self) -> int:
        """How many have not been taken out, come or not."""
        return self._announced - self._taken

    def expect(self, number: int) -> None:
        """Expect more."""
        with self._lock:
            self._announced += number

    def put(self, source: Any, future: Any) -> None:
        """Take in a future; called on ipyparallel's thread, so it neither waits nor raises."""
        self._come.append((source, future))
        self._event.set()
        if self._sleepers:
            self._wake_sleepers()

    def _wake_sleepers(self) -> None:
        while self._sleepers:
            try:
                loop, sleeper = self._sleepers.pop()
                loop.call_soon_threadsafe(_wake, sleeper)
            except (IndexError, RuntimeError):  # woken by somebody else just now; a closed loop
                continue

    def __bool__(self) -> bool:
        return bool(self._come)

    def take(self) -> Iterator[tuple[Any, Any]]:
        """What has come, each taken out only once its receiver asks for the next: none is lost on the way."""
        while self._come:
            source, future = self._come[0]
            yield source, future
            if source.take(future):
                self._taken += 1
            self._come.popleft()

    def wait(self, timeout: float) -> None:
        """Wait until there is something, at most so many seconds."""
        self._event.clear()
        if not self._come:
            self._event.wait(timeout)

    async def wait_async(self, timeout: float) -> None:
        """The same, without keeping the event loop; a cancellation takes nothing away."""
        loop = asyncio.get_running_loop()
        sleeper = loop.create_future()
        self._sleepers.append((loop, sleeper))
        if self._come:  # before we were known to sleep
            _wake(sleeper)
        timer = loop.call_later(timeout, _wake, sleeper)
        try:
            await sleeper
        finally:
            timer.cancel()
            if (loop, sleeper) in self._sleepers:
                self._sleepers.remove((loop, sleeper))


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
