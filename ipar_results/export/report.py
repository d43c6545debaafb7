"""A result as one HTML page that needs nothing else: no network, no script, no kernel."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
from markupsafe import Markup

from ..render import html, words
from ..timeline import Timeline, sample
from .tasks import Tasks, bounded

MARK = "ipar-results-data"
ROWS = 2_000
_LIMITS = html.Limits(
    tasks=ROWS, engines=1_024, failures=200, traceback=20_000, output=4_000, total_bytes=1_900_000
)


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
        At most 2 MB beside the data that :func:`ipar_results.load` reads back.
    """
    snapshot = tasks.snapshot
    shown = sample(np.arange(len(tasks)), tasks.status, ROWS)
    wide = replace(snapshot, tasks=tasks.records(shown))
    note = f"The table holds {len(shown):,} of {len(tasks):,} tasks: those that failed, and an even sample."
    return html.render(
        "report",
        title=words.name(snapshot),
        when=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(snapshot.time)),
        card=Markup(html.card(wide, _LIMITS, timeline)),
        note=note if len(shown) < len(tasks) else "",
        mark=MARK,
        data=Markup(_inert(bounded(snapshot).to_json())),
    )


def _inert(data: dict[str, Any]) -> str:
    """JSON that can't end the element it stands in."""
    text = json.dumps(data)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
