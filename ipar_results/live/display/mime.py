"""MIME bundle of a snapshot: text, HTML, and the bounded JSON from which the labextension draws it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from ...config import IPythonParallelResults
from ...formatting import clip_middle, shorten, utf8_safe
from ...log import log_errors
from ...model.snapshot import Snapshot
from ...model.timeline import Timeline
from ...render import html, text
from ...render.limits import Limits, fit

MIME = "application/vnd.ipar-results.v1+json"
MAX_BYTES = 80_000

Json = dict[str, object]
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

    `saved` is what :func:`saved_json` returned, for the labextension. `timeline` and drawing it are two slow
    steps, between which `between_steps` is called.
    """
    data = {"text/plain": _drawn(lambda: text.plain_text(snapshot), "text")}
    if view != "text":
        drawn_timeline = None if timeline is None or snapshot.single else timeline()
        between_steps()
        limits = Limits(config.tasks, config.engines, config.failures, config.outputs)
        data["text/html"] = _drawn(lambda: html.card(snapshot, limits, drawn_timeline), "HTML")
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


@dataclass(frozen=True)
class _SavedLimits(Limits):
    engines: int = 256
    text: int = 4_000  # characters of any text that is no output
    total_bytes: int = MAX_BYTES
    timeline: int = 1_500
    indices: int = 50

    min_text: ClassVar[int] = 250
    numbers: ClassVar[tuple[str, ...]] = (*Limits.numbers, "timeline")


def saved_json(result_id: str, snapshot: Snapshot, timeline: Callable[[int], Timeline]) -> Json:
    """Return a snapshot and its timeline as JSON, cut down until it is small enough to be saved.

    Totals such as ``engines_total`` are those before the cut. A front end finds the live result, while there
    is one, by `result_id`; `timeline` gives the timeline of at most so many ended messages.
    """

    def encode(limits: _SavedLimits) -> str:
        data = _cut(result_id, snapshot, timeline, limits)
        return utf8_safe(json.dumps(data, ensure_ascii=False, allow_nan=False))

    longest = min(_SavedLimits.text, max(_longest_text(snapshot), _SavedLimits.min_text))
    return dict(json.loads(fit(encode, _SavedLimits(text=longest, output=longest // 4))))


def _longest_text(snapshot: Snapshot) -> int:
    """Return the characters of the longest text, as :func:`_cut` measures it."""
    groups = snapshot.failures[: _SavedLimits.failures]
    texts = [snapshot.name, snapshot.note, *(group.input[1] for group in groups if group.input)]
    texts += [text for group in groups for text in (group.type, group.message, group.where, group.traceback)]
    written = [text for output in snapshot.outputs for text in (output.stdout, output.stderr)]
    return max([*map(len, texts), *(4 * len(text) for text in written)])


def _cut(
    result_id: str, snapshot: Snapshot, timeline: Callable[[int], Timeline], limits: _SavedLimits
) -> Json:
    cut = replace(
        snapshot,
        name=clip_middle(snapshot.name, limits.text),
        note=clip_middle(snapshot.note, limits.text),
        engines=snapshot.engines[: limits.engines],
        failures=tuple(
            replace(
                group,
                type=clip_middle(group.type, limits.text),
                message=clip_middle(group.message, limits.text),
                where=clip_middle(group.where, limits.text),
                engines=group.engines[: limits.engines],
                indices=group.indices[: limits.indices],
                traceback=clip_middle(group.traceback, limits.text),
                input=group.input and (group.input[0], clip_middle(group.input[1], limits.text)),
            )
            for group in snapshot.failures[: limits.failures]
        ),
        tasks=tuple(
            replace(task, input=task.input and shorten(task.input, limits.input))
            for task in snapshot.tasks[: limits.tasks]
        ),
        outputs=tuple(
            replace(
                output,
                stdout=output.stdout[-limits.output :],
                stderr=output.stderr[-limits.output :],
                omitted=output.omitted
                + max(0, len(output.stdout) - limits.output)
                + max(0, len(output.stderr) - limits.output),
            )
            for output in snapshot.outputs[: limits.outputs]
        ),
    )
    return {
        **cut.to_json(),
        "id": result_id,
        "engines_total": len(snapshot.engines),
        "failures_total": len(snapshot.failures),
        "timeline": timeline(limits.timeline).to_json(),
    }
