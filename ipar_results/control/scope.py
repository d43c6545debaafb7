"""Scope of an action and of the watchdog: the messages of one client on which they work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

from ..errors import ContactLost
from ..model.arrays import Index
from ..model.snapshot import EngineId
from ..record.recorders.hub_recorder import HubRecorder
from ..record.recorders.recorder import Recorder
from ..upstream.connection import Connection
from ..upstream.futures import pending_positions, set_result
from ..upstream.protocols import AsyncResultLike, ClientLike, MessageFutureLike, TaskMetadata
from .end_tasks import call_on_io_thread


class PendingCancellation(Protocol):
    """Cancellation that the watchdog completes."""

    def settle(self, scope: TaskScope) -> None: ...

    def exclude(self, positions: list[int]) -> None: ...


class WatchdogState:
    """State of a watchdog, which outlives the scopes that it checks."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.cancellation: PendingCancellation | None = None  # to be completed
        # sentence for the user while the scope's scheduler does not answer, though the Hub may; else empty
        self.scheduler_problem = ""

    @property
    def lost(self) -> bool:
        """Whether no more replies can be expected."""
        return self.connection.lost or bool(self.scheduler_problem)

    @property
    def note(self) -> str:
        """Sentence about the connection for the user; empty while all is well."""
        return (not self.connection.lost and self.scheduler_problem) or self.connection.describe_problem()

    def forget(self, positions: list[int]) -> None:
        """Leave these messages to their new attempt: they were sent again."""
        if self.cancellation is not None:
            self.cancellation.exclude(positions)


class TaskScope(ABC):
    """Messages of one client: those of one result, or those that a group has of this client.

    `futures`, `metadata`, `msg_ids` and `columns` may hold more messages; `positions` lists those in the
    scope.
    """

    futures: Sequence[MessageFutureLike]  # none for a result of the Hub
    metadata: Sequence[TaskMetadata]
    msg_ids: Sequence[str]
    given_up: bool  # the messages were ended because contact was lost
    result: AsyncResultLike | None = None  # to which all messages belong, if it is one

    def __init__(self, recorder: Recorder | HubRecorder, watchdog: WatchdogState, client: ClientLike) -> None:
        self.record, self.listener = recorder.record, recorder.listener
        self.columns, self.lock = self.record.columns, self.record.lock
        self.failed_attempts = self.record.failed_attempts
        self.drain: Callable[[], None] = recorder.drain
        self.watchdog = watchdog
        self.client, self.connection = client, watchdog.connection

    @property
    def positions(self) -> Index:
        """Positions of the messages in the scope."""
        return self.record.positions

    @property
    def running(self) -> dict[int, tuple[int, float]]:
        """By position, the engine's slot and the POSIX time at which the task began."""
        return self.record.running

    @property
    def engine_ids(self) -> Sequence[EngineId | None]:
        """By slot, the id by which the client knows the engine; None where it does not."""
        return self.record.engines.ids

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Whether all messages have ended, and a user sees that they have."""

    @abstractmethod
    def give_up(self) -> None:
        """End what is pending: contact to the controller is lost."""

    def end_result(self, result: AsyncResultLike) -> None:
        """End a result with :class:`ContactLost`; late replies are still received."""
        from ..upstream.async_result import end_hub_result

        error = ContactLost(self.watchdog.note)
        if result._children:
            call_on_io_thread(result._client, lambda: self._end_pending(result, error))
        else:
            end_hub_result(result, error)

    def _end_pending(self, result: AsyncResultLike, error: ContactLost) -> None:
        """End the pending futures, and put new ones for late replies in their place."""
        from ..upstream.async_result import CONTACT_LOST, connect_futures, replace_children, successor

        pending = pending_positions(result._children)
        if not pending:
            return
        children = list(result._children)
        old = [children[i] for i in pending]
        self.listener.detach(old)
        closed = self.connection.closed
        if not closed:
            for i in pending:
                children[i] = successor(children[i])
        setattr(result, CONTACT_LOST, not closed)
        self.connection.replies.discard(future.msg_id for future in old)
        for future in old:
            set_result(future, error)  # ipyparallel sets errors as results
            if closed:
                set_result(future.output, None)
        if not result.done():
            result._resolve_result(result._result_future)
        if closed:
            return
        # waiters hold the old futures; late replies go to the new ones
        new = [children[i] for i in pending]
        self.listener.attach(new)
        self.connection.replies.postpone(new)
        replace_children(result, children)
        connect_futures(result)


class ResultScope(TaskScope):
    """Messages of one result; made for each check and each action, as it keeps the result alive."""

    def __init__(
        self, result: AsyncResultLike, recorder: Recorder | HubRecorder, watchdog: WatchdogState
    ) -> None:
        super().__init__(recorder, watchdog, result._client)
        self.result: AsyncResultLike = result
        self.futures, self.metadata, self.msg_ids = result._children, result._metadata, result.msg_ids
        self._recorder = recorder

    @property
    def given_up(self) -> bool:
        return self.record.given_up

    @given_up.setter
    def given_up(self, given_up: bool) -> None:
        self.record.given_up = given_up

    @property
    def ready(self) -> bool:
        return self.result._ready

    def give_up(self) -> None:
        self.end_result(self.result)

    def reopen(self, positions: list[int], replace_futures: Callable[[], None]) -> None:
        """Make ended messages pending again; called on the client's IO thread."""
        self.watchdog.forget(positions)
        if isinstance(self._recorder, Recorder):
            self._recorder.reopen(positions, replace_futures)
        self.connection.drop_when_collected(self.result, self.result.msg_ids)
