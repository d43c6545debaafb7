"""A task with retries left that has failed on every engine: the scheduler keeps it for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..model.status import OK
from .end_tasks import end
from .unsent_tasks import Unheard

if TYPE_CHECKING:
    from ..record.recorder import Recorder

STUCK = 10.0  # twice what the scheduler takes to notice an engine's death


class Stuck:
    """What one result's tasks were tried on."""

    def __init__(self) -> None:
        self._tries: dict[int, set[Any]] = {}
        self._tried_at: dict[int, float] = {}
        self._unheard = Unheard()

    def tried(self, position: int, engine: Any) -> None:
        """Note that a task has failed on an engine, and is still pending."""
        self._tries.setdefault(position, set()).add(engine)
        self._tried_at[position] = time.monotonic()

    def spare(self, positions: list[int]) -> None:
        """Forget what was known of these messages: they were sent again."""
        for position in positions:
            self._tries.pop(position, None)

    def look(self, result: Any, recorder: Recorder) -> None:
        """Fail what no engine is left for."""
        alive, ids = recorder.connection.alive_engines(), recorder.engines.ids
        for position, (slot, _) in list(recorder.running.items()):
            engine = ids[slot] if slot >= 0 else None
            known = self._tries.get(position, ())
            if isinstance(engine, int) and engine not in alive and engine not in known:
                self.tried(position, engine)
        for position, engines in list(self._tries.items()):
            if recorder.columns.status[position] >= OK:
                del self._tries[position]
            elif not alive <= engines:
                self._tried_at[position] = time.monotonic()
            elif time.monotonic() - self._tried_at[position] > STUCK:
                del self._tries[position]
                _fail(result, recorder, position, engines)
        for position in self._unheard.look(result, recorder, STUCK):
            self._tries.pop(position, None)
            _fail(result, recorder, position, set(alive))


def _fail(result: Any, recorder: Recorder, position: int, engines: set[Any]) -> None:
    from ipyparallel.error import RemoteError

    last = result._metadata[position]["error"]
    names = ", ".join(map(str, sorted(engines)))
    note = f"tried on every engine ({names}), and no other is left for its retries"
    if isinstance(last, RemoteError):
        error = RemoteError(last.ename, f"{last.evalue} ({note})", last.traceback, dict(last.engine_info))
    else:
        error = RemoteError("EngineError", f"engines died while they ran the task: {note}", "", {})
    end(recorder, [result._children[position]], "error", lambda _: error)
