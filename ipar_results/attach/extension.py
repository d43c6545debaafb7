"""Extension: attaches the layer to ipyparallel and IPython, and registers how everything comes off again.

Nothing else attaches anything to another library's object.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ..config import load_settings
from ..live.channel.channel import Channel
from ..live.session import Session
from ..log import log_error, logger, open_kernel_stderr
from ..results.group.group import Group
from ..results.tracker import Cell
from .fast_paths import wrap_parse_date
from .imap import wrap_imap
from .magics.ipar import ResultMagics
from .patches import replacements, wrap_send, wrap_view_init
from .waiting import clear_awaitable_cache

if TYPE_CHECKING:
    from ..live.wait import View


Undo = Callable[..., object]
"""Registers a callable, and its arguments, to be called when the layer is turned off."""


class Extension:
    """Attaches a session: from then on results are seen as they are made, and show themselves.

    Parameters
    ----------
    session : Session
        Its `undo` takes everything off again.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    # attaching -----------------------------------------------------------------------------------

    def attach(self, shell: Any) -> None:
        """Attach everything; where a part fails, what was attached comes off again.

        Parameters
        ----------
        shell : InteractiveShell or None
            The running IPython, if there is one.
        """
        session = self._session
        session.shell = shell
        session.config = load_settings(shell)
        try:
            self._patch(session.undo.callback)
            if shell is not None:
                self._configure(session.undo.callback)
                self._register_formatters(session.undo.callback)
                self._watch_cells(session.undo.callback)
                self._add_magics(session.undo.callback)
                if session.in_kernel:
                    self._open_channel(session.undo.callback)
        except BaseException:
            session.close()
            raise
        session.enabled = True

    def _patch(self, undo: Undo) -> None:
        from ipyparallel import AsyncResult, Client, util
        from ipyparallel.client.view import LoadBalancedView, View

        undo(setattr, View, "__init__", View.__init__)
        View.__init__ = wrap_view_init(View.__init__, self._session.add_client)
        undo(setattr, Client, "_send", Client._send)
        Client._send = wrap_send(Client._send, self._session)
        undo(setattr, util, "_parse_date", util._parse_date)
        util._parse_date = wrap_parse_date(util._parse_date)
        undo(setattr, LoadBalancedView, "imap", LoadBalancedView.imap)
        LoadBalancedView.imap = wrap_imap(LoadBalancedView.imap, self._begin_imap, self._imap_progress)
        undo(clear_awaitable_cache)
        own = dict(vars(AsyncResult))
        for name, value in replacements(self._session, own).items():
            setattr(AsyncResult, name, value)
            if name in own:
                undo(setattr, AsyncResult, name, own[name])
            else:
                undo(delattr, AsyncResult, name)
        clear_awaitable_cache()

    def _configure(self, undo: Undo) -> None:
        configurables, config = self._session.shell.configurables, self._session.config
        configurables.append(config)
        undo(lambda: config in configurables and configurables.remove(config))
        if self._session.in_kernel:
            handler = logging.StreamHandler(open_kernel_stderr())
            logger.addHandler(handler)
            undo(logger.removeHandler, handler)

    def _register_formatters(self, undo: Undo) -> None:
        from ipyparallel import AsyncResult, Client, Cluster
        from ipyparallel.client.view import View

        session, formatters = self._session, self._session.shell.display_formatter
        for kind in (AsyncResult, Group):
            if session.in_kernel:
                _register(undo, formatters.ipython_display_formatter, kind, session.show)
            else:
                _register(undo, formatters.formatters["text/plain"], kind, session.pretty)
            _register(undo, formatters.mimebundle_formatter, kind, session.mime_bundle)
        for kind, name in ((Client, "client"), (View, "view"), (Cluster, "cluster")):
            _register(undo, formatters.mimebundle_formatter, kind, partial(session.overview, name))

    def _watch_cells(self, undo: Undo) -> None:
        events = self._session.shell.events
        events.register("pre_run_cell", self._on_cell)
        undo(events.unregister, "pre_run_cell", self._on_cell)

    def _on_cell(self, info: Any) -> None:
        shell = self._session.shell
        count = shell.execution_count
        if len(shell.history_manager.input_hist_raw) == count - 1:  # newer IPython counts it already
            count -= 1
        self._session.tracker.cell = Cell(getattr(info, "cell_id", None), count)

    def _add_magics(self, undo: Undo) -> None:
        session = self._session
        publish = session.publish if session.in_kernel else None
        undo(ResultMagics(session.shell, session.tracker, publish).attach())

    def _open_channel(self, undo: Undo) -> None:
        session = self._session
        channel = Channel(session.shell.kernel, session.tracker, session.config, session.ticker.wake)
        try:
            undo(channel.open())
        except Exception:  # a kernel without control handlers or comms: cards are widgets or HTML there
            log_error("opening the channel to the labextension")
            return
        session.channel = channel
        session.ticker.permanent.append(channel)
        session.ticker.jobs.append(channel.do_housekeeping)

    # imap ----------------------------------------------------------------------------------------

    def _begin_imap(self, name: str, inputs: int | None) -> Group:
        """Return a group for an `imap` that begins; `inputs` is None where their number is not known."""
        session = self._session
        group = Group(name, lambda: session)
        group.record.expected_inputs = inputs
        session.begin_group(group, show=True)
        return group

    def _imap_progress(self, group: Group) -> View:
        # in a kernel a card is shown already, and a script has not asked for a bar
        session = self._session
        return session.progress(group, quiet=session.shell is None or session.in_kernel)


def _register(undo: Undo, formatter: Any, kind: type, printer: Any) -> None:
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
            return  # the user has replaced ours meanwhile
        if had:
            printers[kind] = before
        else:
            printers.pop(kind, None)

    undo(restore)
