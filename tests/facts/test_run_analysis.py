"""The account of a run counts what happened, once: with retries, cancelled tasks and late engines."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from fakes import START, Fed, follow

from ipar_results.record.recorders.recorder import Recorder


@pytest.fixture(autouse=True)
def retry_time(monkeypatch):
    """A retry is at second 5 of the run."""
    fixed = SimpleNamespace(time=lambda: START.timestamp() + 5, monotonic=time.monotonic)
    monkeypatch.setattr("ipar_results.record.clock.time", fixed)


def reply_again(fed, i, seconds=1.0):
    """A task that was sent again begins at second 5."""
    begin = START + timedelta(seconds=5)
    end = begin + timedelta(seconds=seconds)
    fed.reply(i, started=begin, completed=end, received=end)


def test_the_account_of_a_run_is_made_anew_after_a_retry_that_nobody_watched():
    fed = Fed(4)
    followed = follow(fed)
    for i in (0, 1, 2):
        fed.reply(i)
    fed.fail(3)
    before = followed.snapshot().time_use
    assert before.computing == pytest.approx(3.0)
    fed.send_again(followed, [3])
    reply_again(fed, 3)
    after = followed.snapshot()
    assert after.ok == 4
    assert after.time_use.computing == pytest.approx(4.0)
    assert after.time_use.lost == pytest.approx(1.0)


@pytest.mark.parametrize("retried", [False, True])
def test_busy_is_computing_and_lost_to_failures(retried):
    fed = Fed(4)
    followed = follow(fed)
    fed.reply(0)
    fed.fail(1, seconds=2.0)
    fed.reply(2)
    fed.reply(3)
    if retried:
        followed.drain()
        fed.send_again(followed, [1])
        reply_again(fed, 1)
    snapshot = followed.snapshot()
    used = snapshot.time_use
    assert used.lost == pytest.approx(2.0)
    assert used.computing == pytest.approx(4.0 if retried else 3.0)
    assert snapshot.serial_time == pytest.approx(used.computing + used.lost)
    assert sum(load.busy_time for load in snapshot.engines) == pytest.approx(snapshot.serial_time)
    assert snapshot.efficiency == pytest.approx((used.computing + used.lost) / used.total)


def test_cancelled_tasks_are_neither_work_nor_a_rate():
    fed = Fed(20)
    followed = follow(fed)
    fed.reply(0, seconds=2.0)
    fed.fail(1, seconds=1.0)
    for i in range(2, 20):  # an engine says when it discarded a message
        fed.reply(i, status="aborted", seconds=0.5)
    snapshot = followed.snapshot()
    assert (snapshot.ok, snapshot.failed) == (1, 1)
    assert snapshot.throughput == pytest.approx(2 / snapshot.elapsed)
    assert snapshot.serial_time == pytest.approx(3.0)
    used = snapshot.time_use
    assert (used.computing, used.lost) == (pytest.approx(2.0), pytest.approx(1.0))
    assert used.overhead == pytest.approx(1.0, abs=0.01)  # one task began a second after it was sent


def test_a_result_of_which_no_task_ran_has_no_rate_and_no_busy_engine():
    fed = Fed(3)
    followed = follow(fed)
    for i in range(2):
        fed.reply(i, status="aborted", seconds=0.00002)
    fed.fail(2, started=None, completed=None)  # its engine died
    snapshot = followed.snapshot()
    assert (snapshot.throughput, snapshot.speedup, snapshot.efficiency) == (None, None, None)


def test_an_engine_that_joined_late_counts_from_then_on(monkeypatch):
    fed = Fed(4)
    followed = follow(fed)
    monkeypatch.setattr(
        "ipar_results.upstream.connection.time",
        SimpleNamespace(time=lambda: START.timestamp() + 3, monotonic=time.monotonic),
    )
    for notify in fed.client._registration_callbacks:
        notify({"event": "register", "id": 1, "uuid": "uuid-1"})
    for i, (engine, begin) in enumerate([(0, 0), (0, 1), (0, 2), (1, 3)]):
        start = START + timedelta(seconds=begin)
        end = start + timedelta(seconds=1)
        fed.reply(
            i, started=start, completed=end, received=end, engine_id=engine, engine_uuid=f"uuid-{engine}"
        )
    snapshot = followed.snapshot()
    assert snapshot.time_use.total == pytest.approx(5.0)  # 4 s, and the last one of the late engine
    assert snapshot.time_use.overhead == pytest.approx(0.0, abs=0.01)
    assert snapshot.speedup == pytest.approx(1.0)
    assert snapshot.efficiency == pytest.approx(4 / 5)


def test_an_engine_that_joined_after_the_end_did_not_wait(monkeypatch):
    fed = Fed(2)
    followed = follow(fed)
    for i in range(2):
        end = START + timedelta(seconds=2)
        fed.reply(i, started=START, completed=end, received=end)
    followed.drain()
    fed.client._ids.append(2)
    for notify in fed.client._registration_callbacks:
        notify({"event": "register", "id": 2, "uuid": "uuid-2"})
    assert followed.snapshot().advice == ()


def test_cancelled_tasks_of_another_result_are_no_other_work():
    fed, other = Fed(3), Fed(3)
    followed = follow(fed)
    beside = Recorder.follow(other.result, followed.record.connection)
    for i in range(3):
        fed.reply(i, seconds=0.2)
        other.abort(i, seconds=0.5)
    beside.drain()
    assert followed.snapshot().time_use.other == 0.0


def test_advice_counts_the_failed_tasks_of_chunks_as_the_card_does():
    fed = Fed(4, chunks=[5] * 4)
    followed = follow(fed)
    fed.busy(1)
    fed.reply(0, [0] * 5, seconds=4.0)
    followed.update()
    fed.client._ids.remove(1)
    fed.left(1, START + timedelta(seconds=2))
    fed.fail(1, "Engine 'b' died while running task 'x'", "EngineError", engine_id=None, started=None)
    for i in (2, 3):
        fed.abort(i, engine_id=0)
    snapshot = followed.snapshot()
    assert (snapshot.failed, snapshot.aborted) == (5, 10)
    (lost,) = [advice for advice in snapshot.advice if advice.code == "engine-lost"]
    assert lost.message.startswith("Engine 1 died after 2.0 s. 5 tasks failed.")
    assert [group.message for group in snapshot.failures] == ["Engine 1 died while running tasks 5–9"]
