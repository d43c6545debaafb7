"""Export of tasks as a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..model.arrays import Floats
from ..model.status import STATUSES
from .tasks import Tasks

if TYPE_CHECKING:
    import pandas


def to_dataframe(tasks: Tasks) -> pandas.DataFrame:
    """Return a DataFrame with a row for each message: a task, or a chunk of a map's inputs."""
    try:
        import pandas
    except ImportError as error:
        msg = "to_dataframe() needs pandas: pip install pandas"
        raise ImportError(msg) from error

    def strings(values: Iterable[object]) -> object:
        return pandas.array([None if value is None else str(value) for value in values], dtype="string")

    all_integers = all(engine is None or isinstance(engine, int) for engine in tasks.engine)
    dates = {
        name: pandas.DatetimeIndex(to_datetime64(tasks.stamps(name))).tz_localize("UTC")
        for name in ("submitted", "started", "completed", "received")
    }
    return pandas.DataFrame(
        {
            "index": tasks.index,
            "n_inputs": tasks.inputs,
            "engine": pandas.array(tasks.engine, dtype="Int64") if all_integers else strings(tasks.engine),
            "status": pandas.Categorical.from_codes(tasks.status, categories=list(STATUSES)),
            "attempts": tasks.attempts,
            **dates,
            "duration": tasks.duration,
            "engine_clock_offset": tasks.engine_clock_offset,
            "error": strings(tasks.error),
            "msg_id": strings(tasks.msg_id),
        }
    )


def to_datetime64(posix: Floats) -> NDArray[np.datetime64]:
    """Convert POSIX seconds to dates in UTC, in microseconds; NaN becomes NaT."""
    known = np.isfinite(posix)
    whole = np.where(known, posix, 0.0)
    return np.where(known, np.round(whole * 1e6).astype("M8[us]"), np.datetime64("NaT", "us"))
