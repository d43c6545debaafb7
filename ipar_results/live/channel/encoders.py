"""Encoders for the parts of an update: small, finite JSON, and columns in base64."""

from __future__ import annotations

import base64
import math
from dataclasses import asdict

import numpy as np
from numpy.typing import ArrayLike

from ...formatting import clip_middle, truncate, utf8_safe
from ...model.snapshot import Advice, TimeUse
from ...record.failures import FailureGroupBuilder
from ...record.state import Record
from ...results.tracker import Tracked
from ..actions import possible_actions

Json = dict[str, object]

INDICES = 50
ENGINES = 64  # named with a failure
NAME, NOTE, MESSAGE, VALUE, TRACEBACK = 120, 500, 300, 200, 8_000  # characters


def encode_head(entry: Tracked, record: Record | None, analyse_run: bool = True) -> Json:
    """Return the facts of a result that are one value each, all of them finite and short."""
    summary = entry.summary(analyse_run)
    facts = {} if summary is None else {key: _encode_value(value) for key, value in vars(summary).items()}
    facts["name"] = truncate(facts.get("name", ""), NAME)
    facts["note"] = truncate(facts.get("note", ""), NOTE)
    facts["value"] = facts.get("value") and truncate(facts["value"], VALUE)
    facts["where"] = vars(entry.cell)
    if record is not None:
        columns = record.columns
        facts |= {
            "base": time_base(record),
            "chunked": columns.inputs is not None,
            "ended": columns.ended,
            "failure_groups": sum(group.count > 0 for group in record.failures.builders()),
        }
    facts["actions"] = possible_actions(entry, summary)
    return facts


def encode_failure(number: int, group: FailureGroupBuilder, with_texts: bool) -> Json:
    """Return a group of failures, with its texts or without them, as they rarely change.

    `number` is that by which the front end knows the group.
    """
    encoded: Json = {
        "n": number,
        "count": group.count,
        "engines": [truncate(i, NAME) for i in sorted(group.engines, key=str)[:ENGINES]],
        "first": min(group.indices, default=0),
        "indices": group.failed_inputs(INDICES),
        "first_time": _encode_time(group.first),
        "last_time": _encode_time(group.last),
        "messages_differ": group.messages_differ,
        "input": group.input and [group.input[0], truncate(group.input[1], MESSAGE)],
    }
    if with_texts:
        failure = group.failure
        encoded |= {
            "type": truncate(failure.type, NAME),
            "message": truncate(failure.message, MESSAGE),
            "where": truncate(group.where, NAME),
            "traceback": clip_middle(utf8_safe(failure.traceback), TRACEBACK),
        }
    return encoded


def encode_columns(*columns: tuple[ArrayLike, str]) -> str:
    """Return columns of values and numpy type in base64: kernel gateways do not forward binary buffers."""
    with np.errstate(invalid="ignore"):
        columns_bytes = b"".join(np.asarray(values).astype(kind).tobytes() for values, kind in columns)
    return base64.b64encode(columns_bytes).decode()


def time_base(record: Record) -> float:
    """Return the POSIX time from which all times on the wire count."""
    submitted = record.clock.submitted
    return round(submitted, 3) if math.isfinite(submitted) else 0.0


def _encode_time(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def _encode_value(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.6g}") if abs(value) < 1e8 else round(value, 3)
    if isinstance(value, TimeUse | Advice):
        return {key: _encode_value(each) for key, each in asdict(value).items()}
    if isinstance(value, tuple):
        return [_encode_value(each) for each in value]
    return value
