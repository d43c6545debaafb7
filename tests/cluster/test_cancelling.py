"""Cancellation and interruption, on real engines."""

import os
import threading
import time
from contextlib import suppress

import ipyparallel as ipp
import psutil
import pytest
from gate import hold
from ipyparallel.error import CompositeError, RemoteError
from tasks import nap

from ipar_results import Cancelled, TasksCancelled

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("layer")]


@pytest.fixture
def lview(rc):
    return rc.load_balanced_view()


@pytest.fixture(autouse=True)
def idle(rc):
    """Wait after each test until the engines are idle."""
    yield
    with suppress(Exception):
        rc[:].apply_async(nap, 0).wait(30)


def running(ar, count):
    return lambda: ar.monitor.snapshot().running == count


def assert_counts_add_up(state):
    assert state.ok + state.failed + state.aborted == state.done == state.total
    assert state.finished


def test_queued_tasks_are_cancelled_and_running_ones_continue(lview, until, gate):
    ar = lview.map_async(hold, *gate.inputs(10))
    until(running(ar, 2))
    assert ar.monitor.cancel() == Cancelled(cancelled=8, running=2)
    gate.open()
    assert ar.wait(20)
    state = ar.monitor.snapshot()
    assert_counts_add_up(state)
    assert (state.ok, state.aborted, state.state) == (2, 8, "failed")


def test_the_error_states_counts_and_finished_values_can_be_read(lview, until, gate):
    gate.open(2)
    ar = lview.map_async(hold, *gate.inputs(6))
    until(lambda: ar.monitor.snapshot().ok == 2 and running(ar, 2)())
    ar.monitor.cancel(interrupt=True)
    with pytest.raises(TasksCancelled, match="2 of 6 tasks were cancelled, 2 failed, 2 finished") as caught:
        ar.get(20)
    assert isinstance(caught.value, ipp.error.TaskAborted)
    assert isinstance(caught.value.__cause__, CompositeError)
    assert (caught.value.cancelled, caught.value.failed, caught.value.finished) == (2, 2, 2)
    assert ar.done() and ar.ready() and not ar.successful()
    pieces = ar.get(return_exceptions=True)
    assert pieces[:2] == [0, 1]
    assert [type(piece).__name__ for piece in pieces[2:]] == ["RemoteError"] * 2 + ["TaskAborted"] * 2


def test_tasks_queued_behind_a_long_task_of_others_end_within_seconds(rc, lview, until):
    others = rc[:].apply_async(nap, 30)
    until(running(others, 2))
    ar = lview.map_async(nap, [0.1] * 6)
    begin = time.monotonic()
    assert ar.monitor.cancel(interrupt=True).cancelled == 6
    with pytest.raises(TasksCancelled, match="6 of 6"):
        ar.get(20)
    assert time.monotonic() - begin < 20  # the tasks of others take 30 s
    assert not others.ready() and others.monitor.snapshot().running == 2
    assert set(ar.msg_ids).isdisjoint(rc.outstanding)
    others.monitor.cancel(interrupt=True)
    others.wait(20)
    assert lview.apply_async(nap, 0).get(20) == 0


def test_late_replies_to_cancelled_tasks_print_and_log_nothing(rc, lview, until, capfd, caplog, gate):
    others = rc[:].apply_async(hold, gate.path)
    until(running(others, 2))
    ar = lview.map_async(nap, [0.1] * 4)
    ar.monitor.cancel()
    assert ar.wait(20) and not others.ready(), "it waited for the engines"
    gate.open()
    others.wait(20)
    assert lview.apply_async(nap, 0).get(20) == 0  # arrives after the replies to the cancelled tasks
    until(lambda: not rc.outstanding)
    ar.wait_for_output(5)
    captured = capfd.readouterr()
    assert "stale" not in captured.out and "unknown result" not in captured.out
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert not rc.results and not set(ar.msg_ids) & set(rc.metadata)


def test_only_tasks_of_this_result_are_interrupted(rc, until, gate):
    theirs = rc[0].apply_async(hold, gate.path)
    ours = rc[1].apply_async(nap, 30)
    until(lambda: running(theirs, 1)() and running(ours, 1)())
    assert ours.monitor.cancel(interrupt=True) == Cancelled(interrupted=1)
    with pytest.raises(RemoteError, match="KeyboardInterrupt"):
        ours.get(20)
    gate.open()
    assert theirs.get(20) == 0


def test_cancelled_tasks_with_retries_left_are_not_tried_again(lview, until):
    with lview.temp_flags(retries=3):
        ar = lview.map_async(nap, [20.0] * 4)
    until(running(ar, 2))
    ar.monitor.cancel(interrupt=True)
    assert ar.wait(20)
    assert_counts_add_up(ar.monitor.snapshot())
    assert lview.apply_async(nap, 0).get(20) == 0


def test_counts_of_a_chunked_map_are_in_inputs(lview, until, gate):
    ar = lview.map_async(hold, *gate.inputs(10), chunksize=2)
    until(running(ar, 4))
    assert ar.monitor.cancel() == Cancelled(cancelled=6, running=4)
    gate.open()
    with pytest.raises(TasksCancelled, match="6 of 10 tasks were cancelled, 4 finished"):
        ar.get(20)
    pieces = ar.get(return_exceptions=True)
    assert len(pieces) == 10 and pieces[:4] == [0, 1, 2, 3]


