"""Style sheet of the cards, whole or reduced to the rules that one fragment uses."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CLASS = re.compile(r"ipar-[a-z]+(?:-[a-z]+)*")
_TAG = re.compile("<([a-z]+)")
_TAG_IN_SELECTOR = re.compile(r"(?<![\w.:=@[-])[a-z]+\b(?![=*-])")
_DEFINITION = re.compile(r"^(--[a-z]+): (.*);$", re.MULTILINE)
_COMMA = re.compile(r",\s*(?![^(]*\))")  # between two selectors


@cache
def style_sheet() -> str:
    """Return the whole style sheet; all its rules are nested in that of ``.ipar-card``."""
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def used_rules(fragment: str) -> str:
    """Return the rules that a fragment of HTML uses, minified: a notebook stores them with each result."""
    styled = ["style"] if "<td style=" in fragment else []
    return _rules_for(frozenset(_CLASS.findall(fragment) + _TAG.findall(fragment) + styled))


@lru_cache(64)
def _rules_for(names: frozenset[str]) -> str:
    """Return the rules for these classes and tags; each rule is one line of the style sheet."""
    lines = _COMMENT.sub("", style_sheet()).split("\n")
    kept = [used for line in lines if (used := _used_part(line.strip(), names))]
    values = dict(_DEFINITION.findall("\n".join(kept)))
    text = "\n".join(line for line in kept if not line.startswith("--"))
    for name, value in values.items():  # each may use those below it
        if text.count(f"var({name})") == 1:
            text = text.replace(f"var({name})", value)
        elif f"var({name})" in text:
            text = text.replace("{", f"{{{name}: {value};", 1)
    return _minified(text)


def _used_part(line: str, names: frozenset[str]) -> str:
    """Return a line with those of its selectors that select anything; empty if none does."""
    selectors, brace, rule = line.partition(" {")
    if not brace or selectors == ".ipar-card" or selectors == "@media print":
        return line
    used = [each for each in _COMMA.split(selectors) if names.issuperset(_names_in(each))]
    return f"{','.join(used)} {{{rule}" if used else ""


def _names_in(selector: str) -> list[str]:
    return _CLASS.findall(selector) + _TAG_IN_SELECTOR.findall(selector.replace("[style]", " style"))


def _minified(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,>]) ?", r"\1", text)
    text = re.sub(r"(?<=[{;]) ?([a-z-]+): ", r"\1:", text)
    return text.replace(";}", "}")
