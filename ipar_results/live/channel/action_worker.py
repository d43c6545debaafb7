"""Worker thread that runs the requested actions, so that the control thread never waits for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ...log import log_error
from ...results.monitor import Monitor
from ..actions import ACTIONS

if TYPE_CHECKING:
    from ...results.tracker import Tracked
    from ...upstream.protocols import ResultLike
    from .requests import Request

_MAX_QUEUED = 100


class Outcome(NamedTuple):
    """Result of an action, for the front ends."""

    request: str
    result: str
    action: str
    ok: bool
    message: str
    path: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the content of its message."""
        message: dict[str, object] = {
            "type": "outcome",
            "request": self.request,
            "result": self.result,
            "action": self.action,
            "status": "ok" if self.ok else "error",
            "message": self.message,
        }
        return message if self.path is None else {**message, "path": self.path}


class ActionWorker:
    """Queue of actions and the thread that runs them one by one; it ends when the queue is empty.

    Parameters
    ----------
    send_outcome : callable
        Called in the worker thread with the :class:`Outcome` of each action.
    """

    def __init__(self, send_outcome: Callable[[Outcome], None]) -> None:
        self._send_outcome = send_outcome
        self._queue: queue.Queue[tuple[Request, Tracked, ResultLike]] = queue.Queue(_MAX_QUEUED)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, request: Request, entry: Tracked, result: ResultLike) -> bool:
        """Queue the action that a request names; return False where the queue is full.

        The queue holds the result, which its user may drop meanwhile.
        """
        with self._lock:
            try:
                self._queue.put_nowait((request, entry, result))
            except queue.Full:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ipar-results-commands", daemon=True)
                self._thread.start()
        return True

    def close(self, patience: float = 10.0) -> None:
        """Wait until the thread has ended, at most `patience` seconds."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience)

    def _run(self) -> None:
        while True:
            with self._lock:
                try:
                    request, entry, result = self._queue.get_nowait()
                except queue.Empty:
                    self._thread = None
                    return
            try:
                self._send_outcome(_run_action(request, entry, result))
            except Exception:
                log_error("telling what came of %r", request.kind)


def _run_action(request: Request, entry: Tracked, result: ResultLike) -> Outcome:
    followed, action = entry.followed, request.kind
    try:
        if followed is None:
            msg = "This result is gone: the kernel no longer holds it."
            raise LookupError(msg)
        done = ACTIONS[action].run(Monitor(result, followed), request.args)
        path = None if done.path is None else str(done.path)
        return Outcome(request.id, entry.id, action, True, done.message, path)
    except Exception as error:
        if not isinstance(
            error, (OSError, LookupError, ValueError, RuntimeError, ImportError, NotImplementedError)
        ):
            log_error("carrying out %r", action)
        return Outcome(request.id, entry.id, action, False, f"{error}" or type(error).__name__)
