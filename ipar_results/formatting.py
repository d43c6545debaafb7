"""Texts from tasks made fit to travel: what UTF-8 and JSON can carry, of bounded length."""

from __future__ import annotations

from typing import Any


def sound(text: Any) -> str:
    """The same text without lone surrogates, which UTF-8 can't write."""
    return str(text).encode("utf-8", "replace").decode()


def tidy(text: Any, limit: int) -> Any:
    """A text cut at its end where it is too long; whole numbers stay as they are."""
    if isinstance(text, int):
        return text
    text = sound(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clipped(text: str, limit: int) -> str:
    """The two ends of a long text, which says what was left out."""
    text = sound(text)
    left_out = len(text) - limit
    if left_out <= 0:
        return text
    return f"{text[: limit // 3]}\n… {left_out:,} characters left out …\n{text[-(limit - limit // 3) :]}"
