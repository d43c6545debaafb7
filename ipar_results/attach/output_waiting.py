"""Waiting for what tasks wrote: it comes another way than their results, and that way may be cut."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..log import tell, trouble

if TYPE_CHECKING:
    from ..results.followed import Followed

_SLICE = 0.25


def wait_for_output(
    theirs: Callable[..., Any], followed_of: Callable[[Any], Followed]
) -> Callable[..., bool]:
    """Upstream's, which without a timeout waits for ever where the controller's iopub relay has died."""

    @wraps(theirs)
    def wait_for_output(self: Any, timeout: float | None = -1) -> bool:
        if timeout is not None and timeout >= 0:
            return bool(theirs(self, timeout))
        while not theirs(self, _SLICE):
            try:
                if self._ready and overdue(followed_of(self)):
                    return False
            except Exception:
                trouble("waiting for output")
        return True

    return wait_for_output


def overdue(followed: Followed) -> bool:
    """Whether all tasks have ended and nothing was heard of them for as long as anybody is waited for."""
    followed.poll()
    record = followed.record
    if not record.finished or record.silence <= record.connection.contact_timeout:
        return False
    tell(
        "%s: its tasks ended %.0f s ago and not all of their output has come: it is waited for no longer. "
        "Call wait_for_output() again to wait on; the results themselves are whole.",
        record.name,
        record.silence,
    )
    return True
