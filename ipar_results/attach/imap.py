"""`imap` of a load-balanced view: what ipyparallel submits one by one is one group with a bar."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from ..live.wait import draw
from ..log import trouble
from ..results.group.group import Group, in_block

if TYPE_CHECKING:
    from ..live.wait import View

_MOVED = 0.1


def imap(
    begin: Callable[[str, int | None], Group], progress: Callable[[Group], View], theirs: Callable[..., Any]
) -> Callable[..., Any]:
    """Upstream's, with a group that its tasks join.

    Parameters
    ----------
    begin : callable
        Gives the group of a lazy map by its name and the number of its inputs, where that is known.
    progress : callable
        Gives a view of a group, to be moved while its values are asked for.
    theirs : callable
    """

    @wraps(theirs)
    def imap(self: Any, f: Any, *sequences: Any, **kwargs: Any) -> Any:
        group = None
        try:
            # in a block, the block's group has the bar
            group = None if in_block() else begin(_name(f), _length(sequences))
        except Exception:
            trouble("showing a lazy map")
        try:
            lazy = theirs(_Noting(self, group), f, *sequences, **kwargs)
        except BaseException:
            if group is not None:
                group.close()
            raise
        if group is None:
            return lazy
        return type(lazy)(_Values(lazy._gen, group, progress), partial(_stop, lazy, group))

    return imap


class _Noting:
    """The view, as `imap` uses it: what a thread of its own submits joins the groups of its caller."""

    def __init__(self, view: Any, group: Group | None) -> None:
        self._view = view
        self._groups = Group.here() if group is None else (group,)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def __len__(self) -> int:
        return len(self._view)

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        """Submit a task that joins."""
        with Group.joining(self._groups):
            return self._view.apply_async(*args, **kwargs)


class _Values:
    """What a lazy map gives; its group ends with it, be it that its user wants no more.

    Parameters
    ----------
    values : iterator
    group : Group
    progress : callable
        Gives a view of the group, to be moved while values are asked for.
    """

    def __init__(self, values: Iterator[Any], group: Group, progress: Callable[[Group], View]) -> None:
        self._values = values
        self._group = group
        self._progress: Callable[[Group], View] | None = progress
        self._view: View | None = None
        self._moved_at = 0.0

    def __iter__(self) -> _Values:
        return self

    def __next__(self) -> Any:
        if self._progress is not None:
            self._view, self._progress = self._progress(self._group), None
        try:
            value = next(self._values)
        except BaseException:  # the last one, or the error of a task, which ends a lazy map
            self._end()
            raise
        if self._view is not None and time.monotonic() - self._moved_at > _MOVED:
            self._moved_at = time.monotonic()
            draw(self._view.update)
        return value

    def _end(self) -> None:
        view, self._view = self._view, None
        if self._group.record.open:
            self._group.close()
        if view is not None:
            draw(view.end)

    def __del__(self) -> None:
        # no more than this: nobody knows in whose thread, and in the middle of what
        self._group.record.open = False


def _stop(lazy: Any, group: Group) -> None:
    group.record.expected = None  # fewer than there are inputs
    lazy.cancel()


def _name(f: Any) -> str:
    from ipyparallel.client.remotefunction import getname

    return str(getname(f))


def _length(sequences: tuple[Any, ...]) -> int | None:
    """How many inputs there are; None where one of the sequences does not say."""
    try:
        return min(len(sequence) for sequence in sequences)
    except Exception:
        return None
