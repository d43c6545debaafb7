"""Each edge where something comes in from outside: what a broken message must do there is nothing."""

from __future__ import annotations

import json
import logging
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from comm import get_comm_manager
from fakes import Fed, follow
from mutate import mutated_bytes, variant

from ipar_results.config import IPythonParallelResults
from ipar_results.export.load import load
from ipar_results.export.trace import SNAPSHOT_KEY
from ipar_results.live.channel.channel import REPLY, Channel
from ipar_results.log import logger
from ipar_results.render import html, text
from ipar_results.results.monitor import Monitor
from ipar_results.results.registry import Registry
from ipar_results.results.tracker import Tracker

SLOW = 0.1  # seconds of this thread's own time: a busy machine makes no case slow


@dataclass
class Figures:
    """What came of the cases at one edge."""

    edge: str
    cases: int = 0
    refused: int = 0
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.edge:28s} {self.cases:7,d} cases, {self.refused:7,d} refused, slowest "
            f"{1e3 * self.slowest:6.1f} ms, {len(self.wrong)} wrong"
        )


def play(edge: str, cases: int, seed: int, case: Callable[[random.Random], bool]) -> Figures:
    """Play `cases` of an edge; ``case(chance)`` says whether it was refused, or raises."""
    figures = Figures(edge)
    level, silent = logger.level, logging.CRITICAL + 1
    logger.setLevel(silent)
    try:
        for number in range(cases):
            chance = random.Random(f"{seed}/{edge}/{number}")
            began = time.thread_time()
            try:
                figures.refused += case(chance)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                figures.wrong.append(
                    f"{edge}, seed {seed}, case {number}: {type(error).__name__}: {error}"[:500]
                )
            spent = time.thread_time() - began
            figures.slowest = max(figures.slowest, spent)
            if spent > SLOW:
                figures.wrong.append(f"{edge}, seed {seed}, case {number}: took {1e3 * spent:.0f} ms")
            figures.cases += 1
    finally:
        logger.setLevel(level)
    return figures


def _told(fed: Fed) -> None:
    """Some of a result's tasks end, one with an error."""
    for i in range(4):
        fed.busy(i)
    fed.fail(0)
    fed.reply(1)


def _facts(snapshot: Any) -> tuple[Any, ...]:
    return snapshot.total, snapshot.ok, snapshot.failed, snapshot.aborted, snapshot.running, snapshot.queued


class _Comm:
    _closed = False
    comm_id = "comm"

    def send(self, data: Any) -> None:
        json.dumps(data, allow_nan=False).encode()

    def close(self) -> None:
        self._closed = True


def control(cases: int, seed: int) -> Figures:
    """Requests on the control channel: each has an answer, and a broken one changes nothing."""
    registry = Registry()
    tracker = Tracker(registry.followed, lambda: None)
    sent: list[Any] = []
    kernel = SimpleNamespace(
        control_handlers={}, session=SimpleNamespace(send=lambda *args, **keys: sent.append(args))
    )
    channel = Channel(kernel, tracker, IPythonParallelResults(), lambda: None)
    channel._open_comm = lambda: setattr(channel, "_comm", channel._comm or _Comm())  # type: ignore[method-assign]
    fed = Fed(8)
    entry = tracker.entry(fed.result)
    _told(fed)
    acted: list[Any] = []
    channel._actions.add = lambda *asked: bool(acted.append(asked)) or True  # type: ignore[method-assign]
    good = [
        {"protocol": 1, "request": "r", "type": kind, "result": entry.id, **keys}
        for kind, keys in (
            ("hello", {"client": "tab", "rate": 5}),
            ("snapshot", {}),
            ("watch", {}),
            ("task", {"position": 1, "limit": 400}),
            ("traceback", {"group": 0}),
            ("outputs", {}),
            ("cancel", {}),
            ("interrupt", {}),
            ("retry", {"indices": [0]}),
            ("export", {"format": "trace"}),
        )
    ]
    followed = entry.followed
    assert followed is not None
    before = _facts(followed.snapshot())

    def case(chance: random.Random) -> bool:
        asked, remembered = len(acted), dict(channel._accepted_ids)
        content = variant(chance.choice(good), chance)
        parent = {"content": content} if chance.random() < 0.9 else content
        sent.clear()
        channel._on_request(None, None, parent)
        if not hasattr(parent, "get"):
            return True
        ((_, kind, reply, *_),) = sent
        assert kind == REPLY
        json.dumps(reply, allow_nan=False).encode()
        assert reply["status"] in ("ok", "error")
        refused = reply["status"] == "error"
        if refused:
            assert reply["error"]["code"] != "failed", reply
            assert len(acted) == asked and channel._accepted_ids == remembered, (
                "a refused request did something"
            )
        assert _facts(followed.snapshot()) == before, "a request changed the counts"
        return refused

    try:
        return play("control messages", cases, seed, case)
    finally:
        registry.close()


