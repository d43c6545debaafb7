"""Hears what ipyparallel tells of a result's messages: its callbacks append to deques and do nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat, starmap
from time import time as now
from typing import Any, NamedTuple

from ..log import trouble
from .futures import PENDING

_MAX_EARLY = 100_000
_OUTPUT_TYPES = frozenset(("stream", "display_data", "execute_result"))


class Events(NamedTuple):
    """What has been heard since the last time.

    Attributes
    ----------
    started : list of (str, str, float)
        Message id, engine uuid and local POSIX time of each task that began to run.
    wrote, ended : list of str
        Message ids.
    failed_attempts : list of (str, str)
        Message id and engine uuid of each attempt that ended without its result.
    """

    started: list[tuple[str, str, float]]
    wrote: list[str]
    ended: list[str]
    failed_attempts: list[tuple[str, str]]


class EventListener:
    """The callbacks on one result's futures; they run on ipyparallel's IO thread.

    Attributes
    ----------
    reports_every_end : bool
        Whether to note each attempt that ends, also one that shows no error: one that was cancelled does not.
    last_busy : dict
        By message id, engine and its time of the task's last `busy`, while `reports_every_end` is on.
    """

    def __init__(self) -> None:
        self._started: deque[tuple[str, str, float]] = deque()
        self._wrote: deque[str] = deque()
        self._ended: deque[str] = deque()
        self._failed_attempts: deque[tuple[str, str]] = deque()
        self._errored: set[str] = set()
        self.reports_every_end = False
        self.last_busy: dict[str, tuple[str, Any]] = {}

    def attach(self, futures: Sequence[Any], replaces: Callable[[Any], None] | None = None) -> list[int]:
        """Listen to those futures that are pending.

        To append to a future's list is atomic, where add_done_callback() takes a lock and three quarters of
        all that attaching costs.

        Parameters
        ----------
        futures : sequence of MessageFuture
        replaces : callable, optional
            What has listened to their messages until now, and need not any more.

        Returns
        -------
        list of int
            Positions of those that have ended; one that ended just now may be heard as well.
        """
        on_iopub, on_done = self.on_iopub, self.on_done  # one object each, for all futures
        over = []
        for position, future in enumerate(futures):
            listening = future.iopub_callbacks
            if future._state in PENDING:
                listening.append(on_iopub)
                future._done_callbacks.append(on_done)
                if len(listening) > 1 and replaces in listening:  # not before ours is there
                    listening.remove(replaces)
            elif replaces in listening:
                listening.remove(replaces)
            if future._state not in PENDING:
                over.append(position)
        return over

    def attach_first(self, futures: Sequence[Any]) -> None:
        """Listen to those futures that are pending, before whoever listens to them already."""
        on_iopub, on_done = self.on_iopub, self.on_done
        for future in futures:
            with future._condition:
                if future._state in PENDING:
                    future.iopub_callbacks.append(on_iopub)
                    future._done_callbacks.insert(0, on_done)

    def detach(self, futures: Sequence[Any]) -> None:
        """Take the callbacks off; those that are not there are not missed."""
        for future in futures:
            with future._condition:
                if self.on_done in future._done_callbacks:
                    future._done_callbacks.remove(self.on_done)
            if self.on_iopub in future.iopub_callbacks:
                future.iopub_callbacks.remove(self.on_iopub)

    def __bool__(self) -> bool:
        return bool(self._ended or self._started or self._wrote or self._failed_attempts)

    def take(self) -> Events:
        """What has been heard since the last call."""
        return Events(
            _drain(self._started), _drain(self._wrote), _drain(self._ended), _drain(self._failed_attempts)
        )

    def on_done(self, future: Any) -> None:
        """Note that a message has ended."""
        # the id, not the future: that would keep the result alive until somebody looks
        self._ended.append(future.msg_id)

    def on_iopub(self, message: Any) -> None:
        """Note one iopub message; never raises."""
        # an exception here would stall the client's iopub for good
        try:
            state = message["content"].get("execution_state")
            if state == "busy":
                # what most messages are: without calls to check it
                msg_id, engine = message["parent_header"]["msg_id"], message["metadata"].get("engine")
                if type(msg_id) is not str or type(engine) is not str:
                    msg_id, engine = _parent_id(message), _engine_uuid(message)
                self._started.append((msg_id, engine, now()))
                if self.reports_every_end:
                    self.last_busy[msg_id] = engine, message["header"].get("date")
                return
            kind = message["header"]["msg_type"]
            if kind == "status":
                if self._errored or self.reports_every_end:
                    self._on_idle(message)
            elif kind in _OUTPUT_TYPES:
                self._wrote.append(_parent_id(message))
            elif kind == "error":
                self._errored.add(message["parent_header"]["msg_id"])
        except Exception:
            trouble("reading an iopub message of %.100r", _id_for_log(message))

    def _on_idle(self, message: Any) -> None:
        msg_id = _parent_id(message)
        # an error alone is no end: a task may show one and go on
        if self.reports_every_end or msg_id in self._errored:
            self._errored.discard(msg_id)
            self._failed_attempts.append((msg_id, _engine_uuid(message)))


class EarlyEvents:
    """What messages tell before anybody follows them: quick tasks fail before their result has a recorder."""

    def __init__(self) -> None:
        self._errored: set[str] = set()
        self._failed_attempts: dict[str, list[str]] = {}

    def attach(self, futures: Sequence[Any]) -> None:
        """Listen to futures that were made just now; a second call for one does nothing."""
        on_iopub = self.on_iopub
        for future in futures:
            if on_iopub not in future.iopub_callbacks:
                future.iopub_callbacks.append(on_iopub)

    def take(self, futures: Sequence[Any]) -> list[tuple[str, str]]:
        """Stop listening to these, and say which attempts failed, as :class:`Events` does."""
        self.detach(futures)
        return self.pop_failed_attempts(futures)

    def pop_failed_attempts(self, futures: Sequence[Any]) -> list[tuple[str, str]]:
        """The attempts at these that failed, each told once; for futures that are listened to otherwise."""
        if self._errored:
            self._errored.difference_update([future.msg_id for future in futures])
        if not self._failed_attempts:
            return []
        return [(f.msg_id, engine) for f in futures for engine in self._failed_attempts.pop(f.msg_id, ())]

    def detach(self, futures: Sequence[Any]) -> None:
        """Stop listening to these."""
        on_iopub = self.on_iopub
        for future in futures:
            if on_iopub in future.iopub_callbacks:
                future.iopub_callbacks.remove(on_iopub)

    def on_iopub(self, message: Any) -> None:
        """Take in one message; never raises."""
        try:
            kind = message["header"]["msg_type"]
            if kind == "error":
                self._errored.add(message["parent_header"]["msg_id"])
            elif self._errored and kind == "status" and message["content"]["execution_state"] == "idle":
                msg_id = message["parent_header"]["msg_id"]
                if msg_id in self._errored:
                    self._errored.discard(msg_id)
                    self._failed_attempts.setdefault(msg_id, []).append(_engine_uuid(message))
                    if len(self._failed_attempts) > _MAX_EARLY:  # of results that nobody followed
                        del self._failed_attempts[next(iter(self._failed_attempts))]
        except Exception:
            trouble("reading an iopub message of %.100r", _id_for_log(message))


def _drain(events: deque[Any]) -> list[Any]:
    """All that is in a deque now; others may append meanwhile."""
    return list(starmap(events.popleft, repeat((), len(events))))


def _parent_id(message: Any) -> str:
    """The task that a message is of; anything but text would raise where it is looked up later."""
    msg_id = message["parent_header"]["msg_id"]
    if type(msg_id) is not str:
        msg = f"expected the text of a message id, got {type(msg_id).__name__}"
        raise TypeError(msg)
    return msg_id


def _engine_uuid(message: Any) -> Any:
    """The uuid of the engine that sent a message, None where it does not say."""
    engine = message["metadata"].get("engine")
    if engine is not None and type(engine) is not str:
        msg = f"expected the text of an engine's uuid, got {type(engine).__name__}"
        raise TypeError(msg)
    return engine


def _id_for_log(message: Any) -> Any:
    try:
        return message["parent_header"]["msg_id"]
    except Exception:
        return message
