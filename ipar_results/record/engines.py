"""Engines of one result, each with its slot in the columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..model.snapshot import EngineId

_COALESCED = "engines "  # begins the id that stands for all engines of one coalesced reply


class EngineNames(Protocol):
    """Lookup of engine ids by uuid."""

    def engine_id(self, uuid: str | None) -> EngineId | None:
        """Return the id of an engine, also after it died."""


def is_coalesced(engine_id: object) -> bool:
    """Return whether an id stands for all engines of one coalesced reply."""
    return isinstance(engine_id, str) and engine_id.startswith(_COALESCED)


class Engines:
    """Engines in the order in which they appeared.

    Attributes
    ----------
    ids : list
        An engine's id by its slot.
    """

    def __init__(self, connection: EngineNames) -> None:
        self._connection = connection
        self._slots: dict[Any, int] = {}
        self.ids: list[EngineId] = []

    def slot(self, engine_id: Any, uuid: Any) -> int:
        """Return the slot of an engine; -1 where no engine is known.

        A dead engine loses its id before its tasks fail, its uuid stays.
        """
        if engine_id is None:
            engine_id = self._connection.engine_id(uuid)
        if engine_id is None:
            return -1
        if isinstance(engine_id, list):
            engine_id = _COALESCED + ", ".join(map(str, engine_id))
        slot = self._slots.get(engine_id)
        if slot is None:
            slot = self._slots[engine_id] = len(self.ids)
            self.ids.append(engine_id)
        return slot

    def slots(self, engine_ids: Sequence[Any], metadata: Sequence[Any]) -> list[int]:
        """Return the slots of many engines; the metadata gives the uuid where an id is missing."""
        try:
            unknown = set(engine_ids) - self._slots.keys()
        except TypeError:  # a coalesced reply has a list of engines
            unknown = {None}
        if None in unknown:
            return [self.slot(i, md["engine_uuid"]) for i, md in zip(engine_ids, metadata, strict=True)]
        for engine_id in unknown:
            self.slot(engine_id, None)
        slots = self._slots
        return [slots[i] for i in engine_ids]
