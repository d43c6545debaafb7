"""Ends of tasks that their engines will never report: cancelled, stranded, or cut off from the controller."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import ContactLost
from ..log import log_error
from ..upstream.futures import PENDING, pending_positions

if TYPE_CHECKING:
    from .scope import TaskScope

_HUB_REQUESTS = ("result_request",)


def on_io(client: Any, do: Callable[[], None]) -> None:
    """Call `do` on the IO thread, where replies are handled, so that none arrives meanwhile.

    Called at once where no reply can arrive: on that thread, or once the client is closed.
    """

    def done() -> None:
        try:
            do()
        except Exception:
            log_error("ending tasks")

    thread = getattr(client, "_io_thread", None)
    if client._closed or thread is None or thread is threading.current_thread() or not thread.is_alive():
        done()
        return
    with suppress(RuntimeError):  # the client is being closed: the next poll finds it closed
        client._io_loop.add_callback(done)


def end(scope: TaskScope, futures: list[Any], status: str, value: Callable[[str], Any]) -> None:
    """End messages on behalf of their engines; later replies to them are dropped.

    Parameters
    ----------
    status : {'aborted', 'error'}
    value : callable
        The error, by message id: ipyparallel gives errors as results.
    """

    def do() -> None:
        from ipyparallel.util import utcnow

        left = [future for future in futures if future._state in PENDING]
        scope.connection.replies.discard(future.msg_id for future in left)
        for future in left:
            future.output.metadata.update(status=status, received=utcnow())
            future.set_result(value(future.msg_id))
            _set(future.output, None)

    client = scope.connection.client
    if client is not None:
        on_io(client, do)


def give_up_contact(result: Any, scope: TaskScope) -> None:
    """End a result with :class:`ContactLost`; replies that arrive after all are still taken in.

    Parameters
    ----------
    scope : TaskScope
        To which its messages belong; its note is the message of the error.
    """
    error = ContactLost(scope.note)
    client = result._client
    if result._children:
        on_io(client, lambda: _put_off(result, scope, error))
    else:
        _end_hub_result(result, error)


def _put_off(result: Any, scope: TaskScope, error: ContactLost) -> None:
    from ..upstream.async_result import CONTACT_LOST, connect_futures, replace_children

    children, waiting = result._children, pending_positions(result._children)
    if not waiting:
        return
    old = [children[i] for i in waiting]
    scope.listener.detach(old)
    closed = scope.connection.closed
    fresh = list(children)
    if not closed:
        for i in waiting:
            fresh[i] = _successor(children[i])
    setattr(result, CONTACT_LOST, not closed)
    scope.connection.replies.discard(future.msg_id for future in old)
    for future in old:
        _set(future, error)  # as a result: so ipyparallel gives errors
        if closed:
            _set(future.output, None)
    if not result.done():
        result._resolve_result(result._result_future)
    if closed:
        return
    # the user's waiters hold the old futures; replies that arrive later go to the new ones
    late = [fresh[i] for i in waiting]
    scope.listen(late)
    scope.connection.replies.postpone(late)
    replace_children(result, fresh)
    connect_futures(result)


def _successor(future: Any) -> Any:
    from ipyparallel.client.futures import MessageFuture

    fresh = MessageFuture(future.msg_id, header=future.header)
    fresh.output = future.output
    return fresh


def _end_hub_result(result: Any, error: ContactLost) -> None:
    """End also the request to the Hub on which the user's thread waits."""
    if not result.done():
        result._success = False
        result.set_exception(error)
    result._ready = result._output_ready = True
    result._ready_event.set()
    result._output_event.set()
    for future in list(getattr(result._client, "_futures", {}).values()):
        if future.header.get("msg_type") in _HUB_REQUESTS:
            with suppress(InvalidStateError):
                future.set_exception(error)


def _set(future: Any, value: Any) -> None:
    with suppress(InvalidStateError):
        future.set_result(value)
