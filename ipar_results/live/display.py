"""One display_id's life: shown, moved, and left behind as static HTML."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..config import IPythonParallelResults
from ..log import trouble
from ..recorder import Recorder
from ..render import html, text
from ..snapshot import Snapshot
from .ticker import CHANGED, ENDING

CLOCK = 1.0
OUTPUT_GRACE = 1.0
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

Publish = Callable[..., None]


def notebook_view(config: IPythonParallelResults, shell: Any) -> str:
    """The view for this front end: ``widget``, ``html`` or ``text``.

    A notebook's front end names the cell in its request; what only executes notebooks does not, and
    could not draw a widget either.
    """
    if config.view != "auto":
        return str(config.view)
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return "widget"
    try:
        request = shell.kernel.get_parent("shell")
        interactive = bool(request.get("metadata", {}).get("cellId") or "colab" in request.get("metadata", {}))
    except Exception:
        interactive = False
    return "widget" if interactive else "html"


class Live:
    """One displayed result.

    Parameters
    ----------
    result : AsyncResult
        Held until the display has ended, so that work that is shown is followed to its end.
    recorder : Recorder
    config : IPythonParallelResults
    publish : callable
        ``publish(data, metadata, transient=..., update=...)`` of the display's publisher.
    view : {'widget', 'html', 'text'}
    """

    def __init__(
        self,
        result: Any,
        recorder: Recorder,
        config: IPythonParallelResults,
        publish: Publish,
        view: str,
    ) -> None:
        self._result: Any = result
        self._recorder = recorder
        self._config = config
        self._publish = publish
        self._view = view
        self._widget: Any = None
        self._display_id = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._shown: tuple[Any, ...] | None = None
        self._ended_at: float | None = None
        self.sent_at = 0.0
        self.over = False

    # life ----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Show the result in the cell that runs now; to be called in its thread."""
        self._recorder.poll()
        if self._view == "widget" and not self._at_end():
            self._widget = self._make_widget()
        with self._lock:
            self._publish_bundle(update=False)
            if self._at_end():
                self._note_end()

    def wants(self, now: float) -> int | None:
        """What there is to send: an ending, a change, or the clock of work that runs."""
        self._recorder.poll()
        if self._ended_at is not None:
            # output may lag behind the last result: shown once more when it is all there
            if self._key() != self._shown:
                return ENDING
            if self._output_complete() or now - self._ended_at > OUTPUT_GRACE:
                self._drop()
            return None
        if self._at_end():
            return ENDING
        since = now - self.sent_at
        rate = self._config.rate if self._widget is not None else min(self._config.rate, self._config.html_rate)
        if since < 1 / rate:
            return None
        if self._key() != self._shown:
            return CHANGED
        return CHANGED if since >= CLOCK and not self._recorder.link.lost else None

    def send(self) -> int:
        """Send the present state; an ended result's bundle is static."""
        with self._lock:
            if self.over:
                return 0
            try:
                if self._at_end():
                    return self._finish()
                return self._update()
            except Exception:
                trouble("updating a display")
                if self._widget is None:  # a closed connection, most likely: nobody is left to look
                    self._drop()
                    return 1
                self._shown = None
                return 1 + self._close_widget()  # HTML from now on

    def end(self) -> int:
        """Send the present state at once, for a caller that is about to return to its user."""
        return self.send() if self._ended_at is None else 0

    def freeze(self) -> None:
        """Leave the last true state as static HTML; nothing is followed afterwards."""
        with self._lock:
            if self.over:
                return
            if self._ended_at is None:
                state = self._recorder.snapshot()
                if not state.finished:
                    note = "No longer followed: ipar_results was unloaded while this ran."
                    state = replace(state, state="frozen", note=note)
                self._publish_bundle(update=True, state=state, final=True)
            self._drop()

    # sending -------------------------------------------------------------------------------------

    def _update(self) -> int:
        if self._widget is None:
            self._publish_bundle(update=True)
            return 1
        self._shown, self.sent_at = self._key(), time.monotonic()
        return int(self._widget.draw(self._recorder.snapshot()))

    def _finish(self) -> int:
        self._publish_bundle(update=True, final=True)
        sent = 1
        if self._widget is not None:
            sent += self._close_widget()
        self._note_end()
        return sent

    def _publish_bundle(self, update: bool, state: Snapshot | None = None, final: bool = False) -> None:
        self._shown, self.sent_at = self._key(), time.monotonic()
        state = state or self._recorder.snapshot()
        data = bundle(state, self._config, self._view)
        if self._widget is not None and not final:
            self._widget.draw(state, force=True)
            data[WIDGET_MIME] = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        self._publish(data, {}, transient={"display_id": self._display_id}, update=update)

    def _note_end(self) -> None:
        if self._ended_at is None:
            self._ended_at = time.monotonic()
        if self._output_complete():
            self._drop()

    def _drop(self) -> None:
        self.over = True
        self._close_widget()
        self._result = None

    # state ---------------------------------------------------------------------------------------

    def _key(self) -> tuple[Any, ...]:
        link = self._recorder.link
        return (self._recorder.version, link.lost, link.alive())

    def _at_end(self) -> bool:
        return self._recorder.finished or self._recorder.link.closed

    def _output_complete(self) -> bool:
        return self._result is None or bool(self._result._output_ready) or self._recorder.link.closed

    def _make_widget(self) -> Any:
        try:
            from .widget import ResultWidget

            return ResultWidget()
        except Exception:
            trouble("making a widget; showing HTML instead")
            return None

    def _close_widget(self) -> int:
        widget, self._widget = self._widget, None
        if widget is None:
            return 0
        widget.close()
        return 1


def bundle(state: Snapshot, config: IPythonParallelResults, view: str = "html") -> dict[str, Any]:
    """The static MIME bundle of a snapshot."""
    data = {"text/plain": _drawn(lambda: text.plain(state), "text")}
    if view != "text":
        data["text/html"] = _drawn(lambda: html.card(state, limits(config)), "HTML")
    return {mime: drawn for mime, drawn in data.items() if drawn is not None} or {"text/plain": _bare(state)}


def _drawn(draw: Callable[[], str], what: str) -> str | None:
    try:
        return draw()
    except Exception:
        trouble("drawing %s", what)
        return None


def _bare(state: Snapshot) -> str:
    """What can always be said."""
    return f"{state.done} of {state.total} done, {state.failed} failed"


def limits(config: IPythonParallelResults) -> html.Limits:
    """How much of a snapshot HTML shows."""
    return html.Limits(
        tasks=config.tasks, engines=config.engines, failures=config.failures, outputs=config.outputs
    )
