"""Many results under one label: what `ipar_results.group` gives."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

from ...errors import RetryError
from ..monitor import Monitor

if TYPE_CHECKING:
    from ...control.cancel import Cancelled
    from ...control.retry import Retried
    from ...model.snapshot import Snapshot
    from ..registry import Watch
    from .group_recorder import GroupRecorder

# a block's own: a thread or an asyncio task that does something else meanwhile is not in it
_open: ContextVar[tuple[Group, ...]] = ContextVar("ipar_results_groups", default=())


def group(label: str = "group", *, quiet: bool = False) -> Group:
    """One card for all results that are made inside a block.

    A loop of 1,000 ``apply_async`` is then one bar with 1,000 tasks. Blocks may be nested: what an inner
    group counts, the outer one counts too. Several clients may be used. Each message counts once.

    Parameters
    ----------
    label : str
        The name on the card.
    quiet : bool
        Show no card by itself; the group still displays when it is the value of a cell.

    Returns
    -------
    Group
        To be entered, once, with ``with``.

    Raises
    ------
    TypeError
        Where `label` is not a text.

    Examples
    --------
    >>> with ipar_results.group("climate") as climate:
    ...     for year in years:
    ...         view.apply_async(simulate, year)
    >>> climate.wait_interactive()
    """
    from ...attach.enable import current

    return Group(label, current().watch, quiet=quiet)


def note(result: Any) -> bool:
    """Note a new result in the groups whose block it was made in; False where there is none."""
    groups = [each for each in _open.get() if each.recorder.open]
    for each in groups:
        each.recorder.born(result)
    return bool(groups)


def in_block() -> bool:
    """Whether a group's block runs here."""
    return any(each.recorder.open for each in _open.get())


class Group:
    """The results of one block; to everything that shows results, one result.

    Made by :func:`ipar_results.group`.

    Attributes
    ----------
    label : str
        The name on the card.
    """

    _chunk_sizes: dict[str, int] | None = None
    _single_result = False

    def __init__(self, label: str, watch: Watch, *, quiet: bool = False) -> None:
        if not isinstance(label, str):
            msg = f"expected a text as the label of a group, got {label!r}"
            raise TypeError(msg)
        self.label = self._fname = label
        self._quiet = quiet
        self._watch = watch
        self._tokens: list[Token[tuple[Group, ...]]] = []
        self._entered = False
        self._ready_event = threading.Event()
        self.msg_ids: list[str] = []
        from .group_recorder import GroupRecorder, weakly

        self.recorder = GroupRecorder(
            self, watch.meet, lambda result, recorder: watch.joined(result, weakly(recorder.refresh))
        )
        self.msg_ids = self.recorder.msg_ids
        watch.gather(self, self.recorder)

    @staticmethod
    def here() -> tuple[Group, ...]:
        """The groups whose block runs here."""
        return _open.get()

    @staticmethod
    @contextmanager
    def joining(groups: tuple[Group, ...]) -> Iterator[None]:
        """Have what is made here join these groups, and no others."""
        token = _open.set(groups)
        try:
            yield
        finally:
            _open.reset(token)

    @classmethod
    def of(cls, label: str, watch: Watch, results: Sequence[Any]) -> Group:
        """A group of results that exist already, to which none is added."""
        made = cls(label, watch, quiet=True)
        made.recorder.add(results)
        made.recorder.shut()
        return made

    # the block -----------------------------------------------------------------------------------

    def __enter__(self) -> Group:
        from ...attach.enable import current, enabled

        if not enabled():
            msg = (
                "a group notes results as they are made: run %load_ext ipar_results or ipar_results.enable()"
            )
            raise RuntimeError(msg)
        if self._entered:
            msg = f"the block of the group {self.label!r} has run: make another group"
            raise RuntimeError(msg)
        self._entered = True
        current().begin(self, show=not self._quiet)
        self._tokens.append(_open.set((*_open.get(), self)))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        _open.reset(self._tokens.pop())
        if kind is not None:
            self.recorder.connection.trouble = (
                f"The block ended early, with {kind.__name__}: what it had submitted until then is here."
            )
        self.close()

    def close(self) -> None:
        """Add no more results; called when the block ends."""
        from ...attach.enable import current

        self.recorder.shut()
        current().ticker.wake()

    # what it knows -------------------------------------------------------------------------------

    @property
    def results(self) -> tuple[Any, ...]:
        """The results so far, in the order in which they were made."""
        self.recorder.drain()
        return tuple(member.result for member in list(self.recorder.members))

    @property
    def monitor(self) -> Monitor:
        """Questions about all of them together, and actions on all."""
        return GroupMonitor(self, self.recorder)

    def snapshot(self) -> Snapshot:
        """All facts as they are now, frozen.

        Returns
        -------
        Snapshot
            Its indices count through the results in their order.
        """
        return self.monitor.snapshot()

    def wait_interactive(
        self,
        interval: float = 0.1,
        timeout: float | None = -1,
        widget: bool | None = None,
        return_when: Any = "ALL_COMPLETED",
    ) -> None:
        """Wait for all results while showing them, as ``AsyncResult.wait_interactive`` does for one.

        Parameters
        ----------
        interval : float
            Seconds between two looks.
        timeout : float
            Seconds to wait at most; -1 waits to the end.
        widget : bool, optional
            Show a widget in a notebook; None takes the best there is.
        return_when : {'ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION'}
        """
        from ...attach.enable import current
        from ...live.wait import checked

        if self.recorder.open and self in _open.get():
            msg = (
                "inside its own block a group has no end to wait for: call wait_interactive() after the block"
            )
            raise RuntimeError(msg)
        current().wait(self, interval, timeout, widget, checked(return_when))

    def __repr__(self) -> str:
        from ...render.text import summary_line

        return f"<Group {summary_line(self.snapshot())}>"

    # what an AsyncResult has, and those that show one ask for --------------------------------------

    @property
    def _children(self) -> list[Any]:
        return self.recorder.futures

    @property
    def _metadata(self) -> list[Any]:
        return self.recorder.metadata

    @property
    def _ready(self) -> bool:
        return self.recorder.finished and self.recorder.reached("_ready")

    @property
    def _output_ready(self) -> bool:
        return self.recorder.all_ended and self.recorder.reached("_output_ready")


