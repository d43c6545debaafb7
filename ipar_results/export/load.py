"""Import of a snapshot from a saved trace or report; the file is not trusted."""

from __future__ import annotations

import json
import math
import os
import re
import types
from dataclasses import is_dataclass
from pathlib import Path
from typing import Literal, Union, get_args, get_origin, get_type_hints

from ..model.snapshot import WIRE_VERSION, Snapshot
from .report import DATA_ELEMENT_ID
from .trace import SNAPSHOT_KEY

MAX_BYTES = 500_000_000
_DATA = re.compile(rf'<script type="application/json" id="{DATA_ELEMENT_ID}">([^<]*)</script>')


def load(path: str | os.PathLike[str]) -> Snapshot:
    """Read the snapshot back from a saved trace or report.

    Parameters
    ----------
    path : path
        File written by ``save_trace`` or ``save_report``.

    Returns
    -------
    Snapshot
        The snapshot at the time of saving.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no such file, is damaged, or was saved by a newer version.
    """
    file = Path(os.path.expanduser(path))
    if file.stat().st_size > MAX_BYTES:
        msg = f"{str(file)!r} is too large to be a saved trace or report"
        raise ValueError(msg)
    try:
        return parse_snapshot(_find_data(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        msg = f"{str(file)!r} can't be read as a trace or report of ipar_results: {error}"
        raise ValueError(msg) from error


def _find_data(text: str) -> object:
    if text.lstrip()[:1] == "{":
        other = json.loads(text).get("otherData")
        if not isinstance(other, dict) or SNAPSHOT_KEY not in other:
            msg = "it is JSON, but ipar_results did not save it"
            raise ValueError(msg)
        return other[SNAPSHOT_KEY]
    found = _DATA.findall(text)
    if not found:
        msg = "it holds no data of ipar_results"
        raise ValueError(msg)
    return json.loads(found[-1])  # text of a task may imitate the element, but comes before it


def parse_snapshot(data: object) -> Snapshot:
    """Return the snapshot that ``Snapshot.to_json`` converted; unknown fields are ignored.

    Raises ValueError if it is of a newer version, or a field has the wrong type.
    """
    if not isinstance(data, dict) or data.get("type") != "snapshot":
        msg = "expected a snapshot"
        raise ValueError(msg)
    version = data.get("version")
    if not isinstance(version, int) or version > WIRE_VERSION:
        msg = f"it was saved by a newer version of ipar_results (format {version!r})"
        raise ValueError(msg)
    snapshot = _parse_field(Snapshot, data, "snapshot")
    assert isinstance(snapshot, Snapshot)
    return snapshot


def _parse_field(hint: object, value: object, where: str) -> object:
    """Return the value as the type of a dataclass field; raise ValueError if it is of another type."""
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, dict):
        hints = get_type_hints(hint)
        known = {name: _parse_field(hints[name], value[name], name) for name in hints if name in value}
        try:
            return hint(**known)
        except TypeError:  # a field without a default is missing
            msg = f"{where!r} is not whole"
            raise ValueError(msg) from None
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal and isinstance(value, str) and value in parts:
        return value
    if origin is tuple and isinstance(value, list):
        if parts[-1] is Ellipsis:
            return tuple(_parse_field(parts[0], each, where) for each in value)
        if len(parts) == len(value):
            return tuple(_parse_field(part, each, where) for part, each in zip(parts, value, strict=True))
    if origin in (Union, types.UnionType):
        for part in parts:
            try:
                return _parse_field(part, value, where)
            except ValueError:
                continue
    if hint is type(None) and value is None:
        return None
    if hint in (int, str, bool) and type(value) is hint:
        return value
    if hint is float and isinstance(value, int | float) and type(value) is not bool and math.isfinite(value):
        return float(value)
    msg = f"{where!r} is not what it must be"
    raise ValueError(msg)
