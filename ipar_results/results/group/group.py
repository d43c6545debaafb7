"""Group of results under one label: the public `ipar_results.Group`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from ..monitor import Monitor
from ..registry import SelfFollowed, open_groups

if TYPE_CHECKING:
    from contextvars import Token

    from ...model.snapshot import Snapshot
    from ...upstream.protocols import AsyncResultLike, ResultLike
    from ..registry import Registry


class GroupSession(Protocol):
    """What a group needs of its session."""

    registry: Registry
    enabled: bool

    def begin_group(self, group: Group, show: bool) -> None: ...

    def wake(self) -> None: ...

    @property
    def wait(self) -> Callable[[ResultLike, float, float | None, bool | None, object], None]:
        """Wait for a result while showing it; takes the arguments of :meth:`Group.wait_interactive`."""


class Group(SelfFollowed):
    """Results of one block, which views show as one result; made by :func:`ipar_results.group`.

    Attributes
    ----------
    label : str
        The name on the card.
    """

    _chunk_sizes: dict[str, int] | None = None
    _single_result = False

    def __init__(self, label: str, session: Callable[[], GroupSession], *, quiet: bool = False) -> None:
        if not isinstance(label, str):
            msg = f"expected a text as the label of a group, got {label!r}"
            raise TypeError(msg)
        from .followed_group import FollowedGroup
        from .group_recorder import GroupRecorder

        self.label = self._fname = label
        self._quiet = quiet
        self._session = session
        self._tokens: list[Token[tuple[SelfFollowed, ...]]] = []
        self._entered = False
        self._ready_event = threading.Event()
        registry = session().registry
        self._recorder = GroupRecorder(self, registry.connection, registry.on_resume)
        self.membership = self._recorder.membership
        self.msg_ids = self.membership.msg_ids
        self._children, self._metadata = self.membership.futures, self.membership.metadata
        self.record = self._recorder.record
        self.followed = FollowedGroup(self._recorder, registry.followed)
        registry.add(self, self.followed)

    @classmethod
    def of(cls, label: str, session: Callable[[], GroupSession], results: Sequence[AsyncResultLike]) -> Group:
        """Return a closed group of existing results."""
        group = cls(label, session, quiet=True)
        group.membership.add(results)
        group._recorder.stop_growing()
        return group

    def __enter__(self) -> Group:
        session = self._session()
        if not session.enabled:
            msg = (
                "a group notes results as they are made: run %load_ext ipar_results or ipar_results.enable()"
            )
            raise RuntimeError(msg)
        if self._entered:
            msg = f"the block of the group {self.label!r} has run: make another group"
            raise RuntimeError(msg)
        self._entered = True
        session.begin_group(self, show=not self._quiet)
        self._tokens.append(open_groups.set((*open_groups.get(), self)))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        open_groups.reset(self._tokens.pop())
        if kind is not None:
            self.followed.final_note = (
                f"The block ended early, with {kind.__name__}: what it had submitted until then is here."
            )
        self.close()

    def add_new(self, result: AsyncResultLike) -> bool:
        """Add a result that was made in the block.

        Parameters
        ----------
        result : AsyncResult
            A new result.

        Returns
        -------
        bool
            False once the block has ended: the result was not added.
        """
        if not self.record.can_grow:
            return False
        self.membership.add_new(result)
        return True

    def close(self) -> None:
        """Add no more results; called when the block ends."""
        self._recorder.stop_growing()
        self._session().wake()

    @property
    def results(self) -> tuple[AsyncResultLike, ...]:
        """The results so far, in the order in which they were made."""
        self.followed.drain()
        return tuple(member.result for member in list(self.membership.members))

    @property
    def monitor(self) -> Monitor:
        """State of all results together, and actions on all of them."""
        return Monitor(self, self.followed)

    def snapshot(self) -> Snapshot:
        """Return all facts as they are now, frozen.

        Returns
        -------
        Snapshot
            Its task indices run through the results in their order.
        """
        return self.monitor.snapshot()

    def wait_interactive(
        self,
        interval: float = 0.1,
        timeout: float | None = -1,
        widget: bool | None = None,
        return_when: object = "ALL_COMPLETED",
    ) -> None:
        """Wait for all results while showing them, as ``AsyncResult.wait_interactive`` does for one.

        Parameters
        ----------
        interval : float
            Seconds between two polls.
        timeout : float
            Seconds to wait at most; -1 waits without limit.
        widget : bool, optional
            Show a widget in a notebook; None follows the configured view.
        return_when : {'ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION'}
        """
        if self.record.can_grow and self in open_groups.get():
            msg = (
                "inside its own block a group has no end to wait for: call wait_interactive() after the block"
            )
            raise RuntimeError(msg)
        self._session().wait(self, interval, timeout, widget, return_when)

    def __repr__(self) -> str:
        from ...render.text import summary_line

        return f"<Group {summary_line(self.snapshot())}>"

    @property
    def _ready(self) -> bool:
        self.followed.drain()
        return self.record.finished and self._recorder.reached("_ready")

    @property
    def _output_ready(self) -> bool:
        return self.record.finished and self._recorder.reached("_output_ready")


def label_of(results: Iterable[ResultLike]) -> str:
    """Return a label for results: the name of their function, if all have the same, or their number."""
    names = [str(result._fname) for result in results]
    if len(set(names)) == 1 and names[0] not in ("unknown", ""):
        return f"{names[0]} × {len(names):,}" if len(names) > 1 else names[0]
    return f"{len(names):,} results"
