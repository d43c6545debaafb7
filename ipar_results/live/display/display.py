"""Live display of a result under one display_id, which ends as static HTML."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ...config import IPythonParallelResults
from ...log import log_errors
from ...model.snapshot import Snapshot
from ...render import words
from ...results.followed import Followed
from ...results.tracker import FRONT_ENDS_FIRST
from ...upstream.protocols import ResultLike
from ..thread_switching import fast_switching
from .final_update import FinalUpdate
from .mime import Bundle, bundle, size_of
from .place import Place
from .result_view import ResultView
from .saved import Json, saved_json

if TYPE_CHECKING:
    from ...results.tracker import Tracked
    from .widget import CardWidget

_CARD_UPDATE_RATE = 0.1  # for a notebook that is saved meanwhile; the channel updates the card itself
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

Publish = Callable[..., None]


class FrontEnd(Protocol):
    """Part of the channel to the labextension that a display uses."""

    connected: bool  # a connected labextension draws and updates the card itself

    def watch(self, entry: Tracked) -> None:
        """Send the rows of a result too, because it is displayed."""


def notebook_view(config: IPythonParallelResults, shell: Any) -> str:
    """Return the view for this front end: ``widget``, ``html`` or ``text``.

    An interactive front end names the cell in its request. A program that only executes notebooks does not,
    and cannot draw a widget either.
    """
    if config.view != "auto":
        return str(config.view)
    if in_voila():
        return "widget"
    try:
        request = shell.kernel.get_parent("shell")
        interactive = bool(
            request.get("metadata", {}).get("cellId") or "colab" in request.get("metadata", {})
        )
    except Exception:
        interactive = False
    return "widget" if interactive else "html"


def in_voila() -> bool:
    """Return whether Voila runs this kernel: its pages update only widgets, and are not saved."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


