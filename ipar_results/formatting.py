"""Texts from tasks made fit to travel: what UTF-8 and JSON can carry, of bounded length."""

from __future__ import annotations

import math
import re
from typing import Any

_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:µs|ms|s|min|h|B|kB|MB|GB)\b)")


def utf8_safe(text: Any) -> str:
    """The same text without lone surrogates, which UTF-8 can't write."""
    return str(text).encode("utf-8", "replace").decode()


def truncate(text: Any, limit: int) -> Any:
    """A text cut at its end where it is too long; whole numbers stay as they are."""
    if isinstance(text, int):
        return text
    text = utf8_safe(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clipped(text: str, limit: int) -> str:
    """The two ends of a long text, which says what was left out."""
    text = utf8_safe(text)
    left_out = len(text) - limit
    if left_out <= 0:
        return text
    return f"{text[: limit // 3]}\n… {left_out:,} characters left out …\n{text[-(limit - limit // 3) :]}"


def format_duration(seconds: float | None) -> str:
    """Write a time span for people.

    Parameters
    ----------
    seconds : float or None
        Also NaN or infinite, where nothing is known.

    Returns
    -------
    str
        As in ``4 ms``, ``0.8 s``, ``0:23``, ``1:02:03``, ``2 d 03:04:05``; ``–`` where nothing is known.
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 0:
        return f"−{format_duration(-seconds)}"
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else format_elapsed(round(seconds))


def format_elapsed(seconds: float | None) -> str:
    """Write a time span that still grows: whole seconds, so that it changes no more often than a clock."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    minutes, second = divmod(max(int(seconds), 0), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days:,} d {hour:02}:{minute:02}:{second:02}"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_time(seconds: float) -> str:
    """A time span as people say it, as in ``0.5 ms``, ``2.4 s``, ``41 s`` and ``3:20 min``."""
    if seconds < 0.00995:
        return f"{max(1000 * seconds, 0.1):.1f} ms"
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02} h" if hours else f"{minutes}:{second:02} min"


def format_bytes(number: float) -> str:
    """Write a size, as in ``2.4 kB`` and ``41 MB``."""
    for unit in ("kB", "MB"):
        number /= 1000
        if number < 999.5:
            return f"{number:.0f} {unit}" if number >= 9.95 else f"{number:.1f} {unit}"
    return f"{number / 1000:.1f} GB"


def join_facts(*facts: str) -> str:
    """Put facts side by side; those that are empty leave no gap."""
    return " · ".join(filter(None, facts))


def plural(number: int, noun: str) -> str:
    """Count a noun, as in ``1 engine`` and ``1,024 engines``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_percent(fraction: float) -> str:
    """Write a fraction as a percentage; a little is never shown as nothing."""
    if not math.isfinite(fraction):
        return "–"
    return "< 1 %" if 0 < fraction < 0.005 else f"{100 * fraction:.0f} %"


def keep_units_together(text: str) -> str:
    """The same text, where no line ends between a number and its unit."""
    return _BEFORE_UNIT.sub("\u00a0", text)
