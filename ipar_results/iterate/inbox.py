"""Where ended tasks are put by ipyparallel's thread, and waited for by a thread or by an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..upstream.async_result import inputs_per_message
from ..upstream.futures import PENDING
from ..upstream.timestamps import to_posix_array

if TYPE_CHECKING:
    from ..results.followed import Followed


class Inbox:
    """Futures that have ended, oldest first, each with its source.

    One thread at a time takes out; any may put in.
    """

    def __init__(self) -> None:
        self._announced = self._taken = 0
        self._come: deque[tuple[Source, Any]] = deque()
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

    def put(self, source: Source, future: Any) -> None:
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

    def take(self) -> Iterator[tuple[Source, Any]]:
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


class Source:
    """The messages of one result, as far as they are still to be given.

    Attributes
    ----------
    is_map : bool
        Whether a message's value is a list, of one value for each of its inputs.
    """

    def __init__(self, result: Any, inbox: Inbox, followed: Callable[[], Followed | None]) -> None:
        from ipyparallel import AsyncMapResult

        self.result = result
        self.is_map = isinstance(result, AsyncMapResult)
        self._inbox = inbox
        self._followed = followed
        count = self._attempts()
        self._futures = list(result._children)
        self._places: dict[Any, list[tuple[int, int]]] = {}
        sizes = inputs_per_message(result) if result._chunk_sizes else None
        self._inputs = None if sizes is None or set(sizes) == {1} else sizes
        self._firsts = None if self._inputs is None else (np.cumsum(self._inputs) - self._inputs).tolist()
        for position, future in enumerate(self._futures):
            # a result may hold a message twice
            self._places.setdefault(future, []).append((position, count(position)))
        inbox.expect(len(self._places))

    def _attempts(self) -> Callable[[int], int]:
        followed = self._followed()
        return (lambda position: 1) if followed is None else followed.record.attempts.count

    def inputs(self, position: int) -> tuple[int, int]:
        """Index of a message's first input, and how many it carries."""
        if self._inputs is None or self._firsts is None:
            return position, 1
        return self._firsts[position], self._inputs[position]

    def future(self, position: int) -> Any:
        """The newest future of a message."""
        return self._futures[position]

    def places(self, future: Any) -> Sequence[tuple[int, int]]:
        """Positions of a future that is to be given, each with the number of its attempt."""
        return self._places.get(future, ())

    def take(self, future: Any) -> bool:
        """Note that a future was given; False where it was before."""
        return self._places.pop(future, None) is not None

    @staticmethod
    def begin(sources: Sequence[Source]) -> None:
        """Listen to what is pending; what has ended goes in at once, in the order in which it came."""
        over = []
        for source in sources:
            for future in list(source._places):
                if future._state in PENDING:
                    future.add_done_callback(source._on_done)
                else:
                    over.append((source, future))
        came = to_posix_array([future.output.metadata["received"] for _, future in over])
        for n in np.argsort(came, kind="stable").tolist():
            source, future = over[n]
            source._inbox.put(source, future)

    def _on_done(self, future: Any) -> None:
        self._inbox.put(self, future)

    def retried(self, result: Any) -> None:
        """Expect the new outcomes of what was sent again."""
        for position, future in enumerate(result._children):
            if self._futures[position] is not future:
                self._futures[position] = future
                self._places[future] = [(position, self._attempts()(position))]
                self._inbox.expect(1)
                future.add_done_callback(self._on_done)

    def close(self) -> None:
        """Listen no more."""
        for future in list(self._places):
            with future._condition:
                if self._on_done in future._done_callbacks:
                    future._done_callbacks.remove(self._on_done)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
