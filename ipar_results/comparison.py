"""Two runs side by side."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from .export.load import load
from .formatting import format_duration, format_percent, join_facts
from .model.snapshot import Snapshot
from .render import html, style, words
from .render.ansi import one_line

_TOLERANCE = 0.005


@dataclass(frozen=True)
class Comparison:
    """Two runs, shown side by side where it is displayed."""

    a: Snapshot
    b: Snapshot

    @property
    def rows(self) -> tuple[tuple[str, str, str, str], ...]:
        """What is compared: a name, both values, and how they differ in words."""
        a, b = self.a, self.b
        return (
            ("run", words.result_name(a), words.result_name(b), ""),
            ("state", words.STATES[a.state][1], words.STATES[b.state][1], ""),
            ("tasks", f"{a.total:,}", f"{b.total:,}", _describe_difference(a.total, b.total)),
            ("messages", f"{a.messages:,}", f"{b.messages:,}", _describe_difference(a.messages, b.messages)),
            (
                "engines",
                f"{len(a.engines):,}",
                f"{len(b.engines):,}",
                _describe_difference(len(a.engines), len(b.engines)),
            ),
            (
                "took",
                format_duration(_duration(a)),
                format_duration(_duration(b)),
                _describe_speed(_duration(a), _duration(b)),
            ),
            (
                "computed",
                format_duration(a.serial_time),
                format_duration(b.serial_time),
                _describe_ratio(a.serial_time, b.serial_time, "less", "more"),
            ),
            ("speed-up", _decimal(a.speedup), _decimal(b.speedup), ""),
            ("efficiency", _share(a.efficiency), _share(b.efficiency), ""),
            ("tasks a second", words.throughput(a) or "–", words.throughput(b) or "–", ""),
            ("failed", f"{a.failed:,}", f"{b.failed:,}", _describe_difference(a.failed, b.failed)),
            ("aborted", f"{a.aborted:,}", f"{b.aborted:,}", _describe_difference(a.aborted, b.aborted)),
            *_failures(a, b),
        )

    def __repr__(self) -> str:
        rows = [("", "a", "b", ""), *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        return "\n".join(
            f"{name:<{widths[0]}}  {left:>{widths[1]}}  {right:>{widths[2]}}  {change}".rstrip()
            for name, left, right, change in rows
        )

    def _repr_html_(self) -> str:
        return html.render_template("compare", style=style.style_sheet(), rows=self.rows)


def compare(a: Any, b: Any) -> Comparison:
    """Show two runs side by side.

    Parameters
    ----------
    a, b : Snapshot, Monitor, AsyncResult or path
        A path is that of a saved trace or report.

    Returns
    -------
    Comparison
        Shows itself; its `a` and `b` are the two snapshots.
    """
    return Comparison(_snapshot(a), _snapshot(b))


def _snapshot(run: Any) -> Snapshot:
    from .live.session import current
    from .results.monitor import Monitor

    if isinstance(run, Snapshot):
        return run
    if isinstance(run, str | os.PathLike):
        return load(run)
    return run.snapshot() if isinstance(run, Monitor) else current().monitor(run).snapshot()


def _duration(snapshot: Snapshot) -> float:
    return snapshot.elapsed if snapshot.wall_time is None else snapshot.wall_time


def _describe_speed(a: float, b: float) -> str:
    return _describe_ratio(a, b, "faster", "slower")


def _describe_ratio(a: float, b: float, less: str, more: str) -> str:
    """How `b` differs from `a`, as a factor."""
    if a <= 0 or b <= 0:
        return ""
    if abs(a - b) <= _TOLERANCE * max(a, b):
        return "the same"
    return f"{a / b:.1f} × {less}" if b < a else f"{b / a:.1f} × {more}"


def _describe_difference(a: int, b: int) -> str:
    return "" if a == b else f"{b - a:+,}".replace("-", "−")


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _share(value: float | None) -> str:
    return "–" if value is None else format_percent(value)


def _failures(a: Snapshot, b: Snapshot) -> list[tuple[str, str, str, str]]:
    """One row for each kind of failure, the most frequent first."""
    counts: dict[str, list[int]] = {}
    for side, snapshot in enumerate((a, b)):
        for group in snapshot.failures:
            where = one_line(group.where, words.MAX_LOCATION)
            kind = join_facts(one_line(group.type, words.MAX_TYPE) or "Error", where)
            counts.setdefault(kind, [0, 0])[side] += group.count
    ordered = sorted(counts.items(), key=lambda item: -max(item[1]))
    return [(f"✕ {kind}", f"{m:,}", f"{n:,}", _describe_difference(m, n)) for kind, (m, n) in ordered[:20]]
