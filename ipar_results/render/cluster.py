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


def plain(glance: ClusterOverview) -> str:
    """Tell of a client, a view or a cluster in a few lines.

    Parameters
    ----------
    glance : Glance

    Returns
    -------
    str
    """
    head = f"{_name(glance)}: {join_facts(*_facts(glance), *_place(glance))}"
    shown = glance.engines[:_LINES]
    lines = [_line(engine) for engine in shown]
    more = len(glance.engines) - len(shown)
    lines += [f"and {plural(more, 'more engine')}"] if more > 0 else []
    return "\n".join(filter(None, [head, *lines, _note(glance)]))


def card(glance: ClusterOverview, rows: int = _ROWS) -> str:
    """Draw a client, a view or a cluster as one self-contained card.

    Parameters
    ----------
    glance : Glance
    rows : int, optional
        Engines that are listed; what is left out is said.

    Returns
    -------
    str
        HTML with its style and no script.
    """
    shown = glance.engines[:rows]
    glyph, word, state = _CONDITIONS[glance.condition]
    return html.render(
        "glance",
        style=Markup(style.whole()),
        label=f"{_name(glance)}: {word}",
        glyph=glyph,
        word=word,
        state=state,
        name=_name(glance),
        condition="" if glance.condition == "up" else word,
        place=_place(glance),
        engines=len(glance.engines),
        busy=glance.busy,
        counts=_counts(glance),
        facts=_numbers(glance),
        settings=_settings(glance),
        note=_note(glance),
        rows=[_row(engine) for engine in shown],
        opened=len(shown) <= _OPEN,
        cut=f"{len(shown):,} of {len(glance.engines):,} engines" if len(shown) < len(glance.engines) else "",
    )


def _name(glance: ClusterOverview) -> str:
    return join_facts(one_line(glance.kind, words.NAME), one_line(glance.name, words.NAME))


def _counts(glance: ClusterOverview) -> list[dict[str, Any]]:
    """The engines by state, without the states that hold none."""
    unknown = sum(_unknown(engine) for engine in glance.engines)
    idle = glance.alive - glance.busy - unknown
    listed = [("running", "▸", glance.busy, "busy"), ("queued", "○", idle, "idle")]
    listed += [("queued", "–", unknown, "not known"), ("lost", "!", glance.died, "left")]
    return [
        {"state": state, "glyph": glyph, "number": number, "phrase": f"{number:,} {word}"}
        for state, glyph, number, word in listed
        if number
    ]


def _numbers(glance: ClusterOverview) -> list[str]:
    waiting, done = glance.waiting, glance.done
    return [
        *([] if waiting is None else [f"{waiting:,} waiting"]),
        *([] if done is None else [f"{done:,} done"]),
    ]


def _settings(glance: ClusterOverview) -> list[str]:
    return [one_line(fact, words.NAME) for fact in glance.facts]


def _facts(glance: ClusterOverview) -> list[str]:
    word = _CONDITIONS[glance.condition][1]
    condition = [] if glance.condition == "up" else [word]
    counts = ", ".join(count["phrase"] for count in _counts(glance))
    return [*condition, *([counts] if counts else []), *_numbers(glance), *_settings(glance)]


def _place(glance: ClusterOverview) -> list[str]:
    profile = f"profile {one_line(glance.profile, words.NAME)}" if glance.profile else ""
    return [fact for fact in (profile, one_line(glance.controller, words.NAME)) if fact]


def _note(glance: ClusterOverview) -> str:
    return one_line(glance.note, words.NOTE)


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
    if engine.work is None:
        return "▸", "busy"
    task = "" if engine.index is None else f", task {engine.index:,}"
    return "▸", f"{one_line(engine.work, words.NAME) or 'result'}{task} for {format_elapsed(engine.seconds)}"


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
