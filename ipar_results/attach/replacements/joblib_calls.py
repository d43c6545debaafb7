"""Calls of ``joblib.Parallel`` on ipyparallel's backend: the batches of each call form one group."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING

from ...log import log_errors
from ...results.registry import open_groups
from .function_names import BatchName

if TYPE_CHECKING:
    from ...live.session import Session
    from ...results.group.group import Group
    from ...results.registry import SelfFollowed
    from ...upstream.protocols import AsyncResultLike

_BACKEND = "ipyparallel.client._joblib"


class _Call:
    """Call that goes on: all its batches have the same `key`."""

    own: Group | None = None

    def __init__(self, key: object) -> None:
        self.key, self.thread = key, threading.get_ident()
        self.groups: tuple[SelfFollowed, ...] = open_groups.get()


class JoblibCalls:
    """Calls that go on, and the group of the newest one for as long as some of its tasks can be retried.

    joblib submits the first batches of a call in its thread, and the others in the one in which results
    arrive, where the groups in whose blocks the call is are not found.

    Parameters
    ----------
    replace : callable
        Sets an attribute of a class until the session is closed.
    """

    def __init__(self, session: Session, replace: Callable[[type, str, object], None]) -> None:
        self._session = session
        self._replace = replace
        self._calls: list[_Call] = []
        self._newest: Group | None = None  # which its user cannot hold
        self._patched = False
        self._lock = threading.Lock()

    def add_new(self, result: AsyncResultLike) -> None:
        """Add a new result; a batch of joblib joins the groups of its call."""
        batch = result._fname
        if not isinstance(batch, BatchName):
            self._session.add_new(result)
            return
        result._fname = str(batch)
        groups = open_groups.get()
        with log_errors("following a call of joblib"):
            result._chunk_sizes = dict.fromkeys(result.msg_ids, batch.size)
            groups = self._groups_of(batch.call, result)
        token = open_groups.set(groups)
        try:
            self._session.add_new(result)
        finally:
            open_groups.reset(token)

    def _groups_of(self, key: object, result: AsyncResultLike) -> tuple[SelfFollowed, ...]:
        on_io_thread = self._session.registry.connection(result._client).on_io_thread
        if not (on_io_thread or any(call.key is key for call in list(self._calls))):
            self._session.tracker.catch_up()  # it waits, and the IO thread may need the lock
        with self._lock:
            call = next((call for call in self._calls if call.key is key), None)
            if call is None:
                # no call begins on the IO thread: this one was stopped by an error
                if not self._patch() or on_io_thread:
                    return open_groups.get()
                call = _Call(key)
                self._calls.append(call)
            if not any(group.followed.record.can_grow for group in call.groups):
                from ...results.group.group import Group

                self._newest = call.own = Group("joblib", lambda: self._session, quiet=True)
                call.groups = (call.own,)
                self._session.tracker.entry(call.own)
            return call.groups

    def _patch(self) -> bool:
        """Have the end of each call reported; return False where the backend is not ipyparallel's.

        This waits for the first call, because importing the backend imports joblib.
        """
        module = sys.modules.get(_BACKEND)
        if module is not None and not self._patched:
            backend = module.IPythonParallelBackend
            self._replace(backend, "stop_call", self._wrap_stop_call(backend.stop_call))
            self._session.ticker.jobs.append(self._release_newest)
            self._patched = True
        return self._patched

    def _wrap_stop_call(self, original: Callable[[object], None]) -> Callable[[object], None]:
        @wraps(original)
        def stop_call(backend: object) -> None:
            original(backend)
            with log_errors("following a call of joblib"):
                self._end_call()

        return stop_call

    def _end_call(self) -> None:
        """End the newest call of this thread."""
        thread = threading.get_ident()
        with self._lock:
            call = next((call for call in reversed(self._calls) if call.thread == thread), None)
            if call is None:
                return
            self._calls.remove(call)
        if call.own is not None:
            call.own.close()

    def _release_newest(self) -> bool:
        """Release the newest group once it has ended and nothing is left to retry."""
        from ...model.status import OK

        with self._lock:
            record = None if self._newest is None else self._newest.record
            if record is not None and record.finished and record.columns.counts[OK] == record.columns.total:
                self._newest = None
        return False
