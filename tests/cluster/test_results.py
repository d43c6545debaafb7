"""Every kind of result, from every kind of view, told as ipyparallel itself would."""

import gc
import weakref

import ipyparallel as ipp
import pytest
from gate import hold
from kernels import Kernel
from kernels import connect as connecting
from tasks import nap, odd, speak

import ipar_results

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("layer")]


def same_as_upstream(ar):
    """Counts and times agree with what ipyparallel says, with the layer off."""
    snapshot = ar.monitor.snapshot()
    ipar_results.disable()
    assert (snapshot.total, snapshot.done) == (len(ar), ar.progress)
    assert snapshot.messages == len(ar.msg_ids)
    assert snapshot.wall_time == pytest.approx(ar.wall_time, abs=1e-6)
    assert snapshot.serial_time == pytest.approx(ar.serial_time, abs=1e-6)
    ipar_results.enable()
    assert snapshot.finished
    assert snapshot.ok + snapshot.failed + snapshot.aborted == snapshot.total
    assert sum(load.done for load in snapshot.engines) == snapshot.total
    assert sum(load.busy_time for load in snapshot.engines) == pytest.approx(snapshot.serial_time, abs=1e-3)
    if snapshot.total:
        assert snapshot.elapsed == snapshot.wall_time
        assert snapshot.speedup == pytest.approx(ar.serial_time / ar.wall_time, rel=1e-3)
        assert snapshot.efficiency == pytest.approx(snapshot.speedup / len(snapshot.engines))
        assert snapshot.throughput == pytest.approx(snapshot.total / ar.wall_time)
    return snapshot


def test_a_task_on_one_engine_is_a_single_result_with_its_value(rc):
    ar = rc[1].apply_async(lambda: 42)
    ar.wait()
    snapshot = same_as_upstream(ar)
    assert (snapshot.single, snapshot.value, snapshot.state) == (True, "42", "done")
    assert [load.engine_id for load in snapshot.engines] == [1]


def test_a_task_on_all_engines_counts_each(rc):
    ar = rc[:].apply_async(nap, 0.05)
    ar.wait()
    snapshot = same_as_upstream(ar)
    assert (snapshot.total, snapshot.single, snapshot.value) == (2, False, None)
    assert [(load.engine_id, load.done) for load in snapshot.engines] == [(0, 1), (1, 1)]


def test_a_direct_map_counts_inputs_not_chunks(rc):
    ar = rc[:].map_async(nap, [0.01] * 7)
    ar.wait()
    snapshot = same_as_upstream(ar)
    assert (snapshot.total, snapshot.messages) == (7, 2)
    assert [task.inputs for task in snapshot.tasks] == [4, 3]
    assert [task.index for task in snapshot.tasks] == [0, 4]


@pytest.mark.parametrize(("chunksize", "messages"), [(1, 10), (4, 3)])
def test_a_load_balanced_map_counts_inputs_whatever_its_chunks(rc, chunksize, messages):
    ar = rc.load_balanced_view().map_async(nap, [0.01] * 10, chunksize=chunksize)
    ar.wait()
    snapshot = ar.monitor.snapshot()
    assert (snapshot.total, snapshot.done, snapshot.messages) == (len(ar), len(ar), messages)
    same_as_upstream(ar)


def test_a_broadcast_counts_every_engine(rc):
    ar = rc.broadcast_view().apply_async(nap, 0.05)
    ar.wait()
    snapshot = same_as_upstream(ar)
    assert snapshot.total == 2
    assert [load.engine_id for load in snapshot.engines] == [0, 1]


def test_a_broadcast_map_counts_inputs(rc):
    ar = rc.broadcast_view().map_async(nap, [0.01] * 6)
    ar.wait()
    assert same_as_upstream(ar).total == 6


def test_a_coalescing_broadcast_that_fails_is_one_failure_of_its_engines(rc):
    ar = rc.broadcast_view(is_coalescing=True).apply_async(odd, 4)
    ar.wait()
    snapshot = ar.monitor.snapshot()
    assert (snapshot.failed, snapshot.messages, snapshot.finished) == (len(ar), 1, True)
    assert sum(group.count for group in snapshot.failures) == len(ar)
    assert "is even" in snapshot.failures[0].message


def test_a_coalescing_broadcast_is_one_message_that_names_its_engines(rc):
    ar = rc.broadcast_view(is_coalescing=True).apply_async(nap, 0.05)
    ar.wait()
    snapshot = ar.monitor.snapshot()
    assert (snapshot.done, snapshot.messages, snapshot.finished) == (len(ar), 1, True)
    (load,) = snapshot.engines
    assert load.engine_id == "engines 0, 1"
    assert load.alive


