"""Callbacks on the futures of a result's messages, which only append events to deques."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import repeat, starmap
from time import time as now
from typing import Any, NamedTuple, TypeVar

from ..log import log_error
from .futures import PENDING, remove_done_callback, remove_iopub_callback
from .protocols import Message, MessageFutureLike, Timestamp

_T = TypeVar("_T")

_MAX_EARLY = 100_000  # messages
_OUTPUT_TYPES = frozenset(("stream", "display_data", "execute_result"))


class Events(NamedTuple):
    """Events since the last call of :meth:`EventListener.take`, by message id."""

    started: list[tuple[str, str, float]]  # with engine uuid and local POSIX time
    wrote: list[str]
    ended: list[str]
    failed_attempts: list[tuple[str, str]]  # with engine uuid; they ended without a result


class EventListener:
    """Callbacks on the futures of one result, called on ipyparallel's IO thread."""

    def __init__(self) -> None:
        self._started: deque[tuple[str, str, float]] = deque()
        self._wrote: deque[str] = deque()
        self._ended: deque[str] = deque()
        self._failed_attempts: deque[tuple[str, str]] = deque()
        self.errored: set[str] = set()  # tasks with an attempt that has published an error and goes on
        # record each attempt that ends, also without an error message: a cancelled one publishes none
        self.reports_every_end = False
        # meanwhile, by message id, engine uuid and engine time of the last `busy`
        self.last_busy: dict[str, tuple[str, Timestamp]] = {}

    def attach(self, futures: Sequence[MessageFutureLike], early: EarlyEvents | None = None) -> bool:
        """Add the callbacks to those futures that are pending; return whether any has ended.

        One that ends meanwhile may get them too. Appending to a list is atomic; ``add_done_callback``
        takes a lock, which makes attaching take four times as long. This listener takes over from `early`.
        """
        on_iopub, on_done = self.on_iopub, self.on_done  # one bound method each, for all futures
        any_ended = shared = False
        for future in futures:  # once: a million do not fit the processor's cache
            if future._state in PENDING:
                callbacks = future.iopub_callbacks
                callbacks.append(on_iopub)
                future._done_callbacks.append(on_done)
                if len(callbacks) > 1:
                    shared = True
            if future._state not in PENDING:
                any_ended = True
        if early is not None and (any_ended or shared):
            early.hand_over(futures, self)  # only now, so that no event is missed
        return any_ended

    def attach_first(self, futures: Sequence[MessageFutureLike]) -> None:
        """Add the callbacks to those futures that are pending, ahead of their other callbacks."""
        on_iopub, on_done = self.on_iopub, self.on_done
        for future in futures:
            with future._condition:
                if future._state in PENDING:
                    future.iopub_callbacks.append(on_iopub)
                    future._done_callbacks.insert(0, on_done)

    def detach(self, futures: Sequence[MessageFutureLike]) -> None:
        """Remove the callbacks where they are attached."""
        for future in futures:
            remove_done_callback(future, self.on_done)
            remove_iopub_callback(future, self.on_iopub)

    def __bool__(self) -> bool:
        return bool(self._ended or self._started or self._wrote or self._failed_attempts)

    def take(self) -> Events:
        """Return the events since the last call."""
        return Events(
            _drain(self._started), _drain(self._wrote), _drain(self._ended), _drain(self._failed_attempts)
        )

    def on_done(self, future: MessageFutureLike) -> None:
        """Record that a message has ended."""
        # not the future itself, which would keep its result alive until the events are taken
        self._ended.append(future.msg_id)

    def on_iopub(self, message: Message) -> None:
        """Record one iopub message; never raise, as that would stall the client's iopub for good."""
        try:
            state = message["content"].get("execution_state")
            if state == "busy":
                # the most frequent message, so checked without a call
                msg_id, engine = message["parent_header"]["msg_id"], message["metadata"].get("engine")
                if type(msg_id) is not str or type(engine) is not str:
                    msg_id, engine = _parent_id(message), _engine_uuid(message)
                self._started.append((msg_id, engine, now()))
                if self.reports_every_end:
                    self.last_busy[msg_id] = engine, message["header"].get("date")
                return
            kind = message["header"]["msg_type"]
            if kind == "status":
                if self.errored or self.reports_every_end:
                    self._on_idle(message)
            elif kind in _OUTPUT_TYPES:
                self._wrote.append(_parent_id(message))
            elif kind == "error":
                self.errored.add(message["parent_header"]["msg_id"])
        except Exception:
            log_error("reading an iopub message of %.100r", _id_for_log(message))

    def _on_idle(self, message: Message) -> None:
        msg_id = _parent_id(message)
        # an error message alone is not the end: a task may publish one and continue
        if self.reports_every_end or msg_id in self.errored:
            self.errored.discard(msg_id)
            self._failed_attempts.append((msg_id, _engine_uuid(message)))


