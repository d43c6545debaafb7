"""Limits of a view, and the loop that halves them until the view is small enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

L = TypeVar("L", bound="Limits")


@dataclass(frozen=True)
class Limits:
    """Limits of a card; a note says what is omitted."""

    tasks: int = 50  # rows or groups, as the next three
    engines: int = 64
    failures: int = 20
    outputs: int = 20
    text: int = 8_000  # characters of one traceback, head and tail together
    output: int = 1_000  # characters of the tail of one stream of one task
    input: int = 32  # characters of the input of one task
    total_bytes: int = 180_000  # of the view in UTF-8; the others are halved until it fits

    min_text: ClassVar[int] = 500
    numbers: ClassVar[tuple[str, ...]] = ("tasks", "engines", "failures", "outputs")

    def tighter(self: L) -> L:
        """Return the next smaller limits, or equal ones: texts are halved first, then numbers of rows."""
        if self.text > self.min_text:
            return replace(self, text=self.text // 2, output=self.output // 2)
        return replace(self, **{name: getattr(self, name) // 2 for name in self.numbers})


DEFAULT_LIMITS = Limits()


def fit(draw: Callable[[L], str], limits: L) -> str:
    """Draw with ever smaller limits until the drawing fits or the limits cannot get smaller."""
    drawn = draw(limits)
    while len(drawn.encode()) > limits.total_bytes and (tighter := limits.tighter()) != limits:
        limits = tighter
        drawn = draw(limits)
    return drawn
