"""How results are shown: which view, in which cell, and what keeps it moving to its end."""

from __future__ import annotations

import sys
import weakref
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..config import settings
from ..log import trouble
from ..results.group.group import about
from ..results.registry import Watch
from ..results.tracker import Tracked, Tracker
from .channel.channel import Channel
from .ticker import Ticker
from .wait import NoView, TextView, View, wait

if TYPE_CHECKING:
    from ..model.snapshot import Snapshot
    from ..record.recorder import Recorder
    from ..results.cluster_survey import Survey
    from .display.display import Live
    from .streams import Streams

# a widget takes a dozen comms to open and to close: with many results at once, HTML is kinder
MOST_WIDGETS = 8


class Showing:
    """Shows results in cells, in terminals and to the labextension.

    Attributes
    ----------
    shell : InteractiveShell or None
        The running IPython, if there is one.
    config : IPythonParallelResults
    watch : Watch
        What follows the results.
    ticker : Ticker
        What moves the views.
    tracker : Tracker
        The results that are known to front ends.
    channel : Channel or None
        The connection to the labextension, where there may be one.
    """

    def __init__(self) -> None:
        self.shell: Any = None
        self.config = settings(None)
        self.watch = Watch(lambda: self.config.contact_timeout)
        self.ticker = Ticker(lambda: self.config.messages)
        self.tracker = Tracker(self.recorder, self.ticker.wake)
        self.ticker.chores.append(self.tracker.round)
        self.channel: Channel | None = None
        # to be moved again where the result is retried; not kept by its recorder, which each of them holds
        self._shown: weakref.WeakKeyDictionary[Any, list[Live]] = weakref.WeakKeyDictionary()

    @cached_property
    def survey(self) -> Survey:
        """What looks at clients, views and clusters."""
        from ..results.cluster_survey import Survey

        return Survey(self.watch.meet, self.tracker, self._clients)

    @property
    def in_kernel(self) -> bool:
        """Whether IPython runs in a Jupyter kernel."""
        return getattr(self.shell, "kernel", None) is not None

    @property
    def captured(self) -> bool:
        """Whether what is displayed now goes to the user's program, as under ``%%capture``."""
        return getattr(self.shell.display_pub, "pub_socket", None) is None

    def recorder(self, result: Any) -> Recorder:
        """The recorder of a result."""
        return self.watch.recorder(result)

    # displayed ------------------------------------------------------------------------------------

    def show(self, result: Any) -> None:
        """Display a result in the cell that runs now, and follow it to its end."""
        try:
            from .display.display import notebook_view

            live = self._live(result, notebook_view(self.config, self.shell))
            live.open()
        except Exception:
            trouble("displaying a result")
            print(repr(result))
            return
        self.follow(live, result)

    def follow(self, live: Live, result: Any) -> None:
        """Move what is shown; captured output stays as it was captured."""
        if self.captured:
            return
        shown = self._shown.get(result)
        if shown is None:
            shown = self._shown[result] = []
            self.recorder(result).woken.append(self._follow_again)
        shown.append(live)
        if not live.over:
            self.ticker.add(live)

    def _follow_again(self, result: Any) -> None:
        for live in list(self._shown.get(result, ())):
            try:
                if live.reopen(result):
                    self.ticker.add(live)
            except Exception:
                trouble("following a retried result")

    def _live(self, result: Any, view: str) -> Live:
        from .display.display import Live

        if view == "widget" and (self.captured or self._widgets() >= MOST_WIDGETS):
            view = "html"
        front = None if self.channel is None else _Front(self.channel, self.tracker.entry(result))
        recorder = self.recorder(result)
        publish, meanwhile = self.shell.display_pub.publish, self.ticker.meanwhile
        return Live(result, recorder, self.config, publish, view, front, meanwhile)

    def _widgets(self) -> int:
        from .display.display import Live

        return sum(isinstance(each, Live) and each.holds_widget for each in self.ticker.followed())

    # waited for -----------------------------------------------------------------------------------

    def streams(self, result: Any) -> Streams | None:
        """What shows the streams of a result in the cell that runs now; None where they are printed."""
        if not self.in_kernel:
            return None
        try:
            from .streams import Streams, into_this_cell

            publish = into_this_cell(self.shell.display_pub)
            streams = Streams(result.msg_ids, publish, lambda: self.config.rate, once=self.captured)
            self.ticker.add(streams)
        except Exception:
            trouble("streaming output")
            return None
        return streams

    def wait(
        self, result: Any, interval: float, timeout: float | None, widget: bool | None, return_when: Any
    ) -> None:
        """Wait for a result while showing it."""
        wait(
            result,
            self.recorder(result),
            self._view(result, widget),
            interval,
            timeout,
            return_when,
        )

    def progress(self, result: Any, quiet: bool) -> View:
        """What is moved while somebody iterates a result; a bar leaves standard output to what they print."""
        try:
            if quiet:
                return NoView()
            if self.in_kernel and self.config.view != "text":
                return _LiveView(self, result, None)
            return TextView(self.recorder(result), sys.stderr)
        except Exception:
            trouble("showing progress")
            return NoView()

    def _view(self, result: Any, widget: bool | None) -> View:
        try:
            if self.in_kernel and widget is not False and (widget or self.config.view != "text"):
                return _LiveView(self, result, widget)
            return TextView(self.recorder(result))
        except Exception:
            trouble("showing progress")
            return NoView()

    # described once -------------------------------------------------------------------------------

    def _pretty(self, result: Any, printer: Any, cycle: bool) -> None:
        try:
            from .display.mime import bundle

            printer.text(bundle(self._state(result), self.config, "text")["text/plain"])
        except Exception:
            trouble("describing a result")
            printer.text(repr(result))

    def _bundle(self, result: Any, include: Any = None, exclude: Any = None) -> dict[str, Any] | None:
        try:
            from .display.mime import bundle

            return bundle(self._state(result), self.config, recorder=self.recorder(result))
        except Exception:
            trouble("describing a result")
            return None

    def _glance(
        self, look: str, thing: Any, include: Any = None, exclude: Any = None
    ) -> dict[str, Any] | None:
        try:
            from ..render import cluster as glance

            seen = getattr(self.survey, look)(thing)
            data = {"text/plain": glance.plain_text(seen)}
            if self.in_kernel and self.config.view != "text":
                data["text/html"] = glance.card(seen, self.config.engines)
            return data
        except Exception:
            trouble("looking at a cluster")
            return None

    def _tell(self, data: dict[str, str]) -> None:
        """Show a bundle in the cell that runs now."""
        if self.config.view == "text":
            data = {"text/plain": data["text/plain"]}
        self.shell.display_pub.publish(data, {})

    def _clients(self) -> list[Any]:
        """The clients that were met, and those that have a name."""
        from ipyparallel import Client

        named = list(self.shell.user_ns.values()) if self.shell is not None else []
        return [*self.watch.clients(), *(each for each in named if issubclass(type(each), Client))]

    def _state(self, result: Any) -> Any:
        return about(result, self.recorder(result)).snapshot()


class _Front:
    """The labextension's part in the display of one result."""

    def __init__(self, channel: Channel, entry: Tracked) -> None:
        self._channel = channel
        self._entry = entry
        channel.watch(entry)

    def connected(self) -> bool:
        return self._channel.connected

    def saved(self, state: Snapshot) -> dict[str, Any] | None:
        from .display.mime import saved_json

        recorder = self._entry.recorder
        return None if recorder is None else saved_json(self._entry.id, state, recorder)


class _LiveView:
    """A live display in the cell that waits; the ticker moves it, its end is shown at once."""

    def __init__(self, showing: Showing, result: Any, widget: bool | None) -> None:
        from .display.display import notebook_view

        self._ticker = showing.ticker
        view = notebook_view(showing.config, showing.shell)
        self._live = showing._live(result, "widget" if widget else view)
        self._live.open()
        showing.follow(self._live, result)

    def update(self) -> None:
        """Leave it to the ticker."""

    def end(self) -> None:
        self._ticker.note(self._live.end())
