"""Replacements of what resolves a result and of ``get()``, which account for tasks that never finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION
from functools import wraps
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ...upstream.async_result import (
    CONTACT_LOST,
    UNFINISHED,
    error_of_unfinished,
    inputs_per_message,
    own_attribute,
    reopen,
)
from ...upstream.futures import PENDING, value_or_error

if TYPE_CHECKING:
    from ...upstream.protocols import AsyncResultLike, FutureLike


def wrap_init_futures(
    original: Callable[[AsyncResultLike], None], on_created: Callable[[AsyncResultLike], None]
) -> Callable[[AsyncResultLike], None]:
    """Report each new result; also called once for each task of a map."""

    @wraps(original)
    def _init_futures(self: AsyncResultLike) -> None:
        original(self)
        on_created(self)

    return _init_futures


def wrap_resolve_result(original: Callable[..., None]) -> Callable[..., None]:
    """End a result also if tasks were aborted or cancelled: the original hangs, or calls it a success."""

    @wraps(original)
    def _resolve_result(self: AsyncResultLike, f: FutureLike | None = None) -> None:
        if f is None or not self._children:
            original(self, f)
            return
        if f is not self._result_future:
            return  # of an attempt that was retried
        if self.done():
            if not own_attribute(self, CONTACT_LOST):
                return
            reopen(self)  # the replies have arrived after all
            self.add_done_callback(self._finalize_result)
        failed = f.exception() is not None
        values = [value_or_error(child) for child in self._children] if failed else f.result()
        returns_errors = self._return_exceptions and not self._single_result
        error = None if returns_errors else error_of_unfinished(self, values)
        try:
            if error is None:
                original(self, SimpleNamespace(result=lambda: values))  # it reads no more of a future
                return
        except Exception as problem:
            if self.done():
                raise
            error = problem
        self._raw_results = values
        self._success = False
        self.set_exception(error)

    return _resolve_result


def wrap_collect_exceptions(original: Callable[..., object]) -> Callable[..., object]:
    """Raise the error of a task that never finished: the original takes it for a value."""

    @wraps(original)
    def _collect_exceptions(self: AsyncResultLike, results: Sequence[object]) -> object:
        if not self._children:
            self._raw_results = results  # a result of the Hub does not keep them itself
        if not self._return_exceptions:
            for value in results:
                if isinstance(value, UNFINISHED):
                    raise value
        return original(self, results)

    return _collect_exceptions


def wrap_get(
    original: Callable[..., object], on_hub_result: Callable[[AsyncResultLike], None]
) -> Callable[..., object]:
    """Return partial values for ``return_exceptions=True``: the original can't for a map that failed.

    Reports each pending result of the Hub as well, as its creation is not reported.
    """

    @wraps(original)
    def get(
        self: AsyncResultLike,
        timeout: float | None = None,
        return_exceptions: bool | None = None,
        return_when: str | None = None,
    ) -> object:
        if timeout is not None and timeout < 0:
            timeout = None
        deadline = None if timeout is None else time.monotonic() + timeout
        if not self._children and not self._ready:
            on_hub_result(self)
        partial = return_exceptions and not self._return_exceptions and return_when != FIRST_EXCEPTION
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if partial:
                if not self._ready:
                    self.wait(left)
                if self._ready:
                    return self.result() if self._success else _values_and_errors(self)
            else:
                try:
                    return original(self, left, return_exceptions, return_when)
                except TimeoutError:
                    if self._ready:
                        raise
            # not ready: the timeout is over, or a retry has made the result pending again
            if deadline is not None and time.monotonic() >= deadline:
                msg = "Result not ready."
                raise TimeoutError(msg)

    return get


def _values_and_errors(result: AsyncResultLike) -> object:
    """Return the values of all inputs in order, with an error in place of each missing value."""
    from ipyparallel import AsyncMapResult
    from ipyparallel.client.map import mappable

    missing = result.exception()
    if not result._children:
        return missing if result._single_result else result._raw_results
    values: list[Any] = [
        missing if child._state in PENDING else value_or_error(child) for child in result._children
    ]
    if result._single_result:
        return values[0]
    if not isinstance(result, AsyncMapResult):
        return values
    flat: list[object] = []
    for value, inputs in zip(values, inputs_per_message(result), strict=True):
        if isinstance(value, Exception):
            flat.extend([value] * inputs)
        elif mappable(value):
            flat.extend(value)
        else:
            flat.append(value)
    return flat
