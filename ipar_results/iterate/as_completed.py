"""Iterator over tasks in the order in which they end, with live progress."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from ..facts.build_snapshot import engine_of
from ..live.session import Session, current
from ..live.wait import View, draw_safely, print_unfinished
from ..model.snapshot import EngineId
from ..results.group.group import Group, label_of
from .inbox import Inbox
from .source import Source
from .task_result import TaskResult

_MAX_WAIT = 0.5  # seconds after which a wait looks at the timeout and at the cluster
_POLL_PERIOD = 0.1  # seconds between two looks at the cluster
_UPDATE_PERIOD = 0.1  # seconds between two updates of a bar in a terminal
_YIELD_PERIOD = 0.02  # seconds after which other coroutines get their turn


def as_completed(
    results: Any, timeout: float | None = None, *, raise_errors: bool = False, quiet: bool = False
) -> Arrivals:
    """Iterate over tasks in the order in which they end, with live progress.

    Use ``for``, or ``async for`` where other coroutines should run meanwhile. A task that failed is yielded
    like any other. A task that is retried during the iteration is yielded again, with its new outcome.

    Parameters
    ----------
    results : AsyncResult, Group, or iterable of them
        Whose tasks to yield; those of several results are yielded in one stream.
    timeout : float, optional
        Seconds from now after which waiting for the next task raises TimeoutError.
    raise_errors : bool
        Raise the error of a task instead of yielding it; the iteration can be continued.
    quiet : bool
        Show no progress.

    Returns
    -------
    Arrivals
        An iterator of :class:`TaskResult`, one for each task.

    Raises
    ------
    TypeError
        For anything but results of work that a client of this process has submitted.

    Examples
    --------
    >>> for task in ipar_results.as_completed(view.map_async(f, inputs)):
    ...     print(task.index, task.error or task.value)
    """
    return Arrivals(_checked(results), timeout, raise_errors, quiet, current())


class Arrivals(Iterator[TaskResult]):
    """Iterator and asynchronous iterator, returned by :func:`ipar_results.as_completed`."""

    def __init__(
        self,
        results: Sequence[Any],
        timeout: float | None,
        raise_errors: bool,
        quiet: bool,
        session: Session,
    ) -> None:
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._raise = raise_errors
        self._session = session
        self._inbox: Inbox[Source] = Inbox()
        self._ready: deque[TaskResult] = deque()
        self._view: View | None = None
        self._updated_at = self._yielded_at = self._polled_at = 0.0
        self._thread: int | None = None
        self._lock = threading.Lock()
        parts = [item.results if isinstance(item, Group) else (item,) for item in results]
        members = list(dict.fromkeys(chain.from_iterable(parts)))
        alone = len(results) == 1
        self._shown = results[0] if alone else Group.of(label_of(members), lambda: session, members)
        self._followed = session.followed(self._shown)
        self._sources = [Source(result, self._inbox, session.registry) for result in members]
        self._messages = self._expected()
        self._quiet = quiet or not members
        Source.attach(self._sources)

    # iterator ------------------------------------------------------------------------------------

    def __iter__(self) -> Arrivals:
        return self

    def __next__(self) -> TaskResult:
        try:
            for limit in self._wait_limits():
                self._inbox.wait(limit)
        except KeyboardInterrupt:
            self._end_view()
            draw_safely(lambda: print_unfinished(self._followed))
            raise
        return self._next_task(StopIteration)

    def __aiter__(self) -> Arrivals:
        return self

    async def __anext__(self) -> TaskResult:
        if time.monotonic() - self._yielded_at > _YIELD_PERIOD:  # a long queue must not block
            await asyncio.sleep(0)
            self._yielded_at = time.monotonic()
        for limit in self._wait_limits():
            await self._inbox.wait_async(limit)
            self._yielded_at = time.monotonic()
        return self._next_task(StopAsyncIteration)

    def __del__(self) -> None:
        with suppress(Exception):
            self._close_sources()
            if self._thread == threading.get_ident():  # in another thread a bar would be drawn elsewhere
                self._end_view()

    def close(self) -> None:
        """Stop the iteration; the work continues, and so does a card in a notebook."""
        self._close_sources()
        self._end_view()

    def _close_sources(self) -> None:
        for source in self._sources:
            source.close()

    # waiting -------------------------------------------------------------------------------------

    def _wait_limits(self) -> Iterator[float]:
        """Yield for how many seconds to wait, until a task is ready or all have been yielded."""
        while not self._ready:
            if self._view is None:
                self._thread = threading.get_ident()
                self._view = self._session.progress(self._shown, quiet=self._quiet)
            if not self._take():
                # of many results, the last ones usually end last
                if not any(source.unconsumed for source in reversed(self._sources)):
                    return self._end_view()
                yield self._wait_limit()

    def _expected(self) -> int:
        return sum(len(source.unconsumed) for source in self._sources)

    def _take(self) -> bool:
        """Unpack what is queued; return False if no task is ready."""
        with self._lock:
            for source, future in self._inbox.take():
                for position, attempt in source.unconsumed.get(future, ()):
                    metadata = future.output.metadata
                    engine: EngineId | list[int] | None = metadata["engine_id"]
                    if not isinstance(engine, int):
                        engine = self._engine(source, position, metadata["engine_uuid"])
                    self._ready.extend(source.task_results(position, attempt, engine))
                source.unconsumed.pop(future, None)
        self._update_view()
        return bool(self._ready)

    def _wait_limit(self) -> float:
        """Return for how many seconds to wait; poll the cluster, and raise at the timeout."""
        now = time.monotonic()
        if now - self._polled_at > _POLL_PERIOD:
            self._polled_at = now
            self._followed.poll()  # ends tasks which can no longer finish
        if self._deadline is None:
            return _MAX_WAIT
        left = self._deadline - now
        if left <= 0 and not self._inbox:
            self._end_view()
            msg = (
                f"{self._expected():,} of {self._messages:,} messages had not ended after "
                f"{self._timeout:g} s; they go on, and iterating further gives what has ended"
            )
            raise TimeoutError(msg)
        return max(0.0, min(_MAX_WAIT, left))

    # tasks ---------------------------------------------------------------------------------------

    def _next_task(self, end: type[Exception]) -> TaskResult:
        if not self._ready:
            raise end
        task = self._ready.popleft()
        if self._raise and task.error is not None:
            raise task.error
        return task

    def _engine(self, source: Source, position: int, uuid: object) -> EngineId | None:
        """Look up an engine whose metadata has no id as it died, or a list of ids as a broadcast has."""
        self._followed.drain()
        record = self._followed.record
        if self._shown is not source.result:
            position = int(record.columns.locate([source.result.msg_ids[position]])[0])
        engine: EngineId | None = engine_of(record, position)
        if engine is None and isinstance(uuid, str):
            engine = self._session.registry.connection(source.result._client).engine_id(uuid)
        return engine

    # progress ------------------------------------------------------------------------------------

    def _update_view(self) -> None:
        now = time.monotonic()
        if self._view is not None and now - self._updated_at > _UPDATE_PERIOD:
            self._updated_at = now
            draw_safely(self._view.update)

    def _end_view(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            self._quiet = True
            draw_safely(view.end)


def _checked(results: Any) -> list[Any]:
    """Return the results as a list without duplicates; raise TypeError if one can't be iterated."""
    from ipyparallel import AsyncHubResult, AsyncResult

    kinds = (AsyncResult, Group)
    several = isinstance(results, Iterable) and not isinstance(results, (*kinds, str, bytes))
    found = list(results) if several else [results]
    for each in found:
        if not isinstance(each, kinds):
            msg = f"expected an AsyncResult, a group or several, got {each!r}: pass what map_async() returns"
            raise TypeError(msg)
        if isinstance(each, AsyncHubResult):
            msg = (
                f"{each!r} is asked of the controller as a whole, so its tasks do not arrive one by one: "
                "iterate the result that was given when the work was submitted, or get() this one whole"
            )
            raise TypeError(msg)
    return list(dict.fromkeys(found))
