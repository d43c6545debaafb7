"""Minifier for the HTML of a card that a notebook keeps: the same elements, texts and look in fewer bytes."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import numpy as np

from .style import style_sheet

# Texts and values are escaped, so that each of these is a part of the card's own markup.
_TAG = re.compile("<[a-z][^ >]* [^>]*>")  # with attributes
_CLASSES = re.compile(' class="([^"]*)"')
_STYLE_VARIABLE = re.compile('(?<= style=")--[a-z]+')
_PLAIN_VALUE = re.compile(r' ([a-zA-Z-]+)="([\w.%:#-]+)"')
# Zero is the usual minimum, and a title names what has no label.
_IMPLIED = re.compile(r' aria-valuemin="0"| aria-label="([^"]*)"(?= title="\1")')
# Texts without a letter or a digit that runs from right to left do not reorder their neighbours.
_NEEDLESS_BDI = re.compile("<bdi>([ -;=-\u058f\u2010-\u2027\u2030-\u205f\u2070-\u2bff]*)</bdi>")
_NAME = re.compile(r"ipar-[a-z]+(?:-[a-z]+)*|(?<![\w-])--[a-z]+(?=[:)])")


def compact(card: str) -> str:
    """Return a card with short names, and without classes that have no rule and what HTML implies."""
    start, rules, markup = re.split("<style>|</style>", card, maxsplit=2)
    used, short_rules = _short_rules(rules)
    short_markup = _TAG.sub(lambda tag: _short_tag(tag[0], used), markup)
    return f"{start}<style>{short_rules}</style>" + _NEEDLESS_BDI.sub(r"\1", short_markup)


@lru_cache(1024)  # cards, and the rows of their tables, repeat a few tags
def _short_tag(tag: str, used: frozenset[str]) -> str:
    """Return a tag with the short names of those of its classes that are in use."""

    def short_classes(classes: re.Match[str]) -> str:
        kept = [_short_names()[each] for each in classes[1].split() if each in used]
        return f' class="{" ".join(kept)}"' if kept else ""

    text = _IMPLIED.sub("", _CLASSES.sub(short_classes, tag))
    text = _STYLE_VARIABLE.sub(lambda name: _short_names()[name[0]], text)
    return _PLAIN_VALUE.sub(r" \1=\2", text)


@lru_cache(64)
def _short_rules(rules: str) -> tuple[frozenset[str], str]:
    """Return the names in the rules of a card, and the rules with short names."""
    return (
        frozenset(_NAME.findall(rules)),
        _NAME.sub(lambda name: _short_names().get(name[0], name[0]), rules),
    )


@cache
def _short_names() -> dict[str, str]:
    """Return a short name for each class and variable of the style sheet, but not for the card's class."""
    names = [name for name in dict.fromkeys(_NAME.findall(style_sheet())) if name != "ipar-card"]
    starts = ["--" if name.startswith("--") else "i" for name in names]
    return {
        name: start + np.base_repr(starts[:i].count(start), 36).lower()
        for i, (name, start) in enumerate(zip(names, starts, strict=True))
    }
