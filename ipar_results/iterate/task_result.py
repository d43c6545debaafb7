"""What became of one input, as `as_completed` gives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from ..model.snapshot import EngineId

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
