"""Details of tasks and output as JSON types, for requests of front ends. Called under the record's lock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from ..formatting import utf8_safe
from ..record.failures import Failure, arrange_traceback
from ..record.state import Record
from ..upstream.protocols import TaskMetadata
from .build_snapshot import describe_messages, newest_outputs

TAIL = 4_000
RICH_BYTES, RICH_TOTAL, RICH_MOST = 300_000, 1_500_000, 20


def describe_task(
    record: Record,
    position: int,
    msg_ids: Sequence[str],
    metadata: Sequence[TaskMetadata],
    failure: Failure | None,
    description: str | None,
    limit: int | None,
) -> dict[str, object]:
    """Return one message: its metadata, error, tails of its output, and rich output.

    Texts are as the task wrote them: escape them before display. `description` is a short text of its input,
    and `limit` the number of characters of each stream.
    """
    md = metadata[position]
    (task,) = describe_messages(record, [position], msg_ids, metadata, lambda _: description)
    return {
        "position": position,
        **vars(task),
        "error": None
        if failure is None
        else {"type": utf8_safe(failure.type), "message": utf8_safe(failure.message)},
        "traceback": None if failure is None else utf8_safe(arrange_traceback(failure.traceback)),
        "stdout": _tail(md["stdout"], limit or TAIL),
        "stderr": _tail(md["stderr"], limit or TAIL),
        **_rich(md),
    }


def read_traceback(record: Record, group: int) -> str:
    """Return the traceback of the failure group that appeared as number `group`, or raise a LookupError."""
    groups = record.failures.builders()
    if group >= len(groups):
        msg = f"This result has no failure group {group:,}: it has {len(groups):,}."
        raise LookupError(msg)
    return utf8_safe(groups[group].failure.traceback)


def _tail(stream: str, limit: int) -> dict[str, object]:
    text = stream or ""
    return {"text": utf8_safe(text[-limit:]), "total": len(text)}


def _rich(md: TaskMetadata) -> dict[str, object]:
    outputs = list(md["outputs"] or ())
    if shown := md["execute_result"]:
        outputs.append(shown)
    room, bundles = RICH_TOTAL, []
    for output in outputs[-RICH_MOST:]:
        bundle, size = _bundle(output, min(room, RICH_BYTES))
        room -= size
        bundles.append(bundle)
    return {"outputs": bundles, "outputs_total": len(outputs)}


def _bundle(output: dict[str, object], room: int) -> tuple[dict[str, object], int]:
    """Return one rich output and its size, without representations that are too large."""
    found = output.get("data")
    data: dict[str, object] = {}
    size, left_out = 0, []
    for mime, value in found.items() if isinstance(found, dict) else ():
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
        data.setdefault("text/plain", f"… {', '.join(left_out)} left out")
    return {"data": data, "metadata": {}}, size


def describe_outputs(record: Record, metadata: Sequence[TaskMetadata]) -> dict[str, object]:
    """Return the tasks that wrote most recently, each with the tail of its output."""
    return {
        "outputs": [
            {**asdict(each), "stdout": utf8_safe(each.stdout), "stderr": utf8_safe(each.stderr)}
            for each in newest_outputs(record, metadata)
        ],
        "total": int(record.columns.has_output.sum()),
    }
