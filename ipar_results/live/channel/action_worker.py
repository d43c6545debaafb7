"""Worker thread that runs the requested actions, so that the control thread never waits for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...log import log_error
from ..actions import ACTIONS

if TYPE_CHECKING:
    from ...results.tracker import Tracked
    from ...upstream.protocols import ResultLike
    from .requests import Request
    from .update_queue import Content

_MAX_QUEUED = 100


class ActionWorker:
    """Queue of actions and the thread that runs them one by one; it ends when the queue is empty.

    Parameters
    ----------
    send_outcome : callable
        Called in the worker thread with the content of the message about each action.
    """

    def __init__(self, send_outcome: Callable[[Content], None]) -> None:
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
                outcome = {
                    "type": "outcome",
                    "request": request.id,
                    "result": entry.id,
                    "action": request.kind,
                }
                self._send_outcome({**outcome, **_run_action(request, entry, result)})
            except Exception:
                log_error("telling what came of %r", request.kind)


def _run_action(request: Request, entry: Tracked, result: ResultLike) -> Content:
    """Run an action; return what became of it."""
    from ...results.monitor import Monitor

    followed, action = entry.followed, request.kind
    try:
        if followed is None:
            msg = "This result is gone: the kernel no longer holds it."
            raise LookupError(msg)
        done = ACTIONS[action].run(Monitor(result, followed), request.args)
        path = {} if done.path is None else {"path": str(done.path)}
        return {"status": "ok", "message": done.message, **path}
    except Exception as error:
        if not isinstance(
            error, (OSError, LookupError, ValueError, RuntimeError, ImportError, NotImplementedError)
        ):
            log_error("carrying out %r", action)
        return {"status": "error", "message": f"{error}" or type(error).__name__}
