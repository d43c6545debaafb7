"""Protocol for the messages that an action or the watchdog works on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ..model.arrays import Index
from ..model.snapshot import EngineId
from ..record.attempts import FailedAttempts
from ..record.columns import Columns
from ..upstream.connection import Connection
from ..upstream.protocols import AsyncResultLike, ClientLike, MessageFutureLike, TaskMetadata, Timestamp


class Settling(Protocol):
    """Action that the watchdog completes."""

    def settle(self, scope: TaskScope) -> None:
        """Complete what can be completed by now."""

    def exclude(self, positions: list[int]) -> None:
        """Leave these messages alone: they were sent again."""


class TaskScope(Protocol):
    """Messages of one client: those of one result, or those that a group has of this client.

    `futures`, `metadata`, `msg_ids` and `columns` may hold more messages; `positions` lists those in the
    scope.

    Attributes
    ----------
    given_up : bool
        Whether the messages were ended because contact was lost.
    """

    given_up: bool

    @property
    def futures(self) -> Sequence[MessageFutureLike]:
        """Futures by position."""

    @property
    def metadata(self) -> Sequence[TaskMetadata]:
        """Metadata by position."""

    @property
    def msg_ids(self) -> Sequence[str]:
        """Message ids by position."""

    @property
    def client(self) -> ClientLike:
        """The client that submitted the messages."""

    @property
    def connection(self) -> Connection:
        """The connection of the client."""

    @property
    def columns(self) -> Columns:
        """Columns that hold the messages."""

    @property
    def positions(self) -> Index:
        """Positions of the messages in the scope."""

    @property
    def running(self) -> dict[int, tuple[int, float]]:
        """By position, the engine's slot and the POSIX time at which the task began."""

    @property
    def engine_ids(self) -> Sequence[EngineId | None]:
        """By slot, the id by which this client knows the engine; None where it does not."""

    @property
    def failed_attempts(self) -> FailedAttempts:
        """Engines on which pending tasks have failed."""

    @property
    def late_starts(self) -> dict[str, tuple[str, Timestamp]]:
        """By message id, engine uuid and its time of each start reported since a cancellation."""

    @property
    def lock(self) -> threading.RLock:
        """Held while the columns are written, and by those who read several of them at once."""

    @property
    def silence(self) -> float:
        """Seconds since the last event."""

    @property
    def ready(self) -> bool:
        """Whether all messages have ended, and a user sees that they have."""

    def drain(self) -> None:
        """Take in what has happened."""

    def mark_changed(self) -> None:
        """Have views draw again."""

    def listen(self, futures: Sequence[MessageFutureLike]) -> None:
        """Receive the events of these futures."""

    def detach(self, futures: Sequence[MessageFutureLike]) -> None:
        """Receive no more events of these futures."""

    def begin_cancellation(self, cancellation: Settling) -> None:
        """Have the watchdog settle a cancellation; fills `late_starts` from now on."""

    def unresolved(self) -> AsyncResultLike | None:
        """Return a result whose messages have all ended and which ipyparallel has not resolved yet."""

    def give_up(self) -> None:
        """End what is pending: contact to the controller is lost."""


class RetryScope(TaskScope, Protocol):
    """Messages of one result, whose futures can be replaced."""

    @property
    def result(self) -> AsyncResultLike:
        """The result."""

    @property
    def lost(self) -> bool:
        """Whether no more replies can be expected."""

    @property
    def note(self) -> str:
        """Sentence about the connection for the user; empty while all is well."""

    def reopen(self, positions: list[int], replace_futures: Callable[[], None]) -> None:
        """Make ended messages pending again; called on the client's IO thread."""
