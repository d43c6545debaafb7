"""The only place that attaches anything to somebody else's object, and takes it all off again."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from ..config import settings
from ..live.channel.channel import Channel
from ..live.session import Showing
from ..log import logger, repeats_dropped, terminal, trouble
from ..results.group.group import Group, note
from ..results.tracker import Where
from .imap import imap
from .magics.ipar import ResultMagics
from .patches import parse_date, replacements, send, view_init
from .waiting import forget_kinds

if TYPE_CHECKING:
    from ..live.wait import View


class Extension(Showing):
    """Shows results by itself, once it is attached: then the layer is on."""

    def __init__(self) -> None:
        super().__init__()
        self._undo = ExitStack()
        self._undo.enter_context(repeats_dropped())
        for undo in (self.watch.close, self.tracker.close, self.ticker.stop):
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
        from ..upstream.broadcasts import forget_broadcast_when_done

        try:
            forget_broadcast_when_done(client, future, metadata)
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
