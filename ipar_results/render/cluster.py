"""Renderers of a cluster overview, as text and as HTML card, with the same wording."""

from __future__ import annotations

from ..formatting import format_duration, format_tasks, join_facts, plural
from ..model.cluster import ClusterOverview, EngineActivity
from . import html, words
from .ansi import one_line
from .compact import compact

_MAX_ROWS = 64
_MAX_UNFOLDED = 16  # a table with more rows is folded
_MAX_LINES = 16
_CONDITIONS = {
    "up": ("✓", "up", "ok"),
    "empty": ("○", "no engines", "queued"),
    "stopped": ("○", "stopped", "queued"),
    "closed": ("!", "closed", "lost"),
    "lost": ("!", "no answer", "lost"),
}


def plain_text(overview: ClusterOverview) -> str:
    """Return a cluster overview in a few lines."""
    counts = ", ".join(str(count["phrase"]) for count in _engine_counts(overview))
    tasks = _task_counts(overview.waiting, overview.done)
    facts = join_facts(_condition(overview), counts, *tasks, *_settings(overview), *_location(overview))
    shown = overview.engines[:_MAX_LINES]
    lines = [_engine_line(engine) for engine in shown]
    more = len(overview.engines) - len(shown)
    lines += [f"and {plural(more, 'more engine')}"] if more > 0 else []
    return "\n".join(filter(None, [f"{_name(overview)}: {facts}", *lines, _note(overview)]))


def card(overview: ClusterOverview, rows: int = _MAX_ROWS) -> str:
    """Draw a cluster overview as one self-contained card without scripts; a note counts the rows left out."""
    shown = overview.engines[:rows]
    glyph, word, state = _CONDITIONS[overview.condition]
    whole = html.render_card(
        "cluster",
        f"{_name(overview)}: {word}",
        glyph=glyph,
        word=word,
        state=state,
        name=_name(overview),
        condition=_condition(overview),
        place=_location(overview),
        engines=len(overview.engines),
        busy=overview.busy,
        counts=_engine_counts(overview),
        facts=_task_counts(overview.waiting, overview.done),
        settings=_settings(overview),
        note=_note(overview),
        rows=[_engine_row(engine) for engine in shown],
        opened=len(shown) <= _MAX_UNFOLDED,
        cut=html.describe_cut(len(overview.engines), len(shown), "engines"),
    )
    return compact(whole)


def _name(overview: ClusterOverview) -> str:
    return join_facts(one_line(overview.kind, words.MAX_NAME), one_line(overview.name, words.MAX_NAME))


def _engine_counts(overview: ClusterOverview) -> list[dict[str, object]]:
    """Return the template variables of each state that any engine has."""
    unknown = sum(_is_unknown(engine) for engine in overview.engines)
    idle = overview.alive - overview.busy - unknown
    counts = (
        ("running", "▸", overview.busy, "busy"),
        ("queued", "○", idle, "idle"),
        ("queued", "–", unknown, "not known"),
        ("lost", "!", overview.died, "died"),
        ("lost", "!", overview.left, "left"),
    )
    return [
        {"state": state, "glyph": glyph, "number": number, "phrase": f"{number:,} {word}"}
        for state, glyph, number, word in counts
        if number
    ]


def _task_counts(waiting: int | None, done: int | None) -> list[str]:
    counts = (waiting, "queued"), (done, "done")
    return [f"{number:,} {word}" for number, word in counts if number is not None]


def _settings(overview: ClusterOverview) -> list[str]:
    return [one_line(fact, words.MAX_NAME) for fact in overview.settings]


def _condition(overview: ClusterOverview) -> str:
    return "" if overview.condition == "up" else _CONDITIONS[overview.condition][1]


def _location(overview: ClusterOverview) -> list[str]:
    profile = f"profile {one_line(overview.profile, words.MAX_NAME)}" if overview.profile else ""
    return [fact for fact in (profile, one_line(overview.controller, words.MAX_NAME)) if fact]


def _note(overview: ClusterOverview) -> str:
    return one_line(overview.note, words.MAX_NOTE)


def _engine_line(engine: EngineActivity) -> str:
    glyph, now = _activity(engine)
    counts = _task_counts(engine.waiting or None, engine.done)
    return f"{glyph} engine {words.engine_label(engine.engine_id)}: {join_facts(now, *counts)}"


def _is_unknown(engine: EngineActivity) -> bool:
    """Return True if the activity of a living engine is unknown."""
    return engine.alive and not engine.busy and engine.waiting is None


def _activity(engine: EngineActivity) -> tuple[str, str]:
    """Return symbol and wording of an engine's activity."""
    if not engine.alive:
        return "!", "died" if engine.died else "left"
    if _is_unknown(engine):
        return "–", "not known"
    if not engine.busy:
        return "○", "idle"
    if engine.result_name is None:
        return "▸", "busy"
    task = "" if engine.index is None else f", {format_tasks(engine.index, engine.tasks)}"
    name = one_line(engine.result_name, words.MAX_NAME) or "result"
    return "▸", f"{name}{task} for {format_duration(engine.seconds)}"


def _engine_row(engine: EngineActivity) -> dict[str, object]:
    glyph, now = _activity(engine)
    return {
        "engine": words.engine_label(engine.engine_id),
        "state": "lost" if not engine.alive else "running" if engine.busy else "queued",
        "glyph": glyph,
        "now": now,
        "waiting": "–" if engine.waiting is None else f"{engine.waiting:,}",
        "done": "–" if engine.done is None else f"{engine.done:,}",
    }
