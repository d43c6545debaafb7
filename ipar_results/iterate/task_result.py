"""Outcome of one task, as ``as_completed`` yields it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..model.snapshot import EngineId
from ..upstream.protocols import AsyncResultLike


@dataclass(frozen=True, eq=False, slots=True)
class TaskResult:
    """Outcome of one task.

    Attributes
    ----------
    index : int
        Its position in the result, as in the list that ``get()`` returns.
    value : object
        What the task returned; None if it failed.
    error : Exception or None
        Why there is no value: the engine's error, a cancellation, or lost contact.
    engine_id : int, str or None
        The engine that ran it.
    started, completed : float or None
        Of the message that carried it, in POSIX seconds by the engine's clock.
    duration : float or None
        Seconds between the two; tasks of one chunk share it.
    attempts : int
        How many times it was sent.
    result : AsyncResult
        The result to which it belongs.
    """

    index: int
    value: Any
    error: Exception | None
    engine_id: EngineId | None
    started: float | None
    completed: float | None
    duration: float | None
    attempts: int
    result: AsyncResultLike = field(repr=False)
