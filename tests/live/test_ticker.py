"""The ticker's order and rate limits, with fake updatables."""

import logging
import threading
import time
from functools import partial
from types import SimpleNamespace

import pytest
from fakes import Fed

from ipar_results.config import load_settings
from ipar_results.live import ticker as module
from ipar_results.live.display.display import LiveDisplay
from ipar_results.live.display.final_update import FinalUpdate
from ipar_results.live.display.result_view import ResultView
from ipar_results.live.ticker import Ticker, Urgency
from ipar_results.results.registry import Registry


class Clock:
    """The ticker's clock, moved by the test."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


class FakeUpdatable:
    """Updatable whose urgency the test sets."""

    def __init__(self, name="", want=Urgency.CHANGED, cost=1, log=None, clock=time, size=0):
        self.name, self.want, self.cost, self.size = name, want, cost, size
        self.log = log if log is not None else []
        self.clock = clock
        self.over = self.frozen = self.held = False
        self.sent_at = 0.0

    def urgency(self, now):
        if isinstance(self.want, Exception):
            raise self.want
        return self.want

    def send(self):
        self.sent_at = self.clock.monotonic()
        self.log.append((self.sent_at, self.name))
        if self.want in (Urgency.FINAL, Urgency.OVERDUE):
            self.over = True
            self.want = None
        return self.cost

    def replacement(self):
        self.held = self.over = True
        return FakeUpdatable(self.name, self.want, log=self.log, clock=self.clock, size=self.size), 0

    def freeze(self):
        if self.name == "stubborn":
            raise RuntimeError
        self.frozen = True


def most_in_a_second(times):
    return max(sum(begin <= t < begin + 1 for t in times) for begin in times)


@pytest.mark.parametrize("budget", [1, 3, 10])
def test_no_second_has_more_messages_than_the_budget(clock, budget):
    log = []
    followed = [FakeUpdatable(str(i), log=log, clock=clock) for i in range(200)]
    ticker = Ticker(lambda: budget)
    for _ in range(100):
        clock.now += 0.1
        ticker._round(followed, clock.now)
    times = [at for at, _ in log]
    assert most_in_a_second(times) <= budget
    assert len(times) >= budget * 8


def test_messages_that_cost_more_than_one_stay_within_the_budget(clock):
    log = []
    followed = [FakeUpdatable(str(i), cost=4, log=log, clock=clock) for i in range(20)]
    ticker = Ticker(lambda: 10)
    for _ in range(100):
        clock.now += 0.1
        ticker._round(followed, clock.now)
    times = [at for at, _ in log for _ in range(4)]
    assert most_in_a_second(times) <= 13  # one update may exceed the budget


@pytest.mark.parametrize("size", [5_000, 15_000, 200_000])
def test_displays_send_at_most_fifty_kilobytes_a_second_and_are_all_sent(clock, size):
    log = []
    followed = [FakeUpdatable(str(i), log=log, clock=clock, size=size) for i in range(20)]
    ticker = Ticker(lambda: 10)
    for _ in range(3000):
        clock.now += 0.1
        ticker._round(followed, clock.now)
    assert 30_000 < len(log) * size / 300 <= 50_000
    assert len({name for _, name in log}) == 20


def test_a_permanent_updatable_never_waits_for_displays_and_its_bytes_count(clock):
    log = []
    standing = FakeUpdatable("channel", log=log, clock=clock, size=8_000)
    outputs = [FakeUpdatable("output", log=log, clock=clock, size=20_000) for _ in range(5)]
    ticker = Ticker(lambda: 20)
    ticker.permanent.append(standing)
    for turn in range(500):
        clock.now += 0.1
        standing.want = Urgency.CHANGED if turn % 2 else None
        ticker._round([standing, *outputs], clock.now)
    names = [name for _, name in log]
    assert names.count("channel") == 250
    assert 3_000 < names.count("output") * 20_000 / 50 <= 10_000


def test_messages_sent_elsewhere_count_against_the_budget(clock):
    log = []
    ticker = Ticker(lambda: 10)
    ticker.count_messages(10)
    ticker._round([FakeUpdatable(log=log, clock=clock)], clock.now + 0.9)
    assert not log
    ticker._round([FakeUpdatable(log=log, clock=clock)], clock.now + 1.1)
    assert len(log) == 1


def test_last_states_go_first_then_the_newest_then_the_longest_waiting(clock):
    log = []
    old, waited, ending, newest = (
        FakeUpdatable(name, log=log, clock=clock) for name in ("old", "waited", "end", "new")
    )
    ending.want = Urgency.FINAL
    old.sent_at, waited.sent_at, newest.sent_at = 900.0, 100.0, 950.0
    Ticker(lambda: 10)._round([old, ending, waited, newest], clock.now)
    assert [name for _, name in log] == ["end", "new", "waited", "old"]


def test_every_updatable_is_sent_in_the_end(clock):
    log = []
    followed = [FakeUpdatable(str(i), log=log, clock=clock) for i in range(30)]
    ticker = Ticker(lambda: 10)
    for _ in range(100):
        clock.now += 0.1
        ticker._round(followed, clock.now)
    assert {name for _, name in log} == {str(i) for i in range(30)}


def test_two_hundred_last_states_are_all_sent(clock):
    log = []
    followed = [FakeUpdatable(str(i), Urgency.FINAL, log=log, clock=clock) for i in range(200)]
    ticker = Ticker(lambda: 10)
    for _ in range(300):
        clock.now += 0.1
        ticker._round(followed, clock.now)
    assert sorted(int(name) for _, name in log) == list(range(200))


def test_last_states_that_wait_for_room_are_replaced_a_few_in_each_round(clock):
    log = []
    followed = [
        FakeUpdatable(str(i), want=Urgency.FINAL, log=log, clock=clock, size=20_000) for i in range(40)
    ]
    running = FakeUpdatable("running", clock=clock, size=20_000)
    ticker = Ticker(lambda: 10)
    ticker._round([*followed, running], clock.now)
    replacements = ticker.updatables()
    assert len(log) == 3 and sum(each.held for each in followed) == len(replacements) == 3
    assert not running.held
    for replacement in replacements:
        replacement.replacement = lambda: (None, 0)
    for _ in range(20):
        clock.now += 0.1
        ticker._round([each for each in replacements if not each.over], clock.now)
    assert all(replacement.over for replacement in replacements) and len(log) == 6


def test_a_final_update_that_fails_is_over_and_does_not_delay_others(clock, caplog, log_once):
    def gone(*args):
        raise OSError("closed")

    log = []
    unsent, unclosed = (
        FinalUpdate(gone, 10, [], clock.now),
        FinalUpdate(lambda: None, 10, [SimpleNamespace(close=gone)], 0),
    )
    other = FakeUpdatable("other", log=log, clock=clock)
    ticker = Ticker(lambda: 10)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            clock.now += 0.1
            ticker._round([each for each in (unsent, unclosed, other) if not each.over], clock.now)
    assert unsent.over and unclosed.over
    assert len(log) == 3
    assert len(caplog.records) == 1  # an error is logged once


def test_an_overdue_last_state_is_sent_whatever_its_size(clock):
    log = []
    followed = [
        FakeUpdatable(str(i), want=Urgency.OVERDUE, log=log, clock=clock, size=100_000) for i in range(30)
    ]
    late = FakeUpdatable("late", want=Urgency.FINAL, log=log, clock=clock, size=100)
    ticker = Ticker(lambda: 10)
    for _ in range(40):
        clock.now += 0.1
        ticker._round([late, *[each for each in followed if not each.over]], clock.now)
    assert sorted(name for _, name in log) == sorted(str(i) for i in range(30))
    assert most_in_a_second([at for at, _ in log]) <= 10


def test_nothing_is_sent_without_urgency(clock):
    log = []
    Ticker(lambda: 10)._round([FakeUpdatable(want=None, log=log, clock=clock)], clock.now)
    assert not log


def test_an_updatable_that_fails_does_not_delay_others(clock, caplog, log_once):
    log = []
    followed = [
        FakeUpdatable("bad", RuntimeError("ours"), clock=clock),
        FakeUpdatable("good", log=log, clock=clock),
    ]
    ticker = Ticker(lambda: 10)
    with caplog.at_level(logging.WARNING, "ipar_results"):
        ticker._round(followed, clock.now)
        ticker._round(followed, clock.now)
    assert len(log) == 2
    assert len(caplog.records) == 1


@pytest.mark.parametrize("broken", [False, True])
def test_permanent_updatables_are_updated_during_a_slow_update(broken, caplog, log_once):
    class Long(FakeUpdatable):
        def send(self):
            before = len(standing.log)
            ticker.update_permanent()  # never raises
            moved.append(len(standing.log) - before)
            return super().send()

    class Standing(FakeUpdatable):
        def send(self):
            super().send()
            if broken:
                raise RuntimeError("ours")
            return 1

    moved = []
    ticker, standing, long = Ticker(lambda: 1_000), Standing("channel"), Long("long")
    ticker.permanent.append(standing)
    ticker.update_permanent()
    assert not standing.log  # only on the ticker's own thread
    with caplog.at_level(logging.WARNING, "ipar_results"):
        ticker._thread = threading.current_thread()
        ticker._round([long], 0.0)
        ticker._thread = None
    assert moved == [1] and len(long.log) == 1
    assert len(caplog.records) == broken


def test_others_are_updated_between_the_steps_of_a_large_update(monkeypatch):
    monkeypatch.setattr("ipar_results.record.state.LARGE_RESULT", 3)
    turns = []
    for n in (3, 4):
        fed, moved = Fed(n, chunks=[1] * n), []
        followed = Registry().followed(fed.result)
        fed.reply(0)
        front = SimpleNamespace(connected=True)
        pause = partial(moved.append, "others")
        live = LiveDisplay(
            fed.result, followed, load_settings(None), lambda *a, **k: None, "html", front, "", pause
        )
        live.send()
        turns.append(len(moved))
    assert turns[0] == 0 and turns[1] >= 2


@pytest.mark.parametrize(("seconds", "waits"), [(0.0, False), (0.05, True)])
def test_a_view_that_is_slow_to_draw_is_updated_less_often(seconds, waits):
    class Drawn(ResultView):
        def _update(self):
            begin = time.thread_time()
            while time.thread_time() - begin < seconds:
                pass
            return 1

        _finish = _update

    fed = Fed(4)
    followed = Registry().followed(fed.result)
    shown = Drawn(fed.result, followed, load_settings(None))
    assert shown.send() == 1
    fed.reply(0)
    assert (shown.urgency(shown.sent_at + 0.4) is None) == waits
    assert shown.urgency(shown.sent_at + 5) == Urgency.CHANGED
    for i in range(1, 4):
        fed.reply(i)
    assert shown.urgency(shown.sent_at + 0.01) == Urgency.FINAL  # a last state does not wait for that


def test_the_thread_ends_when_there_is_nothing_to_update_and_starts_again(until):
    ticker = Ticker(lambda: 10)
    for _ in range(2):
        shown = FakeUpdatable(want=Urgency.FINAL)
        ticker.add(shown)
        thread = ticker._thread
        assert thread.daemon
        until(lambda shown=shown: shown.over)
        until(lambda thread=thread: not thread.is_alive())
    ticker.stop()


def test_stopping_ends_the_thread_and_freezes_what_is_still_updated():
    ticker = Ticker(lambda: 10)
    shown = [FakeUpdatable("stubborn"), FakeUpdatable("other")]
    for each in shown:
        ticker.add(each)
    thread = ticker._thread
    ticker.stop()
    assert not thread.is_alive()
    assert [each.frozen for each in shown] == [False, True]
    ticker.stop()


def test_adding_after_the_stop_starts_no_thread():
    ticker = Ticker(lambda: 10)
    ticker.stop()
    before = threading.active_count()
    ticker.add(FakeUpdatable())
    assert threading.active_count() == before
