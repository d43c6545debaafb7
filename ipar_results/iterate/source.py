"""Source of ended messages: listens to the futures of one result and unpacks the inputs that each carried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any

import numpy as np

from ..formatting import none_if_nan
from ..model.snapshot import EngineId
from ..results.group.group_recorder import weakly
from ..results.registry import Registry
from ..upstream.async_result import inputs_per_message
from ..upstream.futures import PENDING, remove_done_callback, value_or_error
from ..upstream.protocols import AsyncResultLike, MessageFutureLike
from ..upstream.timestamps import to_posix, to_posix_array
from .inbox import Inbox
from .task_result import TaskResult

_TIMES = itemgetter("started", "completed")


class Source:
    """Messages of one result; the inbox gets each future once it has ended.

    `unconsumed` has the futures that are still to be consumed, ended or not: of each the positions and the
    numbers of their attempts.
    """

    def __init__(self, result: AsyncResultLike, inbox: Inbox[Source], registry: Registry) -> None:
        from ipyparallel import AsyncMapResult

        self.result = result
        self._is_map = isinstance(result, AsyncMapResult)
        self._inbox = inbox
        self._registry = registry
        count = self._attempt_counter()
        self._futures = list(result._children)
        self.unconsumed: dict[MessageFutureLike, list[tuple[int, int]]] = {}
        self._inputs = inputs_per_message(result)
        self._firsts = list(accumulate(self._inputs, initial=0))
        for position, future in enumerate(self._futures):
            # a result may hold a message twice
            self.unconsumed.setdefault(future, []).append((position, count(position)))
        registry.on_resume(result, weakly(self.on_retry))

    def _attempt_counter(self) -> Callable[[int], int]:
        followed = self._registry.find(self.result)
        return (lambda position: 1) if followed is None else followed.record.attempts.count

    def task_results(self, position: int, attempt: int, engine: EngineId | None) -> list[TaskResult]:
        """Return the outcomes of all inputs that an ended message carried, in order."""
        future = self._futures[position]
        value = value_or_error(future)
        error = value if isinstance(value, Exception) else None
        metadata = future.output.metadata
        started, completed = map(none_if_nan, map(to_posix, _TIMES(metadata)))
        if metadata["status"] == "aborted":  # the times are those of the engine's refusal: no task ran
            engine = started = completed = None
        duration = None if started is None or completed is None else max(0.0, completed - started)
        first, inputs = self._firsts[position], self._inputs[position]
        values: Iterable[Any] = [value]
        if error is not None:
            values = [None] * inputs  # all inputs of a chunk share its error
        elif self._is_map and isinstance(value, list) and len(value) == inputs:
            values = value
        return [
            TaskResult(index, each, error, engine, started, completed, duration, attempt, self.result)
            for index, each in enumerate(values, first)
        ]

    @staticmethod
    def attach(sources: Sequence[Source]) -> None:
        """Listen to what is pending; queue what has ended, in the order in which it was received."""
        ended = []
        for source in sources:
            for future in list(source.unconsumed):
                if future._state in PENDING:
                    future.add_done_callback(source._on_done)
                else:
                    ended.append((source, future))
        received = to_posix_array([future.output.metadata["received"] for _, future in ended])
        for n in np.argsort(received, kind="stable").tolist():
            source, future = ended[n]
            source._inbox.put(source, future)

    def _on_done(self, future: MessageFutureLike) -> None:
        self._inbox.put(self, future)

    def on_retry(self, result: AsyncResultLike) -> None:
        """Expect the new outcomes of messages that were sent again."""
        for position, future in enumerate(result._children):
            if self._futures[position] is not future:
                self._futures[position] = future
                self.unconsumed[future] = [(position, self._attempt_counter()(position))]
                future.add_done_callback(self._on_done)

    def close(self) -> None:
        """Remove the callbacks from what is pending."""
        for future in list(self.unconsumed):
            remove_done_callback(future, self._on_done)
