"""The messages of one result, as far as they are still to be given, and the inputs that they carried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..model.snapshot import EngineId
from ..upstream.async_result import inputs_per_message
from ..upstream.futures import PENDING, value_or_error
from ..upstream.timestamps import to_posix, to_posix_array
from .inbox import Inbox
from .task_result import TaskResult

if TYPE_CHECKING:
    from ..results.followed import Followed

_TIMES = itemgetter("started", "completed")


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


def tasks(source: Source, position: int, attempt: int, engine: EngineId | None) -> list[TaskResult]:
    """The inputs that an ended message carried, in order.

    Parameters
    ----------
    source : Source
    position : int
        Of the message in its result.
    attempt : int
    engine : int, str or None
    """
    future = source.future(position)
    value = value_or_error(future)
    error = value if isinstance(value, Exception) else None
    started, completed = map(_time, _TIMES(future.output.metadata))
    duration = None if started is None or completed is None else max(0.0, completed - started)
    first, inputs = source.inputs(position)
    if inputs == 1 and error is None:  # by far the most frequent, so without detours
        if source.is_map and type(value) is list and len(value) == 1:
            (value,) = value
        return [TaskResult(first, value, None, engine, started, completed, duration, attempt, source.result)]
    values: Iterable[Any] = [value]
    if error is not None:
        values = [None] * inputs  # a chunk that fails fails all its inputs
    elif source.is_map and isinstance(value, list) and len(value) == inputs:
        values = value
    return [
        TaskResult(index, each, error, engine, started, completed, duration, attempt, source.result)
        for index, each in enumerate(values, first)
    ]


def _time(value: Any) -> float | None:
    if type(value) is datetime and value.tzinfo is not None:
        return value.timestamp()
    number = to_posix(value)
    return None if number != number else number
