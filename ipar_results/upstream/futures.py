"""What became of a message, read from its future: ipyparallel gives errors as results."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from ..errors import ContactLost
from ..model.status import ABORTED, FAILED, OK

if TYPE_CHECKING:
    from ..model.arrays import Index

PENDING = ("PENDING", "RUNNING")
_OUTPUT_KEYS = ("stdout", "stderr", "outputs", "execute_result")
_ALL_OUTPUT, _EACH_OUTPUT = itemgetter(*_OUTPUT_KEYS), [itemgetter(key) for key in _OUTPUT_KEYS]
_STATE, _RESULT = attrgetter("_state"), attrgetter("_result")


def has_output(md: Any) -> bool:
    """Whether the metadata of a message holds output."""
    return any(_ALL_OUTPUT(md))


def is_given_up(future: Any) -> bool:
    """Whether nobody waits for a future any more, though its task has not ended as far as is known."""
    return type(future._result) is ContactLost


def positions_with_output(positions: Sequence[int], records: Sequence[Any]) -> list[int]:
    """Those of these positions whose metadata holds output."""
    if not any(any(map(get, records)) for get in _EACH_OUTPUT):
        return []
    return [position for position, md in zip(positions, records, strict=True) if has_output(md)]


def ended_positions(futures: Sequence[Any]) -> Index:
    """Positions of the futures that have ended; one that was given up has not."""
    import numpy as np

    return np.array(
        [
            i
            for i, future in enumerate(futures)
            if future._state not in PENDING and type(future._result) is not ContactLost
        ],
        np.int64,
    )


def all_ended(futures: Sequence[Any]) -> bool:
    """Whether all futures have ended, and none was given up."""
    return set(map(_STATE, futures)).isdisjoint(PENDING) and ContactLost not in set(
        map(type, map(_RESULT, futures))
    )


def pending_positions(futures: Sequence[Any]) -> list[int]:
    """Positions of the futures that have not ended."""
    return [i for i, future in enumerate(futures) if future._state in PENDING]


def status_code(future: Any) -> int:
    """The status code of an ended future whose metadata does not tell."""
    error = error_of(future)
    if error is None:
        return OK
    return ABORTED if type(error).__name__ in ("TaskAborted", "CancelledError") else FAILED


def value_or_error(future: Any) -> Any:
    """The value of an ended future, or its error."""
    if future._state == "FINISHED" and future._exception is None:  # result() would take a lock
        return future._result
    try:
        return future.result(0)
    except (CancelledError, Exception) as error:
        return error


def error_of(future: Any) -> Exception | None:
    """The error an ended future holds."""
    value = value_or_error(future)
    return value if isinstance(value, Exception) else None
