"""The clients of a group: what it knows of each one's cluster, and what looks after each one's messages."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...control.end_tasks import give_up_contact
from ...control.watchdog import Rescue
from ...model.arrays import Index
from ...model.snapshot import EngineId
from ...model.status import OK
from ...record.columns import Columns
from ...record.engines import Roster
from ...upstream.connection import Connection

if TYPE_CHECKING:
    from ...control.cancel import Cancelling
    from .group_recorder import GroupRecorder


class _ArgumentCaches:
    """What messages of all clients carried that have not succeeded."""

    def __init__(self, connections: list[Connection]) -> None:
        self._connections = connections

    def __len__(self) -> int:
        return sum(len(connection.argument_cache) for connection in self._connections)

    def find(self, msg_id: str) -> Any:
        """What a message carried; None where that is not kept."""
        return next(
            filter(None, (connection.argument_cache.find(msg_id) for connection in self._connections)), None
        )

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Keep these no longer."""
        ids = list(msg_ids)
        for connection in self._connections:
            connection.argument_cache.drop(ids)


class _MessageSizes:
    """How large the messages of all clients are."""

    def __init__(self, connections: list[Connection]) -> None:
        self._connections = connections

    def sent_bytes(self, msg_ids: Sequence[str]) -> int:
        """Bytes of those requests that are large."""
        return sum(connection.message_sizes.sent_bytes(msg_ids) for connection in self._connections)

    def received_bytes(self, msg_ids: Sequence[str]) -> int:
        """Bytes of those replies that are large."""
        return sum(connection.message_sizes.received_bytes(msg_ids) for connection in self._connections)


class Connections:
    """The connections of a group's clients, to be asked as if they were one.

    Engines of the first client have their ids; those of another client's cluster say whose they are.
    """

    def __init__(self) -> None:
        self.each: list[Connection] = []
        self.argument_cache, self.message_sizes = _ArgumentCaches(self.each), _MessageSizes(self.each)
        self.trouble = ""
        self._uuids: dict[EngineId, str] = {}

    def add_recorder(self, recorder: Any) -> None:
        """Nothing: to others the results of a group are what they are by themselves."""

    def drop_when_collected(self, thing: Any, msg_ids: Sequence[str]) -> None:
        """Nothing yet: a client that joins keeps its own."""

    def other_recorders(self, recorder: GroupRecorder) -> list[Any]:
        """Recorders of results that are not in the group, and whose tasks run on the same engines."""
        found = [other for connection in self.each[:1] for other in connection.other_recorders(recorder)]
        return [other for other in found if not recorder.has(other.result())]

    # engines -------------------------------------------------------------------------------------

    @property
    def left_at(self) -> dict[int, float]:
        """When engines of the first client's cluster left it."""
        return self.each[0].left_at if self.each else {}

    def engine_id(self, uuid: str | None) -> EngineId | None:
        """The name of an engine, also after it died."""
        if uuid is None:
            return None
        for n, connection in enumerate(self.each):
            if connection.has_engine(uuid):
                name = connection.engine_id(uuid)
                name = name if n == 0 else f"{name} of client {n + 1}"
                self._uuids[name] = uuid  # type: ignore[index]
                return name
        return uuid

    def id_at(self, connection: Connection, name: EngineId) -> EngineId | None:
        """By which id one client knows an engine; None where it does not."""
        uuid = self._uuids.get(name)
        if uuid is None:
            return name if connection is self.each[0] else None
        return connection.engine_id(uuid) if connection.has_engine(uuid) else None

    def alive_engines(self) -> frozenset[EngineId]:
        """Names of the engines registered now."""
        if len(self.each) == 1:
            return frozenset(self.each[0].alive_engines())
        names = (self.engine_id(uuid) for connection in self.each for uuid in connection.engine_uuids())
        return frozenset(name for name in names if name is not None)

    # contact -------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether all clients were closed."""
        return bool(self.each) and all(connection.closed for connection in self.each)

    @property
    def lost(self) -> bool:
        """Whether all clients lost contact."""
        return bool(self.each) and all(connection.lost for connection in self.each)

    def record_contact(self) -> None:
        """Note that something came; of several clients each is asked for a sign of life instead."""
        if len(self.each) == 1:
            self.each[0].record_contact()

    def check_contact(self) -> None:
        """Ask the controllers for a sign of life."""
        for connection in self.each:
            connection.check_contact()

    def describe_problem(self) -> str:
        """What a person must know."""
        return " ".join(
            dict.fromkeys(filter(None, (connection.describe_problem() for connection in self.each)))
        )

    @property
    def on_io_thread(self) -> bool:
        """Whether this is the IO thread of a client."""
        return any(connection.on_io_thread for connection in self.each)


