"""Internals of AsyncResult: its error when tasks never finished, and replacing its futures in place."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError, InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ipyparallel.client.futures import MessageFuture, multi_future
from ipyparallel.error import RemoteError, TaskAborted, collect_exceptions

from ..errors import ContactLost

if TYPE_CHECKING:
    from .protocols import AsyncResultLike, MessageFutureLike

CONTACT_LOST = "_ipar_results_lost"
"""Attribute of a result: True while it has failed only because contact was lost."""

UNFINISHED = (ContactLost, TaskAborted, CancelledError)
"""Errors of tasks that did not run to their end, as far as is known."""


class InternalName(str):
    """Name of a function of ipyparallel itself, such as the ``_push`` of ``view.push()``."""


class MapPartName(str):
    """Name of the temporary result that a map makes of each of its messages."""


class TasksCancelled(TaskAborted):  # type: ignore[misc]  # ipyparallel ships no types
    """Tasks of a result were cancelled before they ran.

    Attributes
    ----------
    cancelled, failed, finished, total : int
        Inputs. What failed is the ``__cause__``, as ipyparallel's CompositeError.
    """

    def __init__(self, cancelled: int, failed: int, finished: int, total: int) -> None:
        self.cancelled, self.failed, self.finished, self.total = cancelled, failed, finished, total
        super().__init__(cancelled, failed, finished, total)

    def __str__(self) -> str:
        if self.total == 1:
            return "The task was cancelled before it ran: ar.monitor.retry() runs it."
        were = "was" if self.cancelled == 1 else "were"
        did = f"{self.cancelled:,} of {self.total:,} tasks {were} cancelled"
        if self.failed:
            did += f", {self.failed:,} failed"
        kept = "ar.get(return_exceptions=True) gives what there is, ar.monitor.retry() runs the others again"
        return f"{did}, {self.finished:,} finished: {kept}."


def error_of_unfinished(result: AsyncResultLike, values: Sequence[object]) -> Exception | None:
    """Return the error for a result of which some tasks did not finish, None if all did.

    `values` holds the value or the error of each message.
    """
    unfinished = [i for i, value in enumerate(values) if isinstance(value, UNFINISHED)]
    if not unfinished:
        return None
    inputs = inputs_per_message(result)
    lost = [values[i] for i in unfinished if isinstance(values[i], ContactLost)]
    failed = [(i, value) for i, value in enumerate(values) if isinstance(value, RemoteError)]
    total, bad = sum(inputs), sum(inputs[i] for i, _ in failed)
    without = sum(inputs[i] for i in unfinished)
    if lost:
        if len(values) == 1:
            return ContactLost(str(lost[0]))
        kept = f"{total - without:,} of {total:,} tasks had ended: ar.get(return_exceptions=True) gives them."
        return ContactLost(f"{lost[0]} {kept}")
    error = TasksCancelled(without, bad, total - without - bad, total)
    try:  # ipyparallel raises the error that sums up those of the engines
        collect_exceptions([value for _, value in failed], result._fname)
    except Exception as cause:
        error.__cause__ = cause
    return error


def inputs_per_message(result: AsyncResultLike) -> list[int]:
    """Return how many inputs each message carries."""
    sizes = result._chunk_sizes
    return [sizes.get(msg_id, 1) for msg_id in result.msg_ids] if sizes else [1] * len(result.msg_ids)


class _NotifiedWaiter:
    """Takes the place of a waiter that was notified, until ``concurrent.futures.wait`` removes it."""

    def __init__(self, waiter: object) -> None:
        self._waiter = waiter
        self.add_result = self.add_exception = self.add_cancelled = lambda future: None

    def __eq__(self, other: object) -> bool:
        return other is self._waiter


def own_attribute(result: AsyncResultLike, name: str) -> Any:
    """Return an attribute without ``__getattr__``; ``vars()`` fails, as AsyncResult defines ``__dict__``."""
    try:
        return object.__getattribute__(result, name)
    except AttributeError:
        return None


def reopen(result: AsyncResultLike) -> None:
    """Make a result that has ended pending again; its callbacks and waiters are not notified twice."""
    with result._condition:
        result._success = None
        result._ready = False
        result._ready_event.clear()
        result._state = "PENDING"
        result._result = result._exception = None
        result._done_callbacks = []
        result._waiters = [_NotifiedWaiter(waiter) for waiter in result._waiters]
    setattr(result, CONTACT_LOST, False)


def replace_children(result: AsyncResultLike, children: list[MessageFutureLike]) -> None:
    """Replace the message futures of a result; :func:`connect_futures` must follow."""
    old_ids = result.msg_ids
    for inner in (result._result_future, result._output_future):
        with inner._condition:
            inner._done_callbacks.clear()
    result._children = children
    result.msg_ids = [child.msg_id for child in children]
    result._metadata = [child.output.metadata for child in children]
    sizes = result._chunk_sizes
    if sizes:
        result._chunk_sizes = {
            new: sizes.get(old, 1) for old, new in zip(old_ids, result.msg_ids, strict=True)
        }


def connect_futures(result: AsyncResultLike) -> None:
    """Have the end of its message futures resolve a result, as ``AsyncResult._init_futures`` does."""
    result._output_ready = False
    result._output_event.clear()
    result._result_future = multi_future(result._children)
    result._output_future = multi_future(
        [result._result_future, *(child.output for child in result._children)]
    )
    result._result_future.add_done_callback(result._resolve_result)
    result._output_future.add_done_callback(result._resolve_output)


def successor(old: MessageFutureLike) -> MessageFutureLike:
    """Return a new future for the reply to a message whose future has ended without it."""
    new: MessageFutureLike = MessageFuture(old.msg_id, header=old.header)
    new.output = old.output
    return new


def end_hub_result(result: AsyncResultLike, error: ContactLost) -> None:
    """End a result of the Hub, and the request to the Hub on which the user's thread may wait."""
    if not result.done():
        result._success = False
        result.set_exception(error)
    result._ready = result._output_ready = True
    result._ready_event.set()
    result._output_event.set()
    for future in list(getattr(result._client, "_futures", {}).values()):
        if future.header.get("msg_type") == "result_request":
            with suppress(InvalidStateError):
                future.set_exception(error)
