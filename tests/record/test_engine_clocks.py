"""All times of a record are by the client's clock, whatever the clocks of the engines are."""

import base64
from datetime import timedelta

import numpy as np
import pytest
from fakes import START, Fed, follow
from hypothesis import given
from hypothesis import strategies as st

from ipar_results.export.table import csv_lines, to_dataframe
from ipar_results.export.tasks import collect_tasks
from ipar_results.facts.advice.run_analysis import collect_tasks as tasks_of_run
from ipar_results.facts.advice.time_use import OTHER
from ipar_results.live.channel.delta_encoder import DeltaEncoder
from ipar_results.record.engine_clocks import EngineClocks

AHEAD = (300.0, -300.0)  # seconds, of the two engines' clocks
BASE = START.timestamp()
NEAR = 0.06  # seconds: what is ignored, and the precision of an offset


def reply(fed, i, ahead=AHEAD, delay=0.001, end=Fed.reply, **how):
    """Task `i` runs for a second, `i` seconds after the first, and its reply is `delay` under way."""
    begin = START + timedelta(seconds=i + 0.01)
    there = begin + timedelta(seconds=ahead[i % 2])
    received = begin + timedelta(seconds=1 + delay)
    end(fed, i, started=there, completed=there + timedelta(seconds=1), received=received, **how)


def starts(followed):
    return followed.timeline().start.tolist()


def expected(n):
    return pytest.approx([i + 0.01 for i in range(n)], abs=NEAR)


@pytest.fixture
def work():
    fed = Fed(6)
    return fed, follow(fed)


def test_the_timeline_has_one_clock(work):
    fed, followed = work
    for i in range(6):
        reply(fed, i)
    assert starts(followed) == expected(6)
    assert followed.timeline().now - BASE == pytest.approx(6, abs=NEAR)
    assert followed.timeline().duration.tolist() == [1.0] * 6
    assert followed.summary().serial_time == 6.0


def test_failures_and_tasks_have_that_clock_too(work):
    fed, followed = work
    for i in range(6):
        reply(fed, i, end=Fed.fail)
    snapshot = followed.snapshot()
    (group,) = snapshot.failures
    assert (group.first_time - BASE, group.last_time - BASE) == pytest.approx((1, 6), abs=NEAR)
    assert [task.started - BASE for task in snapshot.tasks] == expected(6)


def test_tasks_of_another_result_count_on_every_engine():
    fed = Fed(6)
    other = Fed(6, client=fed.client)
    followed = follow(fed)
    beside = follow(other)
    followed.record.connection.other_recorders = lambda _: [beside.record]
    for i in range(6):
        reply(fed, i)
        reply(other, i)
    beside.drain()
    followed.drain()
    run = tasks_of_run(followed.record, fed.result._metadata)
    assert sorted(run.slot[run.status == OTHER].tolist()) == [0, 0, 0, 1, 1, 1]


def test_attempts_before_a_retry_have_that_clock(work):
    fed, followed = work
    for i in range(6):
        reply(fed, i, end=Fed.fail)
    snapshot = followed.snapshot()
    for i in (0, 1):
        followed.record.attempts.add(i, fed.result._metadata[i])
    tasks = collect_tasks(followed.record, snapshot, fed.result, fed.result._metadata)
    run = tasks_of_run(followed.record, fed.result._metadata)
    assert [each.started - BASE for each in tasks.earlier] == expected(2)
    assert run.started[-2:].tolist() == expected(2)


def test_tables_keep_the_stamps_of_the_engines_and_say_the_offset(work):
    pytest.importorskip("pandas")
    fed, followed = work
    for i in range(6):
        reply(fed, i)
    tasks = collect_tasks(followed.record, followed.snapshot(), fed.result, fed.result._metadata)
    frame = to_dataframe(tasks)
    metadata = fed.result._metadata
    for name in ("started", "completed"):
        assert [each.to_pydatetime() for each in frame[name]] == [md[name] for md in metadata]
    assert frame["engine_clock_offset"].tolist() == pytest.approx(list(AHEAD) * 3, abs=NEAR)
    header, first, *_ = "".join(csv_lines(tasks)).splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert row["started"] == metadata[0]["started"].isoformat().replace("+00:00", "Z")
    assert float(row["engine_clock_offset"]) == pytest.approx(AHEAD[0], abs=NEAR)


