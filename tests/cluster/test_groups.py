"""Groups, on real engines."""

import asyncio
import threading

import pytest
from gate import hold
from kernels import Kernel
from kernels import connect as connecting
from tasks import die, fail_first, nap, odd

import ipar_results

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("layer")]


def entries():
    from ipar_results.live.session import current

    return current().tracker.all()


def test_a_loop_of_a_thousand_calls_is_one_result(rc):
    view = rc.load_balanced_view()
    with ipar_results.group("loop") as loop:
        for i in range(1000):
            view.apply_async(pow, i, 2)
    loop.wait_interactive(timeout=90)
    snapshot = loop.snapshot()
    assert (snapshot.name, snapshot.total, snapshot.ok, snapshot.messages) == ("loop", 1000, 1000, 1000)
    assert snapshot.finished
    assert sum(load.done for load in snapshot.engines) == 1000
    assert [ar.get() for ar in loop.results] == [i * i for i in range(1000)]
    assert [entry.summary().name for entry in entries()] == ["loop"]


def test_results_of_every_kind_are_counted_once(rc):
    direct, balanced = rc[:], rc.load_balanced_view()
    with ipar_results.group("all kinds") as kinds:
        expected = [
            direct.apply_async(nap, 0.01),
            direct.map_async(nap, [0.01] * 5),
            balanced.map_async(nap, [0.01] * 5, chunksize=2),
            balanced.apply_async(nap, 0.01),
            rc[0].apply_async(nap, 0.01),
            rc.broadcast_view().apply_async(nap, 0.01),
            rc.broadcast_view().map_async(nap, [0.01] * 4),
            direct.execute("x = 1", silent=False),
            direct.scatter("y", [1, 2, 3], block=False),
            direct.gather("y", block=False),
        ]
        direct.push({"z": 3}, block=True)
        assert direct.apply_sync(nap, 0.01) == [0.01, 0.01]
    kinds.wait_interactive(timeout=60)
    assert [ar for ar in kinds.results if ar in expected] == expected
    assert len(kinds.results) == len(expected) + 3  # push, apply_sync, and what a broadcast map sends first
    snapshot = kinds.snapshot()
    assert snapshot.total == sum(len(ar) for ar in kinds.results) == snapshot.ok
    assert snapshot.serial_time == pytest.approx(sum(ar.serial_time for ar in kinds.results), abs=1e-4)


def test_results_of_an_inner_group_belong_to_the_outer_one_too(rc):
    view = rc.load_balanced_view()
    with ipar_results.group("outer") as outer:
        view.apply_async(nap, 0.01)
        with ipar_results.group("inner") as inner:
            view.map_async(nap, [0.01] * 3)
        view.apply_async(nap, 0.01)
    after = view.apply_async(nap, 0.01)
    outer.wait_interactive(timeout=30)
    assert (outer.snapshot().total, inner.snapshot().total) == (5, 3)
    assert after not in outer.results
    assert {entry.summary().name for entry in entries()} >= {"outer", "inner"}


def test_a_group_may_have_two_clients(rc, cluster, connect):
    other = connect(cluster)
    with ipar_results.group("two clients") as both:
        rc[:].apply_async(nap, 0.01)
        other[:].apply_async(nap, 0.01)
        other.load_balanced_view().map_async(odd, [1, 2, 3])
    both.wait_interactive(timeout=30)
    snapshot = both.snapshot()
    assert (snapshot.total, snapshot.ok, snapshot.failed) == (7, 6, 1)
    assert {load.engine_id for load in snapshot.engines} == {0, 1}  # both clients have the same engines


def test_results_of_another_thread_do_not_join(rc):
    def elsewhere():
        rc[0].apply_async(nap, 0.01).get(30)

    with ipar_results.group("mine") as mine:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        rc[1].apply_async(nap, 0.01)
        thread.join(60)
    mine.wait_interactive(timeout=30)
    assert mine.snapshot().total == 1


def test_blocks_in_two_asyncio_tasks_are_separate(rc):
    view = rc.load_balanced_view()

    async def block(label, n):
        with ipar_results.group(label) as made:
            for _ in range(n):
                view.apply_async(nap, 0.01)
                await asyncio.sleep(0)
        return made

    async def both():
        return await asyncio.gather(block("a", 3), block("b", 5))

    first, second = asyncio.run(both())
    assert (len(first.results), len(second.results)) == (3, 5)


def test_cancelling_a_group_cancels_all_its_results(rc, until):
    view = rc.load_balanced_view()
    with ipar_results.group("long") as long:
        for _ in range(8):
            view.apply_async(nap, 30)
        view.map_async(nap, [30] * 8)
    other = rc[0].apply_async(nap, 0.01)
    until(lambda: long.snapshot().running == 2)
    done = long.monitor.cancel(interrupt=True, timeout=30)
    until(lambda: long.snapshot().finished)
    snapshot = long.snapshot()
    assert (done.cancelled, done.interrupted) == (snapshot.aborted, snapshot.failed) == (14, 2)
    assert other.get(30) == 0.01


