"""How a result comes to its end: with its values, or with one error that says what became of the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION
from functools import wraps
from typing import Any

from ipyparallel.error import RemoteError

from ..upstream.async_result import (
    UNFINISHED,
    error_of_unfinished,
    has_lost_contact,
    inputs_per_message,
    reopen,
)
from ..upstream.futures import PENDING, value_or_error


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
            if not has_lost_contact(self):
                return
            reopen(self)  # the answers came after all
            self.add_done_callback(self._finalize_result)
        results = (
            [value_or_error(child) for child in self._children] if f.exception() is not None else f.result()
        )
        error = (
            None
            if self._return_exceptions and not self._single_result
            else error_of_unfinished(self, results)
        )
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


def collect_exceptions_of(theirs: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Upstream's, which takes a task that never ran for a value."""

    @wraps(theirs)
    def _collect_exceptions(self: Any, results: Any) -> Any:
        if not self._children:
            self._raw_results = results  # of the Hub: ipyparallel does not keep them
        if not self._return_exceptions:
            for value in results:
                if isinstance(value, UNFINISHED):
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
    values = [missing if child._state in PENDING else value_or_error(child) for child in result._children]
    if result._single_result:
        return values[0]
    if not isinstance(result, AsyncMapResult):
        return values
    flat: list[Any] = []
    for value, size in zip(values, inputs_per_message(result), strict=True):
        if isinstance(value, Exception):
            flat.extend([value] * size)
        elif mappable(value):
            flat.extend(value)
        else:
            flat.append(value)
    return flat