def test_failures_are_grouped_with_the_engines_remote_frame(rc):
    ar = rc.load_balanced_view().map_async(odd, range(10))
    ar.wait()
    snapshot = same_as_upstream(ar)
    assert (snapshot.ok, snapshot.failed, snapshot.state) == (5, 5, "failed")
    (group,) = snapshot.failures
    assert (group.type, group.count, group.indices) == ("ValueError", 5, (0, 2, 4, 6, 8))
    assert group.where.startswith("odd, line ")
    assert "is even" in group.message and "is even" in group.traceback
    ends = [task.completed for task in snapshot.tasks if task.status == "failed"]
    assert (group.first_time, group.last_time) == (min(ends), max(ends))
    index, text = group.input
    assert index in group.indices and text == str(index)


@pytest.mark.parametrize(
    ("submit", "told"),
    [
        (lambda rc: rc.load_balanced_view().map_async(odd, [1, 3, 4, 5], chunksize=2), (2, "one of [4, 5]")),
        (lambda rc: rc[:].map_async(odd, [1, 3, 4, 5]), (2, "one of [4, 5]")),
        (lambda rc: rc[0].apply_async(odd, 4), (0, "4")),
        (lambda rc: rc[0].apply_async(odd, number=4), (0, "number=4")),
        (lambda rc: rc.broadcast_view().apply_async(odd, 4), (0, "4")),
    ],
    ids=["chunks", "a direct map", "a call", "a call by keyword", "a broadcast"],
)
def test_a_failure_names_the_input(rc, submit, told):
    ar = submit(rc)
    ar.wait()
    (group,) = ar.monitor.failures
    assert group.input[1] == told[1]
    assert group.input[0] in group.indices
    tasks = ar.monitor.snapshot().tasks
    assert all(task.input for task in tasks)
    assert told[1].removeprefix("one of ") in [task.input for task in tasks if task.status == "failed"]


def test_a_large_input_is_not_kept_for_a_failure(rc):
    ar = rc.load_balanced_view().map_async(odd, [[0] * 10_000])
    ar.wait()
    (group,) = ar.monitor.failures
    assert (group.indices, group.input) == ((0,), None)


def test_a_chunk_that_fails_fails_all_its_inputs(rc):
    ar = rc[:].map_async(odd, range(1, 8))
    ar.wait()
    snapshot = ar.monitor.snapshot()
    assert snapshot.failed == sum(group.count for group in snapshot.failures) == 7


def test_output_of_tasks_is_kept_for_each(rc, until):
    ar = rc[:].apply_async(speak, "hello")
    ar.wait_for_output()
    until(lambda: ar.monitor.snapshot().outputs_total == 2)
    outputs = ar.monitor.snapshot().outputs
    assert {output.engine_id for output in outputs} == {0, 1}
    assert all((output.stdout, output.stderr) == ("hello\n", "hello\n") for output in outputs)


def test_output_arrives_while_the_task_runs(rc, until, gate):
    def speak_and_hold(path):
        print("working", flush=True)
        hold(path)

    ar = rc[0].apply_async(speak_and_hold, gate.path)
    until(lambda: ar.monitor.snapshot().outputs)
    snapshot = ar.monitor.snapshot()
    assert snapshot.outputs[0].stdout == "working\n"
    assert not snapshot.finished


def test_running_tasks_and_their_engines_are_known_while_they_run(rc, until, gate):
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(4))
    snapshot = until(lambda: (now := ar.monitor.snapshot()).running == 2 and now)
    assert snapshot.queued + snapshot.done == 2
    assert sorted(load.engine_id for load in snapshot.engines if load.running) == [0, 1]
    index, seconds = snapshot.engines[0].running
    assert 0 <= index < 4 and 0 <= seconds <= snapshot.elapsed
    assert [task.status for task in snapshot.tasks].count("running") == 2
    before = snapshot.engines[0].busy_time
    until(lambda: ar.monitor.snapshot().engines[0].busy_time > before)


def test_a_result_that_was_done_when_first_seen_is_whole(rc):
    ipar_results.disable()
    ar = rc.load_balanced_view().map_async(odd, range(6))
    ar.wait()
    ar.wait_for_output()
    ipar_results.enable()
    snapshot = same_as_upstream(ar)
    assert (snapshot.ok, snapshot.failed) == (3, 3)


def test_a_result_whose_client_is_closed_is_still_told(cluster, connect):
    client = connect(cluster)
    ar = client.load_balanced_view().map_async(odd, range(6))
    ar.wait()
    client.close()
    snapshot = ar.monitor.snapshot()
    assert (snapshot.ok, snapshot.failed, snapshot.state, snapshot.note) == (3, 3, "failed", "")
    assert ar.wall_time > 0


