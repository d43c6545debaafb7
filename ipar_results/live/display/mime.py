"""MIME bundle of a snapshot: text, HTML, and the JSON from which the labextension draws it."""

from __future__ import annotations

import json
from collections.abc import Callable

from ...config import IPythonParallelResults
from ...log import log_errors
from ...model.snapshot import Snapshot
from ...model.timeline import Timeline
from ...render import html, text
from ...render.compact import compact
from ...render.limits import Limits
from .saved import Json

MIME = "application/vnd.ipar-results.v1+json"

Bundle = dict[str, object]  # by MIME type


def bundle(
    snapshot: Snapshot,
    config: IPythonParallelResults,
    view: str = "html",
    saved: Json | None = None,
    timeline: Callable[[], Timeline] | None = None,
    between_steps: Callable[[], None] = lambda: None,
) -> Bundle:
    """Return the static MIME bundle of a snapshot, with HTML for each view but ``text``.

    `saved` is the JSON for the labextension. `timeline` and drawing it are two slow steps, between which
    `between_steps` is called.
    """
    data = {"text/plain": _drawn(lambda: text.plain_text(snapshot), "text")}
    if view != "text":
        drawn_timeline = None if timeline is None or snapshot.single else timeline()
        between_steps()
        limits = Limits(config.tasks, config.engines, config.failures, config.outputs)
        data["text/html"] = _drawn(lambda: compact(html.card(snapshot, limits, drawn_timeline)), "HTML")
    drawn: Bundle = {mime: markup for mime, markup in data.items() if markup is not None}
    if not drawn:
        drawn = {"text/plain": f"{snapshot.done} of {snapshot.total} done, {snapshot.failed} failed"}
    return drawn if saved is None else {MIME: saved, **drawn}


def size_of(data: Bundle) -> int:
    """Return about how many bytes a MIME bundle takes in a message."""
    return sum(len(each if isinstance(each, str) else json.dumps(each)) for each in data.values())


def _drawn(draw: Callable[[], str], what: str) -> str | None:
    with log_errors("drawing %s", what):
        return draw()
    return None
