"""Each rule finds its cause, promises a gain that is real, and is silent about good runs."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipar_results.facts.advice import makespan as schedule
from ipar_results.facts.advice.run_analysis import MOST, advise
from ipar_results.facts.advice.run_metrics import FinishedRun
from ipar_results.facts.advice.time_use import RunTasks, compute_time_use, order_executions
from ipar_results.model.status import FAILED, OK

INF = float("inf")
CODES = {
    "tiny-tasks",
    "few-tasks",
    "long-tail",
    "slow-engine",
    "large-messages",
    "submission-bound",
    "engine-lost",
}


def past(
    durations, engines=4, gap=0.003, speed=(), pace=0.0005, joined=None, left=None, inputs=None, **facts
):
    """Return a run of tasks of these durations on a simulated load balancer."""
    speed = np.append(speed, np.ones(engines - len(speed)))
    joined = np.zeros(engines) if joined is None else np.array(joined)
    free, slot, begin, end = joined.copy(), [], [], []
    for i, duration in enumerate(durations):
        at = int(np.argmin(free))
        begin.append(max(free[at] + gap, i * pace + gap))
        free[at] = begin[-1] + duration * speed[at]
        slot.append(at)
        end.append(free[at])
    n = len(slot)
    begin, end = np.array(begin), np.array(end)
    inputs = np.ones(n, np.int64) if inputs is None else np.array(inputs, np.int64)
    run = RunTasks(
        np.array(slot),
        np.full(n, OK, np.int8),
        np.arange(n) * pace,
        begin,
        end,
        end + gap / 2,
        joined,
        np.full(engines, INF) if left is None else np.array(left),
        float(end.max() + gap / 2),
    )
    first = np.cumsum(inputs) - inputs
    return FinishedRun(run, n, first, inputs, tuple(range(engines)), **facts)


def given_to(one):
    tasks = one.tasks
    executions = order_executions(tasks)
    return advise(one, executions, compute_time_use(tasks, executions))


def only(one, code):
    found = given_to(one)
    assert [advice.code for advice in found] == [code]
    return found[0]


def test_tiny_tasks_get_a_chunksize_that_keeps_its_promise():
    advice = only(past([0.0005] * 4000), "tiny-tasks")
    size = int(re.search(r"chunksize=(\d+)", advice.message)[1])
    before, after = past([0.0005] * 4000).tasks.length, past([0.0005 * size] * (4000 // size)).tasks.length
    assert before - after >= 0.8 * advice.gain
    assert advice.message.startswith("Tasks average 0.5 ms, less than the cost of sending one.")


def test_a_long_task_at_the_end_should_have_started_first():
    naps = [0.1] * 60 + [2.5]
    advice = only(past(naps), "long-tail")
    assert (
        "Task 60 took 2.5 s and ended last, while 3 engines waited. With the longest tasks first"
        in advice.message
    )
    after = past(sorted(naps, reverse=True)).tasks.length
    assert past(naps).tasks.length - after == pytest.approx(advice.gain, rel=0.1)


def test_a_task_longer_than_all_others_together_should_be_split():
    advice = only(past([0.1] * 40 + [6.0]), "long-tail")
    assert "Split into parts" in advice.message


def test_few_tasks_leave_engines_without_work():
    assert "1 ran last" in only(past([1.0] * 5), "few-tasks").message
    assert "Only 2 of 4 engines" in only(past([2.0] * 2, engines=2, free=2), "few-tasks").message
    assert "chunksize=2" in only(past([1.6] * 2, engines=2, free=2, inputs=[16, 16]), "few-tasks").message


def test_a_slow_engine_is_named():
    advice = only(past([0.3] * 40, speed=[1, 1, 3.0]), "slow-engine")
    assert advice.message.startswith("Engine 2 is 3.0 times slower than the others.")
    assert "median 0.9 s against 0.3 s" in advice.evidence


def test_large_messages_are_found_by_their_size():
    advice = only(past([0.02] * 40, gap=0.2, sent=40 * 12_000_000), "large-messages")
    assert "Each task sends 12 MB." in advice.message
    assert not given_to(past([0.5] * 40, sent=40 * 12_000_000))


def test_slow_submission_is_found():
    advice = only(past([0.1] * 40, pace=0.1), "submission-bound")
    assert "one came every 0.1 s" in advice.message


def test_an_engine_that_left_is_named():
    one = past([0.25] * 40)
    run = one.tasks
    gone = (run.slot == 3) & (run.completed > 0.6)
    run.status[gone] = FAILED
    run.started[gone] = run.completed[gone] = np.nan
    run.left[3] = 0.6
    advice = given_to(replace(one, failed=int(gone.sum())))[0]
    assert advice.code == "engine-lost"
    assert advice.message == f"Engine 3 left after 0.6 s. {gone.sum()} tasks failed."


@pytest.mark.parametrize(
    "durations",
    [[0.1] * 120, [2.0] * 4, [1.0] * 8, [0.03] * 400, [2.5] + [0.1] * 60, [0.05]],
    ids=["equal", "one wave", "two waves", "short", "longest first", "a single one"],
)
def test_a_good_run_gets_no_advice(durations):
    assert given_to(past(durations)) == ()


@settings(deadline=None)
@given(st.lists(st.floats(0.05, 0.15), min_size=80, max_size=160))
def test_many_tasks_that_vary_a_little_get_no_advice(durations):
    assert given_to(past(durations)) == ()


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=60),
    st.integers(1, 6),
    st.floats(0, 1),
    st.floats(0, 0.2),
    st.booleans(),
    st.booleans(),
    st.integers(0, 10**9),
)
def test_advice_is_bounded_and_gains_no_more_than_the_run_took(
    durations, engines, gap, pace, mapped, direct, sent
):
    one = past(durations, engines, gap, pace=pace, mapped=mapped, direct=direct, sent=sent)
    found = given_to(one)
    assert len(found) <= MOST
    assert [advice.gain for advice in found] == sorted((advice.gain for advice in found), reverse=True)
    for advice in found:
        assert advice.code in CODES
        assert 0 <= advice.gain < one.tasks.length
        assert len(advice.message) < 300
        assert "nan" not in advice.message + advice.evidence


ON_OVERHEAD = {"tiny-tasks", "large-messages", "submission-bound"}


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.floats(0, 0.2), min_size=2, max_size=400),
    st.integers(1, 64),
    st.floats(0, 0.3),
    st.floats(0, 0.02),
    st.booleans(),
    st.booleans(),
    st.integers(0, 10**9),
)
def test_who_loses_more_than_a_third_to_overhead_is_told_so(
    durations, engines, gap, pace, mapped, direct, sent
):
    one = past(durations, engines, gap, pace=pace, mapped=mapped, direct=direct, sent=sent)
    tasks = one.tasks
    use = compute_time_use(tasks, order_executions(tasks))
    if use.overhead > 0.34 * use.total and tasks.length >= 0.5:
        assert ON_OVERHEAD & {advice.code for advice in given_to(one)}


def test_tiny_tasks_that_a_busy_machine_submits_slowly_get_a_chunksize():
    only(past([0.0005] * 1500, engines=2, gap=0.03, pace=0.014), "tiny-tasks")


def test_fewer_than_eight_tasks_an_engine_get_a_chunksize_too():
    advice = only(past([0.1] * 320, engines=64, gap=0.15, inputs=[2] * 320), "tiny-tasks")
    assert "chunksize=10 would have ended" in advice.message


def test_a_lost_cluster_is_said_to_have_cost_nothing_where_no_task_succeeded():
    one = past([60.0] * 3, engines=3, left=[4.3, 4.1, 4.2], direct=True, mapped=False, failed=3)
    tasks = replace(one.tasks, status=np.full(3, FAILED, np.int8), length=10.0)
    advice = only(replace(one, tasks=tasks), "engine-lost")
    assert advice.message == "Engines 0–2 left after 4.1 s. 3 tasks failed."
    assert advice.gain == 0


def test_every_lost_engine_is_named_in_order():
    left = [np.inf, *[1.0] * 6]
    one = past([0.1] * 200, engines=7, left=left, failed=6)
    one = replace(one, ids=(0, 9, 5, 4, 7, 2, 3))
    (advice,) = [each for each in given_to(one) if each.code == "engine-lost"]
    assert advice.message.startswith("Engines 2–5, 7, 9 left after")
    one = replace(one, died=frozenset({2, 3, 9}))
    (advice,) = [each for each in given_to(one) if each.code == "engine-lost"]
    assert advice.message.startswith("Engines 2, 3, 9 died and engines 4, 5, 7 left after")


@settings(deadline=None)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=50), st.integers(1, 8))
def test_a_makespan_is_bounded_by_the_longest_task_and_the_mean_load(durations, engines):
    durations = np.array(durations)
    least = max(durations.max(), durations.sum() / engines)
    joined = np.zeros(engines)
    for took in (schedule.makespan(durations, joined), schedule.longest_first(durations, joined)):
        assert least - 1e-9 <= took <= durations.sum() / engines + durations.max() + 1e-9
    assert schedule.split_tasks(durations, 1.0).sum() == pytest.approx(durations.sum())
    assert schedule.split_tasks(durations, 1.0).max() <= 1.0 + 1e-9


def test_the_gain_of_another_chunksize_is_a_plain_number():
    advice = only(past([0.1] * 40 + [6.0], inputs=[50] * 41), "long-tail")
    assert "With chunksize=" in advice.message
    assert type(advice.gain) is float


@pytest.mark.parametrize("naps", [[0.5] * 40 + [6.0], [0.5] * 61 + [3.0]])
def test_no_gain_is_promised_for_the_time_before_an_engine_joined(naps):
    late = {"joined": [0.0, 0.0, 7.0, 7.0], "engines": 4}
    took, best = past(naps, **late).tasks.length, past(sorted(naps, reverse=True), **late).tasks.length
    advice = only(past(naps, **late), "long-tail")
    assert "With the longest tasks first" in advice.message
    assert advice.gain == pytest.approx(took - best, rel=0.1)


def test_chunks_are_not_called_tasks():
    (advice, *_) = given_to(past([0.0005] * 4000, inputs=[4] * 4000))
    assert (advice.code, advice.message.split()[0]) == ("tiny-tasks", "Chunks")
    assert advice.evidence.startswith("4,000 chunks, ")
    assert only(past([0.1] * 40 + [6.0], inputs=[50] * 41), "long-tail").message.startswith(
        "Tasks 2,000–2,049 took"
    )
