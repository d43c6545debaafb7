"""Queue of ended messages, filled on ipyparallel's IO thread and consumed by a thread or an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from ..upstream.protocols import MessageFutureLike

_S = TypeVar("_S")


class Inbox(Generic[_S]):
    """Queue of futures that have ended, oldest first, each with its source.

    Any thread may put futures in, one at a time may consume them, and counts them as `consumed`.
    """

    def __init__(self) -> None:
        self._announced = self.consumed = 0
        self._queue: deque[tuple[_S, MessageFutureLike]] = deque()
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    @property
    def expected(self) -> int:
        """How many futures are still to be consumed, ended or not."""
        return self._announced - self.consumed

    def expect(self, number: int) -> None:
        """Expect more futures."""
        with self._lock:
            self._announced += number

    def put(self, source: _S, future: MessageFutureLike) -> None:
        """Add a future that has ended; called on ipyparallel's IO thread, so it neither waits nor raises."""
        self._queue.append((source, future))
        self._event.set()
        while self._waiters:
            try:
                loop, waiter = self._waiters.pop()
                loop.call_soon_threadsafe(_wake, waiter)
            except (IndexError, RuntimeError):  # another thread was faster; the loop is closed
                continue

    def __bool__(self) -> bool:
        return bool(self._queue)

    def take(self) -> Iterator[tuple[_S, MessageFutureLike]]:
        """Yield the queued futures; each is removed only when the next is asked for, so that none is lost."""
        while self._queue:
            yield self._queue[0]
            self._queue.popleft()

    def wait(self, timeout: float) -> None:
        """Wait until a future is queued, at most `timeout` seconds."""
        self._event.clear()
        if not self._queue:
            self._event.wait(timeout)

    async def wait_async(self, timeout: float) -> None:
        """Wait like :meth:`wait` without blocking the event loop; safe to cancel."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiters.append((loop, waiter))
        if self._queue:  # filled before the waiter was registered
            _wake(waiter)
        timer = loop.call_later(timeout, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            if (loop, waiter) in self._waiters:
                self._waiters.remove((loop, waiter))


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
