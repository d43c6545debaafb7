"""Protocols for what a record reads of its connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from ..model.snapshot import EngineId

if TYPE_CHECKING:
    from ..upstream.sent_messages import SentArguments


class ArgumentCacheLike(Protocol):
    """Cache of the arguments of messages that have not succeeded."""

    def __len__(self) -> int: ...

    def find(self, msg_id: str) -> SentArguments | None:
        """Return the arguments of a message; None where they are not cached."""

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Drop the arguments of these messages."""


class MessageSizesLike(Protocol):
    """Sizes of large messages."""

    def sent_bytes(self, msg_ids: Sequence[str]) -> int:
        """Return the bytes of the large requests among these messages."""

    def received_bytes(self, msg_ids: Sequence[str]) -> int:
        """Return the bytes of the large replies to these messages."""


class EngineNames(Protocol):
    """Lookup of engine ids by uuid."""

    def engine_id(self, uuid: str | None) -> EngineId | None:
        """Return the id of an engine, also after it died."""
