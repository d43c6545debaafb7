"""The kernel's link to the labextension: one comm that tells, one control handler that is asked."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import zmq

from ...config import IPythonParallelResults
from ...formatting import utf8_safe
from ...log import remark, trouble
from ...results.round_robin import Turns
from ...results.tracker import Tracked, Tracker
from ..actions import ACTIONS
from ..thread_switching import haste
from ..ticker import CHANGED, TickerItem
from .commands import Commands, Outcome
from .requests import PROTOCOL, Refused, Request, parse

if TYPE_CHECKING:
    from ...results.followed import Followed
    from .updates import Told

TARGET = "ipar_results"
REQUEST, REPLY = "ipar_request", "ipar_reply"
BYTES_A_SECOND = 40_000  # of the 50 kB that a whole kernel sends: outputs need some at any time
LARGEST = BYTES_A_SECOND // 2  # bytes of one message: more would leave nothing for the next half second
_REMEMBERED = 1_000
_LOOKED_AT = 500  # each time, beside those of which something was heard
_HEAD_BYTES = 700  # about what one result's facts take


class Channel(TickerItem):
    """Tells front ends of all tracked results, and does what they ask.

    Parameters
    ----------
    wake : callable
        Has the ticker look at this channel again.
    """

    def __init__(
        self, kernel: Any, tracker: Tracker, config: IPythonParallelResults, wake: Callable[[], None]
    ) -> None:
        self.session = uuid.uuid4().hex
        self.connected = False
        self._kernel = kernel
        self._tracker = tracker
        self._config = config
        self._wake = wake
        self._comm: Any = None
        self._seq = 0
        self._rate = float(config.rate)
        self._told: dict[str, Told] = {}
        self._turns, self._resting = Turns(_LOOKED_AT), Turns(_LOOKED_AT)
        self._news: dict[str, Told] = {}  # those that were found to have some
        self._full: list[str] | None = None  # what a full state has still to tell
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._spent: deque[tuple[float, int]] = deque()
        self._lock = threading.RLock()
        self._commands = Commands(self._tell)

    # attaching -----------------------------------------------------------------------------------

    def open(self) -> Callable[[], None]:
        """Listen to requests, and say hello to whoever is there; returns what undoes it."""
        handlers = self._kernel.control_handlers
        before = handlers.get(REQUEST)
        handlers[REQUEST] = self._on_request
        self._open_comm()

        def close() -> None:
            if handlers.get(REQUEST) == self._on_request:
                if before is None:
                    del handlers[REQUEST]
                else:
                    handlers[REQUEST] = before
            self._commands.close()
            with self._lock:
                self.connected = False
                if self._comm is not None:
                    self._send({"type": "bye"})
                    with suppress(KeyError):  # a page has opened, and so lost, one of the same id
                        self._comm.close()
                    self._comm = None

        return close

    def _open_comm(self) -> None:
        from comm import create_comm

        with self._lock:
            if self._comm is None or self._comm._closed:
                data = {
                    "type": "hello",
                    "protocol": PROTOCOL,
                    "session": self.session,
                    "version": version("ipar_results"),
                }
                self._comm = create_comm(target_name=TARGET, data=data)

    # asked, in the control thread ----------------------------------------------------------------

    def _on_request(self, stream: Any, ident: Any, parent: Any) -> None:
        """Answer a control message at once; whatever it holds, the kernel's control channel goes on."""
        try:
            with haste():
                content = self.answer(parent.get("content"))
                self._kernel.session.send(stream, REPLY, content, parent, ident=ident)
                # else it would leave with the status that follows, and that waits for the thread that prints
                if flush := getattr(stream, "flush", None):
                    flush(zmq.POLLOUT)
        except Exception:
            trouble("answering a front end")

    def answer(self, content: object) -> dict[str, Any]:
        """The content of the reply to a request, which may be anything."""
        asked = content.get("request") if isinstance(content, dict) else None
        reply = {
            "protocol": PROTOCOL,
            "request": utf8_safe(asked)[:64] if isinstance(asked, str) else "",
        }
        try:
            request = parse(content)
            return {**reply, "status": "ok", **self._do(request)}
        except Refused as refused:
            error = {"code": refused.code, "message": str(refused)}
            remark(f"refused a request of a front end: {refused.code}: {refused}")
        except LookupError as missing:
            error = {"code": "bad-request", "message": str(missing)}
        except Exception as failure:
            trouble("answering a front end")
            error = {
                "code": "failed",
                "message": f"{type(failure).__name__} in the kernel; its log says more",
            }
        return {**reply, "status": "error", "error": error}

    def _do(self, request: Request) -> dict[str, Any]:
        if request.kind == "hello":
            return self._hello(request)
        if request.kind == "snapshot":
            self._start_over()
            return {}
        entry = self._tracker.find(request.args["result"])
        if entry is None:
            raise Refused("unknown-result", "This kernel does not know the result (any more).")
        if request.kind == "watch":
            self.watch(entry)
            return {}
        followed = entry.followed
        result = None if followed is None else followed.record.result()
        if followed is None or result is None:
            raise Refused("unknown-result", "This result is gone: the kernel no longer holds it.")
        if request.kind == "task":
            return {"task": followed.task(result, request.args["position"], request.args["limit"])}
        if request.kind == "traceback":
            return {"traceback": followed.traceback(request.args["group"])}
        if request.kind == "outputs":
            return followed.outputs(result)
        if request.kind == "bundle":
            return {"data": self._bundle(entry, followed)}
        return self._act(request, entry, result)

    def _hello(self, request: Request) -> dict[str, Any]:
        self._open_comm()
        if request.args["rate"] is not None:
            self._rate = min(float(request.args["rate"]), float(self._config.rate))
        self.connected = True
        self._start_over()
        return {
            "comm_id": self._comm.comm_id,
            "session": self.session,
            "version": version("ipar_results"),
            "seq": self._seq,
        }

    def _act(self, request: Request, entry: Tracked, result: Any) -> dict[str, Any]:
        assert request.kind in ACTIONS
        if request.id in self._asked:
            raise Refused("replayed", "This was asked before, and is done once only.")
        if not self._commands.add(request.id, entry, result, request.kind, request.args):
            raise Refused("failed", "Too many actions wait to be carried out already.")
        self._asked[request.id] = None
        while len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        return {"accepted": True}

    def _bundle(self, entry: Tracked, followed: Followed) -> dict[str, Any]:
        """What a notebook keeps: asked for by a page that a display's last update does not reach."""
        from ..display.mime import bundle, saved_json

        snapshot, timeline = followed.snapshot(), followed.timeline
        saved = saved_json(entry.id, snapshot, timeline)
        return bundle(snapshot, self._config, saved=saved, timeline=timeline)

    def watch(self, entry: Tracked) -> None:
        """Tell of each task of a result too: it is displayed."""
        entry.shown = True
        self._told_of(entry).watch()
        self._wake()

    def _told_of(self, entry: Tracked) -> Told:
        with self._lock:
            told = self._told.get(entry.id)
            if told is None:
                from .updates import Told

                told = self._told[entry.id] = Told(entry)
            return told

    def _start_over(self) -> None:
        """Tell everything anew: to a page that was reloaded, a second tab, or after a gap."""
        with self._lock:
            self._full = [entry.id for entry in reversed(self._tracker.all())]
            for told in self._told.values():
                told.forget()
        self._wake()

    def _tell(self, outcome: Outcome) -> None:
        with self._lock:
            if self._comm is not None:
                self._send(outcome.to_json())
        self._wake()

    # telling, in the ticker's thread -------------------------------------------------------------

    def wants(self, now: float) -> int | None:
        """Whether there is something to tell, and room for it."""
        if not self.connected or now - self.sent_at < 1 / self._rate or self._room(now) <= 0:
            return None
        return CHANGED if self._full is not None or self._any_news(now) or self._lost() else None

    def busy(self) -> bool:
        """Whether there will be something to tell though no result runs."""
        with self._lock:
            if not self.connected:  # nobody to be told: whoever comes later is told all anew
                self._drop_lost()
            for told in self._resting.take(list(self._told.values())):
                told.rest()
        if not self.connected:
            return False
        return self._full is not None or self._any_news(time.monotonic()) or bool(self._lost())

    def send(self) -> int:
        """Tell what has changed, as much as there is room for; returns how many messages it took."""
        with self._lock:
            self.size = 0
            if self._comm is None:
                return 0
            now = time.monotonic()
            self.sent_at = now
            room = min(LARGEST, self._room(now))
            content, buffers = self._full_part(room) if self._full is not None else self._delta(room, now)
            if not (content["full"] or content["results"] or content["gone"]):
                return 0
            self.size = self._send(content, buffers)
            self._spent.append((now, self.size))
            return 1

    def _delta(self, room: int, now: float) -> tuple[dict[str, Any], list[bytes]]:
        room = min(room, int(BYTES_A_SECOND / self._rate))  # so that the next one need not wait
        results, buffers = self._updates(self._due(), room, now)
        return {"type": "update", "full": False, "results": results, "gone": self._drop_lost()}, buffers

    def _full_part(self, room: int) -> tuple[dict[str, Any], list[bytes]]:
        """The next part of a full state: the facts of all results first, rows afterwards as they fit."""
        assert self._full is not None
        buffers: list[bytes] = []
        results: list[Any] = []
        size = 0
        while self._full and (not results or size + _HEAD_BYTES < room):
            entry = self._tracker.find(self._full.pop(0))
            if entry is not None:
                told = self._told_of(entry)
                before = len(buffers)
                results.append(self._told_update(told, 0, buffers))
                size += _size(results[-1], buffers[before:])
        content = {"type": "update", "full": True, "results": results, "gone": self._drop_lost()}
        if not self._full:
            self._full = None
            content["last"] = True
        return content, buffers

    def _updates(self, due: list[Told], room: int, now: float) -> tuple[list[Any], list[bytes]]:
        buffers: list[bytes] = []
        results: list[Any] = []
        used = 0
        for told in due:
            if not told.due(now):
                del self._news[told.entry.id]
                continue
            if results and used + _HEAD_BYTES > room:
                break
            rows_room = (room - used) // 2 if len(due) > 1 else room - used - _HEAD_BYTES
            before = len(buffers)
            results.append(self._told_update(told, rows_room, buffers))
            told.sent_at = now
            used += _size(results[-1], buffers[before:])
        return results, buffers

    def _told_update(self, told: Told, room: int, buffers: list[bytes]) -> dict[str, Any]:
        try:
            return told.update(room, buffers)
        except Exception:
            trouble("telling of a result")
            return {"id": told.entry.id}

    def _any_news(self, now: float) -> bool:
        """Look at those whose turn it is, and at those of which something was heard."""
        for entry in self._turns.take(self._tracker.all()) + self._tracker.with_news:
            if entry.id not in self._news and (told := self._told_of(entry)).due(now):
                self._news[entry.id] = told
        return bool(self._news)

    def _due(self) -> list[Told]:
        """Those with news: what has ended first, then what has waited longest."""
        return sorted(self._news.values(), key=lambda told: (told.running, told.sent_at))

    def _lost(self) -> set[str]:
        return self._told.keys() - self._tracker.ids()

    def _drop_lost(self) -> list[str]:
        lost = sorted(self._lost())
        for result_id in lost:
            del self._told[result_id]
            self._news.pop(result_id, None)
        return lost

    def _room(self, now: float) -> int:
        """Bytes that may be sent now: a second's worth, less what was sent in the last one."""
        while self._spent and self._spent[0][0] <= now - 1.0:
            self._spent.popleft()
        return BYTES_A_SECOND - sum(size for _, size in self._spent)

    def _send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> int:
        """Number a message and send it; returns its size in bytes."""
        self._seq += 1
        data = {"protocol": PROTOCOL, "session": self.session, "seq": self._seq, **content}
        self._comm.send(data, buffers=buffers or None)
        return _size(data, buffers or [])


def _size(data: dict[str, Any], buffers: list[bytes]) -> int:
    """Bytes that a message, or a part of one, takes."""
    return len(json.dumps(data)) + sum(map(len, buffers))
