"""Listing of the session's results for `%ipar`, as text or HTML table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...formatting import join_facts, plural
from ...model.snapshot import Snapshot
from ...render import html, words
from ...render.ansi import one_line
from ...render.compact import compact
from ...render.text import summary_line

_MAX_VARIABLES, _MAX_CELL = 60, 20


@dataclass(frozen=True)
class ResultRow:
    """One result of the listing."""

    number: int  # by which the user refers to it
    snapshot: Snapshot  # its lists, such as those of engines and tasks, may be empty
    variables: tuple[str, ...] = ()  # of the user, which hold it
    cell: int | None = None  # execution count of the cell that created it
    gone: bool = False  # True once the result was garbage-collected


def plain_text(rows: Sequence[ResultRow], total: int) -> str:
    """Return the listing as text, with a line for each result, oldest first; `total` counts all results."""
    if not rows:
        return title(rows, total)
    cells = [(f"{row.number:,}", _variables(row), _cell(row), _summary(row)) for row in rows]
    widths = [max(len(cell[i]) for cell in cells) for i in range(3)]
    lines = [
        f"{number:>{widths[0]}}  {variables:<{widths[1]}}  {cell:<{widths[2]}}  {summary}"
        for number, variables, cell, summary in cells
    ]
    return "\n".join([title(rows, total), *lines])


def html_table(rows: Sequence[ResultRow], total: int) -> str:
    """Return the listing as a self-contained HTML table without scripts."""
    whole = html.render_card(
        "listing",
        "Parallel results",
        title=title(rows, total),
        rows=[_row_facts(row) for row in rows],
        named=any(row.variables for row in rows),
        placed=any(row.cell is not None for row in rows),
    )
    return compact(whole)


def title(rows: Sequence[ResultRow], total: int) -> str:
    """Return how many results there are, and how many of those shown are running."""
    if not total:
        return "No results yet: whatever is submitted while ipar_results is loaded is listed here"
    running = sum(not row.snapshot.finished for row in rows)
    shown = f"the newest {len(rows):,} of {total:,} results" if len(rows) < total else ""
    return join_facts(shown or plural(total, "result"), f"{running:,} going on" if running else "")


def _row_facts(row: ResultRow) -> dict[str, object]:
    snapshot = row.snapshot
    single = snapshot.single and snapshot.finished
    return {
        "number": f"{row.number:,}",
        "state": snapshot.state,
        "glyph": words.STATES[snapshot.state],
        "name": words.result_name(snapshot),
        "progress": words.outcome(snapshot) if single else words.progress(snapshot),
        "width": round(100 * snapshot.done / snapshot.total) if snapshot.total else 0,
        "finished": snapshot.finished,
        "counts": [] if single else [c for c in words.counts(snapshot) if c.state != "queued"],
        "pace": join_facts(
            *(words.times(snapshot) if snapshot.total else []),
            words.as_of(snapshot),
            words.expected_end(snapshot),
        ),
        "variables": _variables(row),
        "cell": _cell(row),
        "gone": row.gone,
    }


def _summary(row: ResultRow) -> str:
    line = f"{words.STATES[row.snapshot.state][0]} {summary_line(row.snapshot)}"
    return f"{line} · no longer held" if row.gone else line


def _variables(row: ResultRow) -> str:
    return one_line(", ".join(row.variables), _MAX_VARIABLES)


def _cell(row: ResultRow) -> str:
    return "" if row.cell is None else one_line(f"[{row.cell}]", _MAX_CELL)
