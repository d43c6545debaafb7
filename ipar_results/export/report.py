"""Export as one HTML page that works offline, without network, server or kernel."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from ..model.timeline import Timeline, sample
from ..render import html, style, words
from ..render.limits import Limits
from .report_timeline import timeline_data
from .tasks import Tasks, truncate_texts

DATA_ELEMENT_ID = "ipar-results-data"
MAX_ROWS, MAX_ROWS_BESIDE_LARGE_DATA = 2_000, 500
MAX_BYTES = 2_000_000
_LIMITS = Limits(
    tasks=MAX_ROWS, engines=1_024, failures=200, text=20_000, output=4_000, input=200, total_bytes=MAX_BYTES
)
_LARGE_DATA_BYTES = 500_000
_FRAME_BYTES = 10_000


def render_report(tasks: Tasks, timeline: Timeline) -> str:
    """Render a page with the card, its timeline, and more rows than a notebook has room for; 2 MB at most."""
    snapshot = tasks.snapshot
    # escaped, so that it cannot end its script element
    rows = htmlsafe_json_dumps(None if snapshot.single else timeline_data(tasks, timeline))
    kept = htmlsafe_json_dumps(truncate_texts(snapshot).to_json())
    room = MAX_BYTES - len(rows) - len(kept) - len(timeline_script()) - _FRAME_BYTES
    shown = sample(
        np.arange(len(tasks)),
        tasks.status,
        tasks.duration,
        MAX_ROWS if len(rows) < _LARGE_DATA_BYTES else MAX_ROWS_BESIDE_LARGE_DATA,
    )
    wide = replace(snapshot, tasks=tasks.records(shown))
    part = f"{len(shown):,} of {len(tasks):,} {words.message_noun(snapshot)}s"
    note = f"The table holds {part}: those that failed, the slowest, and an even sample."
    return html.render_template(
        "report",
        title=words.result_name(snapshot),
        when=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(snapshot.time)),
        style=Markup(style.style_sheet()),
        card=Markup(html.card(wide, replace(_LIMITS, total_bytes=max(room, 100_000)), timeline)),
        note=note if len(shown) < len(tasks) else "",
        mark=DATA_ELEMENT_ID,
        data=kept,
        rows=rows,
        script=Markup(timeline_script()),
        digest=base64.b64encode(hashlib.sha256(timeline_script().encode()).digest()).decode(),
    )


@cache
def timeline_script() -> str:
    """Return the script of the timeline, the only one that the page's CSP allows, by its digest."""
    return (files(__package__) / "report.js").read_text(encoding="utf-8")
