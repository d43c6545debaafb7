"""Detector of exhausted retries while the iopub scheduler is down: queries the Hub and the engines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..upstream.connection import Connection
    from .scope import TaskScope


class ExhaustedWithoutIopub:
    """Finds tasks that every engine has tried and none still has.

    The scheduler does not report a failed try while retries are left, and the engines report it on iopub.
    First the Hub is asked which engines each task was sent to; then each engine for a reply that it sends
    only after all it was sent before. A task that was sent to all of them by then, and has not ended once all
    have replied, is on no engine and will be sent to none.
    """

    def __init__(self) -> None:
        self._begun = False
        self._replied: dict[str, bool] = {}  # by engine uuid
        self._sent: dict[str, set[str]] | None = None  # by engine id, the tasks that the Hub saw go there
        self._since = 0.0
        self._round = 0

    def check(self, scope: TaskScope, patience: float) -> Sequence[int]:
        """Return positions of messages whose retries are exhausted; never waits.

        Parameters
        ----------
        patience : float
            Seconds given to what may be on its way, before each step.
        """
        link = scope.connection
        if scope.record.silence < max(patience, link.contact_timeout / 4) or not scope.futures:
            self._begun = False
            return ()
        if not link.schedulers.describe_problem("iopub"):
            return ()
        if not self._begun:
            self._begin(link)
            return ()
        waits = time.monotonic() - self._since < patience or not all(self._replied.values())
        if self._sent is None or waits:
            return ()
        found = self._sent_to_all(scope, self._sent)
        if found and not self._replied:
            self._ask_engines(link)
            return ()
        self._begun = False  # begin again: the Hub may know more by then
        return found

    def _begin(self, link: Connection) -> None:
        self._begun, self._replied, self._sent = True, {}, None
        self._round = this = self._round + 1

        def answered(message: Any) -> None:
            content = message["content"]
            if self._round == this and content["status"] == "ok":
                by_engine = [(key, each) for key, each in content.items() if isinstance(each, dict)]
                self._sent = {key: set(each["tasks"]) for key, each in by_engine}
                self._since = time.monotonic()

        link.query_hub("queue_request", {"targets": None, "verbose": True}, answered)

    def _ask_engines(self, link: Connection) -> None:
        self._replied, this = dict.fromkeys(link.engine_uuids(), False), self._round

        def replied(uuid: str) -> None:
            if self._round == this:
                self._replied[uuid] = True
                self._since = time.monotonic()

        for uuid in self._replied:
            link.ping_engine(uuid, replied)

    def _sent_to_all(self, scope: TaskScope, sent: dict[str, set[str]]) -> list[int]:
        """Return positions of pending messages that were sent to every engine there is now."""
        link, columns = scope.connection, scope.columns
        if self._replied and not set(link.engine_uuids()) <= self._replied.keys():
            return []
        by_engine = [sent.get(str(engine), set()) for engine in link.alive_engines()]
        if not by_engine:
            return []
        everywhere = set.intersection(*by_engine)
        pending = columns.pending(scope.positions).tolist()
        return [position for position in pending if scope.msg_ids[position] in everywhere]
