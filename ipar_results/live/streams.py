"""Live displays of what engines write to stdout and stderr, in the cell that waits for them."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from ..formatting import utf8_safe
from ..log import log_error, log_errors
from ..render.ansi import clip, count_omitted
from ..render.rows import REDRAW_FACTOR, apply_carriage_returns
from .ticker import Updatable, Urgency

if TYPE_CHECKING:
    from ipykernel.zmqshell import ZMQDisplayPublisher

    from ..upstream.protocols import TaskMetadata

LIVE_CHARACTERS = 8_000  # in each update, so that long output costs no more than short
FINAL_CHARACTERS = 1_000_000  # in the last state
_MAX_LIVE_BLOCKS = 40
_NAMES: tuple[Literal["stdout"], Literal["stderr"]] = ("stdout", "stderr")

Publish = Callable[..., None]
_Key = tuple[int, int]  # place of the message, and 1 for stderr


def publisher_for_cell(display_pub: ZMQDisplayPublisher) -> Publish:
    """Return a function that publishes into the cell that runs now, from any thread and at any later time.

    Outside a kernel, or where output is captured, it is ``display_pub.publish`` itself.
    """
    session, socket = getattr(display_pub, "session", None), getattr(display_pub, "pub_socket", None)
    if session is None or socket is None:
        return display_pub.publish
    parent, topic = display_pub.parent_header, display_pub.topic

    def publish(
        data: object, metadata: object = None, *, transient: object = None, update: bool = False
    ) -> None:
        kind = "update_display_data" if update else "display_data"
        content = {"data": data, "metadata": metadata or {}, "transient": transient or {}}
        session.send(socket, kind, content, parent=parent, ident=topic)

    return publish


class Streams(Updatable):
    """Streams of one result's messages, as text in one display, or in one before and one after each figure.

    Updates show only the ends of the streams; the last state shows them whole. Streams are shown in the order
    of `msg_ids`. `publish` is from :func:`publisher_for_cell`, `rate` returns updates a second, and
    `at_end_only` publishes the last state only, where updates would be captured or not taken in.
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
        self._metadata: dict[_Key, tuple[object, TaskMetadata]] = {}  # of what the present display shows
        self._starts: dict[_Key, int] = {}  # where its text begins, after that of earlier displays
        self._newest: dict[_Key, None] = {}
        self._written = self._shown = 0
        self._opened = False
        self._lock = threading.Lock()

    def on_output(self, engine_id: object, msg_id: str, name: str, metadata: TaskMetadata) -> None:
        """Note that a task wrote something; called on ipyparallel's IO thread, where nothing may be sent.

        ipyparallel adds all output of a message to its metadata.
        """
        key = (self._order.get(msg_id, len(self._order)), int(name == "stderr"))
        self._metadata.setdefault(key, (engine_id, metadata))
        self._newest.pop(key, None)
        self._newest[key] = None
        self._written += 1

    def begin_new_display(self) -> None:
        """Show what was written until now whole, and the rest below a figure that an engine displays now."""
        with self._lock:
            if self.over or not self._metadata:
                return
            with log_errors("showing what engines wrote"):
                self._show(self._whole())
            for key, (_, metadata) in self._metadata.items():
                self._starts[key] = len(metadata[_NAMES[key[1]]] or "")
            self._metadata, self._newest = {}, {}
            self._transient, self._opened = {"display_id": uuid.uuid4().hex}, False
            self._shown = self._written

    def urgency(self, now: float) -> Urgency | None:
        """Return CHANGED if there is new output and the rate allows an update."""
        if self._at_end_only or self._written == self._shown or now - self.sent_at < 1 / self._rate():
            return None
        return Urgency.CHANGED

    def send(self) -> int:
        """Show the ends of the streams; return the number of messages."""
        with self._lock:
            if self.over or self._written == self._shown:
                return 0
            self.sent_at, self._shown = time.monotonic(), self._written
            try:
                self._show(self._ends())
            except Exception:  # a closed connection, most likely
                log_error("showing what engines write")
                self.over = True
            return 1

    def freeze(self) -> None:
        """Show the streams whole; a second call does nothing."""
        with self._lock:
            over, self.over = self.over, True
            if self._metadata and not over:
                with log_errors("showing what engines wrote"):
                    self._show(self._whole())

    def _show(self, text: str) -> None:
        if not self._opened:
            sys.stdout.flush()  # keeps the order of what the cell printed, and of engines' tracebacks
            sys.stderr.flush()
        self._publish({"text/plain": text}, {}, transient=self._transient, update=self._opened)
        self._opened, self.size = True, len(text)

    def _ends(self) -> str:
        streams = dict(self._metadata)
        newest = sorted(list(self._newest)[-_MAX_LIVE_BLOCKS:])
        share = LIVE_CHARACTERS // len(newest)
        blocks = [self._block(key, streams[key], 0, share, "; shown at the end") for key in newest]
        quiet = len(streams) - len(newest)
        if quiet:
            blocks.append(f"… {quiet:,} more streams: shown at the end")
        return "\n".join(blocks)

    def _whole(self) -> str:
        streams = dict(self._metadata)
        share = max(FINAL_CHARACTERS // len(streams), 200)
        return "\n".join(
            self._block(key, stream, share // 3, share - share // 3, "")
            for key, stream in sorted(streams.items(), key=lambda item: item[0])
        )

    def _block(self, key: _Key, stream: tuple[object, TaskMetadata], head: int, tail: int, more: str) -> str:
        name = _NAMES[key[1]]
        engine_id, metadata = stream
        text = (metadata[name] or "")[self._starts.get(key, 0) :]
        far = 0 if head else max(len(text) - REDRAW_FACTOR * tail, 0)
        start, omitted, end = clip(utf8_safe(text[far:]), head, tail)
        parts = [apply_carriage_returns(start), apply_carriage_returns(end)]
        if omitted + far:
            parts.insert(1, f"… {count_omitted(omitted + far)}{more} …")
        shown = "\n".join(filter(None, (part.strip("\n") for part in parts)))
        return f"[{name}:{engine_id}]{chr(10) if chr(10) in shown else ' '}{shown}"
