"""Scope of one result: all its messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..record.recorder import Recorder
from .end_tasks import give_up_contact
from .scope import TaskScope, WatchdogState

if TYPE_CHECKING:
    from ..record.hub_recorder import HubRecorder
    from ..upstream.connection import Connection
    from ..upstream.protocols import AsyncResultLike, MessageFutureLike


class ResultScope(TaskScope):
    """Messages of one result; made for each check and each action, as it keeps the result alive."""

    def __init__(
        self,
        result: AsyncResultLike,
        recorder: Recorder | HubRecorder,
        watchdog: WatchdogState,
        connection: Connection,
    ) -> None:
        super().__init__(recorder, watchdog, result._client, connection)
        self.result = result
        self.futures, self.metadata, self.msg_ids = result._children, result._metadata, result.msg_ids
        self._recorder = recorder

    @property
    def given_up(self) -> bool:
        """Whether the result was ended because contact was lost."""
        return self.record.given_up

    @given_up.setter
    def given_up(self, given_up: bool) -> None:
        self.record.given_up = given_up

    @property
    def ready(self) -> bool:
        """Whether all messages have ended, and a user sees that they have."""
        return self.result._ready

    def unresolved(self) -> AsyncResultLike | None:
        """Return the result if its messages have all ended and ipyparallel has not resolved it yet."""
        result = self.result
        if result._ready or not result._children or not result._result_future.done():
            return None
        return result

    def listen(self, futures: Sequence[MessageFutureLike]) -> None:
        """Receive the events of these futures."""
        self.listener.attach(futures)

    def give_up(self) -> None:
        """End the result: contact to the controller is lost."""
        give_up_contact(self.result, self)

    def reopen(self, positions: list[int], replace_futures: Callable[[], None]) -> None:
        """Make ended messages pending again; called on the client's IO thread."""
        self.watchdog.forget(positions)
        if isinstance(self._recorder, Recorder):
            self._recorder.reopen(positions, replace_futures)
        self.connection.drop_when_collected(self.result, self.result.msg_ids)
