"""No result waits for what can't come any more: looked at a few times a second, by whoever shows or waits."""

from __future__ import annotations

import threading
import time
from concurrent.futures import InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..log import trouble
from ..model.status import OK
from .end_tasks import end
from .exhausted_retries import Stuck

if TYPE_CHECKING:
    from ..record.recorder import Recorder
    from ..upstream.connection import Connection
    from .cancel import Cancelling

UNRESOLVED = 1.0  # seconds that ipyparallel has for putting together what has all come


class Rescue:
    """What one result may be saved from.

    Attributes
    ----------
    cancelling : Cancelling or None
        What the user asked to be cancelled.
    given_up : bool
        Contact was lost, and the result has said so.
    cut_off : str
        What a person must know where this result's scheduler no longer answers, though the Hub may.
    """

    def __init__(self) -> None:
        self.cancelling: Cancelling | None = None
        self.given_up = False
        self.cut_off = ""
        self._way: str | None = None
        self._lock = threading.Lock()
        self._unresolved_since: float | None = None
        self._stuck = Stuck()

    def look(self, result: Any, recorder: Recorder) -> None:
        """End what can't end by itself; costs next to nothing where nothing is wrong."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._look_for_the_way(result, recorder)
            if recorder.lost:
                if recorder.connection.lost:
                    recorder.connection.check_contact()  # logs why, if contact was lost meanwhile
                if not self.given_up and not result._ready:
                    self.given_up = True
                    recorder.give_up(result)
                return
            self.given_up = False
            self._resolve(result)
            self._free_stranded(result, recorder)
            if self.cancelling is not None:
                self.cancelling.settle(result, recorder)
            self._stuck.look(result, recorder)
        except Exception:
            trouble("looking after a result")
        finally:
            self._lock.release()

    def lost(self, connection: Connection) -> bool:
        """Whether nothing more can be expected."""
        return connection.lost or bool(self.cut_off)

    def note(self, connection: Connection) -> str:
        """What a person must know of the way to the engines; an empty text while all is well."""
        return (
            connection.describe_problem()
            if connection.lost
            else self.cut_off or connection.describe_problem()
        )

    def spare(self, positions: list[int]) -> None:
        """Forget what was known of these messages: they were sent again."""
        if self.cancelling is not None:
            self.cancelling.spare(positions)
        self._stuck.spare(positions)

    # no way to the engines ---------------------------------------------------------------------------

    def _look_for_the_way(self, result: Any, recorder: Recorder) -> None:
        """Ask for the scheduler that has this result's tasks, once nothing has come of them for a while."""
        if recorder.connection.lost or not result._children:
            return
        if recorder.quiet < recorder.connection.contact_timeout / 4:
            cut_off = ""
        else:
            self._way = self._way or _way_of(result, recorder)
            cut_off = recorder.connection.schedulers.describe_problem(self._way)
        if bool(cut_off) != bool(self.cut_off):
            recorder.version += 1
        self.cut_off = cut_off

    def _free_stranded(self, result: Any, recorder: Recorder) -> None:
        """What was sent just when the client learned of its engine's death is overlooked by ipyparallel."""
        if recorder.quiet < UNRESOLVED or not result._children:
            return
        client, columns = result._client, recorder.columns
        alive = set(client._engines.values())
        held = list(getattr(client, "_outstanding_dict", {}).items())
        orphans = [(msg_id, uuid) for uuid, ids in held if ids and uuid not in alive for msg_id in list(ids)]
        if orphans:
            positions = columns.locate([msg_id for msg_id, _ in orphans]).tolist()
            for position, (_, uuid) in zip(positions, orphans, strict=True):
                if position >= 0 and columns.status[position] < OK:
                    _strand(result, recorder, position, uuid)

    # all came, and was not put together --------------------------------------------------------------

    def _resolve(self, result: Any) -> None:
        """A result made before the layer was on resolves in ipyparallel's own way, or not at all."""
        if result._ready or not result._children or not result._result_future.done():
            self._unresolved_since = None
            return
        self._unresolved_since = self._unresolved_since or time.monotonic()
        if time.monotonic() - self._unresolved_since > UNRESOLVED:
            with suppress(InvalidStateError):
                result._resolve_result(result._result_future)

    def tried(self, position: int, engine: Any) -> None:
        """Note that a task has failed on an engine, and is still pending: the scheduler will try another."""
        self._stuck.tried(position, engine)


def _strand(result: Any, recorder: Recorder, position: int, uuid: str) -> None:
    from ipyparallel.error import RemoteError

    engine = recorder.connection.engine_id(uuid)
    told = f"Engine {engine!r} died before it was given the task"
    where = {
        "engine_id": engine,
        "engine_uuid": uuid,
        "method": "apply",
    }  # without all three it can't be shown
    error = RemoteError("EngineError", told, "", where)
    end(recorder, [result._children[position]], "error", lambda _: error)


def _way_of(result: Any, recorder: Recorder) -> str:
    """The scheduler that has what is pending of a result: 'task', 'mux' or 'broadcast'."""
    pending = recorder.columns.pending(recorder.mine)
    if not len(pending):
        return "task"
    msg_id = result.msg_ids[int(pending[0])]
    held_by = getattr(result._client, "_outstanding_dict", {})
    holders = [uuid for uuid, held in list(held_by.items()) if msg_id in held]
    if not holders:
        return "task"
    return "broadcast" if len(holders) > 1 or msg_id.endswith(f"_{holders[0]}") else "mux"
