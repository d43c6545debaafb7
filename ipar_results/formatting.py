"""Formatters for durations, sizes, counts and texts; they know nothing of results."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable

_SPACE_BEFORE_UNIT = r"(?<=\d) (?=(?:µs|ms|s|min|h|B|kB|MB|GB)\b)"
_UNKNOWN = "–"


def utf8_safe(text: object) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode."""
    return str(text).encode("utf-8", "replace").decode()


def truncate(value: object, limit: int) -> int | str:
    """Cut the end of a text that is too long; return an integer unchanged."""
    if isinstance(value, int):
        return value
    text = utf8_safe(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shorten(text: str, limit: int) -> str:
    """Replace the middle of a text that is too long by an ellipsis: values often differ at their ends."""
    head = 2 * limit // 3
    return text if len(text) <= limit else f"{text[:head]}…{text[head + 1 - limit :]}"


def clip_middle(text: str, limit: int, head: int | None = None) -> str:
    """Cut the middle of a text of more than `limit` characters, and write how much is missing.

    Of the characters kept, `head` are of the beginning; a third by default.
    """
    omitted = len(text) - limit
    if omitted <= 0:
        return text
    head = limit // 3 if head is None else head
    return f"{text[:head]}\n… {omitted:,} characters left out …\n{text[len(text) - limit + head :]}"


def none_if_nan(number: float) -> float | None:
    """Return None for NaN, which stands for an unknown number in columns and cannot be written as JSON."""
    return None if math.isnan(number) else float(number)


def format_duration(seconds: float | None) -> str:
    """Format a duration as cards show it: ``4 ms``, ``0.8 s``, ``0:23``, ``1:02:03`` or ``2 d 03:04:05``.

    NaN, infinity and None stand for an unknown duration, ``–``.
    """
    if seconds is None or not math.isfinite(seconds):
        return _UNKNOWN
    if seconds < 0:
        return f"−{format_duration(-seconds)}"
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else format_elapsed(round(seconds))


def format_elapsed(seconds: float | None) -> str:
    """Format a duration that still grows, in whole seconds, so that the text changes once a second."""
    if seconds is None or not math.isfinite(seconds):
        return _UNKNOWN
    minutes, second = divmod(max(int(seconds), 0), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days:,} d {hour:02}:{minute:02}:{second:02}"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_time(seconds: float) -> str:
    """Format a duration for a sentence, always with its unit: ``0.5 ms``, ``41 s``, ``3:20 min``."""
    if seconds < 0.00995:
        return f"{max(1000 * seconds, 0.1):.1f} ms"
    if seconds < 9.95:
        return format_duration(seconds)
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02} h" if hours else f"{minutes}:{second:02} min"


def format_clock(posix: float, today: float) -> str:
    """Format POSIX seconds as local time, ``14:03:22``, with the date unless it is that of `today`."""
    try:
        then, day = time.localtime(posix), time.localtime(today)
    except (OverflowError, ValueError, OSError):  # no time that a calendar has
        return _UNKNOWN
    return time.strftime("%H:%M:%S" if then[:3] == day[:3] else "%H:%M:%S on %Y-%m-%d", then)


def format_bytes(number: float) -> str:
    """Format a number of bytes: ``2.4 kB``, ``41 MB``."""
    for unit in ("kB", "MB"):
        number /= 1000
        if number < 999.5:
            return f"{number:.0f} {unit}" if number >= 9.95 else f"{number:.1f} {unit}"
    return f"{number / 1000:.1f} GB"


def format_percent(fraction: float | None) -> str:
    """Format a fraction as a percentage; a positive one is never shown as ``0 %``."""
    if fraction is None or not math.isfinite(fraction):
        return _UNKNOWN
    return "< 1 %" if 0 < fraction < 0.005 else f"{100 * fraction:.0f} %"


def format_tasks(first: int, count: int) -> str:
    """Return a name of consecutive tasks: ``task 412`` or ``tasks 400–411``."""
    return f"tasks {first:,}–{first + count - 1:,}" if count > 1 else f"task {first:,}"


def plural(number: int, noun: str) -> str:
    """Format a number with its noun: ``1 engine``, ``1,024 engines``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def to_ranges(numbers: Iterable[int]) -> list[range]:
    """Group ascending numbers into ranges."""
    ranges: list[range] = []
    for number in numbers:
        if ranges and number == ranges[-1].stop:
            ranges[-1] = range(ranges[-1].start, number + 1)
        else:
            ranges.append(range(number, number + 1))
    return ranges


def format_range(each: range) -> str:
    """Format a range of numbers: ``3``, ``3, 4`` or ``3–9``."""
    return f"{each[0]:,}–{each[-1]:,}" if len(each) > 2 else ", ".join(f"{number:,}" for number in each)


def join_facts(*facts: str) -> str:
    """Join texts with a middle dot, without the empty ones."""
    return " · ".join(filter(None, facts))


def keep_units_together(text: str) -> str:
    """Put a no-break space between each number and its unit, so that no line ends there."""
    return re.sub(_SPACE_BEFORE_UNIT, "\u00a0", text)
