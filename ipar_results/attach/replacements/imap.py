"""Replacement of a load-balanced view's ``imap``: the tasks that it submits one by one form one group."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from ...live.wait import draw_safely
from ...log import log_error
from ...results.group.group import Group
from ...results.registry import open_groups
from .function_names import name_function

if TYPE_CHECKING:
    from ...live.session import Session
    from ...live.wait import View
    from ...results.registry import SelfFollowed
    from ...upstream.protocols import AsyncResultLike, LazyMapLike, ViewLike

_UPDATE_PERIOD = 0.1  # seconds between two updates of the bar


def wrap_imap(original: Callable[..., LazyMapLike], session: Session) -> Callable[..., object]:
    """Have the tasks of a lazy map join a group."""

    def progress(group: Group) -> View:
        # a kernel displays a card already, and a script without IPython did not request a bar
        return session.progress(group, quiet=session.shell is None or session.in_kernel)

    @wraps(original)
    def imap(self: ViewLike, f: Callable[..., object], *sequences: Any, **kwargs: object) -> object:
        group = None
        try:
            # inside `with group():` that group shows the progress
            if not any(each.followed.record.can_grow for each in open_groups.get()):
                group = Group(name_function(f), lambda: session)
                group.record.expected_inputs = _length(sequences)
                session.begin_group(group, show=True)
        except Exception:
            log_error("showing a lazy map")
        try:
            lazy_map = original(_JoiningView(self, group), f, *sequences, **kwargs)
        except BaseException:
            if group is not None:
                group.close()
            raise
        if group is None:
            return lazy_map
        return type(lazy_map)(_Values(lazy_map._gen, group, progress), partial(_stop, lazy_map, group))

    return imap


class _JoiningView:
    """Proxy of a view whose tasks join a group, also those that its consumer submits from another thread."""

    def __init__(self, view: ViewLike, group: Group | None) -> None:
        self._view = view
        self._groups: tuple[SelfFollowed, ...] = open_groups.get() if group is None else (group,)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def __len__(self) -> int:
        return len(self._view)

    def apply_async(self, f: Callable[..., object], /, *args: object, **kwargs: object) -> AsyncResultLike:
        """Submit a task that joins the group."""
        token = open_groups.set(self._groups)
        try:
            return self._view.apply_async(f, *args, **kwargs)
        finally:
            open_groups.reset(token)


class _Values:
    """Iterator over the values of a lazy map, which closes the group at its end."""

    def __init__(self, values: Iterator[object], group: Group, progress: Callable[[Group], View]) -> None:
        self._values = values
        self._group = group
        self._progress: Callable[[Group], View] | None = progress
        self._view: View | None = None
        self._updated_at = 0.0

    def __iter__(self) -> _Values:
        return self

    def __next__(self) -> object:
        if self._progress is not None:
            self._view, self._progress = self._progress(self._group), None
        try:
            value = next(self._values)
        except BaseException:  # the end, or the error of a task, which ends a lazy map
            self._end()
            raise
        if self._view is not None and time.monotonic() - self._updated_at > _UPDATE_PERIOD:
            self._updated_at = time.monotonic()
            draw_safely(self._view.update)
        return value

    def _end(self) -> None:
        view, self._view = self._view, None
        if self._group.record.can_grow:
            self._group.close()
        if view is not None:
            draw_safely(view.end)

    def __del__(self) -> None:
        # the consumer stopped early; do no more, as the garbage collector may run in any thread
        self._group.record.can_grow = False


def _stop(lazy_map: LazyMapLike, group: Group) -> None:
    group.record.expected_inputs = None  # fewer tasks than inputs will be submitted
    lazy_map.cancel()


def _length(sequences: tuple[Any, ...]) -> int | None:
    """Return the number of inputs, None if a sequence has no length."""
    try:
        return min(len(sequence) for sequence in sequences)
    except Exception:
        return None
