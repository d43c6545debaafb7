"""Comparison of two runs, side by side."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .export.load import load
from .formatting import format_duration, format_percent, join_facts
from .live.session import current
from .model.snapshot import Snapshot
from .render import html, words
from .render.ansi import one_line
from .render.compact import compact
from .results.monitor import Monitor
from .upstream.protocols import AsyncResultLike

_TOLERANCE = 0.005

Row: TypeAlias = tuple[str, str, str, str]
Run: TypeAlias = "Snapshot | Monitor | AsyncResultLike | str | os.PathLike[str]"


@dataclass(frozen=True)
class Comparison:
    """Comparison of two runs, displayed as a table."""

    a: Snapshot
    b: Snapshot

    @property
    def rows(self) -> tuple[Row, ...]:
        """Rows of the table: a name, both values, and the difference in words."""
        a, b = self.a, self.b
        return (
            ("run", words.result_name(a), words.result_name(b), ""),
            ("state", words.STATES[a.state][1], words.STATES[b.state][1], ""),
            _count_row("tasks", a.total, b.total),
            _count_row("messages", a.messages, b.messages),
            _count_row("engines", len(a.engines), len(b.engines)),
            self._duration_row("took", words.duration(a), words.duration(b), _describe_speed),
            self._duration_row("engine time", a.serial_time, b.serial_time, _describe_amount),
            ("engines busy", _decimal(a.speedup), _decimal(b.speedup), ""),
            ("efficiency", format_percent(a.efficiency), format_percent(b.efficiency), ""),
            ("tasks a second", words.throughput(a) or "–", words.throughput(b) or "–", ""),
            _count_row("failed", a.failed, b.failed),
            _count_row("cancelled", a.aborted, b.aborted),
            *_failure_rows(a, b),
        )

    def _duration_row(self, name: str, a: float, b: float, describe_change: Callable[[float], str]) -> Row:
        """Return a row of durations, compared per task that succeeded where these numbers differ."""
        runs, change = (self.a, self.b), ""
        if min(a, b, self.a.ok, self.b.ok) > 0:
            factor = (b / self.b.ok) / (a / self.a.ok)
            change = describe_change(factor) if abs(1 - factor) > _TOLERANCE else "the same"
            if self.a.ok != self.b.ok:
                change += " per task" if all(run.ok == run.total for run in runs) else " per ok task"
        return name, format_duration(a), format_duration(b), change

    def __repr__(self) -> str:
        rows = [("", "a", "b", ""), *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        return "\n".join(
            f"{name:<{widths[0]}}  {left:>{widths[1]}}  {right:>{widths[2]}}  {change}".rstrip()
            for name, left, right, change in rows
        )

    def _repr_html_(self) -> str:
        return compact(html.render_card("compare", "Two runs side by side", rows=self.rows))


def compare(a: Run, b: Run) -> Comparison:
    """Compare two runs side by side.

    Parameters
    ----------
    a, b : Snapshot, Monitor, AsyncResult or path
        A path is that of a saved trace or report.

    Returns
    -------
    Comparison
        Displayed as a table; its `a` and `b` are the two snapshots.
    """
    return Comparison(_snapshot(a), _snapshot(b))


def _snapshot(run: Run) -> Snapshot:
    if isinstance(run, Snapshot):
        return run
    if isinstance(run, str | os.PathLike):
        return load(run)
    return run.snapshot() if isinstance(run, Monitor) else current().monitor(run).snapshot()


def _count_row(name: str, a: int, b: int) -> Row:
    return name, f"{a:,}", f"{b:,}", "" if a == b else f"{b - a:+,}".replace("-", "−")


def _describe_speed(factor: float) -> str:
    """Return how much faster or slower it is to take `factor` times as long."""
    return f"{_decimal(1 / factor)} × faster" if factor < 1 else f"{_decimal(factor)} × slower"


def _describe_amount(factor: float) -> str:
    """Return `factor` as a multiple, or as a fraction."""
    return f"{_decimal(factor)} × as much" if factor > 0.1 else f"1/{1 / factor:,.0f} as much"


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _failure_rows(a: Snapshot, b: Snapshot) -> list[Row]:
    """Return a row for each kind of failure, the most frequent first."""
    counts: dict[str, list[int]] = {}
    for side, snapshot in enumerate((a, b)):
        for group in snapshot.failures:
            location = one_line(group.where, words.MAX_LOCATION)
            kind = join_facts(one_line(group.type, words.MAX_TYPE) or "Error", location)
            counts.setdefault(kind, [0, 0])[side] += group.count
    ordered = sorted(counts.items(), key=lambda item: -max(item[1]))
    return [_count_row(f"✕ {kind}", m, n) for kind, (m, n) in ordered[:20]]