class GroupRoster(Roster):
    """The engines of a group; with several clients an id alone does not say which engine is meant."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)  # type: ignore[arg-type]
        self._connections = connections

    def slots(self, engine_ids: Sequence[Any], records: Sequence[Any]) -> list[int]:
        """The slots of many engines."""
        if len(self._connections.each) == 1:
            return super().slots(engine_ids, records)
        return [
            self.slot(None, md["engine_uuid"])
            if isinstance(md["engine_uuid"], str)
            else self.slot(engine_id, None)
            for engine_id, md in zip(engine_ids, records, strict=True)
        ]


class _Engines(NamedTuple):
    ids: list[EngineId | None]


class Part:
    """The messages of one client of a group: to actions and rescues both a result and its recorder.

    Parameters
    ----------
    group : GroupRecorder
    connection : Connection
    client : ipyparallel.Client
        Held: the results of the group hold it as well.
    """

    # a group's results resolve by themselves
    _result_future: Future[None] = Future()

    def __init__(self, group: GroupRecorder, connection: Connection, client: Any) -> None:
        self._group = group
        self._client = client
        self.connection = connection
        self.rescue = Rescue()

    @property
    def only(self) -> bool:
        """Whether the group has no other client."""
        return len(self._group.parts) == 1

    @property
    def mine(self) -> Index:
        """Positions of this client's messages."""
        return self._group.mine if self.only else self._group.positions_of(self)

    # as a result ---------------------------------------------------------------------------------

    @property
    def _children(self) -> list[Any]:
        return self._group.futures

    @property
    def _metadata(self) -> list[Any]:
        return self._group.metadata

    @property
    def msg_ids(self) -> list[str]:
        """Message ids of the whole group, by position."""
        return self._group.msg_ids

    @property
    def _ready(self) -> bool:
        return not len(self._group.columns.pending(self.mine))

    # as a recorder -------------------------------------------------------------------------------

    @property
    def columns(self) -> Columns:
        """The columns of the whole group."""
        return self._group.columns

    @property
    def lock(self) -> threading.RLock:
        """The group's lock."""
        return self._group.lock

    @property
    def running(self) -> dict[int, tuple[int, float]]:
        """What runs of this client's messages."""
        if self.only:
            return self._group.running
        mine = set(self.mine.tolist())
        return {position: run for position, run in list(self._group.running.items()) if position in mine}

    @property
    def engines(self) -> _Engines:
        """Engines by slot, by the ids that this client has for them."""
        connections = self._group.connection
        return _Engines([connections.id_at(self.connection, name) for name in self._group.engines.ids])

    @property
    def lost(self) -> bool:
        """Whether nothing more can be expected of this client's messages."""
        return self.rescue.lost(self.connection)

    @property
    def note(self) -> str:
        """What a person must know of the way to this client's engines."""
        return self.rescue.note(self.connection)

    @property
    def quiet(self) -> float:
        """Seconds since something was last heard of the group."""
        return self._group.quiet

    @property
    def version(self) -> int:
        """Rises with every change of the group."""
        return self._group.version

    @version.setter
    def version(self, number: int) -> None:
        self._group.version = number

    def drain(self) -> None:
        """Take in what has happened."""
        self._group.drain()

    def be_cancelled(self, cancelling: Cancelling) -> None:
        """Take care of what the user asked to be cancelled."""
        self._group.hear_every_end()
        self.rescue.cancelling = cancelling

    @property
    def late(self) -> dict[str, tuple[str, Any]]:
        """What was heard since a cancellation of tasks that have begun."""
        return self._group.late

    def listen(self, futures: Sequence[Any]) -> None:
        """Hear what comes of these futures."""
        self._group.listen(futures)

    def deafen(self, futures: Sequence[Any]) -> None:
        """Hear no more of these futures."""
        self._group.deafen(futures)

    def give_up(self, result: Part) -> None:
        """Contact is lost: each result of this client says so."""
        for member in self._group.members_of(self):
            if not member.result._ready:
                give_up_contact(member.result, self)  # type: ignore[arg-type]
                self._group.refresh(member.result)

    def look(self) -> None:
        """End what can't end by itself."""
        self.rescue.look(self, self)  # type: ignore[arg-type]


class Routes(Rescue):
    """Sends what a group notices to the part that it concerns."""

    def __init__(self, group: GroupRecorder) -> None:
        super().__init__()
        self._group = group

    def tried(self, position: int, engine: Any) -> None:
        """Note that a task has failed on an engine, and is still pending."""
        part = self._group.part_at(position)
        part.rescue.tried(position, self._group.connection.id_at(part.connection, engine))

    def spare(self, positions: list[int]) -> None:
        """Forget what was known of these messages: they were sent again."""
        for part in self._group.parts:
            part.rescue.spare(positions)


def pending_of(columns: Columns, positions: Index) -> bool:
    """Whether one of these messages has not ended."""
    return bool((columns.status[positions] < OK).any()) if len(positions) else False


def positions(owners: Sequence[int], members: Sequence[int]) -> Index:
    """Positions of the messages that belong to these members."""
    return np.flatnonzero(np.isin(np.array(owners, np.int64), members)).astype(np.int64)
