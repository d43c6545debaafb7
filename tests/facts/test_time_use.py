"""Every second counts towards one use, for any tasks and any missing data."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import Fed, follow
from hypothesis import given, settings
from hypothesis import strategies as st

from ipar_results.facts.advice.time_use import (
    OTHER,
    RunTasks,
    compute_time_use,
    order_executions,
)
from ipar_results.model.status import ABORTED, FAILED, OK

INF = float("inf")


def run(rows, engines=2, length=10.0, left=None, joined=None):
    """Return a run from rows of (slot, status, submitted, started, completed, received)."""
    slot, status, *times = zip(*rows, strict=True) if rows else [()] * 6
    return RunTasks(
        np.array(slot, np.int64),
        np.array(status, np.int8),
        *(np.array(column, float) for column in times),
        joined=np.array(joined or [0.0] * engines),
        left=np.array(left or [INF] * engines),
        length=length,
    )


def used(given):
    return compute_time_use(given, order_executions(given))


seconds = st.floats(-5, 30) | st.just(float("nan"))


@st.composite
def runs(draw):
    """Tasks whose data may be missing or inconsistent, on engines that may have left."""
    engines = draw(st.integers(1, 4))
    row = st.tuples(
        st.integers(-1, engines - 1),
        st.sampled_from([OK, FAILED, ABORTED, OTHER]),
        *[seconds] * 4,
    )
    left = draw(st.lists(st.just(INF) | st.floats(0, 12), min_size=engines, max_size=engines))
    length = draw(st.floats(0.01, 20))
    joined = draw(st.lists(st.just(0.0) | st.floats(0, length), min_size=engines, max_size=engines))
    return run(draw(st.lists(row, max_size=25)), engines, length, left, joined)


@settings(deadline=None, max_examples=300)
@given(runs())
def test_the_parts_sum_to_the_time_that_the_engines_were_there(given):
    use = used(given)
    parts = [use.computing, use.waiting, use.overhead, use.lost, use.other]
    assert min(parts) >= -1e-9
    assert sum(parts) == pytest.approx(use.total, rel=1e-9, abs=1e-9)
    assert use.total == pytest.approx((given.length - given.joined).sum())


@settings(deadline=None)
@given(runs(), st.randoms())
def test_the_order_of_arrival_changes_nothing(given, random):
    order = list(range(len(given.slot)))
    random.shuffle(order)
    names = ("slot", "status", "submitted", "started", "completed", "received")
    mixed = replace(given, **{name: getattr(given, name)[order] for name in names})
    # the order of two tasks that start at the same moment on one engine is arbitrary
    known = given.started[~np.isnan(given.started)]
    if len(np.unique(known.clip(0, given.length))) == len(known):
        for name, value in vars(used(given)).items():
            assert value == pytest.approx(getattr(used(mixed), name), abs=1e-6), name


def test_idle_time_is_waiting_before_submission_and_overhead_after_it():
    use = used(run([(0, OK, 0.0, 1.0, 3.0, 3.5), (0, OK, 5.0, 5.5, 9.0, 10.0)], engines=1))
    assert use.computing == pytest.approx(5.5)
    assert use.waiting == pytest.approx(2.0)
    assert use.overhead == pytest.approx(1.0 + 0.5 + 1.0)


def test_failed_tasks_are_lost_time_and_tasks_of_other_results_are_other():
    use = used(
        run([(0, FAILED, 0.0, 0.0, 4.0, 4.0), (1, OTHER, 0.0, 0.0, 3.0, 3.0), (1, OK, 0.0, 3.0, 10.0, 10.0)])
    )
    assert (use.lost, use.other, use.computing) == (4.0, 3.0, 7.0)
    assert use.waiting == pytest.approx(6.0)


def test_the_time_of_an_engine_that_left_is_lost_after_its_last_task():
    use = used(run([(0, OK, 0.0, 0.0, 10.0, 10.0), (1, OK, 0.0, 0.0, 2.0, 2.0)], left=[INF, 3.0]))
    assert use.lost == pytest.approx(8.0)


def test_missing_timestamps_count_as_waiting():
    nan = float("nan")
    use = used(run([(0, OK, nan, nan, nan, nan), (-1, ABORTED, nan, nan, nan, nan)]))
    assert (use.computing, use.waiting, use.total) == (0.0, 20.0, 20.0)


def test_the_time_before_an_engine_joined_is_not_its_time():
    rows = [(0, OK, 0.0, 0.0, 10.0, 10.0), (1, OK, 0.0, 7.0, 10.0, 10.0)]
    use = used(run(rows, joined=[0.0, 6.0]))
    assert use.total == pytest.approx(14.0)
    assert (use.computing, use.overhead) == (pytest.approx(13.0), pytest.approx(1.0))


def test_an_engine_that_joined_and_left_is_charged_from_then_on():
    use = used(run([(0, OK, 0.0, 0.0, 10.0, 10.0)], joined=[0.0, 6.0], left=[INF, 8.0]))
    assert (use.total, use.lost) == (pytest.approx(14.0), pytest.approx(4.0))


def test_an_engine_that_ran_nothing_does_not_cost_the_account():
    """It has a slot, as it said that it was busy: an engine that refuses a task, for a dependency, does."""
    fed = Fed(2, chunks=[1, 1])
    followed = follow(fed)
    fed.busy(0, engine=1)
    followed.drain()
    for index in range(2):
        fed.reply(index, engine_id=0, engine_uuid="uuid-0")
    use = followed.snapshot().time_use
    assert use is not None and use.engines == 1