@pytest.mark.parametrize(
    "view",
    [
        lambda rc: rc[:],
        lambda rc: rc.load_balanced_view(),
        lambda rc: rc.broadcast_view(),
        lambda rc: rc.broadcast_view(is_coalescing=True),
    ],
    ids=["direct", "load-balanced", "broadcast", "coalescing"],
)
def test_a_map_of_nothing_is_what_upstream_makes_of_it_and_waits_for_nothing(rc, view):
    ipar_results.disable()
    theirs = view(rc).map_async(nap, [])
    ipar_results.enable()
    ours = view(rc).map_async(nap, [])
    assert type(ours) is type(theirs)
    if isinstance(ours, ipp.AsyncResult):
        ours.wait_interactive(widget=False, timeout=30)
        snapshot = ours.monitor.snapshot()
        assert (snapshot.total, snapshot.done, snapshot.state) == (len(ours), 0, "empty")
    else:
        assert ours == theirs == []


def test_a_map_of_empty_chunks_is_empty(rc):
    ar = rc[:].map_async(lambda a, b: a, [1, 2], [])
    ar.wait()
    snapshot = ar.monitor.snapshot()
    assert (snapshot.total, snapshot.state, snapshot.finished) == (0, "empty", True)
    assert len(ar) == ar.progress == 0
    ar.wait_interactive(widget=False)


def test_get_result_in_the_same_client_is_followed_like_the_first(rc):
    ar = rc.load_balanced_view().map_async(nap, [0.2] * 4)
    again = rc.get_result(ar.msg_ids, owner=False, block=False)
    again.wait_interactive(widget=False)
    assert type(again) is ipp.AsyncResult
    snapshot = again.monitor.snapshot()
    assert (snapshot.ok, snapshot.finished) == (4, True)


def test_a_second_client_learns_of_progress_and_failures_from_the_hub(cluster, connect, rc, until, gate):
    ar = rc.load_balanced_view().map_async(odd, range(6))
    slow = rc.load_balanced_view().apply_async(hold, gate.path)
    ids = [*ar.msg_ids, *slow.msg_ids]
    seen = connect(cluster).get_result(ids, block=False)
    assert isinstance(seen, ipp.AsyncHubResult)
    until(lambda: seen.monitor.snapshot().done >= 6)
    assert not seen.monitor.snapshot().finished
    gate.open()
    seen.wait_interactive(widget=False, timeout=30)
    snapshot = seen.monitor.snapshot()
    assert (snapshot.ok, snapshot.failed, snapshot.state) == (4, 3, "failed")
    assert sum(group.count for group in snapshot.failures) == 3
    assert seen.progress == 7
    slow.wait()


def test_a_finished_result_asked_of_the_hub_gives_its_values(cluster, connect, rc):
    ar = rc.load_balanced_view().map_async(nap, [0.01] * 3)
    ar.wait()
    seen = connect(cluster).get_result(ar.msg_ids, block=False)
    seen.wait_interactive(widget=False, timeout=30)
    assert seen.get() == [[0.01]] * 3 or seen.get() == [0.01] * 3
    assert seen.monitor.snapshot().ok == 3


def test_following_keeps_no_result_alive_after_its_user_let_go(rc, until):
    ar = rc.load_balanced_view().map_async(nap, [0.01] * 4)
    ar.wait_interactive(widget=False)
    assert ar.monitor.snapshot().done == 4
    ar.wait_for_output()
    gone = weakref.ref(ar)
    del ar
    until(lambda: gc.collect() is not None and gone() is None)


def test_px_is_followed_and_named(cluster, until, gate):
    kernel = Kernel()
    try:
        kernel.run(connecting(cluster) + "dv.block = True\ndv.activate()\n%load_ext ipar_results")
        held = f"%%px --progress-after 0\nfrom gate import hold\n{gate.wait()}\n"

        def shown():
            return [d for _, _, _, d in kernel.displays() if "%px" in d.get("text/plain", "")]

        cell = kernel.start(held + "print('hello')")
        until(shown)
        gate.open()
        until(lambda: kernel.ended(cell))
        displays = shown()
        assert "2 ok" in displays[-1]["text/plain"]
        assert any("hello" in str(m["content"]) for _, m in kernel.of(cell))
        gate.open(0)
        kernel.messages.clear()
        cell = kernel.start(held + "1 / 0")
        until(shown)
        gate.open()
        until(lambda: kernel.ended(cell))
        failed = shown()
        assert "2 failed" in failed[-1]["text/plain"]
        assert "ZeroDivisionError" in failed[-1]["text/plain"]
    finally:
        kernel.close()
