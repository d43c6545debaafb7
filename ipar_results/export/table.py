"""Export of tasks as a table: pandas DataFrame or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..model.arrays import Floats
from ..model.snapshot import EngineId
from ..model.status import STATUSES
from ..render.ansi import one_line
from .tasks import Tasks

if TYPE_CHECKING:
    import pandas

_DATES = ("submitted", "started", "completed", "received")
_MAX_TEXT = 500
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "|", "%")

_Column: TypeAlias = "NDArray[Any] | list[EngineId | None] | list[str | None] | list[str]"


def to_dataframe(tasks: Tasks) -> pandas.DataFrame:
    """Return a DataFrame with a row for each message: a task, or a chunk of a map's inputs."""
    try:
        import pandas
    except ImportError as error:
        msg = "to_dataframe() needs pandas: pip install pandas"
        raise ImportError(msg) from error

    def strings(values: Iterable[object]) -> object:
        return pandas.array([None if value is None else str(value) for value in values], dtype="string")

    columns = _columns(tasks)
    all_integers = all(engine is None or isinstance(engine, int) for engine in tasks.engine)
    return pandas.DataFrame(
        {
            **columns,
            "engine": pandas.array(tasks.engine, dtype="Int64") if all_integers else strings(tasks.engine),
            "status": pandas.Categorical.from_codes(tasks.status, categories=list(STATUSES)),
            **{name: pandas.DatetimeIndex(columns[name]).tz_localize("UTC") for name in _DATES},
            "error": strings(tasks.error),
            "msg_id": strings(tasks.msg_id),
        }
    )


def csv_lines(tasks: Tasks) -> Iterator[str]:
    """Yield the CSV in pieces: a header, then a row for each message, with times in ISO 8601 and UTC.

    A text that a spreadsheet would evaluate as a formula gets an apostrophe in front.
    """
    columns = _columns(tasks)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows(zip(*map(_format_column, columns.values()), strict=True))
    yield buffer.getvalue()


def _columns(tasks: Tasks) -> dict[str, _Column]:
    return {
        "index": tasks.index,
        "n_inputs": tasks.inputs,
        "engine": tasks.engine,
        "status": np.array(STATUSES)[tasks.status],
        "attempts": tasks.attempts,
        **{name: _to_datetime64(tasks.stamps(name)) for name in _DATES},
        "duration": tasks.duration,
        "engine_clock_offset": tasks.engine_clock_offset,
        "error": tasks.error,
        "msg_id": tasks.msg_id,
    }


def _to_datetime64(posix: Floats) -> NDArray[np.datetime64]:
    """Convert POSIX seconds to dates in UTC, in microseconds; NaN becomes NaT."""
    known = np.isfinite(posix)
    whole = np.where(known, posix, 0.0)
    return np.where(known, np.round(whole * 1e6).astype("M8[us]"), np.datetime64("NaT", "us"))


def _format_column(values: _Column) -> Iterable[object]:
    if isinstance(values, list):
        return map(_escape_formula, values)
    if values.dtype.kind == "M":
        return np.where(np.isnat(values), "", np.char.add(np.datetime_as_string(values), "Z"))
    if values.dtype.kind == "f":
        return np.where(np.isnan(values), "", np.char.mod("%.6f", values))
    return values


def _escape_formula(value: EngineId | None) -> EngineId | None:
    if value is None or isinstance(value, int):
        return value
    text = one_line(value, _MAX_TEXT)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
