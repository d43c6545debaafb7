"""Functions that end tasks in place of their engines: cancelled, stranded or without contact."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import ContactLost
from ..log import log_error
from ..upstream.futures import PENDING, pending_positions, set_result

if TYPE_CHECKING:
    from ..upstream.protocols import AsyncResultLike, ClientLike, MessageFutureLike
    from .scope import TaskScope


def call_on_io_thread(client: ClientLike, function: Callable[[], None]) -> None:
    """Call a function on the IO thread, so that no reply is handled meanwhile.

    It is called at once on that thread itself, and where the client is closed.
    """

    def call() -> None:
        try:
            function()
        except Exception:
            log_error("ending tasks")

    thread = getattr(client, "_io_thread", None)
    if client._closed or thread is None or thread is threading.current_thread() or not thread.is_alive():
        call()
        return
    with suppress(RuntimeError):  # the client is being closed: the next poll finds it closed
        client._io_loop.add_callback(call)


def end(
    scope: TaskScope, futures: list[MessageFutureLike], status: str, error: Callable[[str], Exception]
) -> None:
    """End messages on behalf of their engines; later replies to them are dropped.

    Parameters
    ----------
    status : {'aborted', 'error'}
    error : callable
        Returns the error for a message id; ipyparallel sets errors as results of futures.
    """

    def end_pending() -> None:
        from ipyparallel.util import utcnow

        pending = [future for future in futures if future._state in PENDING]
        scope.connection.replies.discard(future.msg_id for future in pending)
        for future in pending:
            metadata = future.output.metadata
            metadata["status"], metadata["received"] = status, utcnow()
            future.set_result(error(future.msg_id))
            set_result(future.output, None)

    client = scope.connection.client
    if client is not None:
        call_on_io_thread(client, end_pending)


def give_up_contact(result: AsyncResultLike, scope: TaskScope) -> None:
    """End a result with :class:`ContactLost`, by the note of its scope; late replies are still received."""
    from ..upstream.async_result import end_hub_result

    error = ContactLost(scope.note)
    if result._children:
        call_on_io_thread(result._client, lambda: _end_result(result, scope, error))
    else:
        end_hub_result(result, error)


def _end_result(result: AsyncResultLike, scope: TaskScope, error: ContactLost) -> None:
    """End the pending futures, and put new ones for late replies in their place."""
    from ..upstream.async_result import CONTACT_LOST, connect_futures, replace_children, successor

    pending = pending_positions(result._children)
    if not pending:
        return
    children = list(result._children)
    old = [children[i] for i in pending]
    scope.listener.detach(old)
    closed = scope.connection.closed
    if not closed:
        for i in pending:
            children[i] = successor(children[i])
    setattr(result, CONTACT_LOST, not closed)
    scope.connection.replies.discard(future.msg_id for future in old)
    for future in old:
        set_result(future, error)  # ipyparallel sets errors as results
        if closed:
            set_result(future.output, None)
    if not result.done():
        result._resolve_result(result._result_future)
    if closed:
        return
    # waiters hold the old futures; late replies go to the new ones
    new = [children[i] for i in pending]
    scope.listen(new)
    scope.connection.replies.postpone(new)
    replace_children(result, children)
    connect_futures(result)
