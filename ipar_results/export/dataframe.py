"""A result's tasks as a pandas DataFrame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.status import STATUSES
from .tasks import Tasks


def to_dataframe(tasks: Tasks) -> Any:
    """One row a task, or a message where a map sends its inputs in chunks.

    Parameters
    ----------
    tasks : Tasks

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ImportError
        Where pandas is missing.
    """
    try:
        import pandas
    except ImportError as error:
        msg = "to_dataframe() needs pandas: pip install ipar_results[dataframe]"
        raise ImportError(msg) from error
    numbered = all(engine is None or isinstance(engine, int) for engine in tasks.engine)
    moments = {
        name: pandas.DatetimeIndex(to_datetime64(getattr(tasks, name))).tz_localize("UTC")
        for name in ("submitted", "started", "completed", "received")
    }
    return pandas.DataFrame(
        {
            "index": tasks.index,
            "inputs": tasks.inputs,
            "engine": pandas.array(tasks.engine, dtype="Int64")
            if numbered
            else _string_array(pandas, tasks.engine),
            "status": pandas.Categorical.from_codes(tasks.status, categories=list(STATUSES)),
            "attempts": tasks.attempts,
            **moments,
            "duration": tasks.duration,
            "error": _string_array(pandas, tasks.error),
            "msg_id": _string_array(pandas, tasks.msg_id),
        }
    )


def to_datetime64(posix: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """POSIX seconds as dates in UTC, to the microsecond; NaT where nobody knows."""
    known = np.isfinite(posix)
    whole = np.where(known, posix, 0.0)
    return np.where(known, np.round(whole * 1e6).astype("M8[us]"), np.datetime64("NaT", "us"))


def _string_array(pandas: Any, values: list[Any]) -> Any:
    return pandas.array([None if value is None else str(value) for value in values], dtype="string")
