"""Functions that end tasks in place of their engines: cancelled, stranded or without contact."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from ..log import log_errors
from ..upstream.connection import Connection
from ..upstream.futures import PENDING, set_result
from ..upstream.protocols import ClientLike, MessageFutureLike


def call_on_io_thread(client: ClientLike, function: Callable[[], None]) -> None:
    """Call a function on the IO thread, so that no reply is handled meanwhile.

    It is called at once on that thread itself, and where the client is closed.
    """

    def call() -> None:
        with log_errors("ending tasks"):
            function()

    thread = getattr(client, "_io_thread", None)
    if client._closed or thread is None or thread is threading.current_thread() or not thread.is_alive():
        call()
        return
    with suppress(RuntimeError):  # the client is being closed: the next poll finds it closed
        client._io_loop.add_callback(call)


def end(
    connection: Connection, futures: list[MessageFutureLike], status: str, error: Callable[[str], Exception]
) -> None:
    """End messages as 'aborted' or 'error' on behalf of their engines; later replies to them are dropped.

    `error` returns the error for a message id; ipyparallel sets errors as results of futures.
    """

    def end_pending() -> None:
        from ipyparallel.util import utcnow

        pending = [future for future in futures if future._state in PENDING]
        connection.replies.discard(future.msg_id for future in pending)
        for future in pending:
            metadata = future.output.metadata
            metadata["status"], metadata["received"] = status, utcnow()
            future.set_result(error(future.msg_id))
            set_result(future.output, None)

    client = connection.client
    if client is not None:
        call_on_io_thread(client, end_pending)
