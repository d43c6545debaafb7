"""Wrappers of a client's reply handlers: an unreadable reply ends its task, a late one does no harm."""

from __future__ import annotations

import traceback
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from ..log import log_errors
from .protocols import Buffer, ClientLike, FutureLike, Message, MessageFutureLike

_REPLY_TYPES = ("apply_reply", "execute_reply")
_PING_REPLY = "kernel_info_reply"


class ReplyHandlers:
    """Wrappers of a client's reply handlers, called on its IO thread.

    Where reading a reply raises, ipyparallel loses the task, and the replies behind it stall. The client is
    held weakly. `on_buffers` is called with message id and buffers of each reply before it is read.
    """

    def __init__(self, client: ClientLike, on_buffers: Callable[[str, Sequence[Buffer]], None]) -> None:
        self._client = weakref.ref(client)
        self._on_buffers = on_buffers
        self._unexpected: dict[str, MessageFutureLike | None] = {}
        self._handlers: dict[str, Callable[[Message], None]] = getattr(client, "_queue_handlers", {})
        self._original = {kind: self._handlers[kind] for kind in _REPLY_TYPES if kind in self._handlers}
        self._replacements = {
            kind: partial(self._handle, original) for kind, original in self._original.items()
        }
        self._handlers.update(self._replacements)
        self._pings: dict[str, Callable[[], None]] = {}

    def close(self) -> None:
        """Restore the client's own handlers; a second call does nothing."""
        for kind, original in self._original.items():
            if self._handlers.get(kind) is self._replacements[kind]:
                self._handlers[kind] = original
        if self._handlers.get(_PING_REPLY) == self._on_ping_reply:
            del self._handlers[_PING_REPLY]
        client, late, self._unexpected = self._client(), self._unexpected, {}
        if client is not None and not client._closed:
            for msg_id, future in late.items():
                # the client raises on a reply that is not outstanding
                client.outstanding.add(msg_id)
                if future is not None:
                    _give_reply_to(client, future)

    def discard(self, msg_ids: Iterable[str]) -> None:
        """Ignore replies to these messages from now on."""
        self._stop_expecting(dict.fromkeys(msg_ids))

    def postpone(self, futures: Iterable[MessageFutureLike]) -> None:
        """Expect no replies to these messages, but resolve these futures if replies arrive late."""
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
        """Messages whose replies are ignored: they were cancelled, and must not run any more."""
        return [msg_id for msg_id, future in list(self._unexpected.items()) if future is None]

    def _stop_expecting(self, late: Mapping[str, MessageFutureLike | None]) -> None:
        self._unexpected.update(late)
        client = self._client()
        if client is not None:
            client.outstanding.difference_update(late)
            for held in list(getattr(client, "_outstanding_dict", {}).values()):
                held.difference_update(late)

    def ping_engine(self, uuid: str, on_reply: Callable[[str], None]) -> None:
        """Send an engine a ``kernel_info_request``: it replies after its earlier tasks, and runs nothing.

        `on_reply` is called with the uuid on the IO thread.
        """
        client = self._client()
        if client is None:
            return
        futures = client._futures
        self._handlers.setdefault(_PING_REPLY, self._on_ping_reply)

        def note_ping(future: MessageFutureLike) -> None:
            self._pings[future.msg_id] = partial(on_reply, uuid)
            futures.pop(future.msg_id, None)  # where the engine dies, no reply would remove it

        with suppress(OSError, RuntimeError):  # just closed
            client._send(
                client._mux_stream,
                "kernel_info_request",
                content={},
                ident=uuid.encode(),
                message_future_hook=note_ping,
            )

    def _on_ping_reply(self, message: Message) -> None:
        with log_errors("reading the reply to a ping"):
            self._pings.pop(message["parent_header"].get("msg_id", ""), lambda: None)()

    def _handle(self, original: Callable[[Message], None], message: Message) -> None:
        client = self._client()
        if client is None:
            return
        try:
            if self._unexpected and not self._accept(client, message):
                return
            if message["metadata"].get("is_coalescing"):
                _check_coalesced(message)
            if message["buffers"]:
                self._on_buffers(message["parent_header"]["msg_id"], message["buffers"])
            original(message)
        except Exception as error:
            with log_errors("reading a reply"):
                _end_unreadable(client, message, error)

    def _accept(self, client: ClientLike, message: Message) -> bool:
        """Return False for a reply to ignore; have the client expect one that is late but wanted."""
        msg_id = _message_id(client, message)
        if msg_id not in self._unexpected:
            return True
        future = self._unexpected.pop(msg_id)
        if future is None:
            return False
        client.outstanding.add(msg_id)
        _give_reply_to(client, future)
        return True


def _message_id(client: ClientLike, message: Message) -> str:
    if client._should_use_metadata_msg_id(message):
        return str(message["metadata"]["original_msg_id"])
    return str(message["parent_header"]["msg_id"])


def _give_reply_to(client: ClientLike, future: MessageFutureLike) -> None:
    """Have the client resolve this future by the reply, like one that it made itself."""
    msg_id, output = future.msg_id, future.output
    client._futures[msg_id] = future
    client.metadata[msg_id] = output.metadata
    if not output.done():
        client._output_futures[msg_id] = output
    forget_when_done(client, future)


def forget_when_done(client: ClientLike, future: MessageFutureLike) -> None:
    """Have the client forget a message once its reply and its output have arrived, like those it sent."""
    from ipyparallel.client.futures import multi_future

    msg_id = future.msg_id

    def forget(_: FutureLike) -> None:
        for kept in (client.results, client._futures, client._output_futures, client.metadata):
            kept.pop(msg_id, None)

    multi_future([future, future.output]).add_done_callback(forget)


def _check_coalesced(message: Message) -> None:
    """Turn a coalesced reply that lacks values into an error.

    It has the status of the engine that answered last, and no errors of the others.
    """
    from ipyparallel.serialize import deserialize_object

    status = message["content"]["status"]
    if status not in ("ok", "aborted"):
        return
    buffers, values = message["buffers"], 0
    while buffers:
        _, buffers = deserialize_object(buffers)
        values += 1
    engines = len(message["metadata"].get("broadcast_targets") or ())
    if values < engines and (values or status == "ok"):
        problem = f"{engines - values} of {engines} engines gave no value: their task failed or was cancelled"
        message["content"] = {
            "status": "error",
            "ename": "EngineError",
            "evalue": problem,
            "traceback": [],
            "engine_info": {},
        }


def _end_unreadable(client: ClientLike, message: Message, error: Exception) -> None:
    """End the task of a reply that raised, if it is still pending."""
    from ipyparallel.error import RemoteError, unwrap_exception

    msg_id = _message_id(client, message)
    future = client._futures.get(msg_id)
    if future is None or future.done():  # most likely cancelled in this process
        client.results.pop(msg_id, None)
        if future is not None and future.cancelled():
            future.output.metadata["status"] = "aborted"  # the reply has made it "ok"
        return
    content = message["content"]
    if content.get("status") == "error":
        reason = unwrap_exception(content)
        for part, unknown in (("engine_id", None), ("method", "apply")):  # ipyparallel can't print it without
            reason.engine_info.setdefault(part, unknown)
    else:
        problem = f"the result came, but could not be read here: {error}"
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        reason = RemoteError(type(error).__name__, problem, "".join(lines))
    client.outstanding.discard(msg_id)
    if hasattr(future, "output"):
        future.output.metadata["status"] = "error"
    future.set_result(reason)
