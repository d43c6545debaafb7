"""HTML renderer of a snapshot: static, self-contained, escaped, of bounded size, readable without style."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..formatting import keep_units_together, plural
from ..model.snapshot import Snapshot
from ..model.timeline import Timeline
from . import rows, style, svg, words
from .limits import DEFAULT_LIMITS, Limits, fit


def card(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS, timeline: Timeline | None = None) -> str:
    """Draw a result as one self-contained card without scripts, at most ``limits.total_bytes`` long."""
    drawn = "" if timeline is None else timeline_plot(snapshot, timeline)
    return fit(lambda tighter: _card(snapshot, tighter, drawn), limits)


def fitted(
    draw: Callable[[Snapshot, Limits], str], snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS
) -> str:
    """Draw a part of a card alone, at most ``limits.total_bytes`` long."""
    return fit(partial(draw, snapshot), limits)


def timeline_plot(snapshot: Snapshot, timeline: Timeline) -> str:
    """Draw the timeline, about 60 kB at most; empty for a single task and before the first task starts."""
    if snapshot.single:
        return ""
    until = None if snapshot.eta is None else snapshot.elapsed + snapshot.eta[1]
    drawing = svg.draw_timeline(timeline, until, snapshot.finished, words.pauses(snapshot))
    if drawing is None:
        return ""
    label = f"Timeline of {plural(timeline.shown, words.message_noun(snapshot))} by engine"
    return render_template("timeline", label=label, **drawing)


def head(snapshot: Snapshot, live: bool = False) -> str:
    """Draw the head of a card: name, bar, counts and note; HTML without style.

    One that may be saved says as of when it is. A `live` one, which is always updated, has the time left.
    """
    return render_template(
        "head",
        state=snapshot.state,
        glyph=words.STATES[snapshot.state],
        name=words.result_name(snapshot),
        progress=words.outcome(snapshot) if snapshot.single else words.progress(snapshot),
        place=words.ran_on(snapshot) if snapshot.single else "",
        times=words.times(snapshot) if snapshot.total else [],
        as_of="" if live else words.as_of(snapshot),
        end=words.eta(snapshot) if live else words.expected_end(snapshot),
        counts=[] if snapshot.single else words.counts(snapshot),
        losses=words.lost_engines(snapshot),
        rates=words.rates(snapshot),
        done=snapshot.done,
        total=snapshot.total,
        note=words.note(snapshot),
    )


def advice(snapshot: Snapshot) -> str:
    """Draw the use of the engines' time and the advice; empty until the result is finished."""
    parts = words.time_use(snapshot)
    return render_template(
        "advice",
        parts=parts,
        advice=[map(keep_units_together, words.split_advice(each)) for each in snapshot.advice],
    )


def fold_labels(snapshot: Snapshot) -> tuple[str, str, str]:
    """Return the labels of the folds Engines, Tasks and Output: the number of their items."""
    chunked = words.is_chunked(snapshot)
    return (
        f"{len(snapshot.engines):,}",
        words.message_count(snapshot) if chunked else f"{snapshot.messages:,}",
        plural(snapshot.outputs_total, words.message_noun(snapshot)),
    )


def _card(snapshot: Snapshot, limits: Limits, drawn: str) -> str:
    folds = []
    engine_count, task_count, output_count = fold_labels(snapshot)
    if snapshot.engines and not snapshot.single:
        folds.append(("Engines", engine_count, engines(snapshot, limits)))
    if snapshot.tasks and not snapshot.single:
        folds.append(("Tasks", task_count, tasks(snapshot, limits)))
    if snapshot.outputs:
        folds.append(("Output", "" if snapshot.single else output_count, outputs(snapshot, limits)))
    return render_card(
        "card",
        f"{words.result_name(snapshot)}: {words.STATES[snapshot.state][1]}",
        parts=map(Markup, (head(snapshot), drawn, failures(snapshot, limits), advice(snapshot))),
        folds=[(title, extent, Markup(inner)) for title, extent, inner in folds],
    )


def engines(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS) -> str:
    """Draw the table of engines with their tasks and load; HTML without style."""
    shown = snapshot.engines[: limits.engines]
    return render_template(
        "engines",
        rows=[rows.engine_row(load, snapshot) for load in shown],
        moving=not snapshot.finished,
        cut=describe_cut(len(snapshot.engines), len(shown), "engines"),
    )


def failures(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS) -> str:
    """Draw the groups of failures, each with a traceback to unfold; empty without failures."""
    shown = snapshot.failures[: limits.failures]
    return render_template(
        "failures",
        groups=[rows.failure_row(group, limits.text, snapshot) for group in shown],
        single=snapshot.single,
        cut=describe_cut(len(snapshot.failures), len(shown), "groups of failures"),
    )


def tasks(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS) -> str:
    """Draw the table of the tasks by index or, if it is cut, of the slowest; HTML without style."""
    slowest = sorted(snapshot.tasks, key=lambda task: -(rows.seconds_taken(task, snapshot) or 0.0))
    shown = slowest[: limits.tasks]
    cut = describe_cut(snapshot.messages, len(shown), "messages" if words.is_chunked(snapshot) else "tasks")
    if cut and any(rows.seconds_taken(task, snapshot) for task in shown[:1]):
        cut = f"{cut}, the slowest first"
    return render_template(
        "tasks",
        rows=[rows.task_row(task, snapshot, limits.input) for task in (shown if cut else snapshot.tasks)],
        order=cut or words.slowest(slowest),
        with_inputs=any(task.input for task in shown),
    )


def outputs(snapshot: Snapshot, limits: Limits = DEFAULT_LIMITS) -> str:
    """Draw the tail of the output of the newest tasks, the newest last; HTML without style."""
    shown = snapshot.outputs[: limits.outputs]
    return render_template(
        "outputs",
        items=[rows.output_row(output, snapshot, limits.output) for output in reversed(shown)],
        single=snapshot.single,
        cut=describe_cut(
            snapshot.outputs_total, len(shown), f"{words.message_noun(snapshot)}s that wrote something"
        ),
    )


def describe_cut(total: int, shown: int, nouns: str) -> str:
    """Return a note such as ``50 of 1,000 tasks``; empty if all are shown."""
    return f"{shown:,} of {total:,} {nouns}" if shown < total else ""


def render_card(template: str, label: str, **variables: object) -> str:
    """Render a template as a card with the rules of the style sheet that it uses."""
    inside = render_template(template, **variables)
    rules = Markup(style.used_rules(inside))
    return render_template("styled", style=rules, label=label, inside=Markup(inside))


def render_template(template: str, **variables: object) -> str:
    """Render a template of this package; all texts are escaped unless they are ``Markup``."""
    return _environment().get_template(f"{template}.html.j2").render(variables).strip()


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("ipar_results.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
