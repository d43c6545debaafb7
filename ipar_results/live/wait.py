"""Waiting for a result while it is shown: what `wait_interactive` does while the layer is on."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from ..log import trouble

if TYPE_CHECKING:
    from ..results.followed import Followed

# how long a result may stay unresolved after all its messages have ended
_RESOLVE_SECONDS = 2.0
_MAX_SLEEP = 0.5


class View(Protocol):
    """What is moved while somebody waits."""

    def update(self) -> None:
        """Show the present state."""

    def end(self) -> None:
        """Show the last state."""


class NullView:
    """Shows nothing; what is left when a view could not be made."""

    def update(self) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


class ProgressBarView:
    """A tqdm bar, drawn from the thread that waits."""

    def __init__(self, followed: Followed, file: TextIO | None = None) -> None:
        from ..render.text import ProgressBar

        self._followed = followed
        self._bar = ProgressBar(followed.snapshot(), file or sys.stdout)  # where upstream's bar goes

    def update(self) -> None:
        """Move the bar."""
        self._bar.update(self._followed.snapshot())

    def end(self) -> None:
        """Leave the bar where it is."""
        self._bar.close(self._followed.snapshot())


def validate_return_when(return_when: object) -> object:
    """`return_when`, if it is one of the three that are known.

    Raises
    ------
    ValueError
    """
    if return_when is None:
        return ALL_COMPLETED
    if return_when not in (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION):
        msg = (
            f"Unrecognized return_when={return_when!r}: "
            "expected ALL_COMPLETED, FIRST_COMPLETED or FIRST_EXCEPTION"
        )
        raise ValueError(msg)
    return return_when


def wait(
    result: Any,
    followed: Followed,
    view: View,
    interval: float,
    timeout: float | None,
    return_when: object,
) -> None:
    """Wait as upstream's `wait_interactive` does, without its `split()`.

    Returns at the timeout, and also when nothing more can come because contact to the cluster was
    lost; says so in the log then.
    """
    deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout
    sleep = min(max(interval, 0.001), _MAX_SLEEP)
    resolved_by: float | None = None
    try:
        while not _condition_met(result, followed, return_when):
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                break
            if followed.record.finished:
                resolved_by = resolved_by or now + _RESOLVE_SECONDS
                if now > resolved_by:
                    break
            elif followed.lost:
                followed.record.connection.check_contact()  # says so in the log
                break
            result._ready_event.wait(sleep if deadline is None else min(sleep, deadline - now))
            followed.poll()
            draw_safely(view.update)
    except KeyboardInterrupt:
        draw_safely(lambda: print_unfinished(followed))
        raise
    finally:
        draw_safely(view.end)


def _condition_met(result: Any, followed: Followed, return_when: object) -> bool:
    if result._ready:
        return True
    followed.drain()
    if return_when == FIRST_COMPLETED and followed.record.any_ended:
        return True
    if return_when == FIRST_EXCEPTION and followed.record.any_failed:
        return True
    return followed.fetch(result)


def draw_safely(step: Any) -> None:
    """Draw, whatever becomes of it."""
    try:
        step()
    except Exception:
        trouble("drawing progress")


def print_unfinished(followed: Followed) -> None:
    """Tell a user who stopped waiting, and what to do about it."""
    state = followed.snapshot()
    if state.finished or state.name == "%px":  # %px interrupts the engines itself
        return
    left = state.total - state.done
    print(
        f"Stopped waiting for {state.name or 'the result'}: {left:,} of {state.total:,} tasks are not done "
        f"({state.running:,} running, {state.queued:,} queued) and go on. "
        "To cancel what is queued: ar.monitor.cancel(). "
        "To interrupt what runs as well: ar.monitor.cancel(interrupt=True).",
        file=sys.stderr,
    )
