"""Registry of live displays: one for each result, view and Output widget, however often it is displayed."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Protocol

from ...log import log_errors
from .display import FrontEnd, LiveDisplay, notebook_view
from .place import Place, current_place

if TYPE_CHECKING:
    from ...config import IPythonParallelResults
    from ...results.followed import Followed
    from ...results.tracker import Tracker
    from ...upstream.protocols import ResultLike
    from ..ticker import Ticker

# a widget takes a dozen comms to open and to close: many results at once are displayed as HTML instead
MAX_WIDGETS = 8

_Key = tuple[str, object]


class DisplaySession(Protocol):
    """What the displays need of their session."""

    shell: Any
    ticker: Ticker
    tracker: Tracker

    @property
    def channel(self) -> FrontEnd | None:
        """The channel to the labextension; None outside a kernel."""

    @property
    def config(self) -> IPythonParallelResults:
        """Settings."""

    @property
    def captured(self) -> bool:
        """Whether displays are captured, as under ``%%capture``."""

    def followed(self, result: ResultLike) -> Followed:
        """Return the facade of a result."""


class Displays:
    """Live displays of a session.

    A result that is displayed again, as in a polling loop, is shown under the same display_id: one message
    updates all its outputs.
    """

    def __init__(self, session: DisplaySession) -> None:
        self._session = session
        # kept to be updated again after a retry
        self._displays: weakref.WeakKeyDictionary[ResultLike, dict[_Key, LiveDisplay]] = (
            weakref.WeakKeyDictionary()
        )
        self._cleared: weakref.WeakSet[LiveDisplay] = weakref.WeakSet()  # once something else is displayed

    def display(self, result: ResultLike, as_widget: bool = False) -> LiveDisplay:
        """Display a result in the cell that runs now, and update it until the result has ended."""
        session, place = self._session, current_place(self._session.shell)
        captured = session.captured  # captured output stays as it was captured
        view = "widget" if as_widget else notebook_view(session.config, session.shell)
        displays = self._displays.setdefault(result, {})
        live = displays.get((view, place.output))
        if live is None or captured or (live.over and not session.followed(result).record.finished):
            live = self._make(result, view, place)
        if not captured:
            if not displays:
                session.followed(result).on_resume.append(self._follow_again)
            displays[view, place.output] = live
        live.open()
        live.places.add(place)
        self._drop_cleared(place)
        if not (captured or live.over):
            session.ticker.add(live)
        return live

    def displayed_here(self, result: ResultLike) -> LiveDisplay | None:
        """Return the display of a result in the output of the running request, if there is one."""
        place = current_place(self._session.shell)
        displays = self._displays.get(result, {}).values()
        return next((live for live in displays if place.request and place in live.places), None)

    def on_clear(self) -> None:
        """Note that ``clear_output()`` was called."""
        place = current_place(self._session.shell)
        for live in [live for displays in list(self._displays.values()) for live in displays.values()]:
            left = {each for each in live.places if not each.is_cleared_with(place)}
            if left != live.places and not left:
                live.cleared_at = place
                self._cleared.add(live)
            live.places = left

    def _drop_cleared(self, place: Place) -> None:
        """Drop displays that were cleared by what is displayed now, unless it is one of them."""
        for live in [each for each in self._cleared if each.places or each.cleared_at.is_cleared_with(place)]:
            self._cleared.discard(live)
            if not live.places:
                live.drop()
                for displays in list(self._displays.values()):
                    for key in [key for key, each in displays.items() if each is live]:
                        del displays[key]

    def _make(self, result: ResultLike, view: str, place: Place) -> LiveDisplay:
        session = self._session
        widgets = sum(
            isinstance(each, LiveDisplay) and each.holds_widget for each in session.ticker.updatables()
        )
        if place.output is not None:
            view = "widget"
        elif view == "widget" and (session.captured or widgets >= MAX_WIDGETS):
            view = "html"
        result_id = ""
        if session.channel is not None:
            entry = session.tracker.entry(result)
            session.channel.watch(entry)
            result_id = entry.id
        return LiveDisplay(
            result,
            session.followed(result),
            session.config,
            session.shell.display_pub.publish,
            view,
            session.channel,
            result_id,
            session.ticker.update_permanent,
            keeps_widget=place.output is not None,
        )

    def _follow_again(self, result: ResultLike) -> None:
        for live in list(self._displays.get(result, {}).values()):
            with log_errors("following a retried result"):
                if live.reopen(result):
                    self._session.ticker.add(live)
