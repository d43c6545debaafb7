"""Template variables for one row: an engine, a failure group, a task or its output."""

from __future__ import annotations

from markupsafe import Markup

from ..formatting import format_duration, plural, shorten
from ..model.snapshot import EngineLoad, FailureGroup, Snapshot, Summary, TaskOutput, TaskRecord
from . import words
from .ansi import clip, count_omitted, one_line, to_html

# A progress bar rewrites one line many times, so this many times the shown characters are read.
REDRAW_FACTOR = 8


def engine_row(load: EngineLoad, snapshot: Snapshot) -> dict[str, object]:
    """Return the variables for a row of the engines table."""
    elapsed, now = snapshot.elapsed, ""
    if load.running:
        now = f"{words.first_task(load.running[0], snapshot)} for {format_duration(load.running[1])}"
    return {
        "engine": words.engine_label(load.engine_id),
        "presence": words.presence(load),
        "ok": f"{load.done - load.failed:,}",
        "failed": f"{load.failed:,}" if load.failed else "",
        "now": now,
        "busy": words.busy(load, elapsed),
        "width": round(100 * words.busy_share(load, elapsed)),
    }


def failure_row(group: FailureGroup, limit: int, summary: Summary) -> dict[str, object]:
    """Return the variables for a group of failures; its traceback is cut in the middle."""
    return {
        "count": f"{group.count:,}",
        "title": words.failure_title(group),
        "where": words.failure_location(group),
        "affected": words.failed_tasks(group, summary),
        "given": words.failed_input(group),
        "tracebacks": [_clip_text(part, limit) for part in words.split_traceback(group.traceback)],
    }


def _clip_text(text: str, limit: int) -> Markup:
    """Return a text as HTML, cut in the middle."""
    start, omitted, end = clip(text, limit // 3, limit - limit // 3)
    note = (
        Markup('<span class="ipar-dim">\n… {} …\n</span>').format(count_omitted(omitted)) if omitted else ""
    )
    return to_html(start) + note + to_html(end)


def seconds_taken(task: TaskRecord, summary: Summary) -> float | None:
    """Return the seconds that a task took, or has run so far."""
    started = summary.after_start(task.started)
    if task.status == "running" and started is not None:
        return max(0.0, summary.elapsed - started)
    return task.duration


def task_row(task: TaskRecord, summary: Summary, limit: int) -> dict[str, object]:
    """Return the variables for a row of the tasks table, with times as in the timeline.

    `limit` is the number of characters of its input.
    """
    return {
        "index": words.input_range(task),
        "engine": words.engine_label(task.engine_id),
        "state": task.status,
        "glyph": words.STATES[task.status],
        "started": format_duration(summary.after_start(task.started)),
        "took": words.time_taken(task.status, seconds_taken(task, summary)),
        "input": shorten(one_line(task.input or "", words.MAX_INPUT), limit),
    }


def output_row(output: TaskOutput, snapshot: Snapshot, limit: int) -> dict[str, object]:
    """Return the variables for the output of a task, with the tail of each stream."""
    streams, omitted = [], output.omitted
    for label, text in (("", output.stdout), ("stderr", output.stderr)):
        recent = text[-REDRAW_FACTOR * limit :] if limit else ""
        start, cut, end = clip(apply_carriage_returns(recent), 0, limit)
        omitted += len(text) - len(recent) + cut
        if start or end:
            streams.append((label, to_html((start + end).rstrip("\n"))))
    return {
        "task": words.first_task(output.index, snapshot)
        + (f", attempt {output.attempt}" if output.attempt > 1 else ""),
        "engine": words.engines([output.engine_id]),
        "omitted": count_omitted(omitted) if omitted else "",
        "streams": streams,
        "rich": f"{plural(output.rich, 'rich output')} not shown" if output.rich else "",
    }


def apply_carriage_returns(text: str) -> str:
    """Drop what a terminal would overwrite after a carriage return, such as old states of a progress bar."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
