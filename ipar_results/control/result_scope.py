"""Messages of one result, as actions and the watchdog see them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..model.arrays import Index
from ..model.snapshot import EngineId
from ..record.attempts import FailedAttempts
from ..record.columns import Columns
from ..record.hub_recorder import HubRecorder
from ..record.recorder import Recorder
from ..upstream.connection import Connection
from .end_tasks import give_up_contact
from .scope import Settling
from .watchdog import Watchdog

if TYPE_CHECKING:
    from ..upstream.protocols import AsyncResultLike, ClientLike, MessageFutureLike, TaskMetadata, Timestamp


class ResultScope:
    """The :class:`~ipar_results.control.scope.RetryScope` of a result, made for each check and action."""

    def __init__(
        self,
        result: AsyncResultLike,
        recorder: Recorder | HubRecorder,
        connection: Connection,
        watchdog: Watchdog,
    ) -> None:
        self.result = result
        self.connection = connection
        self._recorder = recorder
        self._record = recorder.record
        self._watchdog = watchdog

    # messages ------------------------------------------------------------------------------------

    @property
    def futures(self) -> Sequence[MessageFutureLike]:
        """Futures by position; empty for a result of the Hub."""
        return self.result._children

    @property
    def metadata(self) -> Sequence[TaskMetadata]:
        """Metadata by position."""
        return self.result._metadata

    @property
    def msg_ids(self) -> Sequence[str]:
        """Message ids by position."""
        return self.result.msg_ids

    @property
    def client(self) -> ClientLike:
        """The client that submitted them."""
        return self.result._client

    @property
    def columns(self) -> Columns:
        """Columns of the record."""
        return self._record.columns

    @property
    def positions(self) -> Index:
        """All positions."""
        return self._record.positions

    @property
    def running(self) -> dict[int, tuple[int, float]]:
        """Running tasks of the record."""
        return self._record.running

    @property
    def engine_ids(self) -> Sequence[EngineId | None]:
        """Engine ids by slot."""
        return self._record.engines.ids

    @property
    def failed_attempts(self) -> FailedAttempts:
        """Engines on which pending tasks have failed."""
        return self._record.failed_attempts

    @property
    def late_starts(self) -> dict[str, tuple[str, Timestamp]]:
        """Starts that were reported since a cancellation."""
        return self._recorder.listener.last_busy

    @property
    def lock(self) -> threading.RLock:
        """Lock of the record."""
        return self._record.lock

    @property
    def silence(self) -> float:
        """Seconds since the last event."""
        return self._record.silence

    @property
    def ready(self) -> bool:
        """Whether the user sees that all messages have ended."""
        return self.result._ready

    @property
    def given_up(self) -> bool:
        """Whether the result was ended because contact was lost."""
        return self._record.given_up

    @given_up.setter
    def given_up(self, given_up: bool) -> None:
        self._record.given_up = given_up

    @property
    def lost(self) -> bool:
        """Whether no more replies can be expected."""
        return self._watchdog.lost(self.connection)

    @property
    def note(self) -> str:
        """Sentence about the connection for the user; empty while all is well."""
        return self._watchdog.note(self.connection)

    # changes -------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Take in what has happened."""
        self._recorder.drain()

    def mark_changed(self) -> None:
        """Have views draw again."""
        self._record.version += 1

    def listen(self, futures: Sequence[MessageFutureLike]) -> None:
        """Receive the events of these futures."""
        self._recorder.listener.attach(futures)

    def detach(self, futures: Sequence[MessageFutureLike]) -> None:
        """Receive no more events of these futures."""
        self._recorder.listener.detach(futures)

    def begin_cancellation(self, cancellation: Settling) -> None:
        """Have the watchdog settle a cancellation; fills `late_starts` from now on."""
        self._recorder.listener.reports_every_end = True
        self._watchdog.cancellation = cancellation

    def unresolved(self) -> AsyncResultLike | None:
        """Return the result if its messages have all ended and ipyparallel has not resolved it yet."""
        result = self.result
        if result._ready or not result._children or not result._result_future.done():
            return None
        return result

    def give_up(self) -> None:
        """End the result: contact to the controller is lost."""
        give_up_contact(self.result, self, self.note)

    def reopen(self, positions: list[int], replace_futures: Callable[[], None]) -> None:
        """Make ended messages pending again; called on the client's IO thread."""
        self._watchdog.forget(positions)
        recorder: Any = self._recorder
        recorder.reopen(positions, replace_futures)
        self.connection.drop_when_collected(self.result, self.msg_ids)
