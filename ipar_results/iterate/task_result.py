"""What became of one input, as `as_completed` gives it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..model.snapshot import EngineId
from ..upstream.futures import value_or_error
from ..upstream.timestamps import to_posix

if TYPE_CHECKING:
    from .inbox import Source

_TIMES = itemgetter("started", "completed")


@dataclass(frozen=True, eq=False, slots=True)
class TaskResult:
    """What became of one input.

    Attributes
    ----------
    index : int
        Its place in its result, as in what ``get()`` gives.
    value : object
        What the task returned; None where it failed.
    error : Exception or None
        Why there is no value: the engine's error, that the task was cancelled, or that contact was lost.
    engine_id : int, str or None
        Where it ran.
    started, completed : float or None
        POSIX seconds by the engine's clock, of the message that carried it.
    duration : float or None
        Seconds between the two; inputs of one chunk share it.
    attempts : int
        How often it was sent.
    result : AsyncResult
        To which it belongs.
    """

    index: int
    value: Any
    error: Exception | None
    engine_id: EngineId | None
    started: float | None
    completed: float | None
    duration: float | None
    attempts: int
    result: Any = field(repr=False)


def tasks(source: Source, position: int, attempt: int, engine: EngineId | None) -> list[TaskResult]:
    """The inputs that an ended message carried, in order.

    Parameters
    ----------
    position : int
        Of the message in its result.
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
