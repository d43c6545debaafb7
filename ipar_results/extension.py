"""The only place that attaches anything to somebody else's object, and takes it all off again."""

from __future__ import annotations

import logging
import sys
import weakref
from contextlib import ExitStack
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from .awaiting import forget_kinds
from .config import settings
from .group import Group, about, note
from .lazy import imap
from .live.channel import Channel, kept
from .live.ticker import Ticker
from .live.wait import NoView, TextView, View, wait
from .log import forget, logger, terminal, trouble
from .magics import ResultMagics
from .patches import parse_date, replacements, send, view_init
from .tracking import Tracked, Tracker, Where
from .watch import Watch

if TYPE_CHECKING:
    from .live.display import Live
    from .live.streams import Streams
    from .recorder import Recorder
    from .snapshot import Snapshot
    from .survey import Survey

# a widget takes a dozen comms to open and to close: with many results at once, HTML is kinder
MOST_WIDGETS = 8


class Extension:
    """Follows and shows results; the layer is on once it is attached."""

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
        self._undo = ExitStack()
        for undo in (forget, self.watch.close, self.tracker.close, self.ticker.stop):
            self._undo.callback(undo)

    # attaching -----------------------------------------------------------------------------------

    def attach(self, shell: Any) -> None:
        """Put everything in its place; where a part fails, what was attached comes off again.

        Parameters
        ----------
        shell : InteractiveShell or None
            The running IPython, if there is one.
        """
        self.shell = shell
        self.config = settings(shell)
        try:
            self._patch(self._undo)
            if shell is not None:
                self._configure(self._undo)
                self._format(self._undo)
                self._note_cells(self._undo)
                self._add_magics(self._undo)
                if self.in_kernel:
                    self._open_channel(self._undo)
        except BaseException:
            self.detach()
            raise

    def detach(self) -> None:
        """Take everything off, last first; a second call does nothing."""
        self._undo.close()

    def _patch(self, undo: ExitStack) -> None:
        from ipyparallel import AsyncResult, Client, util
        from ipyparallel.client.view import LoadBalancedView, View

        undo.callback(setattr, View, "__init__", View.__init__)
        View.__init__ = view_init(self, View.__init__)
        undo.callback(setattr, Client, "_send", Client._send)
        Client._send = send(self, Client._send)
        undo.callback(setattr, util, "_parse_date", util._parse_date)
        util._parse_date = parse_date(util._parse_date)
        undo.callback(setattr, LoadBalancedView, "imap", LoadBalancedView.imap)
        LoadBalancedView.imap = imap(self.begin_lazy, self._lazy_progress, LoadBalancedView.imap)
        undo.callback(forget_kinds)
        own = dict(vars(AsyncResult))
        for name, value in replacements(self, own).items():
            setattr(AsyncResult, name, value)
            if name in own:
                undo.callback(setattr, AsyncResult, name, own[name])
            else:
                undo.callback(delattr, AsyncResult, name)
        forget_kinds()

    def _configure(self, undo: ExitStack) -> None:
        configurables = self.shell.configurables
        configurables.append(self.config)
        undo.callback(lambda: self.config in configurables and configurables.remove(self.config))
        if self.in_kernel:
            handler = logging.StreamHandler(terminal())
            logger.addHandler(handler)
            undo.callback(logger.removeHandler, handler)

    def _format(self, undo: ExitStack) -> None:
        from ipyparallel import AsyncResult, Client, Cluster
        from ipyparallel.client.view import View

        formatters = self.shell.display_formatter
        for kind in (AsyncResult, Group):
            if self.in_kernel:
                _register(undo, formatters.ipython_display_formatter, kind, self.show)
            else:
                _register(undo, formatters.formatters["text/plain"], kind, self._pretty)
            _register(undo, formatters.mimebundle_formatter, kind, self._bundle)
        for kind, look in ((Client, "client"), (View, "view"), (Cluster, "cluster")):
            _register(undo, formatters.mimebundle_formatter, kind, partial(self._glance, look))

    def _note_cells(self, undo: ExitStack) -> None:
        events = self.shell.events
        events.register("pre_run_cell", self._on_cell)
        undo.callback(events.unregister, "pre_run_cell", self._on_cell)

    def _on_cell(self, info: Any) -> None:
        count = self.shell.execution_count
        if len(self.shell.history_manager.input_hist_raw) == count - 1:  # newer IPython counts it already
            count -= 1
        self.tracker.where = Where(getattr(info, "cell_id", None), count)

    def _add_magics(self, undo: ExitStack) -> None:
        undo.callback(ResultMagics(self.shell, self.tracker, self._tell if self.in_kernel else None).attach())

    def _tell(self, data: dict[str, str]) -> None:
        """Show a bundle in the cell that runs now."""
        if self.config.view == "text":
            data = {"text/plain": data["text/plain"]}
        self.shell.display_pub.publish(data, {})

    def _open_channel(self, undo: ExitStack) -> None:
        channel = Channel(self.shell.kernel, self.tracker, self.config, self.ticker.wake)
        try:
            undo.callback(channel.open())
        except Exception:  # a kernel without control handlers or comms: cards are widgets or HTML there
            trouble("opening the channel to the labextension")
            return
        self.channel = channel
        self.ticker.standing.append(channel)
        self.ticker.chores.append(channel.busy)

    # what the attached parts do ------------------------------------------------------------------

    @cached_property
    def survey(self) -> Survey:
        """What looks at clients, views and clusters."""
        from .survey import Survey

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

    def meet(self, client: Any) -> None:
        """Take notice of a client that is about to be used."""
        try:
            self.watch.meet(client)
        except Exception:
            trouble("looking at a client")

    def sent(self, client: Any, future: Any, buffers: Any) -> None:
        """Take notice of a task that was sent."""
        self.watch.sent(client, future.msg_id, buffers)

    def broadcast(self, client: Any, future: Any, metadata: Any) -> None:
        """Take notice of a message that was sent to many engines at once."""
        from .broadcasts import tidy

        try:
            tidy(client, future, metadata)
        except Exception:
            trouble("looking after a broadcast")

    def born(self, result: Any) -> None:
        """Take notice of a result that was made just now."""
        self.watch.born(result)
        if not result._children or not note(result):
            self.tracker.born(result)

    def begin(self, group: Group, show: bool) -> None:
        """Follow a group whose block begins, and show it in the cell that runs now."""
        self.tracker.entry(group)
        if show and self.in_kernel:
            self.show(group)

    def begin_lazy(self, name: str, inputs: int | None) -> Group:
        """A group for a lazy map that begins; `inputs` is None where nobody knows how many there are."""
        lazy = Group(name, self.watch)
        lazy.recorder.expected = inputs
        self.begin(lazy, show=True)
        return lazy

    def _lazy_progress(self, group: Group) -> View:
        # a card is shown already, and a script has not asked for a bar
        return self.progress(group, quiet=self.shell is None or self.in_kernel)

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

    def show(self, result: Any) -> None:
        """Display a result in the cell that runs now, and follow it to its end."""
        try:
            from .live.display import notebook_view

            live = self._live(result, notebook_view(self.config, self.shell))
            live.open()
        except Exception:
            trouble("displaying a result")
            print(repr(result))
            return
        self.follow(live, result)

    def streams(self, result: Any) -> Streams | None:
        """What shows the streams of a result in the cell that runs now; None where they are printed."""
        if not self.in_kernel:
            return None
        try:
            from .live.streams import Streams, into_this_cell

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

    def _live(self, result: Any, view: str) -> Live:
        from .live.display import Live

        if view == "widget" and (self.captured or self._widgets() >= MOST_WIDGETS):
            view = "html"
        front = None if self.channel is None else _Front(self.channel, self.tracker.entry(result))
        recorder = self.recorder(result)
        publish, meanwhile = self.shell.display_pub.publish, self.ticker.meanwhile
        return Live(result, recorder, self.config, publish, view, front, meanwhile)

    def _widgets(self) -> int:
        from .live.display import Live

        return sum(isinstance(each, Live) and each.holds_widget for each in self.ticker.followed())

    def _pretty(self, result: Any, printer: Any, cycle: bool) -> None:
        try:
            from .live.display import bundle

            printer.text(bundle(self._state(result), self.config, "text")["text/plain"])
        except Exception:
            trouble("describing a result")
            printer.text(repr(result))

    def _bundle(self, result: Any, include: Any = None, exclude: Any = None) -> dict[str, Any] | None:
        try:
            from .live.display import bundle

            return bundle(self._state(result), self.config, recorder=self.recorder(result))
        except Exception:
            trouble("describing a result")
            return None

    def _glance(
        self, look: str, thing: Any, include: Any = None, exclude: Any = None
    ) -> dict[str, Any] | None:
        try:
            from .render import glance

            seen = getattr(self.survey, look)(thing)
            data = {"text/plain": glance.plain(seen)}
            if self.in_kernel and self.config.view != "text":
                data["text/html"] = glance.card(seen, self.config.engines)
            return data
        except Exception:
            trouble("looking at a cluster")
            return None

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
        recorder = self._entry.recorder
        return None if recorder is None else kept(self._entry, recorder, state)


class _LiveView:
    """A live display in the cell that waits; the ticker moves it, its end is shown at once."""

    def __init__(self, extension: Extension, result: Any, widget: bool | None) -> None:
        from .live.display import notebook_view

        self._ticker = extension.ticker
        view = notebook_view(extension.config, extension.shell)
        self._live = extension._live(result, "widget" if widget else view)
        self._live.open()
        extension.follow(self._live, result)

    def update(self) -> None:
        """Leave it to the ticker."""

    def end(self) -> None:
        self._ticker.note(self._live.end())


def _register(undo: ExitStack, formatter: Any, kind: type, printer: Any) -> None:
    """Register a printer for a type, and put back exactly what the user had."""
    printers, by_name, name = (
        formatter.type_printers,
        formatter.deferred_printers,
        (kind.__module__, kind.__name__),
    )
    had, before, deferred = kind in printers, printers.get(kind), by_name.pop(name, None)
    formatter.for_type(kind, printer)

    def restore() -> None:
        if deferred is not None:
            by_name.setdefault(name, deferred)
        if printers.get(kind) != printer:
            return  # somebody replaced ours meanwhile
        if had:
            printers[kind] = before
        else:
            printers.pop(kind, None)

    undo.callback(restore)
