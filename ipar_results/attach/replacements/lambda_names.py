"""Names of lambda functions: the first words of their source, as far as it is certain which they are."""

from __future__ import annotations

import linecache
import sys
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from inspect import CO_VARARGS, CO_VARKEYWORDS
from itertools import pairwise
from textwrap import shorten
from types import CodeType
from typing import NamedTuple

MAX_NAME = 48  # characters
_MAX_LINE = 1_000
_MORE = " …"
_LINE_ENDS = (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER)

_BEFORE_ARGUMENT = ("lambda", ",", "*", "**")


class _Lambda(NamedTuple):
    """Lambda in a line: names of its arguments, and columns of its begin, of its body and of its end."""

    arguments: set[str]
    begin: int
    body: int
    end: int


@lru_cache(maxsize=64)
def name_lambda(code: CodeType) -> str:
    """Return the first words of a lambda's source, or its arguments alone if its source is not known."""
    arguments = _arguments(code)
    try:
        text = _read_source(code, set(arguments))
    except Exception:  # a line that is no complete Python
        text = ""
    head = f"lambda {', '.join(arguments)}".rstrip()
    return shorten(text or f"{head}:{_MORE}", MAX_NAME, placeholder=_MORE)


def _arguments(code: CodeType) -> list[str]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    return list(code.co_varnames[:count])


def _read_source(code: CodeType, arguments: set[str]) -> str:
    """Return the first line of a lambda; empty if several lambdas of that line may be it."""
    line = linecache.getline(code.co_filename, code.co_firstlineno)
    if len(line) > _MAX_LINE:
        return ""
    columns = _columns(code, line)
    found = [
        each
        for each in _find_lambdas(line)
        if each.arguments == arguments
        and (columns is None or (each.body <= columns[0] and columns[1] <= each.end))
    ]
    if not found or (columns is None and len(found) > 1):
        return ""
    text = line[found[-1].begin : found[-1].end].rstrip()  # the innermost, if there are several
    goes_on = max(number or 0 for _, _, number in code.co_lines()) > code.co_firstlineno
    return text + _MORE if goes_on else text


def _columns(code: CodeType, line: str) -> tuple[int, int] | None:
    """Return where the body of a lambda begins and ends in its first line; None if it is unknown."""
    if sys.version_info < (3, 11):
        return None
    here = [
        (begin, end if last == first else begin)
        for first, last, begin, end in code.co_positions()
        if first == code.co_firstlineno and begin is not None and end
    ]
    if not here:
        return None
    text = line.encode()  # columns are in bytes
    low, high = min(begin for begin, _ in here), max(end for _, end in here)
    return len(text[:low].decode()), len(text[:high].decode())


def _find_lambdas(line: str) -> Iterator[_Lambda]:
    tokens = []
    with suppress(tokenize.TokenError, SyntaxError):  # the statement goes on in the next line
        for token in tokenize.generate_tokens(iter([line]).__next__):
            tokens.append(token)  # those before an error count too
    for i, token in enumerate(tokens):
        if token.string == "lambda":
            yield _measure(tokens[i:])


def _measure(tokens: Sequence[tokenize.TokenInfo]) -> _Lambda:
    """Return the lambda with which these tokens begin."""
    arguments: set[str] = set()
    begin, body, depth, inner = tokens[0].start[1], -1, 0, 0
    each = tokens[0]
    for before, each in pairwise(tokens):
        text = each.string
        if each.type in _LINE_ENDS or (not depth and text in (")", "]", "}")):
            break
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        if depth:
            continue
        if text == "lambda":
            inner += 1
        elif text == ":" and inner:
            inner -= 1
        elif text == ":" and body < 0:
            body = each.end[1]
        elif body >= 0 and not inner and text in (":", ",", ";", "=", "for", "async"):
            break
        elif body < 0 and not inner and each.type == tokenize.NAME and before.string in _BEFORE_ARGUMENT:
            arguments.add(text)
    return _Lambda(arguments, begin, body, each.start[1])