class EarlyEvents:
    """Failed attempts of messages without a recorder: quick tasks fail before their result has one."""

    def __init__(self) -> None:
        self._errored: set[str] = set()
        self._failed_attempts: dict[str, list[str]] = {}

    def attach(self, futures: Sequence[MessageFutureLike]) -> None:
        """Add the callback to new futures where it is not attached yet."""
        on_iopub = self.on_iopub
        for future in futures:
            if on_iopub not in future.iopub_callbacks:
                future.iopub_callbacks.append(on_iopub)

    def hand_over(self, futures: Sequence[MessageFutureLike], listener: EventListener) -> None:
        """Remove the callback from these, to which the listener is attached already."""
        if self._errored:  # the listener receives the end of these attempts
            listener.errored.update(self._errored.intersection([future.msg_id for future in futures]))
        self.detach(futures)

    def pop_failed_attempts(self, futures: Sequence[MessageFutureLike]) -> list[tuple[str, str]]:
        """Return the failed attempts of these as in :class:`Events`, and forget them."""
        if self._errored:
            self._errored.difference_update([future.msg_id for future in futures])
        if not self._failed_attempts:
            return []
        return [(f.msg_id, engine) for f in futures for engine in self._failed_attempts.pop(f.msg_id, ())]

    def detach(self, futures: Sequence[MessageFutureLike]) -> None:
        """Remove the callback from these."""
        on_iopub = self.on_iopub
        for future in futures:
            remove_iopub_callback(future, on_iopub)

    def on_iopub(self, message: Message) -> None:
        """Record one iopub message; never raise."""
        try:
            kind = message["header"]["msg_type"]
            if kind == "error":
                self._errored.add(message["parent_header"]["msg_id"])
            elif self._errored and kind == "status" and message["content"]["execution_state"] == "idle":
                msg_id = message["parent_header"]["msg_id"]
                if msg_id in self._errored:
                    self._errored.discard(msg_id)
                    self._failed_attempts.setdefault(msg_id, []).append(_engine_uuid(message))
                    if len(self._failed_attempts) > _MAX_EARLY:  # of results that never had a recorder
                        del self._failed_attempts[next(iter(self._failed_attempts))]
        except Exception:
            log_error("reading an iopub message of %.100r", _id_for_log(message))


def _drain(events: deque[_T]) -> list[_T]:
    """Remove and return all that is in a deque now; other threads may append meanwhile."""
    return list(starmap(events.popleft, repeat((), len(events))))


def _parent_id(message: Message) -> str:
    """Return the id of the message's task; anything but a str would raise in a later look-up."""
    msg_id = message["parent_header"]["msg_id"]
    if type(msg_id) is not str:
        msg = f"expected the text of a message id, got {type(msg_id).__name__}"
        raise TypeError(msg)
    return msg_id


def _engine_uuid(message: Message) -> Any:
    """Return the uuid of the engine that sent a message, None if it has none."""
    engine = message["metadata"].get("engine")
    if engine is not None and type(engine) is not str:
        msg = f"expected the text of an engine's uuid, got {type(engine).__name__}"
        raise TypeError(msg)
    return engine


def _id_for_log(message: Message) -> object:
    try:
        return message["parent_header"]["msg_id"]
    except Exception:
        return message
