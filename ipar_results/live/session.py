"""Session that follows results and shows them, from when the layer is turned on until it is turned off."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from ..config import load_settings
from ..log import drop_repeats, log_error, log_errors
from ..results.registry import Registry, open_groups
from ..results.tracker import Tracker
from ..upstream.async_result import InternalName, MapPartName
from .ticker import Ticker

if TYPE_CHECKING:
    from ..config import IPythonParallelResults
    from ..results.cluster_overviews import ClusterOverviews
    from ..results.group.group import Group
    from ..results.monitor import Monitor
    from ..upstream.protocols import AsyncResultLike, ClientLike, ResultLike
    from .channel.channel import Channel
    from .display.displays import Displays
    from .streams import Streams
    from .wait import View


_SETTLING_SECONDS = 1.0  # that the output of ended tasks may take, at the end of a cell


class Session:
    """Follows results, and shows them in cells, in terminals and to the labextension."""

    def __init__(self, shell: Any = None) -> None:
        self.shell = shell  # the running IPython, if there is one
        self.enabled = False  # the layer is on: new results are tracked as they are made
        self.enabling = threading.Lock()
        self.registry = Registry(
            lambda: self.config.contact_timeout, lambda: getattr(self.shell, "user_ns", {})
        )
        self.followed = self.registry.followed
        self.ticker = Ticker(lambda: self.config.messages)
        self.wake = self.ticker.wake
        self.tracker = Tracker(self.followed, self.wake)
        self.ticker.jobs.append(self.tracker.round)
        self.channel: Channel | None = None  # to the labextension; None outside a kernel
        self.undo = ExitStack()  # what close() calls, last first
        self.undo.enter_context(drop_repeats())
        for close in (self.registry.close, self.tracker.close, self.ticker.stop):
            self.undo.callback(close)

    def close(self) -> None:
        """Undo everything, last first; a second call does nothing."""
        self.enabled = False
        self.undo.close()

    @cached_property
    def config(self) -> IPythonParallelResults:
        """Settings: the defaults, until those of a shell are set."""
        return load_settings(None)

    @cached_property
    def displays(self) -> Displays:
        from .display.displays import Displays

        return Displays(self)

    @cached_property
    def cluster_overviews(self) -> ClusterOverviews:
        from ..results.cluster_overviews import ClusterOverviews

        return ClusterOverviews(self.registry.connection, self.tracker, self._clients)

    @property
    def in_kernel(self) -> bool:
        """Whether IPython runs in a Jupyter kernel."""
        return getattr(self.shell, "kernel", None) is not None

    @property
    def in_console(self) -> bool:
        """Whether the present cell runs in a console, such as jupyter console or qtconsole."""
        from .display.place import is_console

        return self.in_kernel and is_console(self.shell)

    @property
    def shows_cards(self) -> bool:
        """Whether what the present cell displays can be updated: in a kernel, but not from a console."""
        return self.in_kernel and not self.in_console

    @property
    def captured(self) -> bool:
        """Whether displays are captured, as under ``%%capture``."""
        from IPython.core.displaypub import CapturingDisplayPublisher

        return isinstance(self.shell.display_pub, CapturingDisplayPublisher)

    # followed -------------------------------------------------------------------------------------

    def monitor(self, result: ResultLike) -> Monitor:
        from ..results.monitor import Monitor

        return Monitor(result, self.followed(result))

    def add_new(self, result: AsyncResultLike) -> None:
        """Add a result that was made just now."""
        self.registry.listen_early(result)
        if isinstance(result._fname, MapPartName):
            return  # not left to when the map marks it, as its thread may be suspended before
        in_group = result._children and any([group.add_new(result) for group in open_groups.get()])
        if not (in_group or isinstance(result._fname, InternalName)):
            self.tracker.add_new(result)

    def add_client(self, client: ClientLike) -> None:
        """Connect to a client that is about to be used."""
        with log_errors("looking at a client"):
            self.registry.connection(client)

    def begin_group(self, group: Group, show: bool) -> None:
        """Track a group whose block begins, and display it in the cell that runs now."""
        self.tracker.catch_up()  # results are numbered in the order in which they are made
        self.tracker.entry(group)
        if show and self.shows_cards:
            self.show(group)

    # displayed ------------------------------------------------------------------------------------

    def show(self, result: ResultLike) -> None:
        """Display a result in the cell that runs now, and update the display until the result has ended."""
        try:
            self.displays.display(result)
        except Exception:
            log_error("displaying a result")
            print(repr(result))

    def on_clear(self) -> None:
        """Note that the output of a cell or of an Output widget was cleared."""
        with log_errors("looking after cleared displays"):
            if "displays" in vars(self):
                self.displays.on_clear()

    def on_cell_end(self) -> None:
        """Bring displays up to date where this may be the last chance before the notebook is saved."""
        with log_errors("updating displays at the end of a cell"):
            if "displays" in vars(self) and self.ticker.updatables():
                from .display.place import executes_notebook

                if executes_notebook(self.shell):
                    self.ticker.update_all(_SETTLING_SECONDS)

    # waited for -----------------------------------------------------------------------------------

    def streams(self, result: ResultLike) -> Streams | None:
        """Return the view of a result's streams in the cell that runs now; None where they are printed."""
        if not self.in_kernel:
            return None
        with log_errors("streaming output"):
            from .display.place import current_place
            from .streams import Streams, publisher_for_cell

            publish = publisher_for_cell(self.shell.display_pub)
            place = current_place(self.shell)
            at_end_only = self.captured or self.in_console or place.output is not None
            streams = Streams(result.msg_ids, publish, lambda: self.config.rate, at_end_only)
            self.ticker.add(streams)
            return streams
        return None

    def wait(
        self,
        result: ResultLike,
        interval: float,
        timeout: float | None,
        widget: bool | None,
        return_when: object,
    ) -> None:
        from .wait import validate_return_when, wait

        when = validate_return_when(return_when)
        view = self._view(result, widget, sys.stdout)  # as upstream's bar
        wait(result, self.followed(result), view, interval, timeout, when)

    def progress(self, result: ResultLike, quiet: bool) -> View:
        """Return the view of a result that is iterated; a bar is written to standard error."""
        from .wait import View

        return View() if quiet else self._view(result, None, sys.stderr)

    def _view(self, result: ResultLike, widget: bool | None, bar_file: TextIO) -> View:
        from .wait import View, progress_bar_view

        with log_errors("showing progress"):
            if self.shows_cards and widget is not False and (widget or self.config.view != "text"):
                live = None if widget else self.displays.displayed_here(result)
                live = live or self.displays.display(result, as_widget=bool(widget))
                # the ticker updates it, but its end is shown at once
                return View(end=lambda: self.ticker.count_messages(live.end()))
            return progress_bar_view(self.followed(result), bar_file)
        return View()

    # cell -----------------------------------------------------------------------------------------

    def publish(self, data: dict[str, str]) -> None:
        """Display a MIME bundle in the cell that runs now."""
        if self.config.view == "text":
            data = {"text/plain": data["text/plain"]}
        self.shell.display_pub.publish(data, {})

    def _clients(self) -> list[ClientLike]:
        """Return the clients that have a connection, and those that have a name in the user's namespace."""
        from ipyparallel import Client

        named = list(self.shell.user_ns.values()) if self.shell is not None else []
        return [*self.registry.clients(), *(each for each in named if issubclass(type(each), Client))]


class SessionHolder:
    """Holder of the one session of this process: the only object that is remembered between calls.

    The session is on, or it only follows results while the layer is off. It is dropped as a whole when the
    layer is turned off.
    """

    def __init__(self) -> None:
        self.session: Session | None = None
        self._lock = threading.Lock()

    def current(self) -> Session:
        """Return the session; made at the first call, attached to nothing."""
        with self._lock:
            if self.session is None:
                from IPython import get_ipython

                self.session = Session(get_ipython())  # displays there, though nothing is attached
            return self.session

    def take(self) -> Session | None:
        """Drop the session and return it, to be closed: its views may call a user's observers."""
        with self._lock:
            session, self.session = self.session, None
        return session


holder = SessionHolder()
current = holder.current
