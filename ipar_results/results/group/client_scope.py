"""Messages that a group has of one client, as actions and the watchdog see them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...control.end_tasks import give_up_contact
from ...control.scope import Settling
from ...control.watchdog import Watchdog
from ...model.arrays import Index
from ...model.snapshot import EngineId
from ...model.status import OK
from ...record.attempts import FailedAttempts
from ...record.columns import Columns
from ...upstream.connection import Connection
from .clients import Connections
from .membership import Membership

if TYPE_CHECKING:
    from ...upstream.protocols import AsyncResultLike, ClientLike, MessageFutureLike, TaskMetadata, Timestamp


class ClientScope:
    """The :class:`~ipar_results.control.scope.TaskScope` of one client of a group.

    Parameters
    ----------
    client : ipyparallel.Client
        Held: the results of the group hold it as well.
    drain, refresh : callable
        Take in what has happened; take over the futures that a result has now.
    """

    def __init__(
        self,
        membership: Membership,
        connections: Connections,
        connection: Connection,
        client: ClientLike,
        drain: Callable[[], None],
        refresh: Callable[[AsyncResultLike], None],
    ) -> None:
        self._membership = membership
        self._recorder = membership.recorder
        self._record = membership.recorder.record
        self._connections = connections
        self._refresh = refresh
        self.drain = drain
        self.client = client
        self.connection = connection
        self.watchdog = Watchdog()
        self.failed_attempts = FailedAttempts()
        self.given_up = False

    # messages ------------------------------------------------------------------------------------

    @property
    def futures(self) -> Sequence[MessageFutureLike]:
        """Futures of the whole group, by position."""
        return self._membership.futures

    @property
    def metadata(self) -> Sequence[TaskMetadata]:
        """Metadata of the whole group, by position."""
        return self._membership.metadata

    @property
    def msg_ids(self) -> Sequence[str]:
        """Message ids of the whole group, by position."""
        return self._membership.msg_ids

    @property
    def columns(self) -> Columns:
        """Columns of the whole group."""
        return self._record.columns

    @property
    def positions(self) -> Index:
        """Positions of this client's messages."""
        if self._is_only:
            return self._record.positions
        return self._membership.positions_of(self.client)

    @property
    def running(self) -> dict[int, tuple[int, float]]:
        """Running tasks of this client."""
        if self._is_only:
            return self._record.running
        positions = set(self.positions.tolist())
        return {
            position: task for position, task in list(self._record.running.items()) if position in positions
        }

    @property
    def engine_ids(self) -> Sequence[EngineId | None]:
        """Engines by slot, by the ids that this client has for them."""
        return [self.local_id(name) for name in self._record.engines.ids]

    @property
    def late_starts(self) -> dict[str, tuple[str, Timestamp]]:
        """Starts that were reported since a cancellation."""
        return self._recorder.listener.last_busy

    @property
    def lock(self) -> threading.RLock:
        """Lock of the group's record."""
        return self._record.lock

    @property
    def silence(self) -> float:
        """Seconds since the last event of the group."""
        return self._record.silence

    @property
    def ready(self) -> bool:
        """Whether all messages of this client have ended."""
        return not self.pending

    @property
    def pending(self) -> bool:
        """Whether a message of this client has not ended."""
        positions = self.positions
        return bool((self._record.columns.status[positions] < OK).any()) if len(positions) else False

    @property
    def lost(self) -> bool:
        """Whether no more replies can be expected."""
        return self.watchdog.lost(self.connection)

    @property
    def note(self) -> str:
        """Sentence about the connection for the user; empty while all is well."""
        return self.watchdog.note(self.connection)

    @property
    def _is_only(self) -> bool:
        return len(self._connections.each) == 1

    def local_id(self, name: EngineId) -> EngineId | None:
        """Return the id by which this client knows an engine of the group; None where it does not."""
        return self._connections.id_at(self.connection, name)

    # changes -------------------------------------------------------------------------------------

    def mark_changed(self) -> None:
        """Have views draw again."""
        self._record.version += 1

    def listen(self, futures: Sequence[MessageFutureLike]) -> None:
        """Receive the events of these futures."""
        self._recorder.listener.attach_first(futures)

    def detach(self, futures: Sequence[MessageFutureLike]) -> None:
        """Receive no more events of these futures."""
        self._recorder.listener.detach(futures)

    def begin_cancellation(self, cancellation: Settling) -> None:
        """Have the watchdog settle a cancellation; fills `late_starts` from now on."""
        self._recorder.listener.reports_every_end = True
        self.watchdog.cancellation = cancellation

    def forget(self, positions: list[int]) -> None:
        """Leave these messages to their new attempt: they were sent again."""
        self.failed_attempts.forget(positions)
        self.watchdog.forget(positions)

    def unresolved(self) -> None:
        """Return None: the results of a group are resolved on their own."""

    def give_up(self) -> None:
        """End each result of this client: contact to the controller is lost."""
        for result in self._membership.results_of(self.client):
            if not result._ready:
                give_up_contact(result, self, self.note)
                self._refresh(result)
