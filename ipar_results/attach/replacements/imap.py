"""Replacement of a load-balanced view's ``imap``: the tasks that it submits one by one form one group."""

from __future__ import annotations

import time
import weakref
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
        # a card is displayed already, or a script without IPython did not request a bar
        return session.progress(group, quiet=session.shell is None or session.shows_cards)

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
        values = _values_of(lazy_map._gen, group, progress)
        # where its consumer stops early; no more, as the garbage collector may run in any thread
        weakref.finalize(values, setattr, group.record, "can_grow", False).atexit = False
        return type(lazy_map)(values, partial(_stop, lazy_map, group))

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


def _values_of(values: Iterator[object], group: Group, progress: Callable[[Group], View]) -> Iterator[object]:
    """Yield the values of a lazy map, show its progress, and close the group at the end."""
    view, updated_at = progress(group), 0.0
    stopped = False
    try:
        for value in values:
            if time.monotonic() - updated_at > _UPDATE_PERIOD:
                updated_at = time.monotonic()
                draw_safely(view.update)
            yield value
    except GeneratorExit:  # the consumer stops early, maybe in the garbage collector: draw nothing there
        stopped = True
        raise
    finally:  # also at the error of a task, which ends a lazy map, and at a Ctrl-C
        if not stopped:
            if group.record.can_grow:
                group.close()
            draw_safely(view.end)


def _stop(lazy_map: LazyMapLike, group: Group) -> None:
    group.record.expected_inputs = None  # fewer tasks than inputs will be submitted
    lazy_map.cancel()


def _length(sequences: tuple[Any, ...]) -> int | None:
    """Return the number of inputs, None if a sequence has no length."""
    try:
        return min(len(sequence) for sequence in sequences)
    except Exception:
        return None
