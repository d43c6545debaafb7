"""Formatters that describe a result, client, view or cluster once, without updates."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from IPython.core.display_functions import display
from IPython.core.displayhook import DisplayHook
from IPython.core.formatters import DisplayFormatter

from ..log import log_error, log_errors

if TYPE_CHECKING:
    from ..model.snapshot import Snapshot
    from ..upstream.protocols import ResultLike
    from .session import Session


class Formatters:
    """Formatters of a session, to be registered with IPython; an error is logged and never raised."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def display(self, result: ResultLike) -> None:
        """Display a result live in the cell that runs now.

        Raise NotImplementedError if the result is only inspected, as a user expression or by a debugger, or
        replaces what ``update_display()`` updates, or if a console would not update it. IPython formats its
        static MIME bundle then.
        """
        if self._session.in_console or not _is_displayed():
            raise NotImplementedError
        self._session.show(result)

    def pretty(self, result: ResultLike, printer: Any, cycle: bool) -> None:
        """Print a result in a terminal."""
        try:
            from .display.mime import bundle

            state = self._session.monitor(result).snapshot()
            printer.text(bundle(state, self._session.config, "text")["text/plain"])
        except Exception:
            log_error("describing a result")
            printer.text(repr(result))

    def mime_bundle(
        self, result: ResultLike, include: object = None, exclude: object = None
    ) -> dict[str, object] | None:
        """Return the static MIME bundle of a result; None where that fails."""
        with log_errors("describing a result"):
            from .display.mime import bundle

            followed = self._session.followed(result)
            state = self._session.monitor(result).snapshot()
            return bundle(state, self._session.config, timeline=followed.timeline)
        return None

    def snapshot(
        self, snapshot: Snapshot, include: object = None, exclude: object = None
    ) -> dict[str, object] | None:
        """Return the static MIME bundle of a snapshot, with its card; None where that fails."""
        with log_errors("describing a snapshot"):
            from .display.mime import bundle

            return bundle(snapshot, self._session.config, self._session.config.view)
        return None

    def overview(
        self, kind: str, subject: object, include: object = None, exclude: object = None
    ) -> dict[str, str] | None:
        """Return the MIME bundle of a 'client', 'view' or 'cluster'; None where that fails."""
        with log_errors("looking at a cluster"):
            from ..render import cluster

            overview = getattr(self._session.cluster_overviews, kind)(subject)
            data = {"text/plain": cluster.plain_text(overview)}
            if self._session.in_kernel and self._session.config.view != "text":
                data["text/html"] = cluster.card(overview, self._session.config.engines)
            return data
        return None


def _is_displayed() -> bool:
    """Return whether ``display()`` or the display hook has called IPython's formatters."""
    frame = sys._getframe()
    while frame.f_code is not DisplayFormatter.format.__code__:
        if frame.f_back is None:
            return True  # a formatter that was called directly
        frame = frame.f_back
    caller = frame.f_back
    if caller is None:
        return False
    if caller.f_code is display.__code__:
        return not caller.f_locals.get("kwargs", {}).get("update")  # of a display of the user's own
    return isinstance(caller.f_locals.get("self"), DisplayHook)
