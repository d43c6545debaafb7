"""Queue of ended messages, filled on ipyparallel's IO thread and consumed by a thread or an event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from ..upstream.protocols import MessageFutureLike

_S = TypeVar("_S")


class Inbox(Generic[_S]):
    """Queue of futures that have ended, oldest first, each with its source.

    Any thread may put futures in, one at a time may consume them.
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[_S, MessageFutureLike]] = deque()
        self._arrival: Future[None] = Future()  # of the next future, for a waiting thread or event loop

    def put(self, source: _S, future: MessageFutureLike) -> None:
        """Add a future that has ended; called on ipyparallel's IO thread, so it neither waits nor raises."""
        self._queue.append((source, future))
        if not self._arrival.done():
            with suppress(concurrent.futures.InvalidStateError):  # another thread was faster
                self._arrival.set_result(None)

    def __bool__(self) -> bool:
        return bool(self._queue)

    def take(self) -> Iterator[tuple[_S, MessageFutureLike]]:
        """Yield the queued futures; each is removed only when the next is asked for, so that none is lost."""
        while self._queue:
            yield self._queue[0]
            self._queue.popleft()

    def wait(self, timeout: float) -> None:
        """Wait until a future is queued, at most `timeout` seconds."""
        arrival = self._next_arrival()
        if not self._queue:
            concurrent.futures.wait([arrival], timeout)

    async def wait_async(self, timeout: float) -> None:
        """Wait like :meth:`wait` without blocking the event loop; safe to cancel."""
        arrival = asyncio.wrap_future(self._next_arrival())
        try:
            if not self._queue:
                await asyncio.wait([arrival], timeout=timeout)
        finally:
            arrival.cancel()  # or it would wake a loop that is closed by then

    def _next_arrival(self) -> Future[None]:
        if self._arrival.done():
            self._arrival = Future()
        return self._arrival
