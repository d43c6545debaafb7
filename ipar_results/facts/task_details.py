"""Details of one task, read on request of a front end. Called under the record's lock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..formatting import none_if_nan, utf8_safe
from ..record.failures import Failure, clip_traceback
from ..record.state import Record
from ..upstream.timestamps import to_posix
from .build_snapshot import engine_of, newest_outputs, status_of

TAIL = 4_000
RICH_BYTES, RICH_TOTAL, RICH_MOST = 300_000, 1_500_000, 20


def task(
    record: Record,
    position: int,
    msg_ids: Sequence[str],
    metadata: Sequence[Any],
    failure: Failure | None,
    description: str | None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Return one message of a result: its metadata, its error, the tails of its output, its rich output.

    Parameters
    ----------
    position : int
        Of the message in the result.
    msg_ids, metadata : sequence
        Of all messages.
    description : str or None
        Short text of its input.
    limit : int, optional
        Characters of each stream.

    Returns
    -------
    dict
        JSON types; texts as the task wrote them, so hostile until escaped.
    """
    columns, limit = record.columns, TAIL if limit is None else limit
    md = metadata[position]
    started, completed = columns.started[position], columns.completed[position]
    return {
        "index": columns.first_input_index(position),
        "inputs": columns.input_count(position),
        "position": position,
        "msg_id": msg_ids[position],
        "engine_id": engine_of(record, position),
        "status": status_of(record, position),
        "submitted": none_if_nan(to_posix(md["submitted"])),
        "started": none_if_nan(started),
        "completed": none_if_nan(completed),
        "received": none_if_nan(to_posix(md["received"])),
        "duration": none_if_nan(completed - started),
        "attempts": record.attempts.count(position),
        "error": None
        if failure is None
        else {"type": utf8_safe(failure.type), "message": utf8_safe(failure.message)},
        "traceback": None if failure is None else utf8_safe(clip_traceback(failure.traceback)),
        "input": description,
        "stdout": _tail(md["stdout"], limit),
        "stderr": _tail(md["stderr"], limit),
        **_rich(md),
    }


def failure_text(record: Record, group: int) -> str:
    """Return the traceback of the failure group that appeared as number `group`.

    Raises
    ------
    LookupError
        Where there is no such group.
    """
    groups = record.failures.builders()
    if group >= len(groups):
        msg = f"This result has no failure group {group:,}: it has {len(groups):,}."
        raise LookupError(msg)
    return utf8_safe(groups[group].failure.traceback)


def _tail(stream: Any, limit: int) -> dict[str, Any]:
    text = stream or ""
    return {"text": utf8_safe(text[-limit:]), "total": len(text)}


def _rich(md: Any) -> dict[str, Any]:
    outputs = list(md["outputs"] or ())
    shown = md["execute_result"]
    if shown:
        outputs.append(shown)
    room, told = RICH_TOTAL, []
    for output in outputs[-RICH_MOST:]:
        bundle, size = _bundle(output, min(room, RICH_BYTES))
        room -= size
        told.append(bundle)
    return {"outputs": told, "outputs_total": len(outputs)}


def _bundle(output: Any, room: int) -> tuple[dict[str, Any], int]:
    """One rich output, without the representations that are too large."""
    data, size, left_out = {}, 0, []
    for mime, value in dict(output.get("data") or {}).items():
        try:
            text = json.dumps(value)
            value = json.loads(text.encode("utf-8", "replace"))
        except (TypeError, ValueError):
            continue
        if size + len(text) > room:
            left_out.append(f"{utf8_safe(mime)} of {len(text) / 1000:,.0f} kB")
        else:
            data[utf8_safe(mime)] = value
            size += len(text)
    if left_out:
        note = f"… {', '.join(left_out)} left out"
        data.setdefault("text/plain", note)
    return {"data": data, "metadata": {}}, size


def outputs(record: Record, metadata: Sequence[Any]) -> dict[str, Any]:
    """Return the newest tasks that wrote something, each with the tail of its output."""
    return {
        "outputs": [
            {**asdict(each), "stdout": utf8_safe(each.stdout), "stderr": utf8_safe(each.stderr)}
            for each in newest_outputs(record, metadata)
        ],
        "total": int(record.columns.has_output.sum()),
    }
