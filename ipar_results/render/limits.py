"""Limits of a view, and the loop that halves them until the view is small enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

_MIN_TEXT = 500

Drawn = TypeVar("Drawn")


class Tightenable(Protocol):
    """Limits that can be made smaller."""

    def tighter(self: L) -> L:
        """Return the next smaller limits, or equal ones if there are none."""


L = TypeVar("L", bound=Tightenable)


def fit(draw: Callable[[L], Drawn], limits: L, fits: Callable[[Drawn], bool]) -> Drawn:
    """Draw with ever smaller limits until the drawing fits or the limits cannot get smaller.

    Parameters
    ----------
    draw : callable
        Gets limits, returns the drawing.
    limits
        Limits of the first drawing.
    fits : callable
        Gets a drawing, returns True if it is small enough.
    """
    drawn = draw(limits)
    while not fits(drawn) and (tighter := limits.tighter()) != limits:
        limits = tighter
        drawn = draw(limits)
    return drawn


@dataclass(frozen=True)
class Limits:
    """Limits of a card; a note says what is omitted.

    Attributes
    ----------
    tasks, engines, failures, outputs : int
        Number of rows or groups.
    traceback : int
        Characters of one traceback, head and tail together.
    output : int
        Characters of the tail of one stream of one task.
    total_bytes : int
        Size of the HTML in UTF-8; if it is exceeded, the other limits are halved until it fits.
    """

    tasks: int = 50
    engines: int = 64
    failures: int = 20
    outputs: int = 20
    traceback: int = 8_000
    output: int = 1_000
    total_bytes: int = 180_000

    def tighter(self) -> Limits:
        """Return the next smaller limits: texts are halved first, then rows."""
        if self.traceback > _MIN_TEXT:
            return replace(self, traceback=self.traceback // 2, output=self.output // 2)
        halves = {name: getattr(self, name) // 2 for name in ("tasks", "engines", "failures", "outputs")}
        return replace(self, **halves)


DEFAULT_LIMITS = Limits()
