"""Retry of failed and cancelled tasks, on real engines."""

import asyncio
import concurrent.futures
import logging
import os
import threading
import time
from contextlib import suppress
from functools import partial

import ipyparallel as ipp
import psutil
import pytest
from gate import hold
from ipyparallel.error import CompositeError, RemoteError
from tasks import fail_first, nap, odd, speak

import ipar_results
from ipar_results import Cancelled, Retried, RetryError, TasksCancelled

pytestmark = pytest.mark.cluster


@pytest.fixture(autouse=True)
def layer():
    ipar_results.enable()
    yield
    ipar_results.disable()


@pytest.fixture
def lview(rc):
    return rc.load_balanced_view()


@pytest.fixture
def flaky(tmp_path):
    """Return a function that fails the first time for each even number."""

    def flaky(marker, number):
        from tasks import fail_first

        return fail_first(marker, number) if number % 2 == 0 else number * 10

    return partial(flaky, str(tmp_path / "seen"))


def test_plain_ipyparallel_resubmits_as_another_result_of_the_hub(rc, lview):
    ipar_results.disable()
    ar = lview.map_async(odd, [1, 2, 3])
    ar.wait(30)
    again = rc.resubmit(ar.msg_ids)
    assert type(again) is ipp.AsyncHubResult and not set(again.msg_ids) & set(ar.msg_ids)
    with pytest.raises((CompositeError, RemoteError)):
        again.wait(30)  # wait() raises, though only get() should
    with pytest.raises(CompositeError):
        ar.get(0)


def test_failed_tasks_are_retried_in_place(lview, flaky):
    ar = lview.map_async(flaky, range(6))
    with pytest.raises(CompositeError):
        ar.get(20)
    before = ar.monitor.snapshot()
    assert (before.ok, before.failed, before.state) == (3, 3, "failed")
    assert ar.monitor.retry() == Retried(retried=3)
    assert ar.get(20) == [0, 10, 20, 30, 40, 50]
    assert list(ar) == [0, 10, 20, 30, 40, 50]
    assert ar.done() and ar.successful() and len(ar) == 6 and ar.progress == 6
    state = ar.monitor.snapshot()
    assert (state.ok, state.failed, state.state, state.failures) == (6, 0, "done", ())
    assert [task.attempts for task in state.tasks] == [2, 1, 2, 1, 2, 1]
    assert sum(load.done for load in state.engines) == 6


def test_each_attempt_keeps_its_output(lview, flaky, until):
    ar = lview.map_async(flaky, [0])
    ar.wait(20)
    ar.wait_for_output(10)
    ar.monitor.retry()
    ar.wait(20)
    assert ar.wait_for_output(10)
    outputs = ar.monitor.snapshot().outputs
    assert [(each.attempt, each.stdout) for each in outputs] == [(2, "attempt at 0\n"), (1, "attempt at 0\n")]
    assert ar.stdout == ["attempt at 0\n"]


def test_a_retried_result_is_pending_until_its_tasks_end(lview, until, gate):
    gate.open(1)
    ar = lview.map_async(hold, *gate.inputs(6))
    until(lambda: ar.monitor.snapshot().running == 2)
    ar.monitor.cancel(interrupt=True)
    ar.wait(20)
    ar.monitor.retry()
    assert not ar.done() and not ar.ready()
    assert ar.monitor.snapshot().state in ("queued", "running")
    with pytest.raises(TimeoutError):
        ar.get(0)
    got = []
    waiting = [
        threading.Thread(target=lambda: got.append(ar.get(30))),
        threading.Thread(target=lambda: got.append(list(ar))),
        threading.Thread(target=lambda: got.append(ar.result(30))),
        threading.Thread(target=lambda: got.append(next(concurrent.futures.as_completed([ar])).result())),
        threading.Thread(target=lambda: got.append(asyncio.run(awaited(ar)))),
    ]
    for thread in waiting:
        thread.start()
    gate.open()
    for thread in waiting:
        thread.join(30)
    assert got == [list(range(6))] * 5


async def awaited(ar):
    return await asyncio.wrap_future(ar)


def test_a_callback_is_called_at_the_next_end_only(lview, flaky):
    called = []
    ar = lview.map_async(flaky, range(4))
    ar.add_done_callback(lambda result: called.append("first"))
    ar.wait(20)
    ar.monitor.retry()
    ar.add_done_callback(lambda result: called.append("second"))
    ar.get(20)
    assert called == ["first", "second"]


def test_as_completed_works_while_a_result_is_retried(lview, flaky, gate):
    quick, ar = lview.apply_async(nap, 0), lview.map_async(partial(held, flaky, gate.path), [0, 1, 3])
    seen = []
    for future in concurrent.futures.as_completed([quick, ar], timeout=30):
        seen.append(future)
        if future is quick:
            gate.open()
            ar.wait(20)  # as_completed is notified of this end, but checks the result only now
            ar.monitor.retry()
            assert ar.get(20) == [0, 10, 30]
    assert seen == [quick, ar]


