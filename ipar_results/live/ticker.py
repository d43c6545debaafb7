"""Background thread that updates all displays, within a rate limit of messages and one of bytes."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import IntEnum

from ..log import log_errors
from .rate_limits import LeakyBucket, SlidingWindow

_ROUND_SECONDS = 0.1
_MAX_REPLACED = 3  # in one round: to draw a last state takes milliseconds
BYTES_A_SECOND = 45_000  # of outputs; with the burst that a full second allows, 50 kB/s over ten seconds


class Urgency(IntEnum):
    """What an updatable has to send, the most urgent first."""

    OVERDUE = -1  # a last state that has waited so long that it is sent whatever its size
    FINAL = 0
    CHANGED = 1
    CLEANUP = 2


class Updatable(ABC):
    """Base of what the ticker updates."""

    over = False  # there is nothing more to send, now and later
    sent_at = 0.0  # when something was last sent, on the monotonic clock
    size = 0  # about how many bytes send() last took; 0 for what is small

    @abstractmethod
    def urgency(self, now: float) -> Urgency | None:
        """Return what there is to send; None where there is nothing."""

    @abstractmethod
    def send(self) -> int:
        """Send the present state; return the number of messages."""

    def replacement(self) -> tuple[Updatable | None, int]:
        """Return what waits for room in the place of this one at its end, and the number of messages sent.

        None, the default, has this one wait itself.
        """
        return None, 0

    def settles(self) -> bool:
        """Return whether the last state is about to be complete."""
        return False

    def freeze(self) -> None:  # noqa: B027  # nothing to leave behind by default
        """Send the last true state, as nothing is updated afterwards."""


class Ticker:
    """Background thread that sends updates: last states first, then the newest, then the longest waiting.

    The thread ends when there is nothing to update and no job to do. `budget` returns the messages a second,
    of all displays together.
    """

    def __init__(self, budget: Callable[[], float]) -> None:
        # called in each round; while one of them returns True, the thread does not end
        self.jobs: list[Callable[[], bool]] = []
        # updated in each round, but they do not keep the thread alive; they limit their bytes themselves
        self.permanent: list[Updatable] = []
        self._budget = budget
        self._updatables: list[Updatable] = []
        self._messages = SlidingWindow()
        self._bytes = LeakyBucket(BYTES_A_SECOND)
        self._last: Updatable | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._woken = False

    def add(self, updatable: Updatable) -> None:
        """Update from now on, until it is over; a second call does nothing."""
        with self._lock:
            if updatable not in self._updatables:
                self._updatables.append(updatable)
        self.wake()

    def wake(self) -> None:
        """Start the thread if it does not run; cheap if it does."""
        self._woken = True
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._stopped.is_set():
                    self._thread = threading.Thread(target=self._run, name="ipar-results-ticker", daemon=True)
                    self._thread.start()

    def updatables(self) -> list[Updatable]:
        """Return what is updated now, without the permanent ones."""
        with self._lock:
            return list(self._updatables)

    def count_messages(self, messages: int) -> None:
        """Count messages that were sent elsewhere against the budget."""
        self._messages.add(time.monotonic(), messages)

    def update_permanent(self) -> None:
        """Update the permanent ones in the middle of a slow update; does nothing on other threads."""
        if threading.current_thread() is self._thread:
            self._try_round(self.permanent)

    def update_all(self, patience: float) -> None:
        """Update all at once, whatever the rate limits; what is about to end gets `patience` seconds."""
        deadline = time.monotonic() + patience
        for each in self.updatables():
            while each.settles() and time.monotonic() < deadline:
                time.sleep(0.005)
            with log_errors("updating a display"):
                self.count_messages(each.send())

    def stop(self) -> None:
        """End the thread and freeze what was still updated; a second call does nothing."""
        self._stopped.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)
        with self._lock:
            updatables, self._updatables, self._last = self._updatables, [], None
        for each in updatables:
            with log_errors("freezing a display"):
                each.freeze()

    def _run(self) -> None:
        while not self._stopped.wait(_ROUND_SECONDS):
            self._woken = False
            more = [_run_job(job) for job in self.jobs]
            with self._lock:
                self._updatables = [each for each in self._updatables if not each.over]
                if not (self._updatables or any(more)):
                    self._thread = self._last = None
                    if not self._woken:
                        return
                    self._thread = threading.current_thread()  # wake() was called in the meantime
                updatables = list(self._updatables)
            self._try_round([*self.permanent, *updatables])

    def _try_round(self, updatables: list[Updatable]) -> None:
        with log_errors("updating the displays"):
            self._round(updatables, time.monotonic())

    def _round(self, updatables: list[Updatable], now: float) -> None:
        due = [(rank, each) for each in updatables if (rank := _urgency(each, now)) is not None]
        # the newest goes first at most every other time, or it would use up all bytes
        newest = updatables[-1] if updatables and updatables[-1] is not self._last else None
        due.sort(key=lambda item: (item[0], item[1] is not newest, item[1].sent_at))
        replaced = 0
        for rank, each in due:
            free = rank == Urgency.OVERDUE or each in self.permanent or not self._bytes.is_full(now)
            if free and self._has_budget(now):
                self.count_messages(each.send())
                self._bytes.add(each.size)
                self._last = each if each.size else self._last
            elif rank == Urgency.FINAL and replaced < _MAX_REPLACED and self._has_budget(now):
                replaced += self._replace(each)

    def _replace(self, updatable: Updatable) -> bool:
        """Let a replacement, which keeps no result alive, wait for room."""
        replacement, messages = updatable.replacement()
        self.count_messages(messages)
        if replacement is None:
            return False
        with self._lock:
            self._updatables.append(replacement)
        return True

    def _has_budget(self, now: float) -> bool:
        return self._messages.total(now) < self._budget()


def _run_job(job: Callable[[], bool]) -> bool:
    with log_errors("looking after the results"):
        return job()
    return False


def _urgency(updatable: Updatable, now: float) -> Urgency | None:
    """Return the urgency; None if that fails, so that the others are updated all the same."""
    with log_errors("looking at a result"):
        return updatable.urgency(now)
    return None
