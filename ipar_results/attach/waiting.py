"""`await ar` while the layer is on: the event loop goes on, and the result ends as `get()` would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ALL_COMPLETED
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..live.wait import checked
from ..log import tell, trouble

if TYPE_CHECKING:
    from ..results.followed import Followed

_OUTPUT_PERIOD = 0.25
_HUB_PERIOD = 1.0  # no event tells when the Hub has a result


def await_of(followed: Callable[[Any], Followed]) -> Callable[[Any], Generator[Any, None, Any]]:
    """The method `__await__` of a result.

    Parameters
    ----------
    followed : callable
        Gives the facade of a result.
    """

    def __await__(self: Any) -> Generator[Any, None, Any]:  # noqa: N807
        """Wait for the result without keeping the event loop, and give or raise what ``get()`` does."""
        from ipyparallel import AsyncHubResult

        hub = isinstance(self, AsyncHubResult)
        return (_from_hub(self, followed(self)) if hub else _value(self)).__await__()

    return __await__


async def _value(result: Any) -> Any:
    while True:
        if not result._ready:
            await _end_of(result)
        try:
            return result.get(0)
        except TimeoutError:
            if result._ready:  # the error of a task
                raise
            # a retry began before we looked


async def _end_of(result: Any) -> None:
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def wake() -> None:
        if not ended.done():
            ended.set_result(None)

    def on_done(_: Any) -> None:
        with suppress(RuntimeError):  # the event loop is closed: nobody waits
            loop.call_soon_threadsafe(wake)

    result.add_done_callback(on_done)
    try:
        await ended
    finally:
        with result._condition:
            if on_done in result._done_callbacks:
                result._done_callbacks.remove(on_done)


async def _from_hub(result: Any, followed: Followed) -> Any:
    """The Hub is asked without waiting; only the values are fetched by a thread, once they are all there."""
    while not result._ready and not followed.record.finished and not followed.lost:
        followed.poll()
        await asyncio.sleep(_HUB_PERIOD)
    return await asyncio.get_running_loop().run_in_executor(None, result.get)


def forget_kinds() -> None:
    """Have Python look anew at what can be awaited: `isinstance(ar, Awaitable)` remembers its answers."""
    clear = getattr(Awaitable, "_abc_caches_clear", None)
    if clear is not None:
        clear()


def wait_interactive(
    wait: Callable[[Any, float, float | None, bool | None, Any], None], theirs: Callable[..., None]
) -> Callable[..., None]:
    """Ours, and upstream's where ours fails."""

    @wraps(theirs)
    def wait_interactive(
        self: Any,
        interval: float = 0.1,
        timeout: float | None = -1,
        widget: bool | None = None,
        return_when: Any = ALL_COMPLETED,
    ) -> None:
        when = checked(return_when)
        try:
            wait(self, interval, timeout, widget, when)
        except Exception:
            trouble("waiting")
            theirs(self, interval, timeout, widget, return_when)

    return wait_interactive


def wait_for_output(
    theirs: Callable[..., Any], followed_of: Callable[[Any], Followed]
) -> Callable[..., bool]:
    """Upstream's, which without a timeout waits for ever where the controller's iopub relay has died."""

    @wraps(theirs)
    def wait_for_output(self: Any, timeout: float | None = -1) -> bool:
        if timeout is not None and timeout >= 0:
            return bool(theirs(self, timeout))
        while not theirs(self, _OUTPUT_PERIOD):
            try:
                if self._ready and overdue(followed_of(self)):
                    return False
            except Exception:
                trouble("waiting for output")
        return True

    return wait_for_output


def overdue(followed: Followed) -> bool:
    """Whether all tasks have ended and nothing was heard of them for as long as anybody is waited for."""
    followed.poll()
    record = followed.record
    if not record.finished or record.silence <= record.connection.contact_timeout:
        return False
    tell(
        "%s: its tasks ended %.0f s ago and not all of their output has come: it is waited for no longer. "
        "Call wait_for_output() again to wait on; the results themselves are whole.",
        record.name,
        record.silence,
    )
    return True