class LiveDisplay(ResultView):
    """Live view of a result in the output of a cell.

    `publish` is that of a display publisher, and `view` is 'widget', 'html' or 'text'. A labextension finds
    the result by `result_id`. `between_steps` is called between the steps of a large update, each of which
    can take a tenth of a second. `keeps_widget` leaves the widget where it is at the end, where outputs
    cannot be replaced.
    """

    def __init__(
        self,
        result: ResultLike,
        followed: Followed,
        config: IPythonParallelResults,
        publish: Publish,
        view: str,
        front: FrontEnd | None = None,
        result_id: str = "",
        between_steps: Callable[[], None] = lambda: None,
        keeps_widget: bool = False,
    ) -> None:
        super().__init__(result, followed, config)
        self.places: set[Place] = set()  # where it is displayed and was not cleared
        self.cleared_at = Place()  # the last time
        self._between_steps = between_steps
        self._front = front if view != "text" else None
        self._result_id = result_id
        self._has_card = False
        self._publish = publish
        self._view = view
        self._widget: CardWidget | None = None
        self._final_update: FinalUpdate | None = None
        self._keeps_widget = keeps_widget or in_voila()  # a closed one leaves an empty space in the page
        self._display_id = uuid.uuid4().hex

    def open(self) -> None:
        """Display the result in the cell that runs now; called in that cell's thread.

        Each further call displays it once more: all its outputs have the same display_id, and are updated by
        one message.
        """
        self._followed.poll()
        self._has_card = self._card_is_drawn()
        if self._view == "widget" and self._widget is None and not (self._at_end() or self._has_card):
            self._widget = self._make_widget()
        with self._lock:
            # read once: the result may end before its state is published
            ended, is_updated = self._at_end(), self._sent_version is not None
            if ended:
                self._retire_widget()
            self._note_sent()
            self._show(self._followed.snapshot(), update=False)
            if ended and is_updated:
                self._sent_version = None  # the outputs before this one are still to be updated
            elif ended:
                self._note_end()

    def end(self) -> int:
        """Send the present state at once, before a call returns; return the number of messages."""
        return self.send() if self._ended_at is None else 0

    def _rate(self) -> float:
        if self._has_card:
            return _CARD_UPDATE_RATE
        return super()._rate() if self._widget is not None else min(super()._rate(), self._config.html_rate)

    def _end_delay(self) -> float:
        return FRONT_ENDS_FIRST if self._has_card and self._followed.record.large else 0.0

    def _card_is_drawn(self) -> bool:
        return self._front is not None and self._front.connected and not self._keeps_widget

    @property
    def holds_widget(self) -> bool:
        """Whether a widget is displayed, or not wholly closed yet."""
        return self._widget is not None or bool(self._parts_to_close)

    def _update(self) -> int:
        self._has_card = self._card_is_drawn()
        if self._has_card:
            self._retire_widget()
        if self._followed.lost:
            self._retire_widget()  # contact may not come back, and a saved notebook cannot draw a widget
        state = self._followed.snapshot()
        sent = self._draw_widget(state)
        if sent is not None:
            return sent
        self._show(state, update=True)
        return 1

    def _finish(self, state: Snapshot) -> int:
        self._retire_widget()
        self._show(state, update=True)
        return 1

    def _make_final_update(self, since: float) -> tuple[FinalUpdate | None, int]:
        if self._keeps_widget:
            return None, 0
        state = self._followed.snapshot()
        data = self._bundle(state)
        messages = 0
        if self._widget is not None:  # it stays until the last state replaces it
            messages = int(self._widget.draw(state, force=True))
            self._drop_widget()
        parts, self._parts_to_close = self._parts_to_close, []
        self._final_update = FinalUpdate(self._publisher(data, update=True), size_of(data), parts, since)
        return self._final_update, messages

    def drop(self) -> None:
        """Update no more, as no output shows it."""
        with self._lock:
            self._drop_widget()
            self._close()

    def reopen(self, result: ResultLike) -> bool:
        """Update again after a retry; return False if the display is still updated."""
        with self._lock:
            if self._final_update is not None:
                self._final_update.cancel()
                self._final_update = None
            return super().reopen(result)

    def _retire_widget(self) -> None:
        if not self._keeps_widget:
            self._drop_widget()

    def _drop_widget(self) -> None:
        widget, self._widget = self._widget, None
        if widget is not None:
            self._parts_to_close += widget.parts()

    def _close(self) -> None:
        self._retire_widget()
        super()._close()

    def _show(self, state: Snapshot, update: bool) -> None:
        data = self._bundle(state)
        if self._draw_widget(state) is not None and self._widget is not None:
            if self._keeps_widget:  # the rest would stay as it is now
                data = {"text/plain": f"{words.result_name(state)}: live card"}
            data[WIDGET_MIME] = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        self.size = size_of(data)
        self._publisher(data, update)()

    def _publisher(self, data: Bundle, update: bool) -> Callable[[], None]:
        return partial(self._publish, data, {}, transient={"display_id": self._display_id}, update=update)

    def _bundle(self, state: Snapshot) -> Bundle:
        drawn = partial(bundle, state, self._config, self._view, timeline=self._followed.timeline)
        if not self._followed.record.large:
            return drawn(saved=self._saved(state))
        # a large one takes a hundred numpy calls, each of which may release the GIL
        with fast_switching():
            saved = self._saved(state)
            self._between_steps()
            return drawn(saved=saved, between_steps=self._between_steps)

    def _saved(self, state: Snapshot) -> Json | None:
        if self._front is None or not (self._has_card or state.finished or state.state == "frozen"):
            return None
        with log_errors("putting together what a notebook keeps"):
            return saved_json(self._result_id, state, self._followed.timeline)
        return None

    def _draw_widget(self, state: Snapshot) -> int | None:
        """Update the widget; return the number of messages, None if there is no widget (any more)."""
        if self._widget is None:
            return None
        with log_errors("drawing a widget; showing HTML instead"):
            if not self._widget.closed_by_front_end:
                return int(self._widget.draw(state))
        self._drop_widget()
        return None

    def _make_widget(self) -> CardWidget | None:
        with log_errors("making a widget; showing HTML instead"):
            from .widget import CardWidget

            return CardWidget(self._followed.snapshot())
        return None