class GroupMonitor(Monitor):
    """The state of a group; actions concern all of its results."""

    _recorder: GroupRecorder

    def cancel(self, interrupt: bool = False, timeout: float = 5.0) -> Cancelled:
        """Cancel what is queued of all results, as :meth:`Monitor.cancel` does for one."""
        from ...control.cancel import Cancelled, cancel

        self._recorder.drain()
        done = [cancel(part, part, interrupt, timeout) for part in self._recorder.parts]  # type: ignore[arg-type]
        return Cancelled(**{name: sum(getattr(each, name) for each in done) for name in vars(Cancelled())})

    def retry(self, indices: Sequence[int] | None = None) -> Retried:
        """Run what failed or was cancelled again, as :meth:`Monitor.retry` does for one result."""
        from ...control.retry import Retried, retry, wanted

        recorder, chosen = self._recorder, dict[Any, list[int]]()
        for position in wanted(recorder, indices):
            member, place = recorder.member_at(position)
            chosen.setdefault(member.result, []).append(place)
        retried = refused = 0
        reasons: list[str] = []
        for result, places in chosen.items():
            own = self._result._watch.recorder(result)
            own.drain()
            columns = own.columns
            try:
                done = retry(result, own, [columns.first_input(place) for place in places])
            except RetryError as error:
                done = Retried(0, sum(map(columns.carried, places)), (str(error),))
            retried, refused = retried + done.retried, refused + done.refused
            reasons += done.reasons
        told = tuple(dict.fromkeys(reasons))
        if refused and (indices is not None or not retried):
            raise RetryError(" ".join(told))
        return Retried(retried, refused, told)


def about(result: Any, recorder: Any) -> Monitor:
    """The monitor of a result or of a group."""
    from .group_recorder import GroupRecorder

    return (GroupMonitor if isinstance(recorder, GroupRecorder) else Monitor)(result, recorder)


def label_of(results: Iterable[Any]) -> str:
    """A name for results that have no label: that of their function, where all have the same."""
    names = [str(result._fname) for result in results]
    if len(set(names)) == 1 and names[0] not in ("unknown", ""):
        return f"{names[0]} × {len(names):,}" if len(names) > 1 else names[0]
    return f"{len(names):,} results"
