"""The results of a session, one row each, as text or HTML: what `%ipar` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ...formatting import join_facts, plural
from ...model.snapshot import Snapshot
from ...render import html, style, words
from ...render.ansi import one_line
from ...render.text import summary_line

_MAX_VARIABLES, _MAX_CELL = 60, 20


@dataclass(frozen=True)
class ResultRow:
    """One result.

    Attributes
    ----------
    number : int
        What a person types to mean it.
    snapshot : Snapshot
        Its facts; the parts that are not one number or word each may be missing.
    variables : tuple of str
        The user's names for it.
    cell : int or None
        Execution count of the cell that made it.
    gone : bool
        Nobody holds it any more: only these facts are left.
    """

    number: int
    snapshot: Snapshot
    variables: tuple[str, ...] = ()
    cell: int | None = None
    gone: bool = False


def plain_text(rows: Sequence[ResultRow], total: int) -> str:
    """Tell the results line by line.

    Parameters
    ----------
    rows : sequence of Row
        Oldest first.
    total : int
        How many there are, with those that are left out here.
    """
    if not rows:
        return title(rows, total)
    cells = [(f"{row.number:,}", _variables(row), _cell(row), _glyph(row), _summary(row)) for row in rows]
    widths = [max(len(cell[i]) for cell in cells) for i in range(3)]
    lines = [
        f"{number:>{widths[0]}}  {variables:<{widths[1]}}  {cell:<{widths[2]}}  {glyph} {told}"
        for number, variables, cell, glyph, told in cells
    ]
    return "\n".join([title(rows, total), *lines])


def html_table(rows: Sequence[ResultRow], total: int) -> str:
    """Draw the results as a small table.

    Parameters
    ----------
    rows, total
        As for :func:`plain`.

    Returns
    -------
    str
        Self-contained HTML without scripts.
    """
    return html.render_template(
        "listing",
        style=Markup(style.style_sheet()),
        title=title(rows, total),
        rows=[_row_facts(row) for row in rows],
        named=any(row.variables for row in rows),
        placed=any(row.cell is not None for row in rows),
    )


def title(rows: Sequence[ResultRow], total: int) -> str:
    """How many results there are, and how many of those that are shown go on."""
    if not total:
        return "No results yet: whatever is submitted while ipar_results is loaded is listed here"
    going = sum(not row.snapshot.finished for row in rows)
    shown = f"the newest {len(rows):,} of {total:,} results" if len(rows) < total else ""
    return join_facts(shown or plural(total, "result"), f"{going:,} going on" if going else "")


def _row_facts(row: ResultRow) -> dict[str, Any]:
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
        "pace": join_facts(*(words.times(snapshot) if snapshot.total else []), words.eta(snapshot)),
        "variables": _variables(row),
        "cell": _cell(row),
        "gone": row.gone,
    }


def _summary(row: ResultRow) -> str:
    return summary_line(row.snapshot) + (" · no longer held" if row.gone else "")


def _glyph(row: ResultRow) -> str:
    return words.STATES[row.snapshot.state][0]


def _variables(row: ResultRow) -> str:
    return one_line(", ".join(row.variables), _MAX_VARIABLES)


def _cell(row: ResultRow) -> str:
    return "" if row.cell is None else one_line(f"[{row.cell}]", _MAX_CELL)
