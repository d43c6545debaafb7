"""A result as static, self-contained HTML: escaped at the leaf, bounded, readable without its style."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..formatting import keep_units_together, plural
from ..model.snapshot import Snapshot
from ..model.timeline import Timeline
from . import rows, style, svg, words

_MIN_TEXT = 500
_MIN_LABELLED = 0.12  # in a part that is smaller there is no room for words


@dataclass(frozen=True)
class Limits:
    """How much of a result is drawn; what is left out is said in words.

    Attributes
    ----------
    tasks, engines, failures, outputs : int
        Rows or groups.
    traceback : int
        Characters of one traceback: its head and its tail.
    output : int
        Characters of one stream of one task: its tail.
    total_bytes : int
        Size of the whole in UTF-8. Where it is exceeded, the other limits are halved until it holds.
    """

    tasks: int = 50
    engines: int = 64
    failures: int = 20
    outputs: int = 20
    traceback: int = 8_000
    output: int = 1_000
    total_bytes: int = 180_000

    def tighter(self) -> Limits:
        """The next smaller limits: long texts give way first, then rows."""
        if self.traceback > _MIN_TEXT:
            return replace(self, traceback=self.traceback // 2, output=self.output // 2)
        halves = {name: getattr(self, name) // 2 for name in ("tasks", "engines", "failures", "outputs")}
        return replace(self, **halves)


DEFAULT_LIMITS = Limits()


def card(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS, timeline: Timeline | None = None) -> str:
    """Draw a result as one self-contained card.

    Parameters
    ----------
    snapshot : Snapshot
    limits : Limits, optional
    timeline : Timeline, optional
        Drawn too, where it is given and the result is of more than one task.

    Returns
    -------
    str
        HTML with its style and no script, at most ``limits.total_bytes`` long.
    """
    drawn = "" if timeline is None else timeline_plot(snapshot, timeline)
    return _fit(partial(_card, drawn=drawn), snapshot, limits)


def timeline_plot(snapshot: Snapshot, timeline: Timeline) -> str:
    """Draw which engine did what, and when.

    Parameters
    ----------
    snapshot : Snapshot
    timeline : Timeline

    Returns
    -------
    str
        HTML without style, about 60 kB at most; empty for a single task, and before anything has begun.
    """
    if snapshot.single:
        return ""
    until = None if snapshot.eta is None else snapshot.elapsed + snapshot.eta[1]
    drawing = svg.draw_timeline(timeline, until, snapshot.finished)
    if drawing is None:
        return ""
    label = f"Timeline of {plural(timeline.shown, 'task')} by engine"
    return render_template("timeline", label=label, **drawing)


def head(snapshot: Snapshot) -> str:
    """Draw the name, the bar, the counts and the note.

    Parameters
    ----------
    snapshot : Snapshot

    Returns
    -------
    str
        HTML without style, of bounded size.
    """
    return render_template(
        "head",
        state=snapshot.state,
        glyph=words.STATES[snapshot.state],
        name=words.result_name(snapshot),
        progress=words.outcome(snapshot) if snapshot.single else words.progress(snapshot),
        place=words.ran_on(snapshot) if snapshot.single else "",
        times=words.times(snapshot) if snapshot.total else [],
        eta=words.eta(snapshot),
        counts=[] if snapshot.single else words.counts(snapshot),
        losses=words.lost_engines(snapshot),
        rates=words.rates(snapshot),
        done=snapshot.done,
        total=snapshot.total,
        note=words.note(snapshot),
    )


def advice(snapshot: Snapshot) -> str:
    """Draw where the engines' time went, and what would have made the run shorter.

    Parameters
    ----------
    snapshot : Snapshot

    Returns
    -------
    str
        HTML without style, of bounded size; empty before the end.
    """
    parts = words.time_use(snapshot)
    return render_template(
        "advice",
        parts=[(part, max(1, round(1000 * part.fraction)), part.fraction < _MIN_LABELLED) for part in parts],
        label="Where the engines' time went: " + ", ".join(part.phrase for part in parts),
        advice=[map(keep_units_together, words.split_advice(each)) for each in snapshot.advice],
    )


def engines(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS) -> str:
    """Draw a table of what each engine did, does, and how busy it was.

    Parameters
    ----------
    snapshot : Snapshot
    limits : Limits, optional

    Returns
    -------
    str
        HTML without style.
    """
    return _fit(_engines, snapshot, limits)


def failures(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS) -> str:
    """Draw the groups of failures, each folding one full traceback away.

    Parameters
    ----------
    snapshot : Snapshot
    limits : Limits, optional

    Returns
    -------
    str
        HTML without style; empty where nothing failed.
    """
    return _fit(_failures, snapshot, limits)


def tasks(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS) -> str:
    """Draw a table of the first tasks and their metadata.

    Parameters
    ----------
    snapshot : Snapshot
    limits : Limits, optional

    Returns
    -------
    str
        HTML without style.
    """
    return _fit(_tasks, snapshot, limits)


def outputs(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS) -> str:
    """Draw the end of what the newest tasks wrote.

    Parameters
    ----------
    snapshot : Snapshot
    limits : Limits, optional

    Returns
    -------
    str
        HTML without style.
    """
    return _fit(_outputs, snapshot, limits)


def fold_labels(snapshot: Snapshot) -> tuple[str, str, str]:
    """How much the folds Engines, Tasks and Output hold, in words.

    Parameters
    ----------
    snapshot : Snapshot

    Returns
    -------
    tuple of str
    """
    chunked = words.is_chunked(snapshot)
    return (
        f"{len(snapshot.engines):,}",
        words.message_count(snapshot) if chunked else f"{snapshot.messages:,}",
        plural(snapshot.outputs_total, "task"),
    )


def _card(snapshot: Snapshot, limits: Limits, drawn: str = "") -> str:
    folds = []
    engines, tasks, outputs = fold_labels(snapshot)
    if snapshot.engines and not snapshot.single:
        folds.append(("Engines", engines, _engines(snapshot, limits)))
    if snapshot.tasks and not snapshot.single:
        folds.append(("Tasks", tasks, _tasks(snapshot, limits)))
    if snapshot.outputs:
        folds.append(("Output", "" if snapshot.single else outputs, _outputs(snapshot, limits)))
    inside = render_template(
        "card",
        head=Markup(head(snapshot)),
        timeline=Markup(drawn),
        advice=Markup(advice(snapshot)),
        failures=Markup(_failures(snapshot, limits)),
        folds=[(title, extent, Markup(inner)) for title, extent, inner in folds],
    )
    label = f"{words.result_name(snapshot)}: {words.STATES[snapshot.state][1]}"
    return render_template(
        "styled", style=Markup(style.used_rules(inside)), label=label, inside=Markup(inside)
    )


def _engines(snapshot: Snapshot, limits: Limits) -> str:
    shown = snapshot.engines[: limits.engines]
    return render_template(
        "engines",
        rows=[rows.engine_row(load, snapshot.elapsed) for load in shown],
        moving=not snapshot.finished,
        cut=_describe_cut(len(snapshot.engines), len(shown), "engines"),
    )


def _failures(snapshot: Snapshot, limits: Limits) -> str:
    shown, origin = snapshot.failures[: limits.failures], words.first_submission(snapshot)
    return render_template(
        "failures",
        groups=[rows.failure_row(group, limits.traceback, origin) for group in shown],
        single=snapshot.single,
        cut=_describe_cut(len(snapshot.failures), len(shown), "groups of failures"),
    )


def _tasks(snapshot: Snapshot, limits: Limits) -> str:
    shown = snapshot.tasks[: limits.tasks]
    origin = min((task.submitted for task in shown if task.submitted is not None), default=math.nan)
    return render_template(
        "tasks",
        rows=[rows.task_row(task, origin) for task in shown],
        cut=_describe_cut(
            snapshot.messages, len(shown), "messages" if words.is_chunked(snapshot) else "tasks"
        ),
    )


def _outputs(snapshot: Snapshot, limits: Limits) -> str:
    shown = snapshot.outputs[: limits.outputs]
    return render_template(
        "outputs",
        items=[rows.output_row(output, limits.output) for output in shown],
        single=snapshot.single,
        cut=_describe_cut(snapshot.outputs_total, len(shown), "tasks that wrote something"),
    )


def _describe_cut(total: int, shown: int, nouns: str) -> str:
    return f"{shown:,} of {total:,} {nouns}" if shown < total else ""


def _fit(draw: Callable[[Snapshot, Limits], str], snapshot: Snapshot, limits: Limits) -> str:
    html = draw(snapshot, limits)
    while len(html.encode()) > limits.total_bytes and limits != limits.tighter():
        limits = limits.tighter()
        html = draw(snapshot, limits)
    return html


def render_template(template: str, **facts: Any) -> str:
    """Fill in a template of this package; every text is escaped unless it is marked as safe."""
    return _environment().get_template(f"{template}.html.j2").render(facts)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("ipar_results.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