def comms(cases: int, seed: int) -> Figures:
    """What a page sends to the comm: nothing is asked there, and who closed it is told anew when it asks."""
    manager, registry = get_comm_manager(), Registry()
    tracker = Tracker(registry.followed, lambda: None)
    kernel = SimpleNamespace(control_handlers={}, session=None)
    channel = Channel(kernel, tracker, IPythonParallelResults(), lambda: None)
    close = channel.open()
    fed = Fed(8)
    followed = tracker.entry(fed.result).followed
    assert followed is not None
    _told(fed)
    before = _facts(followed.snapshot())
    request = {"protocol": 1, "request": "r", "type": "cancel", "result": tracker.all()[0].id}
    hello = {"protocol": 1, "request": "h", "type": "hello", "client": "tab", "rate": 5}

    def case(chance: random.Random) -> bool:
        ours = channel._comm
        manager.comms[ours.comm_id] = ours  # where one that was opened in its place has been before
        kind = chance.choice(("comm_msg", "comm_msg", "comm_close", "comm_open"))
        content = {"comm_id": ours.comm_id, "data": chance.choice((request, hello))}
        if kind == "comm_open":
            content = {**content, "target_name": "theirs"}  # and it takes our place
        message = variant({"header": {"msg_type": kind}, "content": content}, chance)
        told = channel._seq
        # the manager's own errors, which a kernel logs: at what is missing, of another kind, or no ASCII
        with suppress(KeyError, TypeError, AttributeError, ValueError):
            getattr(manager, kind)(None, None, message)
        closed = ours._closed
        assert not closed or manager.comms.get(ours.comm_id) is ours, "pages do not find it any more"
        assert not closed or kind != "comm_msg"
        assert channel._seq == told and not channel.connected, "a message of a page was taken for a request"
        assert _facts(followed.snapshot()) == before, "a message of a page changed the counts"
        answer = channel.answer(hello)
        channel.connected = False
        assert answer["status"] == "ok" and channel._comm.comm_id == answer["comm_id"]
        assert (channel._comm is ours) != closed
        return not closed

    silent = logging.getLogger("Comm")
    level = silent.level
    silent.setLevel(logging.CRITICAL + 1)
    try:
        return play("comm messages", cases, seed, case)
    finally:
        silent.setLevel(level)
        close()
        registry.close()


def iopub(cases: int, seed: int) -> Figures:
    """Messages of an engine: one that is broken moves no task, and no count contradicts another."""
    current: list[Any] = []

    def renew() -> None:
        fed = Fed(8)
        current[:] = [fed, Registry()]
        followed = current[1].followed(fed.result)
        _told(fed)
        current.append(followed)

    renew()
    left = 0

    def case(chance: random.Random) -> bool:
        nonlocal left
        left += 1
        if left % 40 == 0:
            current[1].close()
            renew()
        fed, _, followed = current
        before = followed.snapshot()
        i = chance.randrange(8)
        kind, content = chance.choice(
            (
                ("status", {"execution_state": "busy"}),
                ("status", {"execution_state": "idle"}),
                ("stream", {"name": "stdout", "text": "step"}),
                ("error", {"ename": "E", "evalue": "e", "traceback": ["t"]}),
                ("display_data", {"data": {"text/plain": "x"}, "metadata": {}}),
            )
        )
        good = {
            "header": {"msg_type": kind, "msg_id": "m"},
            "content": content,
            "metadata": {"engine": f"uuid-{i % 2}"},
            "parent_header": {"msg_id": fed.futures[i].msg_id},
        }
        message = variant(good, chance)
        for callback in list(fed.futures[i].iopub_callbacks):
            callback(message)
        after = followed.snapshot()
        assert (after.total, after.done, after.ok, after.failed) == (
            before.total,
            before.done,
            before.ok,
            before.failed,
        ), "an output message ended a task"
        assert after.running + after.queued + after.done == after.total
        json.dumps(after.to_json(), allow_nan=False)
        if _facts(after) == _facts(before):
            return True
        html.card(after)
        text.plain_text(after)
        return False

    return play("messages of engines", cases, seed, case)


def files(cases: int, seed: int) -> Figures:
    """Traces and reports read back: a snapshot that can be drawn, or one error that says what is wrong."""
    fed = Fed(8)
    monitor = Monitor(fed.result, follow(fed))
    _told(fed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        good = [
            monitor.save_trace(place / "good.json").read_bytes(),
            monitor.save_report(place / "good.html").read_bytes(),
            json.dumps({"otherData": {SNAPSHOT_KEY: monitor.snapshot().to_json()}}).encode(),
        ]
        trace = json.loads(good[0])

        def case(chance: random.Random) -> bool:
            path = place / f"case{chance.randrange(8)}"
            if chance.random() < 0.4:
                trace["otherData"][SNAPSHOT_KEY] = variant(monitor_json, chance)
                data = json.dumps(trace, default=repr).encode("utf-8", "surrogatepass")
            else:
                data = mutated_bytes(chance.choice(good), chance)
            path.write_bytes(data)
            try:
                snapshot = load(path)
            except ValueError as error:
                assert str(path) in str(error)
                return True
            html.card(snapshot).encode()
            text.plain_text(snapshot).encode()
            json.dumps(snapshot.to_json(), allow_nan=False)
            return False

        monitor_json = monitor.snapshot().to_json()
        return play("files read back", cases, seed, case)


EDGES = (control, comms, iopub, files)
