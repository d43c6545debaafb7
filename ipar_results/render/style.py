"""Style sheet of the cards, whole or reduced to the rules that one fragment uses."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CLASS = re.compile(r"ipar-[a-z]+(?:-[a-z]+)*")


@cache
def style_sheet() -> str:
    """Return the whole style sheet; all its rules are scoped under ``.ipar-card``."""
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def used_rules(fragment: str) -> str:
    """Return the rules that a fragment of HTML uses, because a notebook stores them with each result."""
    return _rules_for(frozenset(["ipar-card", *_CLASS.findall(fragment)]))


@lru_cache(64)
def _rules_for(names: frozenset[str]) -> str:
    """Return the rules that select only these classes; each rule is one line of the style sheet."""
    lines = _COMMENT.sub("", style_sheet()).splitlines()
    return "\n".join(line for line in lines if line.strip() and _is_used(line, names))


def _is_used(line: str, names: frozenset[str]) -> bool:
    selectors, brace, _ = line.partition("{")
    return not (brace and line.startswith(".ipar-card .")) or any(
        names.issuperset(_CLASS.findall(each)) for each in selectors.split(",")
    )
