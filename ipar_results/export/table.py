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

COLUMNS = (
    "index",
    "inputs",
    "engine",
    "status",
    "attempts",
    "submitted",
    "started",
    "completed",
    "received",
    "duration",
    "error",
    "msg_id",
)
_MAX_TEXT = 500
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def csv_lines(tasks: Tasks) -> Iterator[str]:
    """Yield the CSV in pieces: a header, then a row for each message, with times in ISO 8601 and UTC.

    A text that a spreadsheet would evaluate as a formula gets an apostrophe in front.
    """
    texts = {
        name: [_escape_formula(value) for value in getattr(tasks, name)]
        for name in ("engine", "error", "msg_id")
    }
    dates = {
        name: _iso_dates(getattr(tasks, name)) for name in ("submitted", "started", "completed", "received")
    }
    length = tasks.duration
    columns = {
        **{name: getattr(tasks, name).tolist() for name in ("index", "inputs", "attempts")},
        **texts,
        **dates,
        "status": [STATUSES[code] for code in tasks.status.tolist()],
        "duration": np.where(np.isnan(length), "", np.char.mod("%.6f", length)).tolist(),
    }
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    writer.writerows(zip(*(columns[name] for name in COLUMNS), strict=True))
    yield buffer.getvalue()


def _iso_dates(posix: Floats) -> list[str]:
    dates = np.datetime_as_string(to_datetime64(posix), unit="us")
    texts: list[str] = np.where(np.isnan(posix), "", np.char.add(dates, "Z")).tolist()
    return texts


def _escape_formula(value: EngineId | None) -> EngineId | None:
    if value is None or isinstance(value, int):
        return value
    text = one_line(value, _MAX_TEXT)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
