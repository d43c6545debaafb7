"""Scope of one client of a group: the messages that the group has of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...control.scope import TaskScope
from ...control.watchdog import Watchdog
from ...model.arrays import Index
from ...model.snapshot import EngineId
from ...record.attempts import FailedAttempts
from ...upstream.connection import Connection
from ...upstream.protocols import AsyncResultLike, ClientLike
from .clients import Connections
from .membership import Membership


class ClientScope(TaskScope):
    """Messages that a group has of one client; holds the client, as the results of the group do."""

    watchdog: Watchdog
    given_up = False

    def __init__(
        self,
        membership: Membership,
        connections: Connections,
        connection: Connection,
        client: ClientLike,
        drain: Callable[[], None],
        refresh: Callable[[AsyncResultLike], None],
    ) -> None:
        super().__init__(membership.recorder, Watchdog(connection), client)
        self.futures, self.metadata = membership.futures, membership.metadata
        self.msg_ids = membership.msg_ids
        self.drain, self.failed_attempts = drain, FailedAttempts()
        self._membership, self._connections, self._refresh = membership, connections, refresh

    @property
    def positions(self) -> Index:
        return super().positions if self._is_only else self._membership.positions_of(self.client)

    @property
    def running(self) -> dict[int, tuple[int, float]]:
        if self._is_only:
            return super().running
        positions = set(self.positions.tolist())
        return {
            position: task for position, task in list(self.record.running.items()) if position in positions
        }

    @property
    def engine_ids(self) -> Sequence[EngineId | None]:
        """Engines by slot, by the ids that this client has for them."""
        return [self.local_id(name) for name in self.record.engines.ids]

    @property
    def ready(self) -> bool:
        return not len(self.columns.pending(self.positions))

    @property
    def _is_only(self) -> bool:
        return len(self._connections.each) == 1

    def local_id(self, name: EngineId) -> EngineId | None:
        """Return the id by which this client knows an engine of the group; None where it does not."""
        return self._connections.id_at(self.connection, name)

    def give_up(self) -> None:
        """End each result of this client: contact to the controller is lost."""
        for result, _ in list(self._membership.members):
            if result._client is self.client and not result._ready:
                self.end_result(result)
                self._refresh(result)
