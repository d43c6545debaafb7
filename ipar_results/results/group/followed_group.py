"""Facade of a followed group, whose messages may belong to several clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...errors import RetryError
from ..followed import Followed
from .group_recorder import GroupRecorder

if TYPE_CHECKING:
    from ...control.cancel import Cancelled
    from ...control.retry import Retried
    from ...upstream.protocols import AsyncResultLike


class FollowedGroup(Followed):
    """Facade of one group, which retries by the facades of its results."""

    source: GroupRecorder

    def __init__(self, source: GroupRecorder, followed: Callable[[AsyncResultLike], Followed]) -> None:
        super().__init__(source)
        self._followed = followed
        source.on_resume = self.resume

    def poll(self) -> None:
        """Drain, and have the watchdog of each client check."""
        self.update()
        columns = self.record.columns
        if columns.ended == columns.messages:
            return
        self.source.connections.check_contact()
        for scope in self.source.scopes:
            scope.watchdog.check(scope)

    @property
    def lost(self) -> bool:
        """Whether no more replies can be expected for what has not ended."""
        scopes = self.source.scopes
        return any(scope.watchdog.lost for scope in scopes) and all(
            scope.watchdog.lost or scope.ready for scope in scopes
        )

    @property
    def note(self) -> str:
        """Sentences about the connections for the user; empty while all is well."""
        waiting = [scope.watchdog.note for scope in self.source.scopes if not scope.ready]
        return " ".join(dict.fromkeys(filter(None, [self.final_note, *waiting])))

    def cancel(self, interrupt: bool = False, timeout: float = 5.0) -> Cancelled:
        from ...control.cancel import Cancelled, cancel

        self.drain()
        done = [cancel(scope, interrupt, timeout) for scope in self.source.scopes]
        return Cancelled(**{name: sum(getattr(each, name) for each in done) for name in vars(Cancelled())})

    def retry(self, indices: Sequence[int] | None = None) -> Retried:
        from ...control.retry import Retried, positions_to_retry

        self.drain()
        chosen: dict[AsyncResultLike, list[int]] = {}
        for position in positions_to_retry(self.record.columns, indices):
            member, place = self.source.membership.member_at(position)
            chosen.setdefault(member, []).append(place)
        retried = refused = 0
        reasons: list[str] = []
        for member, places in chosen.items():
            own = self._followed(member)
            own.drain()
            columns = own.record.columns
            try:
                done = own.retry([columns.first_input_index(place) for place in places])
            except RetryError as error:
                done = Retried(0, sum(map(columns.input_count, places)), (str(error),))
            retried, refused = retried + done.retried, refused + done.refused
            reasons += done.reasons
        unique = tuple(dict.fromkeys(reasons))
        if refused and (indices is not None or not retried):
            raise RetryError(" ".join(unique))
        return Retried(retried, refused, unique)
