"""Estimates appear once they can be trusted, and their range holds the true end."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import START, Client, Fed, follow
from hypothesis import given, settings
from hypothesis import strategies as st

from ipar_results.facts.eta import Eta
from ipar_results.facts.eta_model import EtaInput, estimate

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

import eta as bench


def work(lengths, queued=20, running=4, engines=4, age=0.5, **other):
    """Return the input of an estimate for tasks that engines ran in turn."""
    n = len(lengths)
    facts = {
        "length": np.array(lengths, float),
        "start": np.arange(n) // engines * 1.0,
        "inputs": np.ones(n, np.int64),
        "position": np.arange(n),
        "slot": np.arange(n) % engines,
        "ended": n,
        "busy": float(np.sum(lengths)),
        "age": np.full(running, age),
        "running_inputs": np.ones(running, np.int64),
        "running_position": n + np.arange(running),
        "running_slot": np.arange(running),
        "queued": queued,
        "queued_inputs": queued,
        "queued_position": n + running + (queued - 1) / 2,
        "alive": np.ones(engines, bool),
    }
    return EtaInput(**{**facts, **other})


def test_equal_tasks_end_at_the_computed_time():
    low, high = estimate(work([1.0] * 40))
    assert low == pytest.approx(5.5, abs=0.2)
    assert low <= 5.5 <= high < 7.0


def test_there_is_no_estimate_before_a_full_wave_has_ended():
    assert estimate(work([1.0] * 7, engines=8, running=8)) is None
    assert estimate(work([1.0] * 8, engines=8, running=8)) is not None


def test_there_is_no_estimate_without_engines():
    assert estimate(work([1.0] * 40, alive=np.zeros(4, bool))) is None


def test_there_is_no_estimate_while_a_task_runs_much_longer_than_ended_ones():
    assert estimate(work([1.0] * 40, age=5.0)) is None


def test_half_of_the_engines_take_twice_as_long():
    whole, half = work([1.0] * 40), work([1.0] * 40, alive=np.array([True, True, False, False]), running=2)
    assert estimate(half)[0] == pytest.approx(2 * estimate(whole)[0], rel=0.1)


def test_chunks_count_by_their_inputs():
    ten = np.full(40, 10)
    chunked = work([1.0] * 40, inputs=ten, running_inputs=ten[:4], queued_inputs=100)
    assert estimate(chunked)[0] == pytest.approx(estimate(work([1.0] * 40, queued=10))[0], rel=0.1)


def test_a_slow_engine_is_given_less_work():
    lengths = np.where(np.arange(40) % 4 == 3, 3.0, 1.0)
    busy = work(lengths, queued=200)
    low, high = estimate(busy)
    left = 200 + 3 * 0.5 + 2.5 / 3  # tasks of one second, running ones included
    assert low <= left / (3 + 1 / 3) + 0.1 <= high


def test_the_warm_up_of_engines_is_not_expected_again():
    lengths = np.where(np.arange(40) < 4, 30.0, 1.0) * np.resize([0.9, 1.0, 1.1, 0.95, 1.05], 40)
    low, high = estimate(work(lengths, queued=40))
    assert low < 11 < high < 20


def test_a_long_first_task_on_one_engine_of_four_is_not_a_warm_up():
    lengths = np.where(np.arange(40) == 0, 30.0, 1.0) * np.linspace(0.9, 1.1, 40)
    assert estimate(work(lengths, queued=40))[1] > 25


def test_time_lost_between_tasks_at_the_start_only_widens_the_range():
    lengths = np.linspace(0.95, 1.05, 40)
    start = np.arange(40) // 4 * 1.1 + np.where(np.arange(40) >= 8, 20.0, 0.0)
    low, high = estimate(work(lengths, queued=40, start=start))
    assert low < 12
    assert high > 25


def test_a_trend_is_extrapolated():
    rising = work(np.linspace(1, 2, 40), queued=40)
    low, high = estimate(rising)
    assert low < 10 * 2.6 < high


@pytest.mark.parametrize("name", bench.WORKLOADS)
def test_the_true_end_lies_in_the_range_in_nine_of_ten_cases(name):
    got = bench.measure(bench.WORKLOADS[name], runs=12, sizes=(200, 1_000), first_seed=5_000)
    assert got["inside"] >= 0.9


@pytest.mark.parametrize(("name", "runs"), bench.recorded().items())
def test_the_true_end_of_recorded_runs_lies_in_the_range(name, runs):
    assert bench.evaluate(runs)["inside"] >= 0.9


@pytest.mark.parametrize(("name", "runs"), bench.recorded("tours", 23.0).items())
def test_the_true_end_of_the_growing_tasks_of_the_tour_lies_in_the_range(name, runs):
    assert bench.inside_over_time(runs) >= 0.9


def test_an_estimate_holds_plain_numbers():
    assert {type(bound) for bound in estimate(work(np.linspace(1, 2, 40), queued=40))} == {float}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1e5), min_size=1, max_size=60),
    st.integers(0, 1000),
    st.integers(0, 8),
    st.floats(0, 1e6),
)
def test_a_range_is_ordered_finite_and_not_negative(lengths, queued, running, age):
    shown = estimate(work(lengths, queued=queued, running=running, engines=8, age=age))
    assert shown is None or 0 <= shown[0] <= shown[1] < np.inf


@settings(deadline=None)
@given(st.permutations(range(24)))
def test_the_order_of_the_sample_matters_only_through_positions(order):
    one = work(np.linspace(1, 1.2, 24))
    ordered = np.argsort(np.array(order)[np.argsort(order)])
    columns = {
        name: getattr(one, name)[ordered] for name in ("length", "start", "inputs", "position", "slot")
    }
    assert estimate(replace(one, **columns)) == estimate(one)


# from a followed -------------------------------------------------------------------------------------


def test_a_snapshot_has_an_estimate_after_a_wave_and_not_after_the_end():
    fed = Fed(12, client=Client())
    followed = follow(fed)
    assert followed.snapshot().eta is None
    for i in range(8):
        fed.reply(i, engine_id=i % 2)
    followed = follow(fed)  # without the cached estimate
    low, high = followed.snapshot().eta
    assert 0 < low <= high
    for i in range(8, 12):
        fed.reply(i)
    assert followed.snapshot().eta is None


def test_a_cached_estimate_counts_down():
    fed = Fed(40)
    followed = follow(fed)
    for i in range(20):
        fed.reply(i)
    followed.drain()
    eta, now = Eta(), START.timestamp() + 25
    first = eta.range(followed.record, now)
    fed.reply(20)
    followed.drain()
    assert eta.range(followed.record, now + 0.2) == pytest.approx((first[0] - 0.2, first[1] - 0.2))
    assert eta.range(followed.record, now + 0.3) != pytest.approx((first[0] - 0.3, first[1] - 0.3))


def test_missing_times_do_not_break_the_estimate():
    fed = Fed(40)
    followed = follow(fed)
    for i in range(20):
        fed.reply(i, **({"started": None} if i % 3 else {}))
    for i in range(20, 24):
        fed.fail(i, started=None)
    assert followed.snapshot().eta is not None


def test_there_is_no_estimate_while_tasks_are_being_cancelled():
    fed = Fed(40)
    followed = follow(fed)
    for i in range(20):
        fed.reply(i)
    fed.busy(39)
    for i in range(20, 30):
        fed.abort(i)
    assert followed.snapshot().eta is None
    for i in range(30, 39):
        fed.abort(i)
    monitored = follow(fed)  # an estimate is kept for a while
    fed.busy(39)
    assert monitored.snapshot().eta is not None


def test_aborted_tasks_alone_give_no_estimate():
    fed = Fed(40)
    followed = follow(fed)
    for i in range(20):
        fed.abort(i)
    assert followed.snapshot().eta is None
