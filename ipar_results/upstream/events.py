"""Hears what ipyparallel tells of a result's messages: its callbacks append to deques and do nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat, starmap
from time import time as now
from typing import Any, NamedTuple

from ..log import trouble
from .futures import PENDING

_FIRST_WORDS_KEPT = 100_000
_OUTPUT = frozenset(("stream", "display_data", "execute_result"))


class Heard(NamedTuple):
    """What has been heard since the last time.

    Attributes
    ----------
    began : list of (str, str, float)
        Message id, engine uuid and local POSIX time of each task that began to run.
    wrote, ended : list of str
        Message ids.
    tried : list of (str, str)
        Message id and engine uuid of each attempt that ended without its result.
    """

    began: list[tuple[str, str, float]]
    wrote: list[str]
    ended: list[str]
    tried: list[tuple[str, str]]


class Listener:
    """The callbacks on one result's futures; they run on ipyparallel's IO thread.

    Attributes
    ----------
    every_end : bool
        Whether to note each attempt that ends, also one that shows no error: one that was cancelled does not.
    late : dict
        By message id, engine and its time of the last word that a task has begun, while `every_end` is on.
    """

    def __init__(self) -> None:
        self._began: deque[tuple[str, str, float]] = deque()
        self._wrote: deque[str] = deque()
        self._ended: deque[str] = deque()
        self._tried: deque[tuple[str, str]] = deque()
        self._erred: set[str] = set()
        self.every_end = False
        self.late: dict[str, tuple[str, Any]] = {}

    def attach(self, futures: Sequence[Any], instead_of: Callable[[Any], None] | None = None) -> list[int]:
        """Listen to those futures that are pending.

        To append to a future's list is atomic, where add_done_callback() takes a lock and three quarters of
        all that attaching costs.

        Parameters
        ----------
        futures : sequence of MessageFuture
        instead_of : callable, optional
            What has listened to their messages until now, and need not any more.

        Returns
        -------
        list of int
            Positions of those that have ended; one that ended just now may be heard as well.
        """
        on_iopub, on_done = self._on_iopub, self._on_done  # one object each, for all futures
        over = []
        for position, future in enumerate(futures):
            listening = future.iopub_callbacks
            if future._state in PENDING:
                listening.append(on_iopub)
                future._done_callbacks.append(on_done)
                if len(listening) > 1 and instead_of in listening:  # not before ours is there
                    listening.remove(instead_of)
            elif instead_of in listening:
                listening.remove(instead_of)
            if future._state not in PENDING:
                over.append(position)
        return over

    def detach(self, futures: Sequence[Any]) -> None:
        """Take the callbacks off; those that are not there are not missed."""
        for future in futures:
            with future._condition:
                if self._on_done in future._done_callbacks:
                    future._done_callbacks.remove(self._on_done)
            if self._on_iopub in future.iopub_callbacks:
                future.iopub_callbacks.remove(self._on_iopub)

    def __bool__(self) -> bool:
        return bool(self._ended or self._began or self._wrote or self._tried)

    def take(self) -> Heard:
        """What has been heard since the last call."""
        return Heard(
            _emptied(self._began), _emptied(self._wrote), _emptied(self._ended), _emptied(self._tried)
        )

    def _on_done(self, future: Any) -> None:
        # the id, not the future: that would keep the result alive until somebody looks
        self._ended.append(future.msg_id)

    def _on_iopub(self, message: Any) -> None:
        # an exception here would stall the client's iopub for good
        try:
            state = message["content"].get("execution_state")
            if state == "busy":
                # what most messages are: without calls to check it
                msg_id, engine = message["parent_header"]["msg_id"], message["metadata"].get("engine")
                if type(msg_id) is not str or type(engine) is not str:
                    msg_id, engine = _parent(message), _engine(message)
                self._began.append((msg_id, engine, now()))
                if self.every_end:
                    self.late[msg_id] = engine, message["header"].get("date")
                return
            kind = message["header"]["msg_type"]
            if kind == "status":
                if self._erred or self.every_end:
                    self._on_idle(message)
            elif kind in _OUTPUT:
                self._wrote.append(_parent(message))
            elif kind == "error":
                self._erred.add(message["parent_header"]["msg_id"])
        except Exception:
            trouble("reading an iopub message of %.100r", _msg_id(message))

    def _on_idle(self, message: Any) -> None:
        msg_id = _parent(message)
        # an error alone is no end: a task may show one and go on
        if self.every_end or msg_id in self._erred:
            self._erred.discard(msg_id)
            self._tried.append((msg_id, _engine(message)))


class FirstWords:
    """What messages tell before anybody follows them: quick tasks fail before their result has a recorder."""

    def __init__(self) -> None:
        self._erred: set[str] = set()
        self._tried: dict[str, list[str]] = {}

    def attach(self, futures: Sequence[Any]) -> None:
        """Listen to futures that were made just now; a second call for one does nothing."""
        hear = self.hear
        for future in futures:
            if hear not in future.iopub_callbacks:
                future.iopub_callbacks.append(hear)

    def take(self, futures: Sequence[Any]) -> list[tuple[str, str]]:
        """Stop listening to these, and say which attempts failed, as :class:`Heard` does."""
        self.detach(futures)
        return self.told(futures)

    def told(self, futures: Sequence[Any]) -> list[tuple[str, str]]:
        """The attempts at these that failed, each told once; for futures that are listened to otherwise."""
        if self._erred:
            self._erred.difference_update([future.msg_id for future in futures])
        if not self._tried:
            return []
        return [(f.msg_id, engine) for f in futures for engine in self._tried.pop(f.msg_id, ())]

    def detach(self, futures: Sequence[Any]) -> None:
        """Stop listening to these."""
        hear = self.hear
        for future in futures:
            if hear in future.iopub_callbacks:
                future.iopub_callbacks.remove(hear)

    def hear(self, message: Any) -> None:
        """Take in one message; never raises."""
        try:
            kind = message["header"]["msg_type"]
            if kind == "error":
                self._erred.add(message["parent_header"]["msg_id"])
            elif self._erred and kind == "status" and message["content"]["execution_state"] == "idle":
                msg_id = message["parent_header"]["msg_id"]
                if msg_id in self._erred:
                    self._erred.discard(msg_id)
                    self._tried.setdefault(msg_id, []).append(_engine(message))
                    if len(self._tried) > _FIRST_WORDS_KEPT:  # of results that nobody followed
                        del self._tried[next(iter(self._tried))]
        except Exception:
            trouble("reading an iopub message of %.100r", _msg_id(message))


def _emptied(events: deque[Any]) -> list[Any]:
    """All that is in a deque now; others may append meanwhile."""
    return list(starmap(events.popleft, repeat((), len(events))))


def _parent(message: Any) -> str:
    """The task that a message is of; anything but text would raise where it is looked up later."""
    msg_id = message["parent_header"]["msg_id"]
    if type(msg_id) is not str:
        msg = f"expected the text of a message id, got {type(msg_id).__name__}"
        raise TypeError(msg)
    return msg_id


def _engine(message: Any) -> Any:
    """The uuid of the engine that sent a message, None where it does not say."""
    engine = message["metadata"].get("engine")
    if engine is not None and type(engine) is not str:
        msg = f"expected the text of an engine's uuid, got {type(engine).__name__}"
        raise TypeError(msg)
    return engine


def _msg_id(message: Any) -> Any:
    try:
        return message["parent_header"]["msg_id"]
    except Exception:
        return message
