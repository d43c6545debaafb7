"""Replacements of what waits: ``await ar``, ``wait_interactive()`` and ``wait_for_output()``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ALL_COMPLETED
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING

from ...live.wait import validate_return_when
from ...log import log_error, log_errors, logger
from ...upstream.futures import remove_done_callback

if TYPE_CHECKING:
    from ...results.followed import Followed
    from ...upstream.protocols import AsyncResultLike

_OUTPUT_PERIOD = 0.25  # seconds between two checks whether output is overdue
_HUB_PERIOD = 1.0  # seconds between two queries, as the Hub does not report the end of a result


async def value_of(result: AsyncResultLike) -> object:
    """Wait for a result without blocking the event loop, and return or raise what ``get()`` does."""
    while True:
        if not result._ready:
            await _end_of(result)
        try:
            return result.get(0)
        except TimeoutError:
            if result._ready:  # the error of a task
                raise
            # a retry has made the result pending again


async def _end_of(result: AsyncResultLike) -> None:
    """Wait until a result has ended; a cancellation removes the callback."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def wake() -> None:
        if not ended.done():
            ended.set_result(None)

    def on_done(_: AsyncResultLike) -> None:
        with suppress(RuntimeError):  # the event loop is closed
            loop.call_soon_threadsafe(wake)

    result.add_done_callback(on_done)
    try:
        await ended
    finally:
        remove_done_callback(result, on_done)


async def value_from_hub(result: AsyncResultLike, followed: Followed) -> object:
    """Poll the Hub without blocking; once all values are there, fetch them in a thread."""
    while not result._ready and not followed.record.finished and not followed.lost:
        followed.poll()
        await asyncio.sleep(_HUB_PERIOD)
    return await asyncio.get_running_loop().run_in_executor(None, result.get)


def wrap_wait_interactive(
    original: Callable[..., None],
    wait: Callable[[AsyncResultLike, float, float | None, bool | None, object], None],
) -> Callable[..., None]:
    """Show a card or a bar while waiting; call the original if that fails."""

    @wraps(original)
    def wait_interactive(
        self: AsyncResultLike,
        interval: float = 0.1,
        timeout: float | None = -1,
        widget: bool | None = None,
        return_when: object = ALL_COMPLETED,
    ) -> None:
        when = validate_return_when(return_when)
        try:
            wait(self, interval, timeout, widget, when)
        except Exception:
            log_error("waiting")
            original(self, interval, timeout, widget, return_when)

    return wait_interactive


def wrap_wait_for_output(
    original: Callable[[AsyncResultLike, float | None], bool],
    followed_of: Callable[[AsyncResultLike], Followed],
) -> Callable[..., bool]:
    """Give up on overdue output: the original waits forever once the iopub scheduler has died."""

    @wraps(original)
    def wait_for_output(self: AsyncResultLike, timeout: float | None = -1) -> bool:
        if timeout is not None and timeout >= 0:
            return bool(original(self, timeout))
        while not original(self, _OUTPUT_PERIOD):
            with log_errors("waiting for output"):
                if self._ready and is_output_overdue(followed_of(self)):
                    return False
        return True

    return wait_for_output


def is_output_overdue(followed: Followed) -> bool:
    """Return True, and log it, if all tasks have ended and no message has arrived for the contact timeout."""
    followed.poll()
    record = followed.record
    if not record.finished or record.silence <= record.connection.contact_timeout:
        return False
    logger.warning(
        "%s: its tasks ended %.0f s ago and not all of their output has come: it is waited for no longer. "
        "Call wait_for_output() again to wait on; the results themselves are whole.",
        record.name,
        record.silence,
    )
    return True
