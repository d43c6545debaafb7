"""No result waits for what can't come any more: looked at a few times a second, by whoever shows or waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .errors import ContactLost
from .log import trouble
from .outcomes import PENDING, pending

if TYPE_CHECKING:
    from .actions import Cancelling
    from .recorder import Recorder

UNRESOLVED = 1.0  # seconds that ipyparallel has for putting together what has all come
STUCK = 10.0  # twice what the scheduler takes to notice an engine's death
_HUB_QUESTIONS = ("result_request",)


class Rescue:
    """What one result may be saved from.

    Attributes
    ----------
    cancelling : Cancelling or None
        What the user asked to be cancelled.
    given_up : bool
        Contact was lost, and the result has said so.
    """

    def __init__(self) -> None:
        self.cancelling: Cancelling | None = None
        self.given_up = False
        self._lock = threading.Lock()
        self._unresolved_since: float | None = None
        self._tries: dict[int, set[Any]] = {}
        self._tried_at: dict[int, float] = {}

    def look(self, result: Any, recorder: Recorder) -> None:
        """End what can't end by itself; costs next to nothing where nothing is wrong."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if recorder.link.lost:
                if not self.given_up and not result._ready:
                    self.given_up = True
                    give_up_contact(result, recorder)
                return
            self.given_up = False
            self._resolve(result)
            if self.cancelling is not None:
                self.cancelling.settle(result, recorder)
            self._free_stuck(result, recorder)
        except Exception:
            trouble("looking after a result")
        finally:
            self._lock.release()

    def spare(self, positions: list[int]) -> None:
        """Forget what was known of these messages: they were sent again."""
        if self.cancelling is not None:
            self.cancelling.spare(positions)
        for position in positions:
            self._tries.pop(position, None)

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

    # tried everywhere --------------------------------------------------------------------------------

    def tried(self, position: int, engine: Any) -> None:
        """Note that a task has failed on an engine, and is still pending: the scheduler will try another."""
        self._tries.setdefault(position, set()).add(engine)
        self._tried_at[position] = time.monotonic()

    def _free_stuck(self, result: Any, recorder: Recorder) -> None:
        """The scheduler keeps a task with retries left for ever, once it has failed on every engine."""
        alive, ids = recorder.link.alive(), recorder.engines.ids
        for position, (slot, _) in list(recorder.running.items()):
            engine = ids[slot] if slot >= 0 else None
            known = self._tries.get(position, ())
            if isinstance(engine, int) and engine not in alive and engine not in known:
                self.tried(position, engine)
        for position, engines in list(self._tries.items()):
            if recorder.columns.status[position] > 1:
                del self._tries[position]
            elif not alive <= engines:
                self._tried_at[position] = time.monotonic()
            elif time.monotonic() - self._tried_at[position] > STUCK:
                del self._tries[position]
                _fail(result, recorder, position, engines)


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


# ends of our making ----------------------------------------------------------------------------------


def on_io(client: Any, do: Callable[[], None]) -> None:
    """Do something where replies are handled, so that none comes in between; at once where none can come."""

    def done() -> None:
        try:
            do()
        except Exception:
            trouble("ending tasks")

    thread = getattr(client, "_io_thread", None)
    if client._closed or thread is None or thread is threading.current_thread() or not thread.is_alive():
        done()
        return
    with suppress(RuntimeError):  # the client is being closed: the next look finds it closed
        client._io_loop.add_callback(done)


def end(recorder: Recorder, futures: list[Any], status: str, value: Callable[[str], Any]) -> None:
    """End messages in their engines' stead; what may still come of them is not wanted any more.

    Parameters
    ----------
    recorder : Recorder
    futures : list of MessageFuture
    status : {'aborted', 'error'}
    value : callable
        The error, by message id: ipyparallel gives errors as results.
    """

    def do() -> None:
        from ipyparallel.util import utcnow

        left = [future for future in futures if future._state in PENDING]
        recorder.link.replies.forget(future.msg_id for future in left)
        for future in left:
            future.output.metadata.update(status=status, received=utcnow())
            future.set_result(value(future.msg_id))
            _set(future.output, None)

    client = recorder.link.client
    if client is not None:
        on_io(client, do)


def give_up_contact(result: Any, recorder: Recorder) -> None:
    """End a result with :class:`ContactLost`; should answers come after all, they are taken in."""
    error = ContactLost(recorder.link.note())
    client = result._client
    if result._children:
        on_io(client, lambda: _put_off(result, recorder, error))
    else:
        _end_hub_result(result, error)


def _put_off(result: Any, recorder: Recorder, error: ContactLost) -> None:
    from .resolve import LOST, rewire, wire

    children, waiting = result._children, pending(result._children)
    if not waiting:
        return
    old = [children[i] for i in waiting]
    recorder.deafen(old)
    closed = recorder.link.closed
    fresh = list(children)
    if not closed:
        for i in waiting:
            fresh[i] = _successor(children[i])
    setattr(result, LOST, not closed)
    recorder.link.replies.forget(future.msg_id for future in old)
    for future in old:
        _set(future, error)  # as a result: so ipyparallel gives errors
        if closed:
            _set(future.output, None)
    if not result.done():
        result._resolve_result(result._result_future)
    if closed:
        return
    # what is told to the user now refers to the old futures; what comes later goes to the new ones
    late = [fresh[i] for i in waiting]
    recorder.listen(late)
    recorder.link.replies.put_off(late)
    rewire(result, fresh)
    wire(result)


def _successor(future: Any) -> Any:
    from ipyparallel.client.futures import MessageFuture

    fresh = MessageFuture(future.msg_id, header=future.header)
    fresh.output = future.output
    return fresh


def _end_hub_result(result: Any, error: ContactLost) -> None:
    """End also the wait for the Hub's answer, which is in the user's thread."""
    if not result.done():
        result._success = False
        result.set_exception(error)
    result._ready = result._output_ready = True
    result._ready_event.set()
    result._output_event.set()
    for future in list(getattr(result._client, "_futures", {}).values()):
        if future.header.get("msg_type") in _HUB_QUESTIONS:
            with suppress(InvalidStateError):
                future.set_exception(error)


def _set(future: Any, value: Any) -> None:
    with suppress(InvalidStateError):
        future.set_result(value)
