"""The one thread that moves every shown result, within one budget of messages and one of bytes."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from ..log import trouble
from .rate_limits import LeakyBucket, SlidingWindow

_ROUND = 0.1
OVERDUE, ENDING, CHANGED, TIDYING = -1, 0, 1, 2
_HELD_AT_ONCE = 3  # a picture takes milliseconds
BYTES_A_SECOND = 45_000  # of outputs; with the burst that a full second allows, 50 kB/s over ten seconds


class TickerItem(ABC):
    """Base of what the ticker updates.

    Attributes
    ----------
    over : bool
        Whether there is nothing more to send, now and later.
    sent_at : float
        When something was last sent, on the monotonic clock.
    size : int
        About how many bytes :meth:`send` last took; 0 for what is small.
    """

    over = False
    sent_at = 0.0
    size = 0

    @abstractmethod
    def wants(self, now: float) -> int | None:
        """Return OVERDUE, ENDING, CHANGED or TIDYING; None where there is nothing to send.

        What is overdue is sent whatever its size.
        """

    @abstractmethod
    def send(self) -> int:
        """Send the present state; return the number of messages."""

    def hold(self) -> tuple[TickerItem | None, int]:
        """Return what to follow instead while an ENDING waits for room, and the number of messages sent.

        The default is to wait itself.
        """
        return None, 0

    def freeze(self) -> None:  # noqa: B027  # nothing to leave behind by default
        """Send the last true state, as nothing is updated afterwards."""


class Ticker:
    """Sends updates: endings first, then the newest result, then whichever has waited longest.

    The thread lives only while something is followed.

    Parameters
    ----------
    budget : callable returning float
        Messages a second, all results together.

    Attributes
    ----------
    chores : list of callable returning bool
        Done in each round; the thread lives on while one of them says that there is more to do.
    standing : list of TickerItem
        Moved in each round, without keeping the thread alive. They mind themselves how many bytes they send,
        and leave some for outputs.
    """

    def __init__(self, budget: Callable[[], float]) -> None:
        self.chores: list[Callable[[], bool]] = []
        self.standing: list[TickerItem] = []
        self._budget = budget
        self._followed: list[TickerItem] = []
        self._sent = SlidingWindow()  # messages
        self._owed = LeakyBucket(BYTES_A_SECOND)
        self._last: TickerItem | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._woken = False

    def add(self, followed: TickerItem) -> None:
        """Follow until it is over."""
        with self._lock:
            self._followed.append(followed)
        self.wake()

    def wake(self) -> None:
        """Start the thread where there is none; cheap where there is."""
        self._woken = True
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._stopped.is_set():
                    self._thread = threading.Thread(target=self._run, name="ipar-results-ticker", daemon=True)
                    self._thread.start()

    def followed(self) -> list[TickerItem]:
        """What is followed now."""
        with self._lock:
            return list(self._followed)

    def note(self, messages: int) -> None:
        """Count messages that somebody else sent against the budget."""
        self._sent.add(time.monotonic(), messages)

    def meanwhile(self) -> None:
        """Move what is standing in the middle of something that takes long; on other threads, nothing."""
        if threading.current_thread() is self._thread:
            self._try_round(self.standing)

    def stop(self) -> None:
        """End the thread and freeze what was still followed; a second call does nothing."""
        self._stopped.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)
        with self._lock:
            followed, self._followed, self._last = self._followed, [], None
        for each in followed:
            try:
                each.freeze()
            except Exception:
                trouble("freezing a display")

    def _run(self) -> None:
        while not self._stopped.wait(_ROUND):
            self._woken = False
            more = [_done(chore) for chore in self.chores]
            with self._lock:
                self._followed = [each for each in self._followed if not each.over]
                if not (self._followed or any(more)):
                    self._thread = self._last = None
                    if not self._woken:
                        return
                    self._thread = threading.current_thread()  # woken while it was about to end
                followed = list(self._followed)
            self._try_round([*self.standing, *followed])

    def _try_round(self, followed: list[TickerItem]) -> None:
        try:
            self._round(followed, time.monotonic())
        except Exception:
            trouble("updating the displays")

    def _round(self, followed: list[TickerItem], now: float) -> None:
        due = [(rank, each) for each in followed if (rank := _wants(each, now)) is not None]
        # where bytes are short, the newest has every other turn, or it would have all
        newest = followed[-1] if followed and followed[-1] is not self._last else None
        due.sort(key=lambda item: (item[0], item[1] is not newest, item[1].sent_at))
        held = 0
        for rank, each in due:
            free = rank == OVERDUE or each in self.standing or not self._owed.is_full(now)
            if free and self._affordable(now):
                self.note(each.send())
                self._owed.add(each.size)
                self._last = each if each.size else self._last
            elif rank == ENDING and held < _HELD_AT_ONCE and self._affordable(now):
                held += self._hold(each)

    def _hold(self, followed: TickerItem) -> bool:
        """Have something that keeps nothing alive wait in its place."""
        heir, messages = followed.hold()
        self.note(messages)
        if heir is None:
            return False
        with self._lock:
            self._followed.append(heir)
        return True

    def _affordable(self, now: float) -> bool:
        return self._sent.total(now) < self._budget()


def _done(chore: Callable[[], bool]) -> bool:
    try:
        return chore()
    except Exception:
        trouble("looking after the results")
        return False


def _wants(followed: TickerItem, now: float) -> int | None:
    """One that fails must not keep the others from moving."""
    try:
        return followed.wants(now)
    except Exception:
        trouble("looking at a result")
        return None
