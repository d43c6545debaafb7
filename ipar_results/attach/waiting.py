"""`await ar` while the layer is on: the event loop goes on, and the result ends as `get()` would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..results.followed import Followed

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
