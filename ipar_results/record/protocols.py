"""Protocols for what a record reads of a result and of its connection: one client's, or those of a group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Protocol

from ..model.snapshot import EngineId

if TYPE_CHECKING:
    from ..upstream.protocols import MessageFutureLike, TaskMetadata
    from ..upstream.sent_messages import SentArguments
    from .state import Record


class ResultLike(Protocol):
    """``AsyncResult``, or a group of several."""

    @property
    def msg_ids(self) -> Sequence[str]:
        """Message ids by position."""

    @property
    def _children(self) -> Sequence[MessageFutureLike]: ...

    @property
    def _metadata(self) -> Sequence[TaskMetadata]: ...

    @property
    def _ready(self) -> bool: ...

    @property
    def _output_ready(self) -> bool: ...


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


class ConnectionLike(EngineNames, Protocol):
    """Connection of one client, or the connections of a group's clients."""

    @property
    def argument_cache(self) -> ArgumentCacheLike:
        """Arguments of messages that have not succeeded."""

    @property
    def message_sizes(self) -> MessageSizesLike:
        """Sizes of large messages."""

    @property
    def left_at(self) -> Mapping[int, float]:
        """By engine id, when it left the cluster, in POSIX seconds."""

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""

    @property
    def contact_timeout(self) -> float:
        """Seconds without an answer after which a controller counts as lost."""

    def alive_engines(self) -> AbstractSet[EngineId]:
        """Return the ids of the engines registered now."""

    def other_recorders(self, recorder: Record, /) -> list[Record]:
        """Return the records of other results on the same engines."""

    def record_contact(self) -> None:
        """Record that a message from the cluster has arrived."""

    def check_contact(self) -> None:
        """Send the controller a heartbeat query if it has been silent for a while."""
