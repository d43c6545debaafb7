"""Hears what ipyparallel tells of a result's messages: its callbacks append to deques and do nothing else."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from .log import trouble

_OUTPUT = frozenset(("stream", "display_data", "execute_result"))


class Heard(NamedTuple):
    """What has been heard since the last time.

    Attributes
    ----------
    began : list of (str, str, float)
        Message id, engine uuid and local POSIX time of each task that began to run.
    wrote, ended : list of str
        Message ids.
    """

    began: list[tuple[str, str, float]]
    wrote: list[str]
    ended: list[str]


class Listener:
    """The callbacks on one result's futures; they run on ipyparallel's IO thread."""

    def __init__(self) -> None:
        self._began: deque[tuple[str, str, float]] = deque()
        self._wrote: deque[str] = deque()
        self._ended: deque[str] = deque()

    def attach(self, futures: Sequence[Any]) -> None:
        """Listen to futures that are pending.

        One that ends meanwhile may go unheard: look afterwards which have ended. To append to its list is
        atomic, where add_done_callback() takes a lock and three quarters of all that attaching costs.
        """
        on_iopub, on_done = self._on_iopub, self._on_done  # one object each, for all futures
        for future in futures:
            future.iopub_callbacks.append(on_iopub)
            future._done_callbacks.append(on_done)

    def detach(self, futures: Sequence[Any]) -> None:
        """Take the callbacks off; those that are not there are not missed."""
        for future in futures:
            with future._condition:
                if self._on_done in future._done_callbacks:
                    future._done_callbacks.remove(self._on_done)
            if self._on_iopub in future.iopub_callbacks:
                future.iopub_callbacks.remove(self._on_iopub)

    def __bool__(self) -> bool:
        return bool(self._ended or self._began or self._wrote)

    def take(self) -> Heard:
        """What has been heard since the last call."""
        return Heard(_emptied(self._began), _emptied(self._wrote), _emptied(self._ended))

    def _on_done(self, future: Any) -> None:
        # the id, not the future: that would keep the result alive until somebody looks
        self._ended.append(future.msg_id)

    def _on_iopub(self, message: Any) -> None:
        # an exception here would stall the client's iopub for good
        try:
            kind = message["header"]["msg_type"]
            if kind == "status":
                if message["content"]["execution_state"] == "busy":
                    engine = message["metadata"].get("engine")
                    self._began.append((message["parent_header"]["msg_id"], engine, time.time()))
            elif kind in _OUTPUT:
                self._wrote.append(message["parent_header"]["msg_id"])
        except Exception:
            trouble("reading an iopub message of %.100r", _msg_id(message))


def _emptied(events: deque[Any]) -> list[Any]:
    """All that is in a deque now; others may append meanwhile."""
    return [events.popleft() for _ in range(len(events))]


def _msg_id(message: Any) -> Any:
    try:
        return message["parent_header"]["msg_id"]
    except Exception:
        return message
