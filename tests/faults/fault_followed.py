"""One result in the fault suite: what arrived is noted without the layer, and compared with what it says."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from fault_plan import Plan, Submission
from fault_work import work, work_there
from ipyparallel.error import RemoteError

from ipar_results import ContactLost, Snapshot, TasksCancelled


def submit(client: Any, plan: Plan) -> list[Followed]:
    """Submit all work of a plan."""
    results, first = [], 0
    for submission in plan.submissions:
        results.append(Followed(client, submission, first, plan.nap))
        first += submission.inputs
    return results


class Followed:
    """A result and two who wait for it, and what its futures were seen to bring."""

    def __init__(self, client: Any, submission: Submission, first: int, nap: float) -> None:
        self.submission = submission
        self._numbers = range(first, first + submission.inputs)
        self.ar = self._make(client, nap)
        sizes = self.ar._chunk_sizes or {}
        self._sizes = [sizes.get(msg_id, 1) for msg_id in self.ar.msg_ids]
        self._values: dict[int, Any] = {}
        self._ended: set[int] = set()
        self._heard: set[int] = set()
        self._kept: list[Any] = []
        self.listen()
        ways = (self._get, self._walk)
        self._waiting = [threading.Thread(target=self._wait, args=(way,), daemon=True) for way in ways]
        for thread in self._waiting:
            thread.start()

    def _make(self, client: Any, nap: float) -> Any:
        kind, numbers = self.submission.kind, self._numbers
        if kind in ("balanced", "unordered"):
            view = client.load_balanced_view()
            view.retries = self.submission.retries
            ordered = kind == "balanced"
            return view.map_async(
                partial(work, nap=nap), numbers, chunksize=self.submission.chunksize, ordered=ordered
            )
        if kind == "direct map":
            return client[:].map_async(partial(work, nap=nap), numbers)
        if kind == "broadcast map":
            view = client.broadcast_view()
            view.block = False
            return view.map(partial(work, nap=nap), numbers)
        if kind == "direct":
            return client[:].apply_async(work_there, nap)
        return client.broadcast_view(is_coalescing=kind == "together").apply_async(work_there, nap)

    # what arrives ------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Note what comes of the futures that the result consists of now."""
        for position, child in enumerate(list(self.ar._children)):
            if id(child) not in self._heard:
                self._heard.add(id(child))
                self._kept.append(child)  # so that no other gets its id
                child.add_done_callback(partial(self._came, position))

    def _came(self, position: int, child: Any) -> None:
        value = child.exception() if not child.cancelled() and child.exception() else child.result()
        if isinstance(value, ContactLost):
            return
        self._ended.add(position)
        if not isinstance(value, Exception):
            self._values[position] = value

    @property
    def ended(self) -> int:
        """Inputs whose end was seen."""
        return sum(self._sizes[position] for position in list(self._ended))

    def values(self) -> list[tuple[int, Any]]:
        """The position of each message whose value has come, and the value."""
        return list(self._values.items())

    @property
    def over(self) -> bool:
        """Whether the result is done, so that no call waits for it any more."""
        return self.ar.done() and not any(thread.is_alive() for thread in self._waiting)

    def _wait(self, how: Any) -> None:
        try:
            how()
        except Exception as error:
            self._error = error

    def _get(self) -> None:
        self.ar.get()

    def _walk(self) -> None:
        for _ in self.ar:
            pass

    # what it says ------------------------------------------------------------------------------------

    def state(self) -> Snapshot:
        """What the layer says."""
        return self.ar.monitor.snapshot()

    def describe(self) -> str:
        """For a person."""
        state, waits = self.state(), sum(thread.is_alive() for thread in self._waiting)
        counts = f"{state.ok} ok, {state.failed} failed, {state.aborted} aborted, {state.running} running"
        more = f"{state.queued} queued; {waits} wait, done: {self.ar.done()}"
        return f"{self.submission}: {state.state}, {counts}, {more}"

    def look(self) -> list[str]:
        """What does not hold at any moment."""
        state = self.state()
        problems = []
        if state.ok + state.failed + state.aborted != state.done:
            problems.append("what has ended does not add up")
        if state.done + state.running + state.queued != state.total or state.running < 0 or state.queued < 0:
            problems.append("counts do not add up to the total")
        if state.total != len(self.ar) or state.total != self.submission.inputs:
            problems.append(f"the total is {state.total}")
        if sum(load.done for load in state.engines) > state.done:
            problems.append("the engines did more than has ended")
        return [f"{problem}: {self.describe()}" for problem in problems]

    def verdict(self) -> list[str]:
        """What does not hold at the end."""
        problems, state = self.look(), self.state()
        if not (state.finished or state.state == "lost"):
            problems.append(f"neither ended nor lost: {self.describe()}")
        if state.finished and state.done != state.total:
            problems.append(f"ended, and not all of it: {self.describe()}")
        pieces = self.ar.get(timeout=5, return_exceptions=True)
        pieces = pieces if isinstance(pieces, list) and self.submission.kind != "together" else [pieces]
        if len(pieces) != state.total:
            return [*problems, f"{len(pieces)} pieces of {state.total}: {self.describe()}"]
        problems += self._kept_all(pieces) + self._error_fits(state)
        good = sum(not isinstance(piece, Exception) for piece in pieces)
        if good != state.ok:
            problems.append(f"{good} values and {state.ok} ok: {self.describe()}")
        frame = self.ar.monitor.to_dataframe()
        for status in ("ok", "failed", "aborted"):
            if frame.n_inputs[frame.status == status].sum() != getattr(state, status):
                problems.append(f"the table has other counts of {status}: {self.describe()}")
        return problems

    def _kept_all(self, pieces: list[Any]) -> list[str]:
        """Each value that had arrived is there, in its place, and is the right one."""
        problems, begin = [], 0
        right = [[49] * 3] if self.submission.kind == "together" else [49] * len(pieces)
        if self.submission.kind not in ("together", "direct", "broadcast"):
            right = [number * number for number in self._numbers]
        for position, size in enumerate(self._sizes):
            here = pieces[begin : begin + size]
            if position in self._values and here != right[begin : begin + size]:
                problems.append(f"the values of {position} had arrived and are now {here}")
            pairs = zip(here, right[begin:], strict=False)
            wrong = [p for p, q in pairs if not isinstance(p, Exception) and p != q]
            if wrong:
                problems.append(f"{wrong} in the place of {right[begin : begin + size]}")
            begin += size
        return problems

    def _error_fits(self, state: Snapshot) -> list[str]:
        try:
            self.ar.get(timeout=5)
            error = None
        except Exception as raised:
            error = raised
        if not state.finished:
            fits = isinstance(error, ContactLost)
        elif state.aborted:
            fits = isinstance(error, TasksCancelled)
        elif state.failed:
            fits = isinstance(error, RemoteError)
        else:
            fits = error is None
        fits = fits and self.ar.successful() == (error is None)
        return [] if fits else [f"get() gives {error!r}: {self.describe()}"]
