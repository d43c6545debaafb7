"""One client's connection to its cluster: which engines it knows, whether the controller still answers."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ..log import tell, trouble
from .events import EarlyEvents
from .replies import ReplyHandlers
from .schedulers import Schedulers
from .sent_messages import ArgumentCache, MessageSizes


class Connection:
    """One client's cluster.

    Parameters
    ----------
    client : ipyparallel.Client
        Held weakly.
    contact_timeout : callable returning float
        After how many silent seconds the controller counts as lost.

    Attributes
    ----------
    replies : ReplyHandlers
        What stands before the client's handlers of replies.
    early_events : EarlyEvents
        Listens to messages that nobody follows yet.
    argument_cache : ArgumentCache
        What messages carried that have not succeeded.
    schedulers : Schedulers
        The schedulers between the client and its engines.
    left_at : dict
        By engine id, when it left the cluster (POSIX seconds).
    message_sizes : MessageSizes
        How large the client's messages are.
    """

    def __init__(self, client: Any, contact_timeout: Callable[[], float] = lambda: 30.0) -> None:
        self._client = weakref.ref(client)
        self._contact_timeout = contact_timeout
        self._engine_ids: dict[str, int] = {}
        self._last_contact = time.monotonic()
        self._query_sent_at: float | None = None
        self._loss_logged = False
        self._add_engines(client)
        self._alive_cache: tuple[Any, int, frozenset[int]] = ((), 0, frozenset())
        self.left_at: dict[int, float] = {}
        self._recorders: dict[int, weakref.ref[Any]] = {}
        self._collected: deque[Sequence[str]] = deque()
        self.message_sizes = MessageSizes()
        self.replies = ReplyHandlers(client, self.message_sizes.add_reply)
        self.early_events = EarlyEvents()
        self.argument_cache = ArgumentCache()
        self.schedulers = Schedulers(client, contact_timeout)
        client._registration_callbacks.append(self._on_registration)

    def close(self) -> None:
        """Stop listening to the client; a second call does nothing."""
        self.replies.close()
        self.argument_cache.clear()
        self.schedulers.close()
        client = self._client()
        if client is not None and self._on_registration in client._registration_callbacks:
            client._registration_callbacks.remove(self._on_registration)
            futures = list(getattr(client, "_futures", {}).values())
            self.early_events.detach([f for f in futures if hasattr(f, "iopub_callbacks")])

    @property
    def client(self) -> Any:
        """The client; None once nobody holds it any more."""
        return self._client()

    @property
    def on_io_thread(self) -> bool:
        """Whether this is the client's IO thread, where waiting for an answer would last for ever."""
        return getattr(self._client(), "_io_thread", None) is threading.current_thread()

    def add_recorder(self, recorder: Any) -> None:
        """Remember a recorder, as long as it lives, for those whose tasks run on the same engines."""
        key, followed = id(recorder), self._recorders
        followed[key] = weakref.ref(recorder, lambda _: followed.pop(key, None))
        self._drop_collected()

    def drop_when_collected(self, owner: Any, msg_ids: Sequence[str]) -> None:
        """Keep what is known of these messages no longer than `owner` lives."""
        # only noted then: it may happen in the middle of anything, and the rest takes a lock
        weakref.finalize(owner, self._collected.append, msg_ids).atexit = False

    def _drop_collected(self) -> None:
        while self._collected:
            with suppress(IndexError):  # taken by another thread
                msg_ids = self._collected.popleft()
                self.argument_cache.drop_with_broadcasts(msg_ids)
                self.message_sizes.drop(msg_ids)

    def other_recorders(self, recorder: Any) -> list[Any]:
        """The other recorders of this client."""
        alive = [ref() for ref in list(self._recorders.values())]
        return [other for other in alive if other is not None and other is not recorder]

    # engines -------------------------------------------------------------------------------------

    def engine_id(self, uuid: str | None) -> int | str | None:
        """The id of an engine, also after it died; its uuid where the id was never known."""
        return None if uuid is None else self._engine_ids.get(uuid, uuid)

    def has_engine(self, uuid: str) -> bool:
        """Whether an engine is or was of this cluster."""
        return uuid in self._engine_ids

    def engine_uuids(self) -> list[str]:
        """The engines registered now."""
        client = self._client()
        return [] if client is None else list(client._engines.values())

    def alive_engines(self) -> frozenset[int]:
        """Ids of the engines registered now."""
        client = self._client()
        if client is None:
            return frozenset()
        # asked for each of a thousand engines; one that joins makes the client a new list, one that leaves
        # shortens the list that there is
        ids, known = client._ids, self._alive_cache
        if known[0] is not ids or known[1] != len(ids):
            known = self._alive_cache = ids, len(ids), frozenset(ids)
        return known[2]

    def is_direct(self, msg_ids: Sequence[str]) -> bool | None:
        """Whether messages that wait were sent to engines of the user's choice; None without any."""
        client = self._client()
        if client is None or not msg_ids:
            return None
        held = list(getattr(client, "_outstanding_dict", {}).values())
        return any(msg_ids[-1] in each for each in held)

    def known_engines(self) -> frozenset[int]:
        """Ids of all engines that there are or were, as far as this client has seen."""
        return frozenset(self._engine_ids.values())

    def _add_engines(self, client: Any) -> None:
        for engine_id in list(client._ids):
            uuid = client._engines.get(engine_id)  # gone, if it leaves just now
            if uuid is not None:
                self._engine_ids[uuid] = engine_id

    def _on_registration(self, event: Any) -> None:
        try:
            if event["event"] == "register":
                self._engine_ids[event["uuid"]] = int(event["id"])
                self._abort_discarded(event["uuid"])
            elif event["event"] == "unregister":
                self.left_at[int(event["id"])] = time.time()
        except Exception:
            trouble("noting an engine's registration")

    def _abort_discarded(self, uuid: str) -> None:
        """Tell a new engine what was cancelled: the scheduler may still hold it."""
        client, msg_ids = self._client(), self.replies.discarded
        if client is not None and msg_ids:
            content = {"msg_ids": msg_ids}
            client._send(client._control_stream, "abort_request", content=content, ident=uuid.encode())

    # contact -------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """The client was closed, by its user or by the cluster's shutdown."""
        client = self._client()
        return client is None or bool(client._closed)

    @property
    def contact_timeout(self) -> float:
        """After how many silent seconds somebody counts as lost."""
        return self._contact_timeout()

    @property
    def silence(self) -> float:
        """Seconds for which the controller has owed an answer; 0 where it owes none."""
        asked = self._query_sent_at
        return 0.0 if asked is None else time.monotonic() - max(asked, self._last_contact)

    @property
    def lost(self) -> bool:
        """Nothing more can be expected from this cluster."""
        return self.closed or self.silence > self._contact_timeout()

    def record_contact(self) -> None:
        """Note that something came from the cluster."""
        self._last_contact = time.monotonic()
        self._loss_logged = False

    def check_contact(self) -> None:
        """Ask the controller for a sign of life where it has been silent for a while; never waits."""
        if self.lost:
            if not self._loss_logged:
                self._loss_logged = True
                tell(self.describe_problem())
            return
        if (
            self._query_sent_at is None
            and time.monotonic() - self._last_contact > self._contact_timeout() / 4
        ):
            self._query_sent_at = time.monotonic()
            self.query_hub("connection_request", {}, lambda reply: None)

    def describe_problem(self) -> str:
        """What a person must know about the connection; an empty text while all is well."""
        if self.closed:
            return "The connection to the cluster is closed. Results received so far are kept."
        if self.lost:
            return (
                f"The controller has not answered for {self.silence:.0f} s. Results received so far are kept."
            )
        if not self.alive_engines():
            return "The cluster has no engines: what has not ended waits for one."
        return ""

    def query_hub(self, kind: str, content: dict[str, Any], on_reply: Callable[[Any], None]) -> bool:
        """Send a query to the Hub; `on_reply` gets the reply on ipyparallel's IO thread.

        Returns
        -------
        bool
            False where it could not be sent.
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

    def ping_engine(self, uuid: str, on_reply: Callable[[str], None]) -> None:
        """Have an engine reply once it has done all that it was sent before; called on the IO thread."""
        client = self._client()
        with suppress(OSError, RuntimeError):  # closed just now
            self.replies.ping_engine(client, uuid, on_reply)

    def _on_hub_reply(self, future: Any, on_reply: Callable[[Any], None]) -> None:
        if future.exception() is not None:  # given up
            return
        try:
            self._query_sent_at = None
            self.record_contact()
            on_reply(future.result())
        except Exception:
            trouble("reading an answer of the Hub")
