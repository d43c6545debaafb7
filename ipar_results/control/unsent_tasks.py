"""Where the iopub scheduler has died, nobody tells that a task was tried: Hub and engines are asked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..record.recorder import Recorder


class Unheard:
    """Finds tasks of one result that every engine has had and that none has.

    The scheduler says nothing of a failed try while retries are left, and the engines' own word of it comes
    on iopub. First the Hub is asked which engines each task was ever sent to; then each engine for a reply
    that it can give only after all that it had before. What was sent to all of them by then and has not come
    once all have replied is on none, and will be sent to none.
    """

    def __init__(self) -> None:
        self._begun = False
        self._asked: dict[str, bool] = {}  # by engine, whether it has replied
        self._sent: dict[str, set[str]] | None = None  # by engine id, what the Hub saw go there
        self._since = 0.0
        self._round = 0

    def look(self, result: Any, recorder: Recorder, patience: float) -> Sequence[int]:
        """Positions of messages that nothing comes of any more; never waits.

        Parameters
        ----------
        result : AsyncResult or Part
        recorder : Recorder
            Of that result.
        patience : float
            Seconds given to what may be on its way, before each step.
        """
        connection = recorder.connection
        if recorder.quiet < max(patience, connection.contact_timeout / 4) or not result._children:
            self._begun = False
            return ()
        if not connection.schedulers.describe_problem("iopub"):
            return ()
        if not self._begun:
            self._begin(connection)
            return ()
        waits = time.monotonic() - self._since < patience or not all(self._asked.values())
        if self._sent is None or waits:
            return ()
        found = self._found(result, recorder, self._sent)
        if found and not self._asked:
            self._ask(connection)
            return ()
        self._begun = False  # and again, should the Hub know more by then
        return found

    def _begin(self, connection: Any) -> None:
        self._begun, self._asked, self._sent = True, {}, None
        self._round = this = self._round + 1

        def answered(message: Any) -> None:
            content = message["content"]
            if self._round == this and content["status"] == "ok":
                by_engine = [(key, each) for key, each in content.items() if isinstance(each, dict)]
                self._sent = {key: set(each["tasks"]) for key, each in by_engine}
                self._since = time.monotonic()

        connection.query_hub("queue_request", {"targets": None, "verbose": True}, answered)

    def _ask(self, connection: Any) -> None:
        self._asked, this = dict.fromkeys(connection.engine_uuids(), False), self._round

        def replied(uuid: str) -> None:
            if self._round == this:
                self._asked[uuid] = True
                self._since = time.monotonic()

        for uuid in self._asked:
            connection.ping_engine(uuid, replied)

    def _found(self, result: Any, recorder: Recorder, sent: dict[str, set[str]]) -> list[int]:
        """What was sent to every engine of now."""
        connection, columns = recorder.connection, recorder.columns
        if self._asked and not set(connection.engine_uuids()) <= self._asked.keys():
            return []
        known = [sent.get(str(engine), set()) for engine in connection.alive_engines()]
        if not known:
            return []
        everywhere = set.intersection(*known)
        pending = columns.pending(np.arange(columns.messages)).tolist()
        return [position for position in pending if result.msg_ids[position] in everywhere]
