"""A client, a view or a cluster at a glance, as text or as a card: both from the same words."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ..formatting import format_elapsed, join_facts, plural
from ..model.cluster import ClusterOverview, EngineActivity
from . import html, style, words
from .ansi import one_line

_ROWS = 64
_OPEN = 16  # a table of so many rows is not folded away
_LINES = 16
_CONDITIONS = {
    "up": ("✓", "up", "ok"),
    "empty": ("○", "no engines", "queued"),
    "stopped": ("○", "stopped", "queued"),
    "closed": ("!", "closed", "lost"),
    "lost": ("!", "no answer", "lost"),
}


def plain(overview: ClusterOverview) -> str:
    """Tell of a client, a view or a cluster in a few lines.

    Parameters
    ----------
    overview : Glance

    Returns
    -------
    str
    """
    head = f"{_name(overview)}: {join_facts(*_facts(overview), *_place(overview))}"
    shown = overview.engines[:_LINES]
    lines = [_line(engine) for engine in shown]
    more = len(overview.engines) - len(shown)
    lines += [f"and {plural(more, 'more engine')}"] if more > 0 else []
    return "\n".join(filter(None, [head, *lines, _note(overview)]))


def card(overview: ClusterOverview, rows: int = _ROWS) -> str:
    """Draw a client, a view or a cluster as one self-contained card.

    Parameters
    ----------
    overview : Glance
    rows : int, optional
        Engines that are listed; what is left out is said.

    Returns
    -------
    str
        HTML with its style and no script.
    """
    shown = overview.engines[:rows]
    glyph, word, state = _CONDITIONS[overview.condition]
    return html.render(
        "cluster",
        style=Markup(style.whole()),
        label=f"{_name(overview)}: {word}",
        glyph=glyph,
        word=word,
        state=state,
        name=_name(overview),
        condition="" if overview.condition == "up" else word,
        place=_place(overview),
        engines=len(overview.engines),
        busy=overview.busy,
        counts=_counts(overview),
        facts=_numbers(overview),
        settings=_settings(overview),
        note=_note(overview),
        rows=[_row(engine) for engine in shown],
        opened=len(shown) <= _OPEN,
        cut=f"{len(shown):,} of {len(overview.engines):,} engines"
        if len(shown) < len(overview.engines)
        else "",
    )


def _name(overview: ClusterOverview) -> str:
    return join_facts(one_line(overview.kind, words.NAME), one_line(overview.name, words.NAME))


def _counts(overview: ClusterOverview) -> list[dict[str, Any]]:
    """The engines by state, without the states that hold none."""
    unknown = sum(_unknown(engine) for engine in overview.engines)
    idle = overview.alive - overview.busy - unknown
    listed = [("running", "▸", overview.busy, "busy"), ("queued", "○", idle, "idle")]
    listed += [("queued", "–", unknown, "not known"), ("lost", "!", overview.died, "left")]
    return [
        {"state": state, "glyph": glyph, "number": number, "phrase": f"{number:,} {word}"}
        for state, glyph, number, word in listed
        if number
    ]


def _numbers(overview: ClusterOverview) -> list[str]:
    waiting, done = overview.waiting, overview.done
    return [
        *([] if waiting is None else [f"{waiting:,} waiting"]),
        *([] if done is None else [f"{done:,} done"]),
    ]


def _settings(overview: ClusterOverview) -> list[str]:
    return [one_line(fact, words.NAME) for fact in overview.settings]


def _facts(overview: ClusterOverview) -> list[str]:
    word = _CONDITIONS[overview.condition][1]
    condition = [] if overview.condition == "up" else [word]
    counts = ", ".join(count["phrase"] for count in _counts(overview))
    return [*condition, *([counts] if counts else []), *_numbers(overview), *_settings(overview)]


def _place(overview: ClusterOverview) -> list[str]:
    profile = f"profile {one_line(overview.profile, words.NAME)}" if overview.profile else ""
    return [fact for fact in (profile, one_line(overview.controller, words.NAME)) if fact]


def _note(overview: ClusterOverview) -> str:
    return one_line(overview.note, words.NOTE)


def _line(engine: EngineActivity) -> str:
    glyph, now = _now(engine)
    counts = _waits(engine)
    return f"{glyph} engine {words.engine(engine.engine_id)}: {join_facts(now, *counts)}"


def _waits(engine: EngineActivity) -> list[str]:
    waiting = [f"{engine.waiting:,} waiting"] if engine.waiting else []
    return waiting + ([] if engine.done is None else [f"{engine.done:,} done"])


def _unknown(engine: EngineActivity) -> bool:
    """Whether nobody has said what an engine does."""
    return engine.alive and not engine.busy and engine.waiting is None


def _now(engine: EngineActivity) -> tuple[str, str]:
    """What an engine does: glyph and words."""
    if not engine.alive:
        return "!", "left the cluster"
    if _unknown(engine):
        return "–", "not known"
    if not engine.busy:
        return "○", "idle"
    if engine.result_name is None:
        return "▸", "busy"
    task = "" if engine.index is None else f", task {engine.index:,}"
    return (
        "▸",
        f"{one_line(engine.result_name, words.NAME) or 'result'}{task} for {format_elapsed(engine.seconds)}",
    )


def _row(engine: EngineActivity) -> dict[str, Any]:
    glyph, now = _now(engine)
    return {
        "engine": words.engine(engine.engine_id),
        "state": "lost" if not engine.alive else "running" if engine.busy else "queued",
        "glyph": glyph,
        "now": now,
        "waiting": "–" if engine.waiting is None else f"{engine.waiting:,}",
        "done": "–" if engine.done is None else f"{engine.done:,}",
    }
