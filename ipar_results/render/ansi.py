"""Sanitizer for text that tasks wrote: ANSI colours become HTML spans, all other escapes are dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from markupsafe import Markup, escape

# Adjacent repeats share no character, so that matching takes linear time for any input.
_SGR = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]{0,64})m")
_OTHER_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)(?![0-9;:]{0,64}m)[0-?]*[ -/]*[@-~]?"  # cursor moves, clearing, modes
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # titles, links, devices
    r"|\x1b(?!\[)[ -/]*[0-~]?"  # two-character escapes
)
_ESCAPE = re.compile(f"{_SGR.pattern}|{_OTHER_ESCAPE.pattern}")
_MAX_SGR = 68

_REPLACEMENT = "\ufffd"
_REPLACEMENTS: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: "\u2421",
    **{code: _REPLACEMENT for code in range(0x80, 0xA0)},
    **{
        ord(mark): _REPLACEMENT
        for mark in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    },
    **{code: _REPLACEMENT for code in range(0xD800, 0xE000)},
    **{ord(end): "\n" for end in "\x85\u2028\u2029"},
}

_HUES = ("", "red", "green", "yellow", "blue", "magenta", "cyan", "")
_GREY = "grey"
_CUBE_LEVELS = (0, 95, 135, 175, 215, 255)


class _TextStyle(NamedTuple):
    """Text attributes that SGR codes change."""

    fg: str = ""
    bg: str = ""
    bold: bool = False
    dim: bool = False
    italic: bool = False
    under: bool = False
    inverse: bool = False


_ATTRIBUTES: dict[int, dict[str, Any]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"under": True},
    7: {"inverse": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"under": False},
    27: {"inverse": False},
    39: {"fg": ""},
    49: {"bg": ""},
}


def sanitize(text: str) -> str:
    """Drop all escape sequences and make other control characters visible; newlines and tabs are kept.

    The text may hold lone surrogates; what is returned is safe to print and to encode.
    """
    return _replace_controls(_SGR.sub("", _OTHER_ESCAPE.sub("", text)))


def one_line(text: str, limit: int) -> str:
    """Sanitize a text and join its lines with ``↵``; beyond `limit` characters, note how many are omitted."""
    raw = text[: 4 * limit]
    parts = (part.strip() for part in sanitize(raw).replace("\t", " ").split("\n"))
    line = " ↵ ".join(part for part in parts if part)
    omitted = max(len(line) - limit, 0) + len(text) - len(raw)
    return f"{line[:limit]}… {count_omitted(omitted)}" if omitted else line


def count_omitted(count: int) -> str:
    """Return a note on how many characters are not shown."""
    return f"{count:,} character{'s' if count != 1 else ''} left out"


def clip(text: str, head: int, tail: int) -> tuple[str, int, str]:
    """Return the head of a long raw text, the number of omitted characters, and the tail.

    A cut is moved to a line end nearby, and never splits a colour code. A short text is all head.
    """
    if len(text) <= head + tail:
        return text, 0, ""
    stop = text.rfind("\n", head // 2, head) + 1 or head
    start = len(text) - tail
    line = text.find("\n", start, start + tail // 4) + 1
    cut = text.rfind("\x1b", max(start - _MAX_SGR, 0), start)
    sequence = _ESCAPE.match(text, cut) if cut >= 0 else None
    start = line or max(start, sequence.end() if sequence else 0)
    return text[:stop], start - stop, text[start:]


def to_html(text: str) -> Markup:
    """Convert a text to escaped HTML with CSS classes for its colours.

    All colours (16, 256 and true colour) are mapped to six hues and a grey of the theme, because a colour
    chosen for a dark background is unreadable on a light one.
    """
    style, runs = _TextStyle(), list[tuple[str, list[str]]]()
    for position, piece in enumerate(_SGR.split(_OTHER_ESCAPE.sub("", text))):
        if position % 2:
            style = _apply_sgr(style, piece)
        elif piece:
            classes = _css_classes(style)
            if not runs or runs[-1][0] != classes:
                runs.append((classes, []))
            runs[-1][1].append(piece)
    return Markup("").join(_span(classes, _replace_controls("".join(pieces))) for classes, pieces in runs)


def _replace_controls(text: str) -> str:
    return text.replace("\r\n", "\n").translate(_REPLACEMENTS)


def _span(classes: str, text: str) -> Markup:
    return Markup('<span class="{}">{}</span>').format(classes, text) if classes else escape(text)


@lru_cache(maxsize=1024)
def _css_classes(style: _TextStyle) -> str:
    fg, bg = (style.bg, style.fg) if style.inverse else (style.fg, style.bg)
    names = [name for name in ("bold", "dim", "italic", "under") if getattr(style, name)]
    if style.inverse and not bg:
        names.append("inverse")
    if fg:
        names.append(fg)
    if bg:
        names.append(f"on-{bg}")
    return " ".join(f"ipar-{name}" for name in names)


@lru_cache(maxsize=1024)
def _apply_sgr(style: _TextStyle, parameters: str) -> _TextStyle:
    """Return the style after one SGR sequence; unknown codes are ignored."""
    codes = iter([int(code or 0) if len(code) < 4 else -1 for code in re.split("[;:]", parameters)])
    for code in codes:
        if code == 0:
            style = _TextStyle()
        elif code in _ATTRIBUTES:
            style = style._replace(**_ATTRIBUTES[code])
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = style._replace(fg=_basic_hue(code % 10, bright=code >= 90))
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = style._replace(bg=_basic_hue(code % 10, bright=code >= 100) or _GREY)
        elif code == 38:
            style = style._replace(fg=_extended_hue(codes))
        elif code == 48:
            style = style._replace(bg=_extended_hue(codes) or _GREY)
    return style


def _extended_hue(codes: Iterator[int]) -> str:
    """Return the hue of the codes after 38 or 48: ``5;n`` or ``2;r;g;b``."""
    mode = next(codes, -1)
    if mode == 2:
        return _nearest_hue(next(codes, 0), next(codes, 0), next(codes, 0))
    index = next(codes, 0) if mode == 5 else 0
    if index < 16:
        return _basic_hue(index % 8, bright=index >= 8)
    if index >= 232:
        return _nearest_hue(*[8 + 10 * (index - 232)] * 3)
    red, rest = divmod(index - 16, 36)
    green, blue = divmod(rest, 6)
    return _nearest_hue(_CUBE_LEVELS[red], _CUBE_LEVELS[green], _CUBE_LEVELS[blue])


def _basic_hue(index: int, *, bright: bool = False) -> str:
    """Return the hue of one of the 16 colours; black and white have the colour of the text."""
    return _GREY if bright and index == 0 else _HUES[index]


def _nearest_hue(red: int, green: int, blue: int) -> str:
    low, high = min(red, green, blue), max(red, green, blue)
    if high - low < 48:
        return _GREY if 64 <= high < 200 else ""
    middle = (low + high) / 2
    return _HUES[(red > middle) + 2 * (green > middle) + 4 * (blue > middle)]
