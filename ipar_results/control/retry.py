"""Retry of failed and cancelled tasks in place, with the requests that the controller has kept."""

from __future__ import annotations

import operator
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..errors import RetryError
from ..model.status import ABORTED, FAILED
from .end_tasks import call_on_io_thread

if TYPE_CHECKING:
    from ..record.columns import Columns
    from ..upstream.protocols import ClientLike, JSONObject, Message, MessageFutureLike
    from .scope import ResultScope

Resend: TypeAlias = "Callable[[], MessageFutureLike]"

_KEYS = ["msg_id", "header", "content", "metadata", "buffers", "queue", "engine_uuid"]
_RECORDS_PER_QUERY = 200
_TIMEOUT = 30.0  # seconds in which the controller has to return the requests
_HUB_LAG = 2.0  # seconds by which a busy Hub may be behind its schedulers
_NO_RECORDS = (
    "The controller keeps no record of tasks, so none can be run again. Start it with a database: "
    "c.IPController.db_class = 'DictDB' in ipcontroller_config.py, or ipcontroller --dictdb."
)
_CULLED = (
    "The controller no longer has {} of these tasks: it keeps the newest 1,024, unless c.DictDB.record_limit "
    "in ipcontroller_config.py says otherwise."
)
_BROADCAST = (
    "The controller keeps no record of a broadcast ({} of these tasks): "
    "what a DirectView sends can be run again."
)
_ENGINE_GONE = (
    "Engine {}, to which {} of these tasks belonged, is not in the cluster any more; the tasks of a "
    "DirectView run on their own engine only."
)


@dataclass(frozen=True)
class Retried:
    """Outcome of a retry, in counts of tasks.

    Attributes
    ----------
    retried : int
        Sent again.
    refused : int
        Failed or cancelled, but cannot be sent again.
    reasons : tuple of str
        Why not, in sentences.
    """

    retried: int = 0
    refused: int = 0
    reasons: tuple[str, ...] = ()


def retry(scope: ResultScope, indices: Sequence[int] | None = None) -> Retried:
    """Run failed and cancelled tasks again; see :meth:`~ipar_results.results.monitor.Monitor.retry`.

    If it raises a RetryError, as none of the tasks or not all of the given ones can be run again, nothing was
    sent.
    """
    scope.drain()
    positions = positions_to_retry(scope.columns, indices)
    if not positions:
        return Retried()
    _check(scope)
    deadline = time.monotonic() + min(_TIMEOUT, scope.connection.contact_timeout)
    plans, reasons = _plan(scope, positions, deadline)
    if not plans or (reasons and indices is not None):
        raise RetryError(" ".join(reasons))
    _send_all(scope, plans)
    count = scope.columns.input_count
    retried = sum(map(count, plans))
    return Retried(retried, sum(map(count, positions)) - retried, tuple(reasons))


def positions_to_retry(columns: Columns, indices: Sequence[int] | None) -> list[int]:
    """Return the positions of the messages to run again; raise an error for wrong indices."""
    bad = np.isin(columns.status, (FAILED, ABORTED))
    if indices is None:
        return [int(i) for i in np.flatnonzero(bad)]
    try:
        index = np.array([operator.index(i) for i in indices], np.int64)
    except (TypeError, OverflowError) as error:
        msg = f"expected a list of the indices of tasks, such as [0, 3], got {indices!r}"
        raise TypeError(msg) from error
    if ((index < 0) | (index >= columns.total)).any():
        msg = f"expected indices from 0 to {columns.total - 1:,}, got {indices!r}"
        raise IndexError(msg)
    positions = np.unique(columns.positions_of_inputs(index))
    fine = index[~bad[columns.positions_of_inputs(index)]]
    if len(fine):
        msg = f"expected tasks that failed or were cancelled, got {fine.tolist()[:10]}: they did not"
        raise ValueError(msg)
    return [int(i) for i in positions]


def _check(scope: ResultScope) -> None:
    if not scope.futures:
        msg = (
            "A result that was fetched from the Hub can't be retried: "
            "retry the one that was given when it was sent."
        )
        raise RetryError(msg)
    if scope.connection.on_io_thread:
        msg = "retry() waits for the controller: call it from a thread, not in a callback of ipyparallel."
        raise RetryError(msg)
    if scope.watchdog.lost:
        raise RetryError(scope.watchdog.note + " Nothing can be run again.")


# requests that the controller kept -------------------------------------------------------------------


