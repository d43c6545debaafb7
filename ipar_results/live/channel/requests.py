"""Parser of requests from front ends, which validates each key before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..actions import ACTIONS, FORMATS

PROTOCOL = 1
MAX_ID_LENGTH = 64
MAX_INDICES = 100_000
MAX_POSITIONS = 100
MAX_CHARACTERS = 1_000_000
MIN_CHARACTERS = 100


class RequestError(Exception):
    """A request was refused, with a sentence for the user; nothing has changed.

    `code` is ``bad-request``, ``unknown-result``, ``unsupported``, ``failed`` or ``protocol``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Request:
    """Well-formed request."""

    def __init__(self, kind: str, id: str, args: dict[str, Any]) -> None:
        self.kind = kind  # its "type"
        self.id = id  # its "request", a unique id that the front end made
        self.args = args  # its other keys; optional ones that are missing are None


class _KeySpec:
    def __init__(self, is_valid: Callable[[object], bool], expected: str, optional: bool = False) -> None:
        self.is_valid, self.expected, self.optional = is_valid, expected, optional


def _number(low: float, high: float) -> Callable[[object], bool]:
    return lambda value: (type(value) is int or type(value) is float) and low <= value <= high


def _whole(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH


def _whole_numbers(most: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(_whole(0, 2**53), value))


_ID = f"a text of at most {MAX_ID_LENGTH} characters"
_RESULT = {"result": _KeySpec(_id, "the id of a result")}
_POSITION = _KeySpec(_whole(0, 2**53), "a whole number, 0 or more")
_ARGUMENTS = {  # of actions, beside the result
    "indices": _KeySpec(
        _whole_numbers(MAX_INDICES), f"a list of at most {MAX_INDICES:,} whole numbers", optional=True
    ),
    # in a list, as the value may not be hashable
    "format": _KeySpec(lambda value: value in list(FORMATS), f"one of {', '.join(FORMATS)}"),
}
_KEYS_BY_TYPE: dict[str, dict[str, _KeySpec]] = {
    "hello": {
        "client": _KeySpec(_id, _ID),
        "rate": _KeySpec(_number(0.1, 5.0), "a number from 0.1 to 5", optional=True),
        "version": _KeySpec(_id, _ID, optional=True),
    },
    "snapshot": {},
    "watch": _RESULT,
    "task": {
        **_RESULT,
        "position": _POSITION,
        "limit": _KeySpec(
            _whole(MIN_CHARACTERS, MAX_CHARACTERS),
            f"a whole number from {MIN_CHARACTERS} to {MAX_CHARACTERS:,}",
            optional=True,
        ),
    },
    "traceback": {**_RESULT, "group": _POSITION},
    "inputs": {
        **_RESULT,
        "positions": _KeySpec(
            _whole_numbers(MAX_POSITIONS), f"a list of at most {MAX_POSITIONS} whole numbers"
        ),
    },
    "outputs": _RESULT,
    "bundle": _RESULT,
    **{
        action.name: {**_RESULT, **{name: _ARGUMENTS[name] for name in action.arguments}}
        for action in ACTIONS.values()
    },
}


def parse_request(content: object) -> Request:
    """Parse the content of a request, or raise a :class:`RequestError` that says what was expected."""
    if not isinstance(content, Mapping):
        raise RequestError("bad-request", "expected an object")
    if content.get("protocol") != PROTOCOL or type(content.get("protocol")) is not int:
        raise RequestError("protocol", f"this kernel speaks protocol {PROTOCOL}: reload the page")
    kind, request_id = content.get("type"), content.get("request")
    if not _id(request_id):
        raise RequestError("bad-request", f"request: expected a text of at most {MAX_ID_LENGTH} characters")
    if type(kind) is not str or kind not in _KEYS_BY_TYPE:
        raise RequestError("bad-request", f"type: expected one of {', '.join(_KEYS_BY_TYPE)}")
    args = {}
    for name, key in _KEYS_BY_TYPE[kind].items():
        value = content.get(name)
        if not (value is None and key.optional) and not key.is_valid(value):
            raise RequestError("bad-request", f"{name}: expected {key.expected}")
        args[name] = value
    return Request(kind, str(request_id), args)
