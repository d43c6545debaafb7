"""What engines write, in the cell that waits: one display that moves, however many engines and chunks."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from ..formatting import utf8_safe
from ..log import trouble
from ..render.ansi import clip, count_omitted
from ..render.rows import apply_carriage_returns
from .ticker import Updatable, Urgency

LIVE_CHARACTERS = 8_000  # characters sent at each update, so that long output costs no more than short
FINAL_CHARACTERS = 1_000_000  # characters left behind at the end
_MAX_LIVE_BLOCKS = 40
_REDRAW_FACTOR = 8  # progress bars redraw one line many times: look further back than what is shown
_NAMES = ("stdout", "stderr")

Publish = Callable[..., None]


def publisher_for_cell(display_pub: Any) -> Publish:
    """Publish into the cell that runs now, from whichever thread and whatever runs by then.

    Parameters
    ----------
    display_pub : DisplayPublisher
        Of the shell.

    Returns
    -------
    callable
        As ``display_pub.publish``; that itself where it belongs to no kernel, or captures.
    """
    session, socket = getattr(display_pub, "session", None), getattr(display_pub, "pub_socket", None)
    if session is None or socket is None:
        return display_pub.publish  # type: ignore[no-any-return]
    parent, topic = display_pub.parent_header, display_pub.topic

    def publish(
        data: dict[str, Any], metadata: Any = None, *, transient: Any = None, update: bool = False
    ) -> None:
        kind = "update_display_data" if update else "display_data"
        content = {"data": data, "metadata": metadata or {}, "transient": transient or {}}
        session.send(socket, kind, content, parent=parent, ident=topic)

    return publish


class Streams(Updatable):
    """The streams of one result's messages, as text in one display.

    While it moves, only the ends of the streams are shown; at the end they are shown whole.

    Parameters
    ----------
    msg_ids : iterable of str
        The messages, in the order in which their streams stand.
    publish : callable
        As :func:`publisher_for_cell` gives it.
    rate : callable returning float
        Updates a second.
    at_end_only : bool
        Show nothing before the end: what captures keeps every update.
    """

    def __init__(
        self,
        msg_ids: Iterable[str],
        publish: Publish,
        rate: Callable[[], float],
        at_end_only: bool = False,
    ) -> None:
        self._order = {msg_id: place for place, msg_id in enumerate(msg_ids)}
        self._publish = publish
        self._transient = {"display_id": uuid.uuid4().hex}
        self._rate = rate
        self._at_end_only = at_end_only
        self._metadata: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._newest: dict[tuple[int, int], None] = {}
        self._written = self._shown = 0
        self._opened = False
        self._lock = threading.Lock()

    def on_output(self, engine_id: Any, msg_id: str, name: str, metadata: Any) -> None:
        """Note that a message wrote something; runs on ipyparallel's IO thread, and sends nothing.

        Parameters
        ----------
        name : {'stdout', 'stderr'}
        metadata : mapping
            ipyparallel's, which has all that was written.
        """
        key = (self._order.get(msg_id, len(self._order)), int(name == "stderr"))
        self._metadata.setdefault(key, (engine_id, metadata))
        self._newest.pop(key, None)
        self._newest[key] = None
        self._written += 1

    # what the ticker asks --------------------------------------------------------------------------

    def urgency(self, now: float) -> Urgency | None:
        """Whether there is something new to show."""
        if self._at_end_only or self._written == self._shown or now - self.sent_at < 1 / self._rate():
            return None
        return Urgency.CHANGED

    def send(self) -> int:
        """Show the ends of the streams; returns how many messages that took."""
        with self._lock:
            if self.over or self._written == self._shown:
                return 0
            self.sent_at, self._shown = time.monotonic(), self._written
            try:
                self._show(self._ends())
            except Exception:  # a closed connection, most likely
                trouble("showing what engines write")
                self.over = True
            return 1

    def freeze(self) -> None:
        """Show the streams whole, and no more afterwards."""
        self.close()

    def close(self) -> int:
        """Show the streams whole; returns how many messages that took. A second call does nothing."""
        with self._lock:
            if self.over:
                return 0
            self.over = True
            if not self._metadata:
                return 0
            try:
                self._show(self._whole())
            except Exception:
                trouble("showing what engines wrote")
            return 1

    def _show(self, text: str) -> None:
        if not self._opened:
            sys.stdout.flush()  # what the cell printed before stands before it
        self._publish({"text/plain": text}, {}, transient=self._transient, update=self._opened)
        self._opened, self.size = True, len(text)

    # what is shown ---------------------------------------------------------------------------------

    def _ends(self) -> str:
        streams = dict(self._metadata)
        newest = sorted(list(self._newest)[-_MAX_LIVE_BLOCKS:])
        share = LIVE_CHARACTERS // len(newest)
        blocks = [_block(key, streams[key], 0, share, "; shown at the end") for key in newest]
        quiet = len(streams) - len(newest)
        if quiet:
            blocks.append(f"… {quiet:,} more streams: shown at the end")
        return "\n".join(blocks)

    def _whole(self) -> str:
        streams = dict(self._metadata)
        share = max(FINAL_CHARACTERS // len(streams), 200)
        return "\n".join(
            _block(key, stream, share // 3, share - share // 3, "")
            for key, stream in sorted(streams.items(), key=lambda item: item[0])
        )


def _block(key: tuple[int, int], stream: tuple[Any, Any], head: int, tail: int, more: str) -> str:
    name = _NAMES[key[1]]
    engine_id, metadata = stream
    text = metadata[name] or ""
    far = 0 if head else max(len(text) - _REDRAW_FACTOR * tail, 0)
    start, omitted, end = clip(utf8_safe(text[far:]), head, tail)
    parts = [apply_carriage_returns(start), apply_carriage_returns(end)]
    if omitted + far:
        parts.insert(1, f"… {count_omitted(omitted + far)}{more} …")
    shown = "\n".join(filter(None, (part.strip("\n") for part in parts)))
    return f"[{name}:{engine_id}]{chr(10) if chr(10) in shown else ' '}{shown}"
