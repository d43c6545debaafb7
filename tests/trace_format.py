"""The rules of the Chrome trace event format, as its published description gives them, for what we write."""

from __future__ import annotations

import json
import math
from itertools import pairwise

PHASES = {
    "B",
    "E",
    "X",
    "i",
    "I",
    "C",
    "b",
    "n",
    "e",
    "s",
    "t",
    "f",
    "P",
    "N",
    "O",
    "D",
    "M",
    "V",
    "v",
    "R",
    "c",
}
METADATA = {
    "process_name": ("name", str),
    "process_labels": ("labels", str),
    "process_sort_index": ("sort_index", int),
    "thread_name": ("name", str),
    "thread_sort_index": ("sort_index", int),
}
COLOURS = {"good", "bad", "terrible", "black", "grey", "white", "yellow", "olive", "generic_work"}


def wrong_in(path):
    """Every rule that a trace breaks, as sentences; an empty list for a sound one."""
    document = json.loads(path.read_text(encoding="utf-8"))
    events = document["traceEvents"]
    wrong = [f"event {n}: {each}" for n, event in enumerate(events) for each in _wrong(event)]
    if document.get("displayTimeUnit", "ms") not in ("ms", "ns"):
        wrong.append("displayTimeUnit is neither ms nor ns")
    return wrong or _overlaps(events) + _loose_ends(events)


def _number(value):
    return type(value) in (int, float) and math.isfinite(value)


def _wrong(event):
    phase = event.get("ph")
    if phase not in PHASES:
        yield f"phase {phase!r} is not known"
    if not isinstance(event.get("name"), str):
        yield "name is not a text"
    for key in ("pid", "tid"):
        if type(event.get(key)) is not int:
            yield f"{key} is not a whole number"
    if not isinstance(event.get("args", {}), dict):
        yield "args is not an object"
    if event.get("cname", "good") not in COLOURS:
        yield "cname is not one of the viewer's colours"
    if phase == "M":
        key, kind = METADATA.get(event["name"], ("", object))
        if type(event["args"].get(key)) is not kind:
            yield f"metadata {event['name']!r} without its argument"
        return
    if not _number(event.get("ts")) or event["ts"] < 0:
        yield "ts is not a number of microseconds"
    if not isinstance(event.get("cat"), str):
        yield "cat is not a text"
    if phase == "X" and (not _number(event.get("dur")) or event["dur"] < 0):
        yield "dur is not a number of microseconds"
    if phase in ("i", "I") and event.get("s", "t") not in ("g", "p", "t"):
        yield "scope is not global, process or thread"
    if phase in ("s", "t", "f") and not isinstance(event.get("id"), str | int):
        yield "flow without an id"
    if event.get("bp", "e") != "e":
        yield "binding point is not the enclosing slice"


def _overlaps(events):
    """Slices of one thread stand beside or inside one another; a microsecond is lost to rounding."""
    threads = {}
    for event in events:
        if event["ph"] == "X":
            threads.setdefault((event["pid"], event["tid"]), []).append(
                (event["ts"], event["ts"] + event["dur"])
            )
    return [
        f"a slice of thread {thread} overlaps the one before"
        for thread, slices in threads.items()
        for (a, b), (c, d) in pairwise(sorted(slices, key=lambda each: (each[0], -each[1])))
        if c < b - 1 and d > b + 1
    ]


def _loose_ends(events):
    """Every arrow has two ends, and each is on a slice."""
    slices = [(e["tid"], e["ts"], e["ts"] + e["dur"]) for e in events if e["ph"] == "X"]
    wrong, ends = [], {}
    for event in events:
        if event["ph"] not in ("s", "f"):
            continue
        ends.setdefault(event["id"], []).append(event["ph"])
        if not any(tid == event["tid"] and a <= event["ts"] <= b for tid, a, b in slices):
            wrong.append(f"flow {event['id']!r} ends on no slice")
    return wrong + [f"flow {each!r} has {kinds}" for each, kinds in ends.items() if kinds != ["s", "f"]]
