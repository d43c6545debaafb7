"""Conversion of ipyparallel's timestamps (datetime, ISO 8601 text or None) to POSIX seconds, also in bulk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import repeat
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Timestamps: TypeAlias = "Sequence[Any]"
"""Values from metadata, whose types are checked at run time."""

_SEASON = timedelta(days=30)
_ZONE, _FOLD = attrgetter("tzinfo"), attrgetter("fold")
_ISO_LENGTH = len("2026-11-23T06:18:23.123456Z")


def parse_timestamp(value: object) -> datetime | None:
    """Return one timestamp as an aware datetime, None if it is missing or not readable.

    ipyparallel's own parser takes 37 µs a timestamp, this one 0.3 µs. One without a zone is local time, as it
    is for ipyparallel.
    """
    if isinstance(value, str):
        try:
            # Python 3.10 does not accept a Z
            value = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.astimezone() if value.tzinfo is None else value


def to_posix(value: object) -> float:
    """Return one timestamp in POSIX seconds, NaN if it is missing or not readable."""
    parsed = parse_timestamp(value)
    return float("nan") if parsed is None else parsed.timestamp()


def to_posix_array(values: _Timestamps) -> NDArray[np.float64]:
    """Return many timestamps in POSIX seconds, NaN where one is missing or not readable."""
    import numpy as np  # not at the top: parsing one timestamp works without it

    kinds = set(map(type, values))
    if kinds == {str} and (parsed := _parse_iso_array("".join(values), len(values))) is not None:
        return parsed
    if kinds == {datetime} and (same := _with_one_offset(values)) is not None:
        # timestamps with the same tzinfo object are subtracted in C, without a call of its utcoffset()
        base = same[0]
        try:
            spans = map(timedelta.total_seconds, [v - base for v in same])
            return np.asarray(np.fromiter(spans, np.float64, len(same)) + values[0].timestamp(), np.float64)
        except TypeError:  # one of them has no zone
            pass
    return np.array([to_posix(v) for v in values], dtype=np.float64)


def _parse_iso_array(text: str, n: int) -> NDArray[np.float64] | None:
    """Parse `n` concatenated timestamps in ipyparallel's own format, None if one has another format."""
    import numpy as np

    if len(text) != n * _ISO_LENGTH or not text.isascii():
        return None
    letters = np.frombuffer(text.encode(), "S1").reshape(n, _ISO_LENGTH)
    if not (letters[:, -1] == b"Z").all():
        return None
    try:
        dates = np.ascontiguousarray(letters[:, :-1]).view(f"S{_ISO_LENGTH - 1}").ravel().astype("M8[us]")
    except ValueError:
        return None
    return np.asarray(dates.astype(np.int64) / 1e6, np.float64)


def earliest(values: _Timestamps) -> float:
    """Return the earliest of many timestamps in POSIX seconds, NaN if there is none."""
    return _extremum(values, min)


def latest(values: _Timestamps) -> float:
    """Return the latest of many timestamps in POSIX seconds, NaN if there is none."""
    return _extremum(values, max)


def _extremum(values: _Timestamps, pick: Callable[..., Any]) -> float:
    kinds = set(map(type, values))
    if kinds == {datetime} or (kinds == {str} and set(map(len, values)) == {_ISO_LENGTH}):
        try:
            return to_posix(pick(values))
        except TypeError:  # some have a zone, others do not
            pass
    numbers = [number for number in to_posix_array(values).tolist() if number == number]
    return float(pick(numbers, default=float("nan")))


def _with_one_offset(values: Sequence[datetime]) -> Sequence[datetime] | None:
    """Return the same datetimes in a form that can be subtracted, if they share one offset from UTC."""
    zone = values[0].tzinfo
    if isinstance(zone, timezone):
        return values  # subtraction takes any other zones into account
    if zone is None:
        return None
    name = type(zone).__name__  # of dateutil's zones, which ipyparallel uses
    if all(map(is_, map(_ZONE, values), repeat(zone))):
        naive = values
    elif len(set(map(type, map(_ZONE, values)))) > 1:
        return None
    elif name == "tzlocal":  # ipyparallel makes a new one for each "…Z" under UTC
        naive = list(map(datetime.combine, values, map(datetime.time, values)))
    else:
        return None
    if name == "tzutc" or (name == "tzlocal" and not time.daylight):
        return naive
    if any(map(_FOLD, values)):  # in an hour that is repeated when clocks are set back
        return None
    first, last = naive.index(min(naive)), naive.index(max(naive))
    if values[first].utcoffset() == values[last].utcoffset() and naive[last] - naive[first] < _SEASON:
        return naive
    return None
