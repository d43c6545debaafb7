"""A result as one HTML page that needs nothing else: no network, no server, no kernel."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from markupsafe import Markup

from ..model.timeline import Timeline, sample
from ..render import html, words
from .report_timeline import moving
from .tasks import Tasks, bounded

MARK = "ipar-results-data"
ROWS, FEWER_ROWS = 2_000, 500
MOST_BYTES = 2_000_000
_LIMITS = html.Limits(
    tasks=ROWS, engines=1_024, failures=200, traceback=20_000, output=4_000, total_bytes=MOST_BYTES
)
_KEPT_BYTES = 500_000
_FRAME_BYTES = 10_000


def page(tasks: Tasks, timeline: Timeline) -> str:
    """The card with its timeline, and many more rows than a notebook has room for.

    Parameters
    ----------
    tasks : Tasks
    timeline : Timeline
        Of the same result.

    Returns
    -------
    str
        About 2 MB at most.
    """
    snapshot = tasks.snapshot
    rows = _inert(moving(tasks, timeline)) if not snapshot.single else "null"
    kept = _inert(bounded(snapshot).to_json())
    room = MOST_BYTES - len(rows) - len(kept) - len(script()) - _FRAME_BYTES
    shown = sample(np.arange(len(tasks)), tasks.status, ROWS if len(rows) < _KEPT_BYTES else FEWER_ROWS)
    wide = replace(snapshot, tasks=tasks.records(shown))
    note = f"The table holds {len(shown):,} of {len(tasks):,} tasks: those that failed, and an even sample."
    return html.render_template(
        "report",
        title=words.result_name(snapshot),
        when=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(snapshot.time)),
        card=Markup(html.card(wide, replace(_LIMITS, total_bytes=max(room, 100_000)), timeline)),
        note=note if len(shown) < len(tasks) else "",
        mark=MARK,
        data=Markup(kept),
        rows=Markup(rows),
        script=Markup(script()),
        digest=base64.b64encode(hashlib.sha256(script().encode()).digest()).decode(),
    )


@cache
def script() -> str:
    """What moves the timeline: the only script that the page's policy lets run, by its digest."""
    return (files(__package__) / "report.js").read_text(encoding="utf-8")


def _inert(data: dict[str, Any] | None) -> str:
    """JSON that can't end the element it stands in."""
    text = json.dumps(data)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
