"""MIME bundle of a snapshot: text, HTML, and the bounded JSON from which the labextension draws it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from ...config import IPythonParallelResults
from ...formatting import clip_middle
from ...log import log_error
from ...model.snapshot import Snapshot
from ...model.timeline import Timeline
from ...render import html, text
from ...render.limits import Limits, fit

MIME = "application/vnd.ipar-results.v1+json"
MAX_BYTES = 80_000
_MIN_CHARACTERS = 250

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
    """Return the static MIME bundle of a snapshot.

    Parameters
    ----------
    config : IPythonParallelResults
        Limits of the HTML tables.
    view : {'html', 'text'}
        Any other view than ``text`` gets HTML too.
    saved : dict, optional
        What :func:`saved_json` returned, for the labextension.
    timeline : callable, optional
        Gives the timeline; without it there is none.
    between_steps : callable, optional
        Called between two slow steps.
    """
    data = {"text/plain": _drawn(lambda: text.plain_text(snapshot), "text")}
    if view != "text":
        drawn_timeline = None if timeline is None or snapshot.single else timeline()
        between_steps()
        data["text/html"] = _drawn(lambda: html.card(snapshot, _html_limits(config), drawn_timeline), "HTML")
    drawn: Bundle = {mime: markup for mime, markup in data.items() if markup is not None}
    if not drawn:
        drawn = {"text/plain": f"{snapshot.done} of {snapshot.total} done, {snapshot.failed} failed"}
    return drawn if saved is None else {MIME: saved, **drawn}


def size_of(data: Bundle) -> int:
    """Return about how many bytes a MIME bundle takes in a message."""
    return sum(len(each if isinstance(each, str) else json.dumps(each)) for each in data.values())


def _drawn(draw: Callable[[], str], what: str) -> str | None:
    try:
        return draw()
    except Exception:
        log_error("drawing %s", what)
        return None


def _html_limits(config: IPythonParallelResults) -> Limits:
    return Limits(
        tasks=config.tasks, engines=config.engines, failures=config.failures, outputs=config.outputs
    )


@dataclass(frozen=True)
class _Limits:
    rows: int = 1_500
    tasks: int = 50
    engines: int = 256
    failures: int = 20
    outputs: int = 20
    text: int = 4_000
    indices: int = 50

    def tighter(self) -> _Limits:
        """Return the next smaller limits: long texts are cut first, then the numbers of rows."""
        if self.text > _MIN_CHARACTERS:
            return replace(self, text=self.text // 2)
        halves = {
            name: getattr(self, name) // 2 for name in ("rows", "tasks", "engines", "failures", "outputs")
        }
        return replace(self, **halves)


def saved_json(result_id: str, snapshot: Snapshot, timeline: Callable[[int], Timeline]) -> Json:
    """Return a snapshot and its timeline as JSON, cut down until it is small enough to be saved.

    Parameters
    ----------
    result_id : str
        By which a front end finds the live result, while there is one.
    timeline : callable
        Gives the timeline of at most so many ended messages.

    Returns
    -------
    dict
        JSON types, at most :data:`MAX_BYTES` of UTF-8; ``engines_total``, ``failures_total`` and the other
        totals are those before the cut.
    """

    def encode(limits: _Limits) -> bytes:
        data = _cut(result_id, snapshot, timeline, limits)
        # UTF-8 cannot encode a lone surrogate
        return json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")

    limits = _Limits(text=min(_Limits.text, max(_longest_text(snapshot), _MIN_CHARACTERS)))
    return dict(json.loads(fit(encode, limits, lambda encoded: len(encoded) <= MAX_BYTES)))


def _longest_text(snapshot: Snapshot) -> int:
    """Return the characters of the longest text, as :func:`_cut` measures it."""
    groups = snapshot.failures[: _Limits.failures]
    texts = [snapshot.name, snapshot.note, *(group.input[1] for group in groups if group.input)]
    texts += [text for group in groups for text in (group.type, group.message, group.where, group.traceback)]
    written = [text for output in snapshot.outputs for text in (output.stdout, output.stderr)]
    return max([*map(len, texts), *(4 * len(text) for text in written)])


def _cut(result_id: str, snapshot: Snapshot, timeline: Callable[[int], Timeline], limits: _Limits) -> Json:
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
        tasks=snapshot.tasks[: limits.tasks],
        outputs=tuple(
            replace(
                output,
                stdout=output.stdout[-limits.text // 4 :],
                stderr=output.stderr[-limits.text // 4 :],
                omitted=output.omitted
                + max(0, len(output.stdout) - limits.text // 4)
                + max(0, len(output.stderr) - limits.text // 4),
            )
            for output in snapshot.outputs[: limits.outputs]
        ),
    )
    return {
        **cut.to_json(),
        "id": result_id,
        "engines_total": len(snapshot.engines),
        "failures_total": len(snapshot.failures),
        "timeline": timeline(limits.rows).to_json(),
    }
