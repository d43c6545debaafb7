"""Replies to questions about one result: a task, a traceback, the outputs, the bundle to save."""

from __future__ import annotations

from ...config import IPythonParallelResults
from ...results.followed import Followed
from ...results.tracker import Tracked
from ...upstream.protocols import ResultLike
from .requests import Request
from .update_queue import Content


def reply_about(
    request: Request,
    entry: Tracked,
    followed: Followed,
    result: ResultLike,
    config: IPythonParallelResults,
) -> Content | None:
    """Return the content of the reply to a question; None where the request is for an action.

    Raise a LookupError where the result has no such task or failure.
    """
    args = request.args
    if request.kind == "task":
        return {"task": followed.task(result, args["position"], args["limit"])}
    if request.kind == "traceback":
        return {"traceback": followed.traceback(args["group"])}
    if request.kind == "inputs":
        return followed.inputs(args["positions"])
    if request.kind == "outputs":
        return followed.outputs(result)
    if request.kind == "bundle":
        return {"data": _bundle(entry, followed, config)}
    return None


def _bundle(entry: Tracked, followed: Followed, config: IPythonParallelResults) -> Content:
    """Return the bundle for a page that the display's last update did not reach."""
    from ..display.mime import bundle
    from ..display.saved import saved_json

    snapshot, timeline = followed.snapshot(), followed.timeline
    saved = saved_json(entry.id, snapshot, timeline)
    return bundle(snapshot, config, saved=saved, timeline=timeline)