def test_tasks_of_a_direct_view_are_cancelled_behind_a_running_task(rc, until, gate):
    first = rc[:].apply_async(hold, gate.path)
    until(running(first, 2))
    ar = rc[:].apply_async(nap, 0.1)
    assert ar.monitor.cancel() == Cancelled(cancelled=2)
    with pytest.raises(TasksCancelled, match="2 of 2"):
        ar.get(20)
    gate.open()
    assert first.get(20) == [0, 0]


def test_a_map_of_a_direct_view_is_cancelled(rc, until, gate):
    first = rc[:].apply_async(hold, gate.path)
    until(running(first, 2))
    ar = rc[:].map_async(nap, [0.1] * 6)
    assert ar.monitor.cancel() == Cancelled(cancelled=6)
    assert ar.wait(20)
    gate.open()
    assert first.get(20) == [0, 0]


@pytest.mark.parametrize("together", [False, True])
def test_a_broadcast_is_cancelled_behind_a_running_task(rc, until, together, gate):
    first = rc[:].apply_async(hold, gate.path)
    until(running(first, 2))
    ar = rc.broadcast_view(is_coalescing=together).apply_async(os.getpid)
    assert ar.monitor.cancel().cancelled == (1 if together else 2)
    gate.open()
    assert ar.wait(20)
    assert not ar.successful()
    with pytest.raises(ipp.error.TaskAborted):
        ar.get(1)
    assert first.get(20) == [0, 0]


def test_a_running_broadcast_is_interrupted(rc, until):
    ar = rc.broadcast_view().apply_async(nap, 30)
    until(running(ar, 2))
    assert ar.monitor.cancel(interrupt=True) == Cancelled(interrupted=2)
    assert ar.wait(20)


@pytest.mark.parametrize("last", ["ok", "aborted"])
def test_a_coalesced_broadcast_that_was_cancelled_on_one_engine_fails(rc, until, tmp_path, gate, last):
    def begin(path, gate, position):
        open(path, "w").close()
        hold(gate, position)

    first = rc[1].apply_async(hold, gate.path, last == "aborted")
    until(running(first, 1))
    view = rc.broadcast_view(is_coalescing=True)
    ar = view.apply_async(begin, str(tmp_path / "begun"), gate.path, last == "ok")
    until((tmp_path / "begun").exists)
    ar.monitor.cancel()
    gate.open(1)
    rc[last == "ok"].apply_sync(nap, 0)  # this engine has replied to the broadcast
    gate.open()
    with pytest.raises(RemoteError, match="1 of 2 engines gave no value"):
        ar.get(20)
    assert ar.monitor.snapshot().failed == 1


def test_cancelling_an_ended_result_changes_nothing(lview):
    ar = lview.map_async(nap, [0.01] * 4)
    ar.wait(20)
    assert ar.monitor.cancel(interrupt=True) == Cancelled(already_done=4)
    assert ar.get() == [0.01] * 4


def test_a_worker_thread_cancels_while_the_main_thread_waits(lview, until):
    ar = lview.map_async(nap, [60] * 10)
    until(running(ar, 2))
    done = []
    worker = threading.Timer(0.2, lambda: done.append(ar.monitor.cancel(interrupt=True)))
    worker.start()
    with pytest.raises(TasksCancelled):
        ar.get(20)
    worker.join(20)
    assert done == [Cancelled(cancelled=8, interrupted=2)]


def test_cancel_works_in_a_callback_of_ipyparallel(rc, lview, until, gate):
    first = rc[0].apply_async(hold, gate.path)
    until(running(first, 1))
    ar = lview.map_async(hold, [gate.path] * 8, range(1, 9))
    until(running(ar, 1))
    done = []
    first.add_done_callback(lambda _: done.append(ar.monitor.cancel()))
    gate.open(1)
    until(lambda: done)
    until(lambda: ar.monitor.snapshot().aborted >= 6)
    gate.open()
    assert ar.wait(20)


def test_iteration_stops_at_the_first_cancelled_task(lview, until):
    ar = lview.map_async(nap, [0.1, 0.1] + [60] * 6)
    got = []

    def follow():
        try:
            for value in ar:
                got.append(value)
        except Exception as error:
            got.append(error)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    until(lambda: len(got) == 2)
    ar.monitor.cancel(interrupt=True)
    thread.join(20)
    assert not thread.is_alive()
    assert got[:2] == [0.1, 0.1] and isinstance(got[2], Exception)


def test_cancel_returns_in_time_without_a_controller(start_cluster, connect, until):
    cluster = start_cluster(1)
    client = connect(cluster)
    ar = client.load_balanced_view().map_async(nap, [60] * 3)
    until(running(ar, 1))
    for process in [
        *psutil.Process(cluster.controller.pid).children(recursive=True),
        psutil.Process(cluster.controller.pid),
    ]:
        with suppress(psutil.Error):
            process.kill()
    begin = time.monotonic()
    done = ar.monitor.cancel(interrupt=True, timeout=1.0)
    assert time.monotonic() - begin < 20  # the tasks take 60 s
    assert (done.cancelled, done.interrupted, done.already_done) == (0, 0, 0)
    assert done.unreachable == 3
    with suppress(Exception):
        cluster.stop_cluster_sync()


def test_tasks_of_a_closed_client_count_as_unreachable(cluster, connect, until, gate):
    client = connect(cluster)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(6))
    until(running(ar, 2))
    client.close()
    done = ar.monitor.cancel(interrupt=True)
    assert done == Cancelled(unreachable=6)
