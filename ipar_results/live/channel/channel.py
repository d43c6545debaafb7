"""Channel to the labextension: a comm that sends updates, a control handler that answers requests."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import zmq

from ...formatting import utf8_safe
from ...log import log_error, log_errors, warn_once
from ...version import __version__
from ..actions import ACTIONS
from ..thread_switching import fast_switching
from ..ticker import Updatable, Urgency
from .action_worker import ActionWorker
from .requests import PROTOCOL, Request, RequestError, parse_request
from .update_queue import Content, UpdateQueue, message_size

if TYPE_CHECKING:
    from comm.base_comm import BaseComm
    from ipykernel.kernelbase import Kernel
    from zmq.eventloop.zmqstream import ZMQStream

    from ...config import IPythonParallelResults
    from ...results.tracker import Tracked, Tracker


TARGET = "ipar_results"
REQUEST, REPLY = "ipar_request", "ipar_reply"
_MAX_ACCEPTED_IDS = 1_000


class Channel(Updatable):
    """Sends updates of all tracked results to front ends, and answers their requests.

    `wake` starts the ticker's thread if it has ended.
    """

    def __init__(
        self, kernel: Kernel, tracker: Tracker, config: IPythonParallelResults, wake: Callable[[], None]
    ) -> None:
        self._session_id = uuid.uuid4().hex
        self.connected = False  # a front end has said hello; nothing is sent before
        self.front_version: str | None = None  # of the labextension that said hello last
        self._kernel = kernel
        self._tracker = tracker
        self._config = config
        self._wake = wake
        self._comm: BaseComm | None = None
        self._seq = 0
        self._rate = float(config.rate)
        self._accepted_ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.RLock()
        self._updates = UpdateQueue(tracker, self._lock)
        self._actions = ActionWorker(self._send_outcome)

    # attaching -----------------------------------------------------------------------------------

    def open(self) -> Callable[[], None]:
        """Register the control handler and open the comm; return a function that undoes both."""
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
            self._actions.close()
            with self._lock:
                self.connected = False
                if self._comm is not None:
                    self._send({"type": "bye"})
                    with suppress(KeyError):  # a page has opened a comm of the same id, which replaced it
                        self._comm.close()
                    self._unlist_comm()
                    self._comm = None

        return close

    def _open_comm(self) -> None:
        from comm import create_comm

        with self._lock:
            if self._comm is None or self._comm._closed:
                self._unlist_comm()
                data = {
                    "type": "hello",
                    "protocol": PROTOCOL,
                    "session": self._session_id,
                    "version": __version__,
                }
                self._comm = create_comm(target_name=TARGET, data=data)
                self._comm.on_close(self._list_comm)

    def _list_comm(self, message: dict[str, Any]) -> None:
        """List the comm again after a front end that lacks us has closed it.

        A page says hello only to a kernel that lists a comm of ours, because others log that as an error.
        """
        from comm import get_comm_manager

        with log_errors("listing a comm"), self._lock:
            if self._comm is not None and self._comm.comm_id == message["content"]["comm_id"]:
                get_comm_manager().register_comm(self._comm)

    def _unlist_comm(self) -> None:
        from comm import get_comm_manager

        if self._comm is not None and self._comm._closed:
            with suppress(KeyError):
                get_comm_manager().unregister_comm(self._comm)

    # requests, in the control thread -------------------------------------------------------------

    def _on_request(self, stream: ZMQStream, ident: list[bytes], parent: Content) -> None:
        """Reply to a control message at once. Never raises, so that the kernel's control channel goes on."""
        with log_errors("answering a front end"), fast_switching():
            content = self.answer(parent.get("content"))
            assert self._kernel.session is not None
            self._kernel.session.send(stream, REPLY, content, parent, ident=ident)
            # otherwise it leaves with the status message, which waits until printed output is flushed
            if flush := getattr(stream, "flush", None):
                flush(zmq.POLLOUT)

    def answer(self, content: object) -> Content:
        """Return the content of the reply to a request, which may be malformed."""
        asked = content.get("request") if isinstance(content, dict) else None
        reply = {
            "protocol": PROTOCOL,
            "request": utf8_safe(asked)[:64] if isinstance(asked, str) else "",
        }
        try:
            request = parse_request(content)
            return {**reply, "status": "ok", **self._dispatch(request)}
        except RequestError as refused:
            error = {"code": refused.code, "message": str(refused)}
            warn_once(f"refused a request of a front end: {refused.code}: {refused}")
        except LookupError as missing:
            error = {"code": "bad-request", "message": str(missing)}
        except Exception as failure:
            log_error("answering a front end")
            error = {
                "code": "failed",
                "message": f"{type(failure).__name__} in the kernel; its log says more",
            }
        return {**reply, "status": "error", "error": error}

    def _dispatch(self, request: Request) -> Content:
        if request.kind == "hello":
            return self._hello(request)
        if request.kind == "snapshot":
            self._start_over()
            return {}
        entry = self._tracker.find(request.args["result"])
        if entry is None:
            raise RequestError("unknown-result", "This kernel does not know the result (any more).")
        if request.kind == "watch":
            self.watch(entry)
            return {}
        followed = entry.followed
        result = None if followed is None else followed.record.result()
        if followed is None or result is None:
            raise RequestError("unknown-result", "This result is gone: the kernel no longer holds it.")
        from .result_replies import reply_about

        reply = reply_about(request, entry, followed, result, self._config)
        return self._accept_action(request, entry, result) if reply is None else reply

    def _hello(self, request: Request) -> Content:
        self._open_comm()
        assert self._comm is not None
        if request.args["rate"] is not None:
            self._rate = min(float(request.args["rate"]), float(self._config.rate))
        self.front_version = request.args["version"]
        self.connected = True
        self._start_over()
        return {
            "comm_id": self._comm.comm_id,
            "session": self._session_id,
            "version": __version__,
            "seq": self._seq,
        }

    def _accept_action(self, request: Request, entry: Tracked, result: Any) -> Content:
        assert request.kind in ACTIONS
        if request.id in self._accepted_ids:  # sent again, as its page has got no reply
            return {"accepted": True}
        if not self._actions.add(request, entry, result):
            raise RequestError("failed", "Too many actions wait to be carried out already.")
        self._accepted_ids[request.id] = None
        while len(self._accepted_ids) > _MAX_ACCEPTED_IDS:
            self._accepted_ids.popitem(last=False)
        return {"accepted": True}

    def watch(self, entry: Tracked) -> None:
        """Send the rows of a result too, because it is displayed."""
        entry.shown = True
        self._updates.include_rows(entry)
        self._wake()

    def _start_over(self) -> None:
        self._updates.start_over()
        self._wake()

    def _send_outcome(self, outcome: Content) -> None:
        with self._lock:
            if self._comm is not None:
                self._send(outcome)
        self._wake()

    # updates, in the ticker's thread -------------------------------------------------------------

    def urgency(self, now: float) -> Urgency | None:
        """Return CHANGED if there are updates and the rates allow a message."""
        if not self.connected or now - self.sent_at < 1 / self._rate or self._updates.room(now) <= 0:
            return None
        return Urgency.CHANGED if self._updates.has_updates(now) else None

    def do_housekeeping(self) -> bool:
        """Forget results that are no longer tracked; return whether there are updates to send."""
        if not self.connected:  # the next hello gets a full state
            self._updates.drop_gone()
        return self.connected and self._updates.has_updates(time.monotonic())

    def send(self) -> int:
        """Send as many updates as fit in a message; return the number of messages."""
        with self._lock:
            self.size = 0
            if self._comm is None:
                return 0
            now = time.monotonic()
            self.sent_at = now
            message = self._updates.next_message(now, self._rate)
            if message is None:
                return 0
            self.size = self._send(message)
            self._updates.sent_bytes.add(now, self.size)
            return 1

    def _send(self, content: Content) -> int:
        """Number a message and send it; return its size in bytes."""
        assert self._comm is not None
        self._seq += 1
        data = {"protocol": PROTOCOL, "session": self._session_id, "seq": self._seq, **content}
        self._comm.send(data)
        return message_size(data)
