"""Wait for a result while its progress is shown: `wait_interactive` with the extension loaded."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION
from dataclasses import dataclass
from typing import TextIO

from ..log import log_errors
from ..model.status import ABORTED, FAILED
from ..results.followed import Followed
from ..upstream.protocols import ResultLike

_RESOLVE_SECONDS = 2.0  # how long a result may stay unresolved after all its messages have ended
_MAX_SLEEP = 0.5


@dataclass(frozen=True)
class View:
    """Progress display of a result that is waited for; by default it shows nothing."""

    update: Callable[[], None] = lambda: None
    end: Callable[[], None] = lambda: None


def progress_bar_view(followed: Followed, file: TextIO) -> View:
    """Return a view as a tqdm bar, drawn by the waiting thread."""
    from ..render.text import ProgressBar

    bar = ProgressBar(followed.snapshot(), file)
    return View(lambda: bar.update(followed.snapshot()), lambda: bar.close(followed.snapshot()))


def validate_return_when(return_when: object) -> object:
    """Return `return_when`, with None replaced by ALL_COMPLETED; raise ValueError for an unknown one."""
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
    result: ResultLike,
    followed: Followed,
    view: View,
    interval: float,
    timeout: float | None,
    return_when: object,
) -> None:
    """Wait as upstream's `wait_interactive` does, without its `split()`.

    Returns at the timeout, and also once contact to the cluster is lost, which is logged.
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
                followed.record.connection.check_contact()  # logs it
                break
            result._ready_event.wait(sleep if deadline is None else min(sleep, deadline - now))
            followed.poll()
            draw_safely(view.update)
    except KeyboardInterrupt:
        draw_safely(lambda: print_unfinished(followed))
        raise
    finally:
        draw_safely(view.end)


def _condition_met(result: ResultLike, followed: Followed, return_when: object) -> bool:
    if result._ready:
        return True
    followed.drain()
    columns = followed.record.columns
    if return_when == FIRST_COMPLETED and columns.ended:
        return True
    if return_when == FIRST_EXCEPTION and columns.counts[[FAILED, ABORTED]].any():
        return True
    return followed.fetch(result)


def draw_safely(draw: Callable[[], None]) -> None:
    """Draw; log an error instead of raising it."""
    with log_errors("drawing progress"):
        draw()


def print_unfinished(followed: Followed) -> None:
    """Print which tasks go on after an interrupted wait, and how to cancel them."""
    state = followed.snapshot()
    if state.finished or state.name == "%px":  # %px has interrupted the engines
        return
    left = state.total - state.done
    print(
        f"Stopped waiting for {state.name or 'the result'}: {left:,} of {state.total:,} tasks are not done "
        f"({state.running:,} running, {state.queued:,} queued) and go on. "
        "To cancel what is queued: ar.monitor.cancel(). "
        "To interrupt what runs as well: ar.monitor.cancel(interrupt=True).",
        file=sys.stderr,
    )
