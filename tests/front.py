"""What a front end makes of the channel's messages: the reader that the wire is tested with."""

from __future__ import annotations

import base64

import numpy as np

ROWS = [("position", "<u4"), ("start", "<f4"), ("duration", "<f4")]
CHUNKED = [("first", "<u4"), ("inputs", "<u4")]
ENDING = [("slot", "<u2"), ("status", "u1")]
RUNNING = [("position", "<u4"), ("first", "<u4"), ("since", "<f4"), ("slot", "<u2")]
LOADS = [("done", "<u4"), ("failed", "<u4"), ("busy", "<f4")]
LOADS += [("joined", "<f4"), ("left", "<f4"), ("slot", "<u2"), ("presence", "u1")]


def columns(encoded, layout):
    """The columns of one part of an update, which fill it exactly."""
    data = base64.b64decode(encoded, validate=True)
    count, rest = divmod(len(data), sum(np.dtype(kind).itemsize for _, kind in layout))
    assert rest == 0
    found, offset = {}, 0
    for name, kind in layout:
        found[name] = np.frombuffer(data, kind, count, offset)
        offset += found[name].nbytes
    return found


class Seen:
    """One result as a front end knows it."""

    def __init__(self):
        self.head = {}
        self.engines = []
        self.failures = {}
        self.loads = {}
        self.running = {}
        self.rows = {}

    def apply(self, update):
        self.head.update(update.get("head", {}))
        if "engines" in update:
            assert update["engines"]["from"] == len(self.engines)
            self.engines += update["engines"]["ids"]
        for group in update.get("failures", ()):
            self.failures.setdefault(group["n"], {}).update(group)
        if "loads" in update:
            told = columns(update["loads"], LOADS)
            for i, slot in enumerate(told["slot"].tolist()):
                self.loads[self.engines[slot]] = {name: told[name][i].item() for name in told}
        if "running" in update:
            told = columns(update["running"], RUNNING)
            self.running = {int(p): int(s) for p, s in zip(told["position"], told["slot"], strict=True)}
        for key, layout in (("rows", ROWS + ENDING), ("chunked_rows", ROWS + CHUNKED + ENDING)):
            told = columns(update.get(key, ""), layout)
            for i, position in enumerate(told["position"].tolist()):
                self.rows[position] = {name: told[name][i].item() for name in told}


class FrontEnd:
    """All results of one kernel as a front end knows them; notices gaps."""

    def __init__(self):
        self.results = {}
        self.outcomes = []
        self.seq = None
        self.gaps = 0
        self.full = False
        self._named = set()

    def take(self, data):
        """Take in the data of one comm message."""
        if self.seq is not None and data["seq"] != self.seq + 1:
            self.gaps += 1
        self.seq = data["seq"]
        if data["type"] == "outcome":
            self.outcomes.append(data)
        if data["type"] != "update" or not (data["full"] or self.full):
            return
        for update in data["results"]:
            if data["full"] and update["id"] not in self._named:
                self._named.add(update["id"])
                self.results[update["id"]] = Seen()
            self.results.setdefault(update["id"], Seen()).apply(update)
        for result_id in data["gone"]:
            self.results.pop(result_id, None)
        if data.get("last"):
            self.results = {i: seen for i, seen in self.results.items() if i in self._named}
            self._named, self.full = set(), True
