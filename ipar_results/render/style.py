"""The style sheet of every fragment: the whole of it, or what one fragment has a use for."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CLASS = re.compile(r"ipar-[a-z]+(?:-[a-z]+)*")


@cache
def style_sheet() -> str:
    """The style sheet, all of it scoped under ``.ipar-card``.

    Returns
    -------
    str
        CSS without a ``<style>`` element.
    """
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def used_rules(fragment: str) -> str:
    """The rules that a fragment has a use for: a notebook keeps them with each result.

    Parameters
    ----------
    fragment : str
        HTML without style.

    Returns
    -------
    str
        CSS without a ``<style>`` element.
    """
    return _rules_for(frozenset(["ipar-card", *_CLASS.findall(fragment)]))


@lru_cache(64)
def _rules_for(names: frozenset[str]) -> str:
    """The rules that need no other class than these; one line of the sheet is a rule."""
    lines = _COMMENT.sub("", style_sheet()).splitlines()
    return "\n".join(line for line in lines if line.strip() and _is_used(line, names))


def _is_used(line: str, names: frozenset[str]) -> bool:
    selectors, brace, _ = line.partition("{")
    return not (brace and line.startswith(".ipar-card .")) or any(
        names.issuperset(_CLASS.findall(each)) for each in selectors.split(",")
    )