def test_a_faster_reply_moves_the_tasks_before_it(work):
    fed, followed = work
    slow = {"ahead": (0.4, 0.0), "delay": 0.6}  # equal clocks are possible, as far as these show
    for i in range(4):
        reply(fed, i, end=Fed.fail, **slow)
    assert starts(followed)[0] == pytest.approx(0.41)
    reply(fed, 4, end=Fed.fail, ahead=(0.4, 0.0))
    reply(fed, 5, end=Fed.fail, ahead=(0.4, 0.0))
    assert starts(followed) == expected(6)
    assert followed.snapshot().failures[0].first_time - BASE == pytest.approx(1, abs=NEAR)


@pytest.fixture
def observe_always(monkeypatch):
    monkeypatch.setattr("ipar_results.record.engine_clocks._INTERVAL", 0.0)


def test_equal_clocks_are_observed_once_a_second_and_at_the_end(work, monkeypatch):
    fed, followed = work
    clocks, now, seen = followed.record.engine_clocks, [100.0], []
    observe = clocks.observe
    monkeypatch.setattr(
        clocks, "observe", lambda slots, *times: seen.append(len(slots)) or observe(slots, *times)
    )
    monkeypatch.setattr("ipar_results.record.engine_clocks.time.monotonic", lambda: now[0])

    def observations(i):
        reply(fed, i, ahead=(0.0, 0.0))
        followed.drain()
        return len(seen)

    assert [observations(i) for i in range(4)] == [1, 2, 2, 2]  # one for each new engine
    now[0] += 1
    assert observations(4) == 3
    assert observations(5) == 4


def test_a_page_gets_the_moved_tasks_again(work, observe_always):
    fed, followed = work

    class Entry:
        shown, over, gone, followed = True, False, False, work[1]

    encoder = DeltaEncoder(Entry())
    for i in range(4):
        reply(fed, i, ahead=(0.4, 0.0), delay=0.6)
    followed.drain()
    update = {}
    encoder._add_rows(update, followed, 10_000)
    reply(fed, 4, ahead=(0.4, 0.0))
    followed.drain()
    status = followed.record.columns.status
    encoder._add_rows(update, followed, 10_000)
    sent = np.frombuffer(base64.b64decode(update["rows"]), "<u4", 3)
    assert sent.tolist() == [0, 2, 4]
    assert encoder._known_status(followed, len(status)).tolist() == status.tolist()


def test_an_interrupted_correction_is_repaired(work, monkeypatch, observe_always):
    fed, followed = work
    reply(fed, 0, ahead=(0.4, 0.0), delay=0.6)
    followed.drain()

    def interrupt(*_):
        followed.record.columns.started -= 0.2
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(followed.record.columns, "shift_times", interrupt)
        reply(fed, 2, ahead=(0.4, 0.0))
        with pytest.raises(KeyboardInterrupt):
            followed.drain()
    assert starts(followed) == pytest.approx([0.01, 2.01], abs=NEAR)
    assert followed.timeline().duration.tolist() == [1.0, 1.0]


def test_clocks_that_were_set_meanwhile_are_taken_as_equal():
    clocks = EngineClocks()
    # completed after it was received, and started before it was submitted
    assert clocks.observe(np.array([0]), *(np.array([[at]]) for at in (10.0, 5.0, 9.0, 8.0))) == []
    assert clocks.offsets(np.array([0, -1, 7])).tolist() == [0, 0, 0]


times = st.floats(0, 5)


@given(st.floats(-1e5, 1e5), st.lists(st.tuples(times, times, times), min_size=1))
def test_no_task_starts_before_its_submission_or_ends_after_its_reply(ahead, tasks):
    clocks, sent = EngineClocks(), BASE
    for waited, took, under_way in tasks:
        begin, end = sent + waited, sent + waited + took
        times = np.array([sent, begin + ahead, end + ahead, end + under_way])
        clocks.observe(np.array([0]), *times.reshape(4, 1, 1))
        submitted, started, completed, received = times
        (offset,) = clocks.offsets(np.array([0]))
        assert submitted - 0.08 <= started - offset
        assert completed - offset <= received + 0.08
        assert (started - offset) + offset == started
