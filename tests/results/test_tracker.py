"""Tracker of results: adopts new ones, polls them to their end, and remembers their summaries."""

import gc
import weakref

import pytest
from fakes import Client, Fed
from ipyparallel import AsyncResult

from ipar_results.results.registry import Registry
from ipar_results.results.tracker import Cell, Tracker


@pytest.fixture
def tracker():
    registry = Registry()
    tracker = Tracker(registry.followed, lambda: None)
    yield tracker
    tracker.close()
    registry.close()


def adopt(tracker, fed):
    tracker.add_new(fed.result)
    tracker.round()
    tracker.round()
    return fed


def test_a_result_is_followed_without_any_view(tracker):
    fed = adopt(tracker, Fed(3, chunks=[1, 1, 1]))
    fed.reply(0)
    fed.reply(1)
    (entry,) = tracker.all()
    assert tracker.round() is True
    assert entry.summary().done == 2


def test_an_entry_holds_the_cell_in_which_its_result_was_made(tracker):
    fed = Fed(1, chunks=[1])
    tracker.cell = Cell("cell-a", 7)
    tracker.add_new(fed.result)
    tracker.cell = Cell("cell-b", 8)
    tracker.round()
    tracker.round()
    (entry,) = tracker.all()
    assert (entry.cell.cell_id, entry.cell.execution_count) == ("cell-a", 7)


def test_parts_of_a_map_get_no_entries(tracker):
    fed = Fed(2)
    part = AsyncResult(fed.client, fed.futures[0], fname="f", owner=True)
    tracker.add_new(part)
    part.owner = False  # as a map marks its parts
    fed.result.owner = True
    adopt(tracker, fed)
    assert [entry.followed.record.result() for entry in tracker.all()] == [fed.result]


def test_an_ended_result_is_released_and_its_summary_stays(tracker):
    fed = adopt(tracker, Fed(1, chunks=[1]))
    ref = weakref.ref(fed.result)
    fed.fail(0)
    assert tracker.round() is True
    assert tracker.round() is False
    del fed
    gc.collect()
    (entry,) = tracker.all()
    assert ref() is None and entry.gone
    assert (entry.summary().failed, entry.summary().state) == (1, "failed")


def test_a_running_result_is_kept_to_its_end_after_its_user_drops_it(tracker):
    fed = adopt(tracker, Fed(2, chunks=[1, 1]))
    futures, fed.result = fed.futures, None
    gc.collect()
    assert len(futures) == 2
    fed.reply(0)
    fed.reply(1)
    (entry,) = tracker.all()
    assert entry.summary().ok == 2


def test_the_newest_of_many_dropped_results_are_remembered(tracker):
    for _ in range(250):
        fed = adopt(tracker, Fed(1, chunks=[1]))
        fed.reply(0)
        tracker.round()
    del fed
    gc.collect()
    newest = tracker.all()[-1].id
    tracker.round()
    assert len(tracker.all()) == 200
    assert tracker.all()[-1].id == newest


def test_a_burst_of_results_is_adopted_over_several_rounds_and_none_is_missed(tracker):
    client = Client()
    burst = [Fed(1, chunks=[1], client=client) for _ in range(100)]
    for fed in burst:
        tracker.add_new(fed.result)
    rounds = 0
    while len(tracker.all()) < 100:
        assert tracker.round() is True
        rounds += 1
    assert rounds >= 5


def test_a_result_that_cannot_be_followed_does_not_affect_the_others(tracker):
    broken, sound = adopt(tracker, Fed(1, chunks=[1])), adopt(tracker, Fed(1, chunks=[1]))
    first, second = tracker.all()
    first.followed.poll = lambda: 1 / 0
    sound.reply(0)
    tracker.round()
    assert (first.over, second.summary().ok) == (True, 1)
    assert broken.result is not None
