"""Outcome of messages, read from their futures, whose result is also where ipyparallel puts errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, InvalidStateError
from contextlib import suppress
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from ..errors import ContactLost
from ..model.status import ABORTED, FAILED, OK

if TYPE_CHECKING:
    from ..model.arrays import Index
    from .protocols import FutureLike, MessageFutureLike

PENDING = ("PENDING", "RUNNING")
_OUTPUT_KEYS = ("stdout", "stderr", "outputs", "execute_result")
_ALL_OUTPUT, _EACH_OUTPUT = itemgetter(*_OUTPUT_KEYS), [itemgetter(key) for key in _OUTPUT_KEYS]
_STATE, _RESULT = attrgetter("_state"), attrgetter("_result")


def has_output(md: Mapping[str, object]) -> bool:
    """Return True if the metadata of a message holds output."""
    return any(_ALL_OUTPUT(md))


def positions_with_output(positions: Sequence[int], records: Sequence[Mapping[str, object]]) -> list[int]:
    """Return those of the positions whose metadata holds output."""
    if not any(any(map(get, records)) for get in _EACH_OUTPUT):
        return []
    return [position for position, md in zip(positions, records, strict=True) if has_output(md)]


def ended_positions(futures: Sequence[FutureLike]) -> Index:
    """Return the positions of the futures that have ended.

    One that ended only because contact was lost has not: its task may still run.
    """
    import numpy as np

    if set(map(_STATE, futures)).issubset(PENDING):  # as of a result that was made just now; runs in C
        return np.zeros(0, np.int64)
    return np.array(
        [
            i
            for i, future in enumerate(futures)
            if future._state not in PENDING and type(future._result) is not ContactLost
        ],
        np.int64,
    )


def all_ended(futures: Sequence[FutureLike]) -> bool:
    """Return True if all futures have ended, and none was given up."""
    return set(map(_STATE, futures)).isdisjoint(PENDING) and ContactLost not in set(
        map(type, map(_RESULT, futures))
    )


def pending_positions(futures: Sequence[FutureLike]) -> list[int]:
    """Return the positions of the futures that have not ended."""
    return [i for i, future in enumerate(futures) if future._state in PENDING]


def set_result(future: FutureLike, value: object) -> None:
    """Set the result of a future that may have ended just now."""
    with suppress(InvalidStateError):
        future.set_result(value)


def remove_done_callback(future: FutureLike, callback: Callable[..., object]) -> None:
    """Remove a callback where it is attached.

    The IO thread may be calling those of an ended future: it would skip the next one if its list got shorter.
    """
    with future._condition:
        if callback not in future._done_callbacks:
            return
        if future._state in PENDING:
            future._done_callbacks.remove(callback)
        else:
            future._done_callbacks = [each for each in future._done_callbacks if each != callback]


def remove_iopub_callback(future: MessageFutureLike, callback: Callable[..., object] | None) -> None:
    """Remove a callback where it is attached; as above, the IO thread may be calling the others."""
    if callback in future.iopub_callbacks:
        future.iopub_callbacks = [each for each in future.iopub_callbacks if each != callback]


def status_code(future: FutureLike) -> int:
    """Return the status code of an ended future whose metadata has none."""
    error = error_of(future)
    if error is None:
        return OK
    return ABORTED if type(error).__name__ in ("TaskAborted", "CancelledError") else FAILED


def value_or_error(future: FutureLike) -> Any:
    """Return the value of an ended future, or its error."""
    if future._state == "FINISHED" and future._exception is None:  # result() would take a lock
        return future._result
    try:
        return future.result(0)
    except (CancelledError, Exception) as error:
        return error


def error_of(future: FutureLike) -> Exception | None:
    """Return the error of an ended future, None if it has a value."""
    value = value_or_error(future)
    return value if isinstance(value, Exception) else None
