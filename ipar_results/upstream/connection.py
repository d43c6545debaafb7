"""Connection of one client to its cluster: registered engines, heartbeat of the controller, Hub queries."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from ..log import log_errors, logger
from .events import EarlyEvents
from .protocols import Buffer, ClientLike, FutureLike, Message, MessageFutureLike, RegistrationEvent
from .replies import ReplyHandlers
from .schedulers import Schedulers
from .sent_messages import ArgumentCache, MessageSizes, mark_targets

_R = TypeVar("_R")


class Connection:
    """State of one client's connection, shared by the recorders of its results; the client is held weakly."""

    def __init__(self, client: ClientLike, contact_timeout: Callable[[], float]) -> None:
        self._client = weakref.ref(client)
        self._contact_timeout = contact_timeout
        self._engine_ids = {uuid: engine_id for engine_id, uuid in list(client._engines.items())}
        self._last_contact = time.monotonic()
        self._query_sent_at: float | None = None
        self._loss_logged = False
        self._alive_cache: tuple[Sequence[int], int, frozenset[int]] = ((), 0, frozenset())
        # by engine id, in POSIX seconds
        self.joined_at: dict[int | str, float] = {}
        self.left_at: dict[int | str, float] = {}
        self.died: set[int | str] = set()  # ids of engines that held a task when they left
        self._recorders: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._collected: deque[Sequence[str]] = deque()
        self.sent_sizes, self.received_sizes = MessageSizes(), MessageSizes()
        self.replies = ReplyHandlers(client, self.received_sizes.add)
        self.early_events = EarlyEvents()
        self.argument_cache = ArgumentCache()
        self.schedulers = Schedulers(client, contact_timeout)
        client._registration_callbacks.append(self._on_registration)

    def close(self) -> None:
        """Remove all callbacks from the client; a second call does nothing."""
        self.replies.close()
        self.argument_cache.clear()
        self.schedulers.close()
        client = self._client()
        if client is not None and self._on_registration in client._registration_callbacks:
            client._registration_callbacks.remove(self._on_registration)
            futures = list(getattr(client, "_futures", {}).values())
            self.early_events.detach([f for f in futures if hasattr(f, "iopub_callbacks")])

    @property
    def client(self) -> ClientLike | None:
        """The client; None once it was garbage-collected."""
        return self._client()

    @property
    def each(self) -> tuple[Connection]:
        """The connection itself, as a group has several."""
        return (self,)

    @property
    def on_io_thread(self) -> bool:
        """True on the client's IO thread, where waiting for a reply would be a deadlock."""
        return getattr(self._client(), "_io_thread", None) is threading.current_thread()

    def add_request(
        self, future: MessageFutureLike, metadata: Mapping[str, object] | None, buffers: Sequence[Buffer]
    ) -> None:
        """Keep the arguments of an apply request, so that a failure can name its input."""
        self.sent_sizes.add(future.msg_id, buffers)
        self.argument_cache.add(future.msg_id, buffers)
        mark_targets(future, metadata, buffers)

    def add_recorder(self, recorder: object) -> None:
        """Register a recorder, held weakly, so that others can see which work shares their engines."""
        self._recorders[id(recorder)] = recorder
        self._drop_collected()

    def drop_when_collected(self, owner: object, msg_ids: Sequence[str]) -> None:
        """Drop arguments and sizes of these messages once `owner` is garbage-collected."""
        # the finalizer only appends: it may run in the middle of anything, and dropping takes a lock
        weakref.finalize(owner, self._collected.append, msg_ids).atexit = False

    def _drop_collected(self) -> None:
        while self._collected:
            with suppress(IndexError):  # another thread was faster
                msg_ids = self._collected.popleft()
                self.argument_cache.drop_with_broadcasts(msg_ids)
                self.sent_sizes.drop(msg_ids)
                self.received_sizes.drop(msg_ids)

    def other_recorders(self, recorder: _R) -> list[_R]:
        """Return the other recorders of this client."""
        alive = [ref() for ref in self._recorders.valuerefs()]  # values() fails if another thread adds one
        return [other for other in alive if other is not None and other is not recorder]

    def engine_id(self, uuid: str | None) -> int | str | None:
        """Return the id of an engine, also after it died; its uuid where the id was never known."""
        return None if uuid is None else self._engine_ids.get(uuid, uuid)

    def has_engine(self, uuid: str) -> bool:
        """Return True if the engine is, or was, registered with this cluster."""
        return uuid in self._engine_ids

    def engine_uuids(self) -> list[str]:
        """Return the uuids of the engines registered now."""
        client = self._client()
        return [] if client is None else list(client._engines.values())

    def alive_engines(self) -> frozenset[int]:
        """Return the ids of the engines registered now."""
        client = self._client()
        if client is None:
            return frozenset()
        # cached, as it is read once for each of a thousand engines: ipyparallel replaces the list when an
        # engine joins, and shortens it when one leaves
        ids, cached = client._ids, self._alive_cache
        if cached[0] is not ids or cached[1] != len(ids):
            cached = self._alive_cache = ids, len(ids), frozenset(ids)
        return cached[2]

    def is_direct(self, msg_ids: Sequence[str]) -> bool | None:
        """Return True if the user chose the engines of these pending messages; None if there are none."""
        client = self._client()
        if client is None or not msg_ids:
            return None
        held = list(getattr(client, "_outstanding_dict", {}).values())  # only direct messages are in it
        return any(msg_ids[-1] in each for each in held)

    def add_engine(self, uuid: str, engine_id: int) -> None:
        """Remember the id of an engine that left before this client was connected."""
        self._engine_ids.setdefault(uuid, engine_id)

    def mark_died(self, engine_id: int | str) -> None:
        """Record that an engine held a task when it left."""
        self.died.add(engine_id)

    def known_engines(self) -> frozenset[int]:
        """Return the ids of all engines that this client has seen."""
        return frozenset(self._engine_ids.values())

    def _on_registration(self, event: RegistrationEvent) -> None:
        with log_errors("noting an engine's registration"):
            if event["event"] == "register":
                self._engine_ids[event["uuid"]] = int(event["id"])
                self.joined_at[int(event["id"])] = time.time()
                self._abort_discarded(event["uuid"])
            elif event["event"] == "unregister":
                self.left_at[int(event["id"])] = time.time()

    def _abort_discarded(self, uuid: str) -> None:
        """Send a new engine the ids of cancelled messages, which the scheduler may still hold."""
        client, msg_ids = self._client(), self.replies.discarded
        if client is not None and msg_ids:
            content: dict[str, object] = {"msg_ids": msg_ids}
            client._send(client._control_stream, "abort_request", content=content, ident=uuid.encode())

    @property
    def closed(self) -> bool:
        """True once the client was closed, by its user or by the cluster's shutdown."""
        client = self._client()
        return client is None or bool(client._closed)

    @property
    def contact_timeout(self) -> float:
        """Seconds without an answer after which a controller or scheduler counts as lost."""
        return self._contact_timeout()

    @property
    def silence(self) -> float:
        """Seconds for which the controller has owed an answer; 0 if none is due."""
        sent_at = self._query_sent_at
        return 0.0 if sent_at is None else time.monotonic() - max(sent_at, self._last_contact)

    @property
    def lost(self) -> bool:
        """True if nothing more can be expected from this cluster."""
        return self.closed or self.silence > self.contact_timeout

    def record_contact(self) -> None:
        """Record that a message from the cluster has arrived."""
        self._last_contact = time.monotonic()
        self._loss_logged = False

    def check_contact(self) -> None:
        """Send the controller a heartbeat query if it has been silent for a while; never waits."""
        if self.lost:
            if not self._loss_logged:
                self._loss_logged = True
                logger.warning(self.describe_problem())
            return
        if self._query_sent_at is None and time.monotonic() - self._last_contact > self.contact_timeout / 4:
            self._query_sent_at = time.monotonic()
            self.query_hub("connection_request", {}, lambda reply: None)

    def describe_problem(self) -> str:
        """Return a sentence for the user if the connection has a problem, else an empty string."""
        if self.closed:
            return "The connection to the cluster is closed. Results received so far are kept."
        if self.lost:
            return (
                f"The controller has not answered for {self.silence:.0f} s. Results received so far are kept."
            )
        if not self.alive_engines():
            return "The cluster has no engines: what has not ended waits for one."
        return ""

    def query_hub(self, kind: str, content: dict[str, object], on_reply: Callable[[Message], object]) -> bool:
        """Send a query to the Hub, and return False if it could not be sent.

        `on_reply` is called with the reply on ipyparallel's IO thread.
        """
        client = self._client()
        if client is None:
            return False
        try:
            future = client._send(client._query_stream, kind, content=content)
        except (OSError, RuntimeError):
            return False
        future.add_done_callback(lambda f: self._on_hub_reply(f, on_reply))
        return True

    def _on_hub_reply(self, future: FutureLike, on_reply: Callable[[Message], object]) -> None:
        if future.exception() is not None:  # the client gave up
            return
        with log_errors("reading an answer of the Hub"):
            self._query_sent_at = None
            self.record_contact()
            on_reply(future.result())
