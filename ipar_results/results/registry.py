"""Registry of followed results and of their clients' connections, both held weakly."""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

from ..log import log_error

if TYPE_CHECKING:
    from ..upstream.connection import Connection
    from ..upstream.protocols import AsyncResultLike, Buffer, ClientLike, MessageFutureLike, ResultLike
    from .followed import Followed

_Callback: TypeAlias = "Callable[[Any], None]"  # called with the result, of whichever type it is


class SelfFollowed(ABC):
    """Result that has a facade of its own, so that the registry makes none: a group."""

    followed: Followed

    @abstractmethod
    def add_new(self, result: AsyncResultLike) -> bool:
        """Add a result that was made in the group's block; return False once the block has ended."""


# groups whose block runs; a context variable, as other threads and asyncio tasks are not in the block
open_groups: ContextVar[tuple[SelfFollowed, ...]] = ContextVar("ipar_results_groups", default=())


class Registry:
    """Registry of followed results, each added at its first use."""

    def __init__(
        self,
        contact_timeout: Callable[[], float] = lambda: 30.0,
        namespace: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        self._contact_timeout = contact_timeout
        self._namespace = namespace
        self._followed: weakref.WeakKeyDictionary[ResultLike, Followed] = weakref.WeakKeyDictionary()
        self._connections: weakref.WeakKeyDictionary[ClientLike, Connection] = weakref.WeakKeyDictionary()
        self._on_resume: weakref.WeakKeyDictionary[ResultLike, list[_Callback]] = weakref.WeakKeyDictionary()
        self._lock = threading.RLock()

    def followed(self, result: ResultLike) -> Followed:
        """Return the facade of a result, which is followed from the first call on, or raise a TypeError."""
        with suppress(TypeError):  # for what cannot be a key
            followed = self._followed.get(result)
            if followed is not None:
                return followed
        from ipyparallel import AsyncHubResult, AsyncResult

        from ..record.recorders.hub_recorder import HubRecorder
        from ..record.recorders.recorder import Recorder
        from .followed import FollowedHubResult, FollowedResult

        if isinstance(result, SelfFollowed):  # made before the layer was turned off and on again
            return result.followed
        if not isinstance(result, AsyncResult):
            msg = f"expected an AsyncResult of ipyparallel, got {result!r}: pass what map_async() returns"
            raise TypeError(msg)
        with self._lock:
            followed = self._followed.get(result)
            if followed is None:
                link = self.connection(result._client)
                if isinstance(result, AsyncHubResult):
                    followed = FollowedHubResult(HubRecorder(result, link), link)
                else:
                    followed = FollowedResult(Recorder.follow(result, link), link)
                followed.on_resume = self._on_resume.setdefault(result, [])
                followed.namespace = self._namespace
                self._followed[result] = followed
        return followed

    def find(self, result: ResultLike) -> Followed | None:
        """Return the facade of a result that is followed already."""
        return self._followed.get(result)

    def add(self, result: ResultLike, followed: Followed) -> None:
        """Register a facade that was made elsewhere: that of a group."""
        with self._lock:
            self._followed[result] = followed

    def on_resume(self, result: AsyncResultLike, callback: _Callback) -> None:
        """Have `callback` called whenever tasks of a result, followed or not yet, run again."""
        with self._lock:
            self._on_resume.setdefault(result, []).append(callback)

    def listen_early(self, result: AsyncResultLike) -> None:
        """Listen to a new result before it is followed."""
        try:
            self.connection(result._client).early_events.attach(result._children)
        except Exception:
            log_error("listening to a new result")

    def add_request(
        self,
        client: ClientLike,
        future: MessageFutureLike,
        metadata: Mapping[str, object] | None,
        buffers: list[Buffer],
    ) -> None:
        """Keep what an apply request carries."""
        try:
            self.connection(client).add_request(future, metadata, buffers)
        except Exception:
            log_error("noting what %.100r carries", future.msg_id)

    def connection(self, client: ClientLike) -> Connection:
        """Return the connection of a client.

        Best called before the client's first result: replies may arrive before the result is followed.
        """
        link = self._connections.get(client)
        if link is None:
            # imported with numpy in the user's thread, since later it would be the client's IO thread
            from ..upstream.connection import Connection
            from . import followed  # noqa: F401

            with self._lock:
                link = self._connections.get(client)
                if link is None:
                    link = self._connections[client] = Connection(client, self._contact_timeout)
        return link

    def clients(self) -> list[ClientLike]:
        """Return the clients that have a connection."""
        return list(self._connections)

    def close(self) -> None:
        """Remove every callback; a second call does nothing."""
        with self._lock:
            followed, connections = list(self._followed.values()), list(self._connections.values())
            self._followed.clear()
            self._connections.clear()
            self._on_resume.clear()
        for each in followed:
            each.close()
        for link in connections:
            link.close()
