"""Connections of a group's clients, which may belong to several clusters, queried as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...model.snapshot import EngineId
from ...record.engines import Engines
from ...record.state import Record
from ...upstream.connection import Connection
from ...upstream.protocols import ResultLike


class Connections:
    """Connections of a group's clients, queried as one.

    Engines of the first client's cluster keep their ids; those of another cluster are named after its client.
    """

    def __init__(self, is_member: Callable[[ResultLike | None], bool]) -> None:
        self._is_member = is_member
        self.each: list[Connection] = []
        self._uuids: dict[EngineId, str] = {}

    def other_recorders(self, record: Record) -> list[Record]:
        """Return records of results outside the group whose tasks run on the same engines."""
        found = [other for link in self.each[:1] for other in link.other_recorders(record)]
        return [other for other in found if not self._is_member(other.result())]

    @property
    def joined_at(self) -> dict[EngineId, float]:
        return self._by_name([link.joined_at for link in self.each])

    @property
    def left_at(self) -> dict[EngineId, float]:
        return self._by_name([link.left_at for link in self.each])

    @property
    def died(self) -> frozenset[EngineId]:
        return frozenset(self._by_name([dict.fromkeys(link.died, 0.0) for link in self.each]))

    def mark_died(self, name: EngineId) -> None:
        for link in self.each:
            engine_id = self.id_at(link, name)
            if engine_id is not None:
                link.mark_died(engine_id)

    @staticmethod
    def _by_name(times: Sequence[Mapping[EngineId, float]]) -> dict[EngineId, float]:
        """Join the clients' times by the names that engines have in the group."""
        return {
            engine_id if n == 0 else f"{engine_id} of client {n + 1}": at
            for n, each in enumerate(times)
            for engine_id, at in each.items()
        }

    def engine_id(self, uuid: str | None) -> EngineId | None:
        """Return the name of an engine, also after it died."""
        if uuid is None:
            return None
        for n, link in enumerate(self.each):
            if link.has_engine(uuid):
                name = link.engine_id(uuid)
                name = name if n == 0 else f"{name} of client {n + 1}"
                if name is not None:
                    self._uuids[name] = uuid
                return name
        return uuid

    def id_at(self, link: Connection, name: EngineId) -> EngineId | None:
        """Return the id by which one client knows an engine; None where it does not."""
        uuid = self._uuids.get(name)
        if uuid is None:
            return name if link is self.each[0] else None
        return link.engine_id(uuid) if link.has_engine(uuid) else None

    def alive_engines(self) -> frozenset[EngineId]:
        if len(self.each) == 1:
            return frozenset(self.each[0].alive_engines())
        names = (self.engine_id(uuid) for link in self.each for uuid in link.engine_uuids())
        return frozenset(name for name in names if name is not None)

    @property
    def closed(self) -> bool:
        return bool(self.each) and all(link.closed for link in self.each)

    @property
    def contact_timeout(self) -> float:
        """Longest contact timeout of the clients, in seconds."""
        return max((link.contact_timeout for link in self.each), default=0.0)

    def record_contact(self) -> None:
        """Record that an event has arrived; with several clients it is not known from which cluster."""
        if len(self.each) == 1:
            self.each[0].record_contact()

    def check_contact(self) -> None:
        for link in self.each:
            link.check_contact()


class GroupEngines(Engines):
    """Engines of a group; with several clusters an id alone does not identify an engine."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections.engine_id)
        self._connections = connections

    def slots(self, engine_ids: Sequence[Any], metadata: Sequence[Any]) -> list[int]:
        if len(self._connections.each) == 1:
            return super().slots(engine_ids, metadata)
        return [
            self.slot(None, md["engine_uuid"])
            if isinstance(md["engine_uuid"], str)
            else self.slot(engine_id, None)
            for engine_id, md in zip(engine_ids, metadata, strict=True)
        ]
