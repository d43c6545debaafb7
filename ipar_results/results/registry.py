"""Which recorder follows which result: held weakly, so that being followed keeps nothing alive."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..log import trouble

if TYPE_CHECKING:
    from ..record.recorder import Recorder
    from ..upstream.connection import Connection


class Watch:
    """The recorders of all results that were asked for, and the connections of their clients.

    Parameters
    ----------
    contact_timeout : callable returning float
        Seconds of silence after which a controller counts as lost.
    """

    def __init__(self, contact_timeout: Callable[[], float] = lambda: 30.0) -> None:
        self._contact_timeout = contact_timeout
        self._recorders: weakref.WeakKeyDictionary[Any, Recorder] = weakref.WeakKeyDictionary()
        self._connections: weakref.WeakKeyDictionary[Any, Connection] = weakref.WeakKeyDictionary()
        self._groups: weakref.WeakKeyDictionary[Any, list[Callable[[Any], None]]] = (
            weakref.WeakKeyDictionary()
        )
        self._lock = threading.Lock()

    def recorder(self, result: Any) -> Recorder:
        """The recorder that follows a result, made at the first call.

        Raises
        ------
        TypeError
            Where `result` is not an AsyncResult.
        """
        recorder = self._recorders.get(result) if _followable(result) else None
        if recorder is not None:
            return recorder
        from ipyparallel import AsyncHubResult, AsyncResult

        from .group.group import Group

        if isinstance(result, Group):  # made before the layer was loaded anew
            return result.recorder

        if not isinstance(result, AsyncResult):
            msg = f"expected an AsyncResult of ipyparallel, got {result!r}: pass what map_async() returns"
            raise TypeError(msg)
        from ..record.hub_recorder import HubRecorder
        from ..record.recorder import Recorder

        kind = HubRecorder if isinstance(result, AsyncHubResult) else Recorder
        with self._lock:
            recorder = self._recorders.get(result)
            if recorder is None:
                recorder = kind(result, self._connection(result._client))
                recorder.woken += self._groups.get(result, ())
                self._recorders[result] = recorder
        return recorder

    def known(self, result: Any) -> Recorder | None:
        """The recorder of a result that has one."""
        return self._recorders.get(result)

    def gather(self, group: Any, recorder: Recorder) -> None:
        """Follow a group by the recorder that it brings."""
        with self._lock:
            self._recorders[group] = recorder

    def joined(self, result: Any, refresh: Callable[[Any], None]) -> None:
        """Have `refresh` called whenever tasks of a result, which joined a group, run again."""
        with self._lock:
            self._groups.setdefault(result, []).append(refresh)
            recorder = self._recorders.get(result)
            if recorder is not None:
                recorder.woken.append(refresh)

    def born(self, result: Any) -> None:
        """Listen to a result that was made just now, before it has a recorder."""
        try:
            self.meet(result._client).early_events.attach(result._children)
        except Exception:
            trouble("listening to a new result")

    def sent(self, client: Any, msg_id: str, buffers: Any) -> None:
        """Keep what an apply request carries, so that a failure can name its input."""
        try:
            connection = self.meet(client)
            connection.message_sizes.add_request(msg_id, buffers)
            connection.argument_cache.add(msg_id, buffers)
        except Exception:
            trouble("noting what %.100r carries", msg_id)

    def meet(self, client: Any) -> Connection:
        """The connection of a client: best made before its first result, whose reply may be quick."""
        connection = self._connections.get(client)
        if connection is None:
            with self._lock:
                connection = self._connection(client)
        return connection

    def clients(self) -> list[Any]:
        """The clients that were met."""
        return list(self._connections)

    def close(self) -> None:
        """Take every callback off; a second call does nothing."""
        with self._lock:
            recorders, connections = list(self._recorders.values()), list(self._connections.values())
            self._recorders.clear()
            self._connections.clear()
            self._groups.clear()
        for recorder in recorders:
            recorder.close()
        for connection in connections:
            connection.close()

    def _connection(self, client: Any) -> Connection:
        connection = self._connections.get(client)
        if connection is None:
            # here, where somebody begins to work: later it would be the thread in which answers come
            from ..record import hub_recorder  # noqa: F401 - with the recorder, and with it numpy
            from ..upstream.connection import Connection
            from .group import group_recorder  # noqa: F401

            connection = self._connections[client] = Connection(client, self._contact_timeout)
        return connection


def _followable(result: object) -> bool:
    return type(result).__hash__ is not None and hasattr(type(result), "__weakref__")