def test_cancelling_a_group_covers_both_clients(rc, cluster, connect, until):
    other = connect(cluster)
    with ipar_results.group("long") as long:
        rc.load_balanced_view().map_async(nap, [30] * 6)
        other.load_balanced_view().map_async(nap, [30] * 6)
    until(lambda: long.snapshot().running == 2)
    done = long.monitor.cancel(interrupt=True)
    until(lambda: long.snapshot().finished)
    snapshot = long.snapshot()
    # engines that are freed of the first client's tasks start those of the second, and may have aborted one
    # by the time the interrupt arrives
    assert done.cancelled + done.interrupted == snapshot.aborted + snapshot.failed == 12
    assert snapshot.aborted >= done.cancelled and 2 <= snapshot.failed <= done.interrupted


def test_failed_tasks_of_a_group_are_retried(rc, tmp_path, until):
    view = rc.load_balanced_view()
    with ipar_results.group("again") as again:
        for i in range(3):
            view.apply_async(fail_first, str(tmp_path / "a"), i)
        view.map_async(fail_first, [str(tmp_path / "b")] * 4, range(4), chunksize=2)
    again.wait_interactive(timeout=30)
    assert again.snapshot().failed == 7
    assert again.monitor.retry().retried == 7
    until(lambda: again.snapshot().finished)
    assert again.snapshot().failed == 4  # each chunk fails twice, as its first run ended at its first input
    again.monitor.retry()
    until(lambda: again.snapshot().ok == 7)
    assert again.results[3].get(30) == [0, 10, 20, 30]
    assert [task.attempts for task in again.snapshot().tasks] == [2, 2, 2, 3, 3]


def test_a_result_that_is_retried_by_itself_stays_in_its_group(rc, tmp_path, until):
    with ipar_results.group("again") as again:
        ar = rc.load_balanced_view().apply_async(fail_first, str(tmp_path / "c"), 1)
    until(lambda: again.snapshot().finished)
    ar.monitor.retry()
    until(lambda: again.snapshot().ok == 1)
    assert again.snapshot().tasks[0].attempts == 2


def test_the_death_of_an_engine_ends_its_tasks_in_a_group(start_cluster, connect, until, gate):
    own = connect(start_cluster(2))
    with ipar_results.group("dies") as dies:
        own[0].apply_async(lambda path: (hold(path), die()), gate.path)
        own[0].apply_async(nap, 0.01)
        own[1].apply_async(nap, 0.01)
    gate.open()  # an engine that died sooner could not be given the second task
    until(lambda: dies.snapshot().finished, timeout=60)
    snapshot = dies.snapshot()
    assert (snapshot.ok, snapshot.failed) == (1, 2)
    assert {load.engine_id: load.alive for load in snapshot.engines} == {0: False, 1: True}


def test_a_group_is_lost_when_its_client_is_closed(cluster, connect, until, gate):
    own = connect(cluster)
    with ipar_results.group("closed") as closed:
        waiting = [own[0].apply_async(hold, gate.path) for _ in range(3)]
    own.close()
    with pytest.raises(ipar_results.ContactLost):
        waiting[-1].get(30)
    assert closed.snapshot().state == "lost"


def test_exports_of_a_group_hold_all_tasks(rc, tmp_path):
    with ipar_results.group("export") as export:
        for i in range(5):
            rc.load_balanced_view().apply_async(odd, i)
    export.wait_interactive(timeout=30)
    frame = export.monitor.to_dataframe()
    assert frame["index"].tolist() == list(range(5))
    assert (frame["status"] == "failed").sum() == 3
    trace = export.monitor.save_trace(tmp_path / "group.json")
    assert ipar_results.load(trace).total == 5


def test_a_notebook_shows_a_group_from_the_start_of_its_block(cluster, until):
    kernel = Kernel()
    try:
        kernel.run("%load_ext ipar_results\nimport ipar_results\n" + connecting(cluster))
        cell = kernel.run(
            "with ipar_results.group('shown') as shown:\n"
            "    time.sleep(0.3)\n"
            "    for _ in range(20):\n        lv.apply_async(nap, 0.01)\n"
        )
        (first, *_) = [data for _, kind, _, data in kernel.displays() if kind == "display_data"]
        assert "shown" in first["text/plain"]
        assert [m["msg_type"] for _, m in kernel.of(cell)].count("display_data") == 1
        until(lambda: "20 ok" in kernel.displays()[-1][3]["text/plain"])
        kernel.run("shown.wait_interactive(timeout=30)\nassert shown.snapshot().ok == 20")
        kernel.run("shown")
        assert "20 ok" in kernel.displays()[-1][3]["text/html"]
    finally:
        kernel.close()
