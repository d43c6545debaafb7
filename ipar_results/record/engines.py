"""The engines a result has met, each with its slot in the columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..model.snapshot import EngineId
from ..upstream.connection import Connection

_TOGETHER = "engines "


def coalesced(engine_id: object) -> bool:
    """Whether an id stands for all the engines of one coalesced reply."""
    return isinstance(engine_id, str) and engine_id.startswith(_TOGETHER)


class Roster:
    """Engines in the order in which they were met.

    Attributes
    ----------
    ids : list
        An engine's id by its slot.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._slots: dict[Any, int] = {}
        self.ids: list[EngineId] = []

    def slot(self, engine_id: Any, uuid: Any) -> int:
        """The slot of an engine; -1 where no engine is known.

        A dead engine loses its id before its tasks fail, its uuid stays.
        """
        if engine_id is None:
            engine_id = self._connection.engine_id(uuid)
        if engine_id is None:
            return -1
        if isinstance(engine_id, list):
            engine_id = _TOGETHER + ", ".join(map(str, engine_id))
        slot = self._slots.get(engine_id)
        if slot is None:
            slot = self._slots[engine_id] = len(self.ids)
            self.ids.append(engine_id)
        return slot

    def slots(self, engine_ids: Sequence[Any], records: Sequence[Any]) -> list[int]:
        """The slots of many engines; `records` are asked for an uuid where an id is missing."""
        try:
            unknown = set(engine_ids) - self._slots.keys()
        except TypeError:  # a coalesced reply has a list of engines
            unknown = {None}
        if None in unknown:
            return [self.slot(i, md["engine_uuid"]) for i, md in zip(engine_ids, records, strict=True)]
        for engine_id in unknown:
            self.slot(engine_id, None)
        slots = self._slots
        return [slots[i] for i in engine_ids]
