"""The bounded JSON that a notebook keeps of a result, from which the labextension draws without a kernel."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...formatting import clipped
from ...model.snapshot import Snapshot
from ...model.timeline import Timeline

MIME = "application/vnd.ipar-results.v1+json"
MOST_BYTES = 80_000
_FEWEST_CHARACTERS = 250


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
        """The next smaller limits: long texts give way first, then rows."""
        if self.text > _FEWEST_CHARACTERS:
            return replace(self, text=self.text // 2)
        halves = {
            name: getattr(self, name) // 2 for name in ("rows", "tasks", "engines", "failures", "outputs")
        }
        return replace(self, **halves)


def saved(result_id: str, snapshot: Snapshot, timeline: Callable[[int], Timeline]) -> dict[str, Any]:
    """A snapshot with its timeline, cut down until it is small enough to be kept.

    Parameters
    ----------
    result_id : str
        By which a front end finds the live result, while there is one.
    snapshot : Snapshot
    timeline : callable
        Gives a timeline of at most so many ended messages.

    Returns
    -------
    dict
        JSON types, at most :data:`MOST_BYTES` of UTF-8; ``engines_total``, ``failures_total`` and the other
        totals say what there is.
    """
    limits = _Limits(text=min(_Limits.text, max(_longest(snapshot), _FEWEST_CHARACTERS)))
    while True:
        data = _cut(result_id, snapshot, timeline, limits)
        # a lone surrogate can't be written as UTF-8
        text = json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        if len(text) <= MOST_BYTES or limits == limits.tighter():
            return dict(json.loads(text))
        limits = limits.tighter()


def _longest(snapshot: Snapshot) -> int:
    """Characters of the longest text that there is to cut, as :func:`_cut` measures it."""
    groups = snapshot.failures[: _Limits.failures]
    texts = [snapshot.name, snapshot.note, *(group.input[1] for group in groups if group.input)]
    texts += [text for group in groups for text in (group.type, group.message, group.where, group.traceback)]
    written = [text for output in snapshot.outputs for text in (output.stdout, output.stderr)]
    return max([*map(len, texts), *(4 * len(text) for text in written)])


def _cut(
    result_id: str, snapshot: Snapshot, timeline: Callable[[int], Timeline], limits: _Limits
) -> dict[str, Any]:
    cut = replace(
        snapshot,
        name=clipped(snapshot.name, limits.text),
        note=clipped(snapshot.note, limits.text),
        engines=snapshot.engines[: limits.engines],
        failures=tuple(
            replace(
                group,
                type=clipped(group.type, limits.text),
                message=clipped(group.message, limits.text),
                where=clipped(group.where, limits.text),
                engines=group.engines[: limits.engines],
                indices=group.indices[: limits.indices],
                traceback=clipped(group.traceback, limits.text),
                input=group.input and (group.input[0], clipped(group.input[1], limits.text)),
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