def test_only_the_given_indices_are_retried(lview, flaky):
    ar = lview.map_async(flaky, range(6))
    ar.wait(20)
    assert ar.monitor.retry([2]).retried == 1
    with pytest.raises(CompositeError) as caught:
        ar.get(20)
    assert len(caught.value.elist) == 2
    assert ar.monitor.snapshot().failures[0].indices == (0, 4)
    assert ar.monitor.retry(indices=range(0, 6, 4)).retried == 2
    assert ar.get(20) == [0, 10, 20, 30, 40, 50]


def test_invalid_indices_are_refused(lview, flaky):
    ar = lview.map_async(flaky, range(4))
    ar.wait(20)
    with pytest.raises(IndexError, match="expected indices from 0 to 3"):
        ar.monitor.retry([4])
    with pytest.raises(ValueError, match="failed or were cancelled, got \\[1\\]"):
        ar.monitor.retry([0, 1])
    assert ar.monitor.snapshot().failed == 2


def test_a_task_that_fails_again_is_counted_once_and_can_be_retried_again(lview):
    ar = lview.map_async(odd, range(4))
    for attempts in (2, 3):
        ar.wait(20)
        ar.monitor.retry()
        with pytest.raises(CompositeError):
            ar.get(20)
        state = ar.monitor.snapshot()
        assert (state.ok, state.failed, state.total) == (2, 2, 4)
        assert state.failures[0].count == 2
        assert state.failures[0].input in ((0, "0"), (2, "2"))
        assert state.tasks[0].attempts == attempts


def test_retrying_a_successful_result_does_nothing(lview):
    ar = lview.map_async(nap, [0] * 3)
    ar.wait(20)
    assert ar.monitor.retry() == Retried()
    assert ar.get() == [0] * 3


def test_a_whole_chunk_is_retried(lview, flaky):
    ar = lview.map_async(flaky, [1, 3, 4, 5, 7, 9], chunksize=2)
    ar.wait(20)
    assert ar.monitor.retry([3]) == Retried(retried=2)
    assert ar.get(20) == [10, 30, 40, 50, 70, 90]
    assert len(ar) == 6


def test_a_single_task_of_a_load_balanced_view_is_retried(lview, tmp_path):
    ar = lview.apply_async(fail_first, str(tmp_path / "m"), 4)
    with pytest.raises(RemoteError):
        ar.get(20)
    ar.monitor.retry()
    assert ar.get(20) == 40
    assert ar.get_dict() == {ar.engine_id: 40}


def test_tasks_of_a_direct_view_are_retried_on_their_engines(rc, tmp_path):
    def first_time_fails(marker):
        import os

        path = f"{marker}-{os.getpid()}"
        if not os.path.exists(path):
            open(path, "w").close()
            raise ValueError("first")
        return os.getpid()

    pids = rc[:].apply_sync(os.getpid)
    ar = rc[:].apply_async(first_time_fails, str(tmp_path / "m"))
    ar.wait(20)
    assert ar.monitor.retry().retried == 2
    assert ar.get(20) == pids
    assert ar.get_dict() == dict(zip(rc.ids, pids, strict=True))


def test_a_map_of_a_direct_view_is_retried(rc, flaky):
    ar = rc[:].map_async(flaky, [1, 3, 5, 2, 7, 9])
    ar.wait(20)
    ar.monitor.retry()
    assert ar.get(20) == [10, 30, 50, 20, 70, 90]


def test_code_that_was_executed_on_all_engines_is_retried(rc):
    ar = rc[:].execute("tries = globals().get('tries', 0) + 1\nassert tries > 1")
    ar.wait(20)
    ar.monitor.retry()
    ar.get(20)
    assert rc[:]["tries"] == [2, 2]


@pytest.mark.parametrize("together", [False, True])
def test_retrying_a_broadcast_is_refused_as_the_controller_keeps_no_record(rc, together):
    ar = rc.broadcast_view(is_coalescing=together).apply_async(odd, 2)
    ar.wait(20)
    with pytest.raises(RetryError, match="keeps no record of a broadcast"):
        ar.monitor.retry()
    assert not ar.successful()


def test_cancel_and_retry_can_alternate(lview, until, gate):
    ar = lview.map_async(hold, *gate.inputs(8))
    for _ in range(2):
        until(lambda: ar.monitor.snapshot().running == 2)
        ar.monitor.cancel(interrupt=True)
        with pytest.raises((TasksCancelled, CompositeError)):
            ar.get(20)
        assert ar.monitor.retry().retried == 8
    gate.open()
    assert ar.get(30) == list(range(8))
    assert ar.monitor.cancel() == Cancelled(already_done=8)


def test_a_failed_task_can_be_retried_while_others_run(lview, flaky, until, gate):
    ar = lview.map_async(partial(held, flaky, gate.path), [0, 1, 3, 5, 7])
    until(lambda: ar.monitor.snapshot().failed == 1)
    assert ar.monitor.retry().retried == 1
    assert not ar.done()
    gate.open()
    assert ar.get(30) == [0, 10, 30, 50, 70]


def held(flaky, path, number):
    from gate import hold

    if number:
        hold(path, number)
    return flaky(number)


