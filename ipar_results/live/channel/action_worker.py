"""Worker thread that runs the requested actions, so that the control thread never waits for them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...log import log_error, log_errors
from ..actions import ACTIONS

if TYPE_CHECKING:
    from ...results.tracker import Tracked
    from ...upstream.protocols import ResultLike
    from .requests import Request
    from .update_queue import Content

_MAX_QUEUED = 100


class ActionWorker:
    """Queue of actions and the thread that runs them one by one; it ends when the queue is empty.

    `send_outcome` is called in that thread with the content of the message about each action.
    """

    def __init__(self, send_outcome: Callable[[Content], None]) -> None:
        self._send_outcome = send_outcome
        self._queue: deque[tuple[Request, Tracked, ResultLike]] = deque()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, request: Request, entry: Tracked, result: ResultLike) -> bool:
        """Queue the action that a request names; return False where the queue is full.

        The queue holds the result, which its user may drop meanwhile.
        """
        with self._lock:
            if len(self._queue) >= _MAX_QUEUED:
                return False
            self._queue.append((request, entry, result))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ipar-results-commands", daemon=True)
                self._thread.start()
        return True

    def close(self) -> None:
        """Wait until the thread has ended, at most ten seconds."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._thread = None
                    return
                request, entry, result = self._queue.popleft()
            outcome = {"type": "outcome", "request": request.id, "result": entry.id, "action": request.kind}
            with log_errors("telling what came of %r", request.kind):
                self._send_outcome({**outcome, **_run_action(request, entry, result)})


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
        return {"status": "ok", "message": " ".join(done.remarks), **path}
    except Exception as error:
        if not isinstance(
            error, (OSError, LookupError, ValueError, RuntimeError, ImportError, NotImplementedError)
        ):
            log_error("carrying out %r", action)
        return {"status": "error", "message": f"{error}" or type(error).__name__}
