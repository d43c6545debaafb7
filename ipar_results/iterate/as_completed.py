"""Results one by one, as they arrive: what `ipar_results.as_completed` gives."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..facts.build_snapshot import engine_of
from ..live.session import Session, current
from ..live.wait import draw, say_what_still_runs
from ..model.snapshot import EngineId
from ..results.group.group import Group, label_of
from ..results.group.group_recorder import weakly
from .inbox import Inbox
from .source import Source, tasks
from .task_result import TaskResult

if TYPE_CHECKING:
    from ..live.wait import View

_NAP, _LOOK = 0.5, 0.1  # how long, and how often, it is looked whether the cluster is still there
_MOVED = 0.1  # how often a bar in a terminal moves
_SHARE = 0.02  # how long an event loop is kept from others


def as_completed(
    results: Any, timeout: float | None = None, *, raise_errors: bool = False, quiet: bool = False
) -> Arrivals:
    """The tasks in the order in which they end, with live progress.

    To be iterated with ``for``, or with ``async for`` where other code should run meanwhile. An error is data
    and ends nothing. What is retried while this is iterated comes again, with its new outcome.

    Parameters
    ----------
    results : AsyncResult, Group, or iterable of them
        Whose tasks are given; those of several results come in one stream.
    timeout : float, optional
        Seconds, from now, after which waiting for the next task raises TimeoutError.
    raise_errors : bool
        Raise the error of a task instead of giving it; the tasks after it can still be iterated.
    quiet : bool
        Show no progress.

    Returns
    -------
    Arrivals
        An iterator of :class:`TaskResult`, one for each input.

    Raises
    ------
    TypeError
        For anything else than results of work that was submitted by a client of this process.

    Examples
    --------
    >>> for task in ipar_results.as_completed(view.map_async(f, inputs)):
    ...     print(task.index, task.error or task.value)
    """
    return Arrivals(_checked(results), timeout, raise_errors, quiet, current())


class Arrivals(Iterator[TaskResult]):
    """An iterator, also an asynchronous one, of tasks in the order in which they end.

    Made by :func:`ipar_results.as_completed`.
    """

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
        self._inbox = Inbox()
        self._ready: deque[TaskResult] = deque()
        self._view: View | None = None
        self._moved_at = self._shared_at = 0.0
        self._polled_at = 0.0
        self._thread: int | None = None
        self._lock = threading.Lock()
        members = [
            each for item in results for each in (item.results if isinstance(item, Group) else (item,))
        ]
        members = list(dict.fromkeys(members))
        alone = len(results) == 1
        self._shown = results[0] if alone else Group.of(label_of(members), lambda: session, members)
        self._followed = session.followed(self._shown)
        self._sources = [self._source(result) for result in members]
        self._messages = self._inbox.expected
        self._quiet = quiet or not members
        Source.begin(self._sources)

    def _source(self, result: Any) -> Source:
        registry = self._session.registry

        source = Source(result, self._inbox, lambda: registry.find(result))
        registry.on_resume(result, weakly(source.retried))
        return source

    # in a loop -----------------------------------------------------------------------------------

    def __iter__(self) -> Arrivals:
        return self

    def __next__(self) -> TaskResult:
        while not self._ready:
            try:
                if not self._wait():
                    raise StopIteration
            except KeyboardInterrupt:
                self._say_what_goes_on()
                raise
        return self._give()

    def __aiter__(self) -> Arrivals:
        return self

    async def __anext__(self) -> TaskResult:
        if time.monotonic() - self._shared_at > _SHARE:  # what has come already must not keep others waiting
            await asyncio.sleep(0)
            self._shared_at = time.monotonic()
        while not self._ready:
            if not await self._wait_async():
                raise StopAsyncIteration
        return self._give()

    def __del__(self) -> None:
        with suppress(Exception):
            self._stop()
            if self._thread == threading.get_ident():  # else nobody knows where a bar would be drawn
                self._end_view()

    def close(self) -> None:
        """Stop following; the work goes on, and so does a card in a notebook."""
        self._stop()
        self._end_view()

    def _stop(self) -> None:
        for source in self._sources:
            source.close()

    # waiting -------------------------------------------------------------------------------------

    def _wait(self) -> bool:
        """Wait until a task has ended; False when all have been given."""
        self._show()
        while not self._take():
            if not self._inbox.expected:
                self._end_view()
                return False
            self._inbox.wait(self._nap())
        return True

    async def _wait_async(self) -> bool:
        """The same, while the event loop goes on."""
        self._show()
        while not self._take():
            if not self._inbox.expected:
                self._end_view()
                return False
            await self._inbox.wait_async(self._nap())
            self._shared_at = time.monotonic()
        return True

    def _take(self) -> bool:
        """Take in what has ended; False where nothing has."""
        with self._lock:
            for source, future in self._inbox.take():
                for position, attempt in source.places(future):
                    engine = future.output.metadata["engine_id"]
                    if not isinstance(engine, int):
                        engine = self._engine(source, position, future.output.metadata["engine_uuid"])
                    self._ready.extend(tasks(source, position, attempt, engine))
        self._move()
        return bool(self._ready)

    def _nap(self) -> float:
        now = time.monotonic()
        if now - self._polled_at > _LOOK:
            self._polled_at = now
            self._followed.poll()  # ends what can't end by itself
        if self._deadline is None:
            return _NAP
        left = self._deadline - now
        if left <= 0 and not self._inbox:
            self._end_view()
            msg = (
                f"{self._inbox.expected:,} of {self._messages:,} messages had not ended after "
                f"{self._timeout:g} s; they go on, and iterating further gives what has ended"
            )
            raise TimeoutError(msg)
        return max(0.0, min(_NAP, left))

    # what is given -------------------------------------------------------------------------------

    def _give(self) -> TaskResult:
        task = self._ready.popleft()
        if self._raise and task.error is not None:
            raise task.error
        return task

    def _engine(self, source: Source, position: int, uuid: Any) -> EngineId | None:
        """An engine that died has lost its id; several that answered as one have a list of them."""
        self._followed.drain()
        record = self._followed.record
        if self._shown is not source.result:
            position = int(record.columns.locate([source.result.msg_ids[position]])[0])
        engine: EngineId | None = engine_of(record, position)
        if engine is None and isinstance(uuid, str):
            engine = self._session.registry.connection(source.result._client).engine_id(uuid)
        return engine

    # what is shown -------------------------------------------------------------------------------

    def _show(self) -> None:
        if self._view is None:
            self._thread = threading.get_ident()
            self._view = self._session.progress(self._shown, quiet=self._quiet)

    def _move(self) -> None:
        now = time.monotonic()
        if self._view is not None and now - self._moved_at > _MOVED:
            self._moved_at = now
            draw(self._view.update)

    def _end_view(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            self._quiet = True
            draw(view.end)

    def _say_what_goes_on(self) -> None:
        self._end_view()
        draw(lambda: say_what_still_runs(self._followed))


def _checked(results: Any) -> list[Any]:
    """The results as a list, if they are what can be followed."""
    from ipyparallel import AsyncHubResult, AsyncResult

    kinds = (AsyncResult, Group)
    if isinstance(results, kinds):
        found = [results]
    elif isinstance(results, Iterable) and not isinstance(results, str | bytes):
        found = list(results)
    else:
        found = [None]
    for each in found:
        if not isinstance(each, kinds):
            shown = results if found == [None] else each
            msg = f"expected an AsyncResult, a group or several, got {shown!r}: pass what map_async() returns"
            raise TypeError(msg)
        if isinstance(each, AsyncHubResult):
            msg = (
                f"{each!r} is asked of the controller as a whole, so its tasks do not arrive one by one: "
                "iterate the result that was given when the work was submitted, or get() this one whole"
            )
            raise TypeError(msg)
    return list(dict.fromkeys(found))