def _plan(scope: ResultScope, positions: list[int], deadline: float) -> tuple[dict[int, Resend], list[str]]:
    """Return by position how to send a message again, and why some cannot be."""
    client, msg_ids = scope.client, scope.msg_ids
    records = _query_records(client, [msg_ids[position] for position in positions], deadline)
    lag_deadline = min(deadline, time.monotonic() + _HUB_LAG)
    # the controller writes no record of a broadcast
    expected = {msg_ids[position] for position in positions if not _is_broadcast(scope, position)}
    while (missing := expected - records.keys()) and time.monotonic() < lag_deadline:
        time.sleep(0.1)
        records |= _query_records(client, list(missing), deadline)
    engines = set(client._engines.values())
    plans: dict[int, Resend] = {}
    refused = Counter[str]()  # by reason, inputs
    for position in positions:
        msg_id = msg_ids[position]
        record = records.get(msg_id)
        if record is None:
            reason = _CULLED if msg_id in expected else _BROADCAST
        elif record["queue"] == "task":
            plans[position] = partial(_send, client, client._task_stream, record, None)
            continue
        elif record["engine_uuid"] in engines:
            ident = record["engine_uuid"].encode()
            plans[position] = partial(_send, client, client._mux_stream, record, ident)
            continue
        else:
            reason = _ENGINE_GONE.format(scope.connection.engine_id(record["engine_uuid"]), "{}")
        refused[reason] += scope.columns.input_count(position)
    return plans, [reason.format(f"{inputs:,}") for reason, inputs in refused.items()]


def _is_broadcast(scope: ResultScope, position: int) -> bool:
    coalesced = isinstance(scope.metadata[position]["engine_id"], list)
    # the scheduler appends the engine's uuid to the client's message id
    return coalesced or any(scope.msg_ids[position].endswith(f"_{u}") for u in scope.client._engines.values())


def _query_records(client: ClientLike, msg_ids: list[str], deadline: float) -> dict[str, JSONObject]:
    """Return the controller's records by message id, without those that it no longer has."""
    found: dict[str, JSONObject] = {}
    for begin in range(0, len(msg_ids), _RECORDS_PER_QUERY):
        query = {"msg_id": {"$in": msg_ids[begin : begin + _RECORDS_PER_QUERY]}}
        try:
            future = client._send(client._query_stream, "db_request", content={"query": query, "keys": _KEYS})
        except (OSError, RuntimeError) as error:
            raise RetryError(str(error)) from error
        if not future.wait(max(0.0, deadline - time.monotonic())):
            msg = "The controller has not answered, so nothing was run again."
            raise RetryError(msg)
        reply: Message = future.result()
        content, buffers = reply["content"], list(reply["buffers"])
        if content["status"] != "ok":
            kind = content.get("ename")
            raise RetryError(_NO_RECORDS if kind == "NoData" else f"{kind}: {content.get('evalue')}")
        for record, size in zip(content["records"], content["buffer_lens"], strict=True):
            record["buffers"], buffers = buffers[:size], buffers[size:]
            # a record that was made from output alone has no request
            if record["header"]:
                found[record["msg_id"]] = record
    return found


# sending -------------------------------------------------------------------------------------------


def _send_all(scope: ResultScope, plans: dict[int, Resend]) -> None:
    """Send on the client's IO thread, so that no reply arrives while the result's futures are replaced."""
    from ..upstream.async_result import connect_futures, reopen, replace_children

    result, client = scope.result, scope.client
    sent: Future[None] = Future()

    def send_all() -> None:
        try:
            children = list(result._children)
            for position, send in plans.items():
                children[position] = send()
            ended = result.done()
            if ended:
                reopen(result)
            scope.reopen(list(plans), lambda: replace_children(result, children))
            if ended:
                result.add_done_callback(result._finalize_result)
            connect_futures(result)
            sent.set_result(None)
        except BaseException as error:
            sent.set_exception(error)
            raise

    call_on_io_thread(client, send_all)
    if not wait([sent], 60).done:
        msg = "The client is too busy to send anything, or was closed."
        raise RetryError(msg)
    sent.result()


def _send(client: ClientLike, stream: object, request: JSONObject, ident: bytes | None) -> MessageFutureLike:
    """Send a message again; `ident` is the uuid of the engine that it is for."""
    return client._send(
        stream,
        request["header"]["msg_type"],
        content=request["content"],
        buffers=request["buffers"],
        ident=ident,
        metadata=request["metadata"],
        track_outstanding=True,
    )
