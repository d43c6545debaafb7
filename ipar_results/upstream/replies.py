"""ReplyHandlers on their way into a client: one that can't be read ends its task, a late one does no harm."""

from __future__ import annotations

import traceback
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ..log import trouble

_REPLY_TYPES = ("apply_reply", "execute_reply")
_PING_REPLY = "kernel_info_reply"


class ReplyHandlers:
    """Stands before a client's handlers of replies, on its IO thread.

    ipyparallel loses a task whose reply raises while it is read, and its handler stalls what comes behind.

    Parameters
    ----------
    client : ipyparallel.Client
        Held weakly.
    on_reply_buffers : callable, optional
        Gets the message id and the buffers of each reply before it is read; must not raise.
    """

    def __init__(self, client: Any, on_reply_buffers: Callable[[str, Any], None] | None = None) -> None:
        self._client = weakref.ref(client)
        self._on_reply_buffers = on_reply_buffers
        self._unexpected: dict[str, Any] = {}
        self._handlers = getattr(client, "_queue_handlers", {})
        self._original = {kind: self._handlers[kind] for kind in _REPLY_TYPES if kind in self._handlers}
        self._replacements = {
            kind: partial(self._handle, original) for kind, original in self._original.items()
        }
        self._handlers.update(self._replacements)
        self._pings: dict[str, Callable[[], None]] = {}

    def close(self) -> None:
        """Put back the client's own handlers; a second call does nothing."""
        for kind, original in self._original.items():
            if self._handlers.get(kind) is self._replacements[kind]:
                self._handlers[kind] = original
        if self._handlers.get(_PING_REPLY) == self._on_ping_reply:
            del self._handlers[_PING_REPLY]
        client, late, self._unexpected = self._client(), self._unexpected, {}
        if client is not None and not client._closed:
            for msg_id, future in late.items():
                # an answer that nobody knows of raises in the client
                client.outstanding.add(msg_id)
                if future is not None:
                    _give_reply_to(client, future)

    # what is given up ------------------------------------------------------------------------------

    def discard(self, msg_ids: Iterable[str]) -> None:
        """Want no answers to these messages any more."""
        self._stop_expecting(dict.fromkeys(msg_ids))

    def postpone(self, futures: Iterable[Any]) -> None:
        """Wait no longer for these messages, but give these futures the answers that come all the same."""
        late = {future.msg_id: future for future in futures}
        self._stop_expecting(late)
        client = self._client()
        if client is not None:
            for msg_id, future in late.items():
                client._futures[msg_id] = future
                client.metadata[msg_id] = future.output.metadata
                client._output_futures[msg_id] = future.output

    @property
    def discarded(self) -> list[str]:
        """Messages whose tasks must not run any more, as far as anybody knows."""
        return [msg_id for msg_id, future in list(self._unexpected.items()) if future is None]

    def _stop_expecting(self, late: dict[str, Any]) -> None:
        self._unexpected.update(late)
        client = self._client()
        if client is not None:
            client.outstanding.difference_update(late)
            for held in list(getattr(client, "_outstanding_dict", {}).values()):
                held.difference_update(late)

    # engines that greet ----------------------------------------------------------------------------

    def ping_engine(self, client: Any, uuid: str, on_reply: Callable[[str], None]) -> None:
        """Ask an engine for what its kernel is: it replies in its turn, like to a task, and runs nothing."""
        self._handlers.setdefault(_PING_REPLY, self._on_ping_reply)

        def expect(future: Any) -> None:
            self._pings[future.msg_id] = partial(on_reply, uuid)
            client._futures.pop(future.msg_id, None)  # an engine that dies would leave it there

        client._send(
            client._mux_stream,
            "kernel_info_request",
            content={},
            ident=uuid.encode(),
            message_future_hook=expect,
        )

    def _on_ping_reply(self, message: Any) -> None:
        try:
            self._pings.pop(message["parent_header"].get("msg_id"), _ignore)()
        except Exception:
            trouble("reading a greeting")

    # what comes ------------------------------------------------------------------------------------

    def _handle(self, original: Callable[[Any], None], message: Any) -> None:
        try:
            client = self._client()
            if client is None or (self._unexpected and not self._accept(client, message)):
                return
            if message["metadata"].get("is_coalescing"):
                _check_coalesced(message)
            if self._on_reply_buffers is not None and message["buffers"]:
                self._on_reply_buffers(message["parent_header"]["msg_id"], message["buffers"])
            original(message)
        except Exception as error:
            try:
                _end_unreadable(self._client(), message, error)
            except Exception:
                trouble("reading a reply")

    def _accept(self, client: Any, message: Any) -> bool:
        msg_id = _message_id(client, message)
        if msg_id not in self._unexpected:
            return True
        future = self._unexpected.pop(msg_id)
        if future is None:
            return False
        client.outstanding.add(msg_id)
        _give_reply_to(client, future)
        return True


def _ignore() -> None:
    """Of a greeting that nobody waits for."""


def _message_id(client: Any, message: Any) -> str:
    if client._should_use_metadata_msg_id(message):
        return str(message["metadata"]["original_msg_id"])
    return str(message["parent_header"]["msg_id"])


def _give_reply_to(client: Any, future: Any) -> None:
    """Have the client give its answer to this future, as it does for one that it made."""
    msg_id, output = future.msg_id, future.output
    client._futures[msg_id] = future
    client.metadata[msg_id] = output.metadata
    if not output.done():
        client._output_futures[msg_id] = output
    forget_when_done(client, future)


def forget_when_done(client: Any, future: Any) -> None:
    """Have the client forget a task once its reply and its output have come, as it does of those it sent."""
    from ipyparallel.client.futures import multi_future

    msg_id = future.msg_id

    def forget(_: Any) -> None:
        for kept in (client.results, client._futures, client._output_futures, client.metadata):
            kept.pop(msg_id, None)

    multi_future([future, future.output]).add_done_callback(forget)


def _check_coalesced(message: Any) -> None:
    """A coalesced reply has the status of the engine that answered last, and lacks the others' errors."""
    from ipyparallel.serialize import deserialize_object

    if message["content"]["status"] != "ok":
        return
    buffers, values = message["buffers"], 0
    while buffers:
        _, buffers = deserialize_object(buffers)
        values += 1
    engines = len(message["metadata"].get("broadcast_targets") or ())
    if values < engines:
        without = f"{engines - values} of {engines} engines gave no value: their task failed or was cancelled"
        message["content"] = {
            "status": "error",
            "ename": "EngineError",
            "evalue": without,
            "traceback": [],
            "engine_info": {},
        }


def _end_unreadable(client: Any, message: Any, error: Exception) -> None:
    """End the task of a reply that raised, where it still waits."""
    from ipyparallel.error import RemoteError, unwrap_exception

    msg_id = _message_id(client, message)
    future = client._futures.get(msg_id)
    if future is None or future.done():  # cancelled here, most likely
        client.results.pop(msg_id, None)
        return
    content = message["content"]
    if content.get("status") == "error":
        reason = unwrap_exception(content)
        for part, unknown in (("engine_id", None), ("method", "apply")):  # without them it can't be shown
            reason.engine_info.setdefault(part, unknown)
    else:
        told = f"the result came, but could not be read here: {error}"
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        reason = RemoteError(type(error).__name__, told, "".join(lines))
    client.outstanding.discard(msg_id)
    if hasattr(future, "output"):
        future.output.metadata["status"] = "error"
    future.set_result(reason)
