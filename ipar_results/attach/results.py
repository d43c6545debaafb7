"""How a result comes to its end: with its values, or with one error that says what became of the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, CancelledError
from functools import wraps
from typing import Any

from ipyparallel.error import RemoteError, TaskAborted, collect_exceptions

from ..errors import ContactLost
from ..upstream.futures import PENDING, outcome

LOST = "_ipar_results_lost"
_STOPPED = (TaskAborted, CancelledError)
_UNENDED = (ContactLost, *_STOPPED)


class TasksCancelled(TaskAborted):  # type: ignore[misc]
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


def resolve_result(theirs: Callable[..., None]) -> Callable[..., None]:
    """Upstream's, which never ends where a task was aborted or cancelled, or calls that a success."""

    @wraps(theirs)
    def _resolve_result(self: Any, f: Any = None) -> None:
        if f is None or not self._children:
            theirs(self, f)
            return
        if f is not self._result_future:
            return  # of an attempt that was retried
        if self.done():
            if not was_lost(self):
                return
            reopen(self)  # the answers came after all
            self.add_done_callback(self._finalize_result)
        results = [outcome(child) for child in self._children] if f.exception() is not None else f.result()
        error = None if self._return_exceptions and not self._single_result else reason(self, results)
        try:
            if error is None:
                theirs(self, _Given(results))
                return
        except Exception as problem:
            if self.done():
                raise
            error = problem
        self._raw_results = results
        self._success = False
        self.set_exception(error)

    return _resolve_result


class _Given:
    """Stands for a future that has these results."""

    def __init__(self, results: list[Any]) -> None:
        self.result = lambda: results


def reason(result: Any, results: Sequence[Any]) -> Exception | None:
    """The error of a result of which some tasks never ran, or will not be heard of; None where all did."""
    unended = [i for i, value in enumerate(results) if isinstance(value, _UNENDED)]
    if not unended:
        return None
    sizes = weights(result)
    lost = [results[i] for i in unended if isinstance(results[i], ContactLost)]
    failed = [(i, value) for i, value in enumerate(results) if isinstance(value, RemoteError)]
    total, bad = sum(sizes), sum(sizes[i] for i, _ in failed)
    without = sum(sizes[i] for i in unended)
    if lost:
        if len(results) == 1:
            return ContactLost(str(lost[0]))
        kept = f"{total - without:,} of {total:,} tasks had ended: ar.get(return_exceptions=True) gives them."
        return ContactLost(f"{lost[0]} {kept}")
    error = TasksCancelled(without, bad, total - without - bad, total)
    try:
        collect_exceptions([value for _, value in failed], result._fname)
    except Exception as cause:
        error.__cause__ = cause
    return error


def weights(result: Any) -> list[int]:
    """How many inputs each message carries."""
    sizes = result._chunk_sizes
    return [sizes.get(msg_id, 1) for msg_id in result.msg_ids] if sizes else [1] * len(result.msg_ids)


def collect_exceptions_of(theirs: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Upstream's, which takes a task that never ran for a value."""

    @wraps(theirs)
    def _collect_exceptions(self: Any, results: Any) -> Any:
        if not self._children:
            self._raw_results = results  # of the Hub: ipyparallel does not keep them
        if not self._return_exceptions:
            for value in results:
                if isinstance(value, _UNENDED):
                    raise value
        return theirs(self, results)

    return _collect_exceptions


def get(theirs: Callable[..., Any], notice: Callable[[Any], None]) -> Callable[..., Any]:
    """Upstream's, which can't give the pieces of a map of which a task failed."""

    @wraps(theirs)
    def get(self: Any, timeout: Any = None, return_exceptions: Any = None, return_when: Any = None) -> Any:
        if timeout is not None and timeout < 0:
            timeout = None
        deadline = None if timeout is None else time.monotonic() + timeout
        if not self._children and not self._ready:
            notice(self)  # a result of the Hub, which is not told when it is made
        pieces = return_exceptions and not self._return_exceptions and return_when != FIRST_EXCEPTION
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if pieces:
                if not self._ready:
                    _wait(self, left)
                if self._ready:
                    return self.result() if self._success else _pieces(self)
            else:
                try:
                    return theirs(self, left, return_exceptions, return_when)
                except TimeoutError:
                    if self._ready:
                        raise
            # a retry may have begun between the end of the wait and the look at the result
            if deadline is not None and time.monotonic() >= deadline:
                msg = "Result not ready."
                raise TimeoutError(msg)

    return get


def _wait(result: Any, left: float | None) -> None:
    """Wait; to fetch from the Hub what failed raises the first time, and the second finds it fetched."""
    try:
        result.wait(left)
    except RemoteError:
        if result._children:
            raise
        result.wait(left)


def _pieces(result: Any) -> Any:
    """All values in the order of the inputs, with an error in the place of each that is missing."""
    from ipyparallel import AsyncMapResult
    from ipyparallel.client.map import mappable

    missing = result.exception()
    if not result._children:
        return missing if result._single_result else result._raw_results
    values = [missing if child._state in PENDING else outcome(child) for child in result._children]
    if result._single_result:
        return values[0]
    if not isinstance(result, AsyncMapResult):
        return values
    flat: list[Any] = []
    for value, size in zip(values, weights(result), strict=True):
        if isinstance(value, Exception):
            flat.extend([value] * size)
        elif mappable(value):
            flat.extend(value)
        else:
            flat.append(value)
    return flat


# taking a result apart and putting it together --------------------------------------------------------


class _Served:
    """A waiter that was told of an earlier end, left for its owner to take away."""

    def __init__(self, waiter: Any) -> None:
        self._waiter = waiter
        self.add_result = self.add_exception = self.add_cancelled = lambda future: None

    def __eq__(self, other: object) -> bool:
        return other is self._waiter

    __hash__ = None  # type: ignore[assignment]


def was_lost(result: Any) -> bool:
    """Whether the result ended only because contact was lost."""
    try:
        return bool(object.__getattribute__(result, LOST))
    except AttributeError:
        return False


def reopen(result: Any) -> None:
    """Make a result that has ended pending again; who was told of that end is not told again."""
    with result._condition:
        result._success = None
        result._ready = False
        result._ready_event.clear()
        result._state = "PENDING"
        result._result = result._exception = None
        result._done_callbacks = []
        result._waiters = [_Served(waiter) for waiter in result._waiters]
    setattr(result, LOST, False)


def rewire(result: Any, children: list[Any]) -> None:
    """Have a result consist of these futures."""
    old = result.msg_ids
    for inner in (result._result_future, result._output_future):
        with inner._condition:
            inner._done_callbacks.clear()
    result._children = children
    result.msg_ids = [child.msg_id for child in children]
    result._metadata = [child.output.metadata for child in children]
    sizes = result._chunk_sizes
    if sizes:
        result._chunk_sizes = {new: sizes.get(was, 1) for was, new in zip(old, result.msg_ids, strict=True)}


def wire(result: Any) -> None:
    """Resolve a result by its futures, as ipyparallel does when it is made."""
    from ipyparallel.client.futures import multi_future

    result._output_ready = False
    result._output_event.clear()
    result._result_future = multi_future(result._children)
    result._output_future = multi_future(
        [result._result_future, *(child.output for child in result._children)]
    )
    result._result_future.add_done_callback(result._resolve_result)
    result._output_future.add_done_callback(result._resolve_output)
