"""Broken and hostile variants of good messages: bytes of their JSON changed, or values in their structure."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**53 + 1,
    10**40,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x" * 10_000,
    "\x00",
    "\ud800",
    "\u202e<script>hacked()</script>",
    "</script><img src=x onerror=hacked()>",
    "\x1b[31m\x1b]8;;javascript:0\x07",
    "__proto__",
    "1970-13-45T99:99:99",
    [],
    [[]],
    {},
    {"a": {"b": []}},
    [0] * 5_000,
    b"bytes",
    (1, 2),
)
TOKENS = (
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"NaN",
    b"Infinity",
    b"null",
)
TOKENS += (b"1e999", b"-", b"9" * 400, b"[" * 3_000, b"\xff", b"\x00", b"</script>", b"\xed\xa0\x80", b"true")


def mutated_bytes(good: bytes, chance: random.Random) -> bytes:
    """The text of a message with one to six places changed, cut, doubled or put elsewhere."""
    data = bytearray(good)
    for _ in range(chance.randint(1, 6)):
        begin = chance.randrange(len(data) + 1)
        end = min(len(data), begin + chance.choice((0, 1, 1, 2, 8, 64)))
        match chance.randrange(5):
            case 0:
                data[begin:end] = chance.randbytes(end - begin)
            case 1:
                data[begin:begin] = chance.choice(TOKENS)
            case 2:
                del data[begin:end]
            case 3:
                data[begin:begin] = data[begin:end] * chance.randint(1, 3)
            case _:
                other = chance.randrange(len(data) + 1)
                data[begin:end] = data[other : other + (end - begin)]
    return bytes(data)


def mutated(good: Any, chance: random.Random) -> Any:
    """The structure of a message with one to four values replaced, removed or added."""
    data = copy.deepcopy(good)
    for _ in range(chance.randint(1, 4)):
        places = [(None, None), *_places(data)]
        holder, key = chance.choice(places)
        value = copy.copy(chance.choice(VALUES))
        if holder is None:
            if chance.random() < 0.1:
                return value
        elif chance.random() < 0.2 and isinstance(holder, dict):
            del holder[key]
        elif chance.random() < 0.1 and isinstance(holder, dict):
            holder[chance.choice(("__class__", "new", "", "\x00", "x" * 1_000))] = value
        else:
            holder[key] = value
    return data


def variant(good: Any, chance: random.Random) -> Any:
    """A broken variant of either kind; bytes that are no JSON any more come as the text they are."""
    if chance.random() < 0.5:
        return mutated(good, chance)
    data = mutated_bytes(json.dumps(good).encode(), chance)
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "surrogateescape")


def _places(data: Any) -> list[tuple[Any, Any]]:
    """Where a value stands: (container, key)."""
    found: list[tuple[Any, Any]] = []
    waiting = [data]
    while waiting and len(found) < 2_000:
        holder = waiting.pop()
        if isinstance(holder, dict):
            pairs = list(holder.items())
        elif isinstance(holder, list):
            pairs = list(enumerate(holder[:50]))
        else:
            continue
        for key, value in pairs:
            found.append((holder, key))
            waiting.append(value)
    return found
