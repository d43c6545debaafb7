"""Extension that attaches a session to ipyparallel and IPython, and registers how each part is removed.

Patches, formatters, hooks and magics are attached here, and nowhere else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ..config import load_settings
from ..live.formatters import Formatters
from ..log import log_error, logger, open_kernel_stderr
from ..results.registry import SelfFollowed
from ..results.tracker import Cell
from .magics.ipar import ResultMagics
from .replacements.fast_paths import wrap_parse_date
from .replacements.function_names import name_function
from .replacements.joblib_calls import JoblibCalls
from .replacements.patches import (
    clear_awaitable_cache,
    lazily,
    replacements,
    wrap_clear_output,
    wrap_init,
    wrap_send,
)

if TYPE_CHECKING:
    from ..live.session import Session


class Extension:
    """Attaches a session: from then on results are seen as they are made, and display themselves.

    The session's `undo` removes everything again.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._undo = session.undo.callback

    def attach(self, shell: Any) -> None:
        """Attach everything; where a part fails, the session is to be closed."""
        session = self._session
        session.shell = shell
        session.config = load_settings(shell)
        self._patch()
        if shell is not None:
            self._configure()
            self._register_formatters()
            self._watch_cells()
            publish = session.publish if session.in_kernel else None
            self._undo(ResultMagics(shell, session.tracker, publish).attach())
            if session.in_kernel and hasattr(shell.kernel, "control_handlers"):  # xeus-python has none
                self._open_channel()
        session.enabled = True

    def _patch(self) -> None:
        from ipyparallel import AsyncHubResult, AsyncResult, Client, util
        from ipyparallel.client import remotefunction, view
        from ipyparallel.client.view import LoadBalancedView, View

        session = self._session
        self._replace(Client, "__init__", wrap_init(Client.__init__, session.add_client))
        self._replace(
            View, "__init__", wrap_init(View.__init__, lambda view: session.add_client(view.client))
        )
        self._replace(Client, "_send", wrap_send(Client._send, session.registry))
        self._replace(util, "_parse_date", wrap_parse_date(util._parse_date))
        for module in (remotefunction, view):
            self._replace(module, "getname", name_function)
        self._replace(LoadBalancedView, "imap", lazily(LoadBalancedView.imap, ".imap.wrap_imap", session))
        jobs = lazily(Client._asyncresult_from_jobs, ".hub_results.wrap_result_of_jobs")
        self._replace(Client, "_asyncresult_from_jobs", jobs)
        send_recv = lazily(Client._send_recv, ".hub_results.wrap_send_recv")
        self._replace(Client, "_send_recv", send_recv)
        self._replace(AsyncHubResult, "wait", lazily(AsyncHubResult.wait, ".hub_results.wrap_hub_wait"))
        self._undo(clear_awaitable_cache)
        on_created = JoblibCalls(session, self._replace).add_new
        for name, value in replacements(session, dict(vars(AsyncResult)), on_created).items():
            self._replace(AsyncResult, name, value)
        clear_awaitable_cache()

    def _replace(self, owner: object, name: str, value: object) -> None:
        """Set an attribute of an object; undone by its own former value, not by an inherited one."""
        if name in vars(owner):
            self._undo(setattr, owner, name, vars(owner)[name])
        else:
            self._undo(delattr, owner, name)
        setattr(owner, name, value)

    def _configure(self) -> None:
        configurables, config = self._session.shell.configurables, self._session.config
        configurables.append(config)
        self._undo(lambda: config in configurables and configurables.remove(config))
        if self._session.in_kernel:
            handler = logging.StreamHandler(open_kernel_stderr())
            logger.addHandler(handler)
            self._undo(logger.removeHandler, handler)
            # IPython calls logging.error(), which gives the root logger a handler that writes into cells
            self._replace(logger, "propagate", False)

    def _register_formatters(self) -> None:
        from ipyparallel import AsyncResult, Client, Cluster
        from ipyparallel.client.view import View

        session, ours = self._session, Formatters(self._session)
        formatters = session.shell.display_formatter
        for kind in (AsyncResult, SelfFollowed):  # a group is one of these
            if session.in_kernel:
                self._register(formatters.ipython_display_formatter, kind, ours.display)
            else:
                self._register(formatters.formatters["text/plain"], kind, ours.pretty)
            self._register(formatters.mimebundle_formatter, kind, ours.mime_bundle)
        # by name, as loading imports no model
        self._register(formatters.mimebundle_formatter, "ipar_results.model.snapshot.Snapshot", ours.snapshot)
        for kind, name in ((Client, "client"), (View, "view"), (Cluster, "cluster")):
            self._register(formatters.mimebundle_formatter, kind, partial(ours.overview, name))

    def _register(self, formatter: Any, kind: type | str, printer: Callable[..., object]) -> None:
        """Register a printer for a type, or for its name; undone by registering what the user had."""
        before = formatter.pop(kind, None)
        formatter.for_type(kind, printer)

        def restore() -> None:
            now = formatter.pop(kind, None)
            users = before if now == printer else now  # another one, if the user has replaced ours meanwhile
            if users is not None:
                formatter.for_type(kind, users)

        self._undo(restore)

    def _watch_cells(self) -> None:
        session, pub = self._session, self._session.shell.display_pub
        if session.in_kernel:
            self._replace(pub, "clear_output", wrap_clear_output(pub.clear_output, session.on_clear))
        events = session.shell.events
        events.register("pre_run_cell", self._on_cell)
        self._undo(events.unregister, "pre_run_cell", self._on_cell)
        if session.in_kernel:
            events.register("post_run_cell", self._on_cell_end)
            self._undo(events.unregister, "post_run_cell", self._on_cell_end)

    def _on_cell(self, info: object) -> None:
        shell = self._session.shell
        count = shell.execution_count
        if len(shell.history_manager.input_hist_raw) == count - 1:  # newer IPython counts it already
            count -= 1
        self._session.tracker.cell = Cell(getattr(info, "cell_id", None), count)

    def _on_cell_end(self, result: object) -> None:
        self._session.on_cell_end()

    def _open_channel(self) -> None:
        from ..live.channel.channel import Channel  # only a kernel needs it

        session = self._session
        channel = Channel(session.shell.kernel, session.tracker, session.config, session.ticker.wake)
        try:
            self._undo(channel.open())
        except Exception:  # in a kernel without comms, cards are widgets or HTML
            log_error("opening the channel to the labextension")
            return
        session.channel = channel
        session.ticker.permanent.append(channel)
        session.ticker.jobs.append(channel.do_housekeeping)