def test_times_exclude_the_pause_before_a_retry(lview, flaky):
    ar = lview.map_async(flaky, range(4))
    ar.wait(20)
    ended = ar.elapsed
    time.sleep(1.5)
    begin = time.monotonic()
    ar.monitor.retry()
    ar.get(20)
    assert ended <= ar.elapsed < ended + (time.monotonic() - begin) + 1
    assert ar.wall_time == ar.elapsed
    timeline = ar.monitor._followed.timeline()
    assert timeline.breaks == pytest.approx([ended], abs=0.01)
    assert max(timeline.start + timeline.duration) <= ar.elapsed + 0.1


def test_on_resume_callbacks_are_called_at_a_retry(lview, flaky):
    ar = lview.map_async(flaky, range(4))
    ar.wait(20)
    resumed = []
    ipar_results.live.session.current().followed(ar).on_resume.append(resumed.append)
    ar.monitor.retry()
    assert resumed == [ar]
    ar.get(20)


def test_retry_in_a_callback_of_ipyparallel_is_refused(lview, gate, until):
    def fail(path):
        raise ValueError(hold(path))

    errors = []

    def again(result):
        try:
            result.monitor.retry()
        except RetryError as error:
            errors.append(str(error))

    ar = lview.map_async(fail, [gate.path] * 2)
    ar.add_done_callback(again)  # before it is done: afterwards it would be called in this thread
    gate.open()
    ar.wait(20)
    assert "call it from a thread" in until(lambda: errors)[0]


def test_the_refusal_names_the_engine_that_has_left(start_cluster, connect, until):
    cluster = start_cluster(2)
    client = connect(cluster)
    victim = psutil.Process(client[1].apply_sync(os.getpid))
    ar = client[:].apply_async(nap, 20)
    until(lambda: ar.monitor.snapshot().running == 2)
    victim.kill()
    until(lambda: ar.monitor.snapshot().failed == 1)
    ar.monitor.cancel(interrupt=True)
    ar.wait(20)
    with pytest.raises(RetryError, match="Engine 1, to which 1 of these tasks belonged, is not in"):
        ar.monitor.retry([1])
    done = ar.monitor.retry()
    assert (done.retried, done.refused) == (1, 1)
    assert "is not in the cluster" in done.reasons[0]
    ar.monitor.cancel(interrupt=True)
    assert ar.wait(20)
    with suppress(Exception):
        cluster.stop_cluster_sync()


def test_the_refusal_without_a_database_names_the_setting(jupyter_dirs):
    cluster = ipp.Cluster(n=1, log_level=logging.WARNING, controller_args=["--nodb"])
    client = cluster.start_and_connect_sync()
    try:
        ar = client.load_balanced_view().map_async(odd, range(2))
        ar.wait(20)
        with pytest.raises(RetryError, match=r"c\.IPController\.db_class = 'DictDB'.*--dictdb"):
            ar.monitor.retry()
        with pytest.raises(CompositeError):
            ar.get(1)
    finally:
        client.close()
        cluster.stop_cluster_sync()


def test_the_refusal_counts_records_that_the_controller_dropped(rc, lview):
    ar = lview.map_async(odd, range(4))
    ar.wait(20)
    rc.purge_hub_results(ar.msg_ids[0])
    with pytest.raises(RetryError, match=r"no longer has 1 of these tasks.*record_limit"):
        ar.monitor.retry([0])
    assert ar.monitor.retry().refused == 1
    ar.wait(20)


def test_retry_waits_for_a_hub_that_lags_behind_its_schedulers(start_cluster, connect, until):
    """On a busy machine, replies may arrive before the Hub has recorded their requests."""
    cluster = start_cluster(2)
    client = connect(cluster)
    controller = psutil.Process(cluster.controller.pid)
    controller = next((each for each in controller.children() if each.children()), controller)
    ar = client.load_balanced_view().map_async(odd, range(400))
    until(lambda: ar.monitor.snapshot().done)
    controller.suspend()  # the Hub; its schedulers are processes of their own
    try:
        ar.wait(60)
        outcomes = []
        retrying = threading.Thread(target=lambda: outcomes.append(ar.monitor.retry()))
        retrying.start()
        until(lambda: client._futures and retrying.is_alive())
    finally:
        controller.resume()
    retrying.join(60)
    assert (outcomes[0].retried, outcomes[0].refused) == (200, 0)
    ar.wait(60)
    with suppress(Exception):
        cluster.stop_cluster_sync()


def test_retrying_a_result_of_the_hub_is_refused(rc, lview, connect, cluster):
    ar = lview.map_async(odd, range(2))
    ar.wait(20)
    other = connect(cluster).get_result(ar.msg_ids)
    other.wait_interactive(widget=False, timeout=20)
    with pytest.raises(RetryError, match="fetched from the Hub"):
        other.monitor.retry()


def test_output_of_a_retry_is_complete_when_wait_for_output_returns(lview):
    ar = lview.map_async(speak, ["x"])
    ar.wait(20)
    assert ar.wait_for_output(10)
    assert ar.monitor.snapshot().outputs[0].attempt == 1
