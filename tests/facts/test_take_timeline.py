"""The timeline has exact counts and keeps failures first."""

import base64

import numpy as np
import pytest
from fakes import START, Client, Fed, follow
from hypothesis import given
from hypothesis import strategies as st

from ipar_results.facts.take_timeline import take_timeline
from ipar_results.live.channel.delta_encoder import DeltaEncoder
from ipar_results.model.status import ABORTED, FAILED, OK
from ipar_results.model.timeline import sample


def test_a_timeline_holds_ended_and_running_messages():
    fed = Fed(4)
    followed = follow(fed)
    fed.busy(3)
    fed.reply(0)
    fed.fail(1, seconds=2.0)
    timeline = followed.timeline()
    assert timeline.position.tolist() == [0, 1]
    assert timeline.status.tolist() == [OK, FAILED]
    assert timeline.start.tolist() == [0.0, 1.0]
    assert timeline.duration.tolist() == [1.0, 2.0]
    assert [timeline.engines[slot] for slot in timeline.slot] == [0, 1]
    assert (timeline.shown, timeline.ended) == (2, 2)
    assert timeline.running.position.tolist() == [3]
    assert timeline.base == START.timestamp()


def test_chunks_have_the_indices_of_their_inputs():
    fed = Fed(3, chunks=[5, 5, 2])
    followed = follow(fed)
    for i in range(3):
        fed.reply(i)
    timeline = followed.timeline()
    assert timeline.first.tolist() == [0, 5, 10]
    assert timeline.inputs.tolist() == [5, 5, 2]


def test_a_timeline_without_ended_messages_is_empty():
    timeline = follow(Fed(2)).timeline()
    assert timeline.shown == timeline.ended == len(timeline.position) == 0


def test_a_cancelled_message_has_no_engine_and_no_times():
    fed = Fed(3)
    followed = follow(fed)
    fed.reply(0, seconds=0.123456)
    fed.abort(2)
    timeline = followed.timeline()
    assert timeline.base == pytest.approx(START.timestamp())
    assert (timeline.ended, timeline.engines) == (2, (0,))
    assert (timeline.position.tolist(), timeline.slot.tolist()) == ([0, 2], [0, -1])
    assert np.isnan(timeline.start[1]) and np.isnan(timeline.duration[1])
    assert timeline.duration[0] == pytest.approx(0.123456)
    assert timeline.status.tolist() == [OK, ABORTED]


def test_a_sample_is_marked_and_keeps_every_failure():
    client = Client()
    fed = Fed(100, client=client)
    followed = follow(fed)
    for i in range(100):
        fed.fail(i) if i in (13, 14, 77) else fed.reply(i)
    timeline = followed.timeline(10)
    assert (timeline.shown, timeline.ended) == (10, 100)
    assert {13, 14, 77} <= set(timeline.position.tolist())
    assert (np.diff(timeline.position) > 0).all()


def test_a_sample_keeps_the_slowest():
    status, duration = np.full(1_000, OK, np.int8), np.ones(1_000)
    duration[[7, 8, 990]] = 2.0, 3.0, np.nan
    taken = sample(np.arange(1_000), status, duration, 20)
    assert {7, 8} <= set(taken.tolist()) and len(taken) == 20


@given(st.lists(st.sampled_from([OK, OK, OK, FAILED, ABORTED]), max_size=200), st.integers(0, 20))
def test_a_sample_is_bounded_ascending_without_duplicates_and_prefers_failures(codes, limit):
    status = np.array(codes, np.int8)
    index = np.arange(len(codes))
    taken = sample(index, status, np.ones(len(codes)), limit)
    assert len(taken) == min(limit, len(codes))
    assert (np.diff(taken) > 0).all()
    for codes in ([FAILED], [FAILED, OK]):  # those that never ran are in no lane
        first, first_taken = (int(np.isin(some, codes).sum()) for some in (status, status[taken]))
        assert first_taken == min(first, len(taken))


@pytest.mark.parametrize("limit", [None, 1000])
def test_the_order_of_replies_changes_nothing(limit):
    forwards, backwards = Fed(20), Fed(20)
    columns = []
    for fed, order in ((forwards, range(20)), (backwards, reversed(range(20)))):
        followed = follow(fed)
        for i in order:
            fed.fail(i) if i % 7 == 0 else fed.reply(i)
            followed.drain()
        timeline = followed.timeline(limit)
        ids = [timeline.engines[slot] for slot in timeline.slot]
        columns.append((timeline.base, ids, *(getattr(timeline, name).tolist() for name in
                       ("position", "first", "inputs", "start", "duration", "status"))))  # fmt: skip
    assert columns[0] == columns[1]


PAUSE = 100.0  # seconds between the last reply and a retry


@pytest.fixture
def retried(monkeypatch):
    """A result of two tasks of a second, of which the second failed and runs again after a pause."""
    fed = Fed(2)
    followed = follow(fed)
    fed.reply(0)
    fed.fail(1)
    followed.drain()
    clock = START.timestamp() + 2 + PAUSE
    monkeypatch.setattr("ipar_results.record.clock.time.time", lambda: clock)
    followed.record.mark_reopened([1])
    followed.record.columns.reopen(np.array([1]), fed.result.msg_ids)
    followed.record.running[1] = (1, clock + 0.5)
    return followed


def test_a_pause_before_a_retry_is_cut_out_and_marked(retried):
    timeline = take_timeline(retried.record)
    assert timeline.breaks == pytest.approx([2.0])
    assert timeline.start.tolist() == [0.0]
    assert timeline.running.start == pytest.approx([2.5])


def test_a_retried_task_stands_where_the_pause_is_cut_out(retried):
    followed = retried
    columns = followed.record.columns
    begin = START.timestamp() + 2 + PAUSE + 0.5
    columns.reserve(2)
    columns.end(*map(np.array, ([1], [OK], [1], [begin], [begin + 1])))
    timeline = take_timeline(followed.record)
    assert timeline.start.tolist() == pytest.approx([0.0, 2.5])
    assert timeline.duration.tolist() == [1.0, 1.0]


def test_failures_and_tasks_have_the_times_of_the_timeline(retried):
    followed = retried
    snapshot = followed.snapshot()
    begin = START.timestamp()
    assert snapshot.pauses == ((pytest.approx(begin + 2), pytest.approx(PAUSE)),)
    assert [snapshot.after_start(begin + at) for at in (1, 50, 2 + PAUSE + 0.5)] == pytest.approx(
        [1.0, 2.0, 2.5]
    )


def test_a_page_gets_the_times_of_the_timeline(retried):
    class Entry:
        shown, over, gone, followed = True, False, False, retried

    update = {}
    DeltaEncoder(Entry())._add_running(update, retried.record, 10_000)
    assert np.frombuffer(base64.b64decode(update["running"]), "<f4", 1, 8) == pytest.approx([2.5], abs=1e-3)
