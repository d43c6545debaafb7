"""Registry of the engines of one result: each has a slot in the columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..model.snapshot import EngineId
from ..upstream.protocols import TaskMetadata

_COALESCED = "engines "  # prefix of the id that stands for all engines of a coalesced reply


def is_coalesced(engine_id: object) -> bool:
    """Return True if an id stands for all engines of one coalesced reply."""
    return isinstance(engine_id, str) and engine_id.startswith(_COALESCED)


class Engines:
    """Engines in the order in which they appeared.

    `engine_id` returns the id of an engine by its uuid, also after it died.
    """

    def __init__(self, engine_id: Callable[[str | None], EngineId | None]) -> None:
        self._engine_id = engine_id
        self._slots: dict[EngineId, int] = {}
        self.ids: list[EngineId] = []  # by slot
        self.any_coalesced = False
        self.died: set[int] = set()  # slots of engines that held a task of the result when they left

    def slot(self, engine_id: EngineId | list[int] | None, uuid: str | list[str] | None) -> int:
        """Return the slot of an engine; -1 if it is unknown.

        When an engine dies, the metadata of its tasks has its uuid only: its id is gone before they fail.
        """
        if engine_id is None and not isinstance(uuid, list):
            engine_id = self._engine_id(uuid)
        if engine_id is None:
            return -1
        if isinstance(engine_id, list):
            engine_id = _COALESCED + ", ".join(map(str, engine_id))
        slot = self._slots.get(engine_id)
        if slot is None:
            slot = self._slots[engine_id] = len(self.ids)
            self.ids.append(engine_id)
            self.any_coalesced |= is_coalesced(engine_id)
        return slot

    def slots(self, engine_ids: Sequence[Any], metadata: Sequence[TaskMetadata]) -> list[int]:
        """Return the slots of many engines; `metadata` supplies the uuid where an id is missing."""
        try:
            unknown = set(engine_ids) - self._slots.keys()
        except TypeError:  # a coalesced reply has a list of engines
            unknown = {None}
        if None in unknown:
            return [self.slot(i, md["engine_uuid"]) for i, md in zip(engine_ids, metadata, strict=True)]
        for engine_id in unknown:
            self.slot(engine_id, None)
        return list(map(self._slots.__getitem__, engine_ids))
