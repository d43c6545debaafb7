"""Export of tasks as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np

from ..model.arrays import Floats
from ..model.snapshot import EngineId
from ..model.status import STATUSES
from ..render.ansi import one_line
from .dataframe import to_datetime64
from .tasks import Tasks

_MAX_TEXT = 500
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def csv_lines(tasks: Tasks) -> Iterator[str]:
    """Yield the CSV in pieces: a header, then a row for each message, with times in ISO 8601 and UTC.

    A text that a spreadsheet would evaluate as a formula gets an apostrophe in front.
    """
    columns = {
        "index": tasks.index.tolist(),
        "n_inputs": tasks.inputs.tolist(),
        "engine": map(_escape_formula, tasks.engine),
        "status": [STATUSES[code] for code in tasks.status.tolist()],
        "attempts": tasks.attempts.tolist(),
        "submitted": _iso_dates(tasks.submitted),
        "started": _iso_dates(tasks.stamps("started")),
        "completed": _iso_dates(tasks.stamps("completed")),
        "received": _iso_dates(tasks.received),
        "duration": _seconds(tasks.duration),
        "engine_clock_offset": _seconds(tasks.engine_clock_offset),
        "error": map(_escape_formula, tasks.error),
        "msg_id": map(_escape_formula, tasks.msg_id),
    }
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    yield buffer.getvalue()


def _iso_dates(posix: Floats) -> list[str]:
    dates = np.datetime_as_string(to_datetime64(posix), unit="us")
    texts: list[str] = np.where(np.isnan(posix), "", np.char.add(dates, "Z")).tolist()
    return texts


def _seconds(values: Floats) -> list[str]:
    texts: list[str] = np.where(np.isnan(values), "", np.char.mod("%.6f", values)).tolist()
    return texts


def _escape_formula(value: EngineId | None) -> EngineId | None:
    if value is None or isinstance(value, int):
        return value
    text = one_line(value, _MAX_TEXT)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
