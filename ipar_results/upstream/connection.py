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
from .events import FirstWords
from .replies import Replies
from .schedulers import Relays
from .sent_messages import Requests, Sizes


class Link:
    """One client's cluster.

    Parameters
    ----------
    client : ipyparallel.Client
        Held weakly.
    contact_timeout : callable returning float
        After how many silent seconds the controller counts as lost.

    Attributes
    ----------
    replies : Replies
        What stands before the client's handlers of replies.
    first_words : FirstWords
        Listens to messages that nobody follows yet.
    sent : Requests
        What messages carried that have not succeeded.
    relays : Relays
        The schedulers between the client and its engines.
    left : dict
        By engine id, when it left the cluster (POSIX seconds).
    sizes : Sizes
        How large the client's messages are.
    """

    def __init__(self, client: Any, contact_timeout: Callable[[], float] = lambda: 30.0) -> None:
        self._client = weakref.ref(client)
        self._timeout = contact_timeout
        self._names: dict[str, int] = {}
        self._heard = time.monotonic()
        self._asked_at: float | None = None
        self._told = False
        self._remember(client)
        self._alive: tuple[Any, int, frozenset[int]] = ((), 0, frozenset())
        self.left: dict[int, float] = {}
        self._followed: dict[int, weakref.ref[Any]] = {}
        self._gone: deque[Sequence[str]] = deque()
        self.sizes = Sizes()
        self.replies = Replies(client, self.sizes.reply)
        self.first_words = FirstWords()
        self.sent = Requests()
        self.relays = Relays(client, contact_timeout)
        client._registration_callbacks.append(self._on_registration)

    def close(self) -> None:
        """Stop listening to the client; a second call does nothing."""
        self.replies.close()
        self.sent.clear()
        self.relays.close()
        client = self._client()
        if client is not None and self._on_registration in client._registration_callbacks:
            client._registration_callbacks.remove(self._on_registration)
            futures = list(getattr(client, "_futures", {}).values())
            self.first_words.detach([f for f in futures if hasattr(f, "iopub_callbacks")])

    @property
    def client(self) -> Any:
        """The client; None once nobody holds it any more."""
        return self._client()

    @property
    def on_its_thread(self) -> bool:
        """Whether this is the client's IO thread, where waiting for an answer would last for ever."""
        return getattr(self._client(), "_io_thread", None) is threading.current_thread()

    def follow(self, recorder: Any) -> None:
        """Remember a recorder, as long as it lives, for those whose tasks run on the same engines."""
        key, followed = id(recorder), self._followed
        followed[key] = weakref.ref(recorder, lambda _: followed.pop(key, None))
        self._let_go()

    def keep_until_gone(self, thing: Any, msg_ids: Sequence[str]) -> None:
        """Keep what is known of these messages no longer than `thing` lives."""
        # only noted then: it may happen in the middle of anything, and the rest takes a lock
        weakref.finalize(thing, self._gone.append, msg_ids).atexit = False

    def _let_go(self) -> None:
        while self._gone:
            with suppress(IndexError):  # taken by another thread
                msg_ids = self._gone.popleft()
                self.sent.drop_all(msg_ids)
                self.sizes.drop(msg_ids)

    def others(self, recorder: Any) -> list[Any]:
        """The other recorders of this client."""
        alive = [ref() for ref in list(self._followed.values())]
        return [other for other in alive if other is not None and other is not recorder]

    # engines -------------------------------------------------------------------------------------

    def engine(self, uuid: str | None) -> int | str | None:
        """The id of an engine, also after it died; its uuid where the id was never known."""
        return None if uuid is None else self._names.get(uuid, uuid)

    def knows(self, uuid: str) -> bool:
        """Whether an engine is or was of this cluster."""
        return uuid in self._names

    def uuids(self) -> list[str]:
        """The engines registered now."""
        client = self._client()
        return [] if client is None else list(client._engines.values())

    def alive(self) -> frozenset[int]:
        """Ids of the engines registered now."""
        client = self._client()
        if client is None:
            return frozenset()
        # asked for each of a thousand engines; one that joins makes the client a new list, one that leaves
        # shortens the list that there is
        ids, known = client._ids, self._alive
        if known[0] is not ids or known[1] != len(ids):
            known = self._alive = ids, len(ids), frozenset(ids)
        return known[2]

    def direct(self, msg_ids: Sequence[str]) -> bool | None:
        """Whether messages that wait were sent to engines of the user's choice; None without any."""
        client = self._client()
        if client is None or not msg_ids:
            return None
        held = list(getattr(client, "_outstanding_dict", {}).values())
        return any(msg_ids[-1] in each for each in held)

    def known(self) -> frozenset[int]:
        """Ids of all engines that there are or were, as far as this client has seen."""
        return frozenset(self._names.values())

    def _remember(self, client: Any) -> None:
        for engine_id in list(client._ids):
            uuid = client._engines.get(engine_id)  # gone, if it leaves just now
            if uuid is not None:
                self._names[uuid] = engine_id

    def _on_registration(self, event: Any) -> None:
        try:
            if event["event"] == "register":
                self._names[event["uuid"]] = int(event["id"])
                self._warn(event["uuid"])
            elif event["event"] == "unregister":
                self.left[int(event["id"])] = time.time()
        except Exception:
            trouble("noting an engine's registration")

    def _warn(self, uuid: str) -> None:
        """Tell a new engine what was cancelled: the scheduler may still hold it."""
        client, msg_ids = self._client(), self.replies.forgotten
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
    def patience(self) -> float:
        """After how many silent seconds somebody counts as lost."""
        return self._timeout()

    @property
    def silence(self) -> float:
        """Seconds for which the controller has owed an answer; 0 where it owes none."""
        asked = self._asked_at
        return 0.0 if asked is None else time.monotonic() - max(asked, self._heard)

    @property
    def lost(self) -> bool:
        """Nothing more can be expected from this cluster."""
        return self.closed or self.silence > self._timeout()

    def heard(self) -> None:
        """Note that something came from the cluster."""
        self._heard = time.monotonic()
        self._told = False

    def check(self) -> None:
        """Ask the controller for a sign of life where it has been silent for a while; never waits."""
        if self.lost:
            if not self._told:
                self._told = True
                tell(self.note())
            return
        if self._asked_at is None and time.monotonic() - self._heard > self._timeout() / 4:
            self._asked_at = time.monotonic()
            self.ask("connection_request", {}, lambda reply: None)

    def note(self) -> str:
        """What a person must know about the connection; an empty text while all is well."""
        if self.closed:
            return "The connection to the cluster is closed. Results received so far are kept."
        if self.lost:
            return (
                f"The controller has not answered for {self.silence:.0f} s. Results received so far are kept."
            )
        if not self.alive():
            return "The cluster has no engines: what has not ended waits for one."
        return ""

    def ask(self, kind: str, content: dict[str, Any], answered: Callable[[Any], None]) -> bool:
        """Send a query to the Hub; `answered` gets the reply on ipyparallel's IO thread.

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
        future.add_done_callback(lambda f: self._answered(f, answered))
        return True

    def greet(self, uuid: str, replied: Callable[[str], None]) -> None:
        """Have an engine reply once it has done all that it was sent before; called on the IO thread."""
        client = self._client()
        with suppress(OSError, RuntimeError):  # closed just now
            self.replies.greet(client, uuid, replied)

    def _answered(self, future: Any, answered: Callable[[Any], None]) -> None:
        if future.exception() is not None:  # given up
            return
        try:
            self._asked_at = None
            self.heard()
            answered(future.result())
        except Exception:
            trouble("reading an answer of the Hub")
