"""Tasks as they arrive, and results that are awaited, from real engines."""

import asyncio
import itertools
from collections.abc import Awaitable

import ipyparallel as ipp
import pytest
from gate import hold
from kernels import Kernel
from kernels import connect as connecting
from tasks import die, fail_first, nap, odd

import ipar_results
from ipar_results import as_completed

pytestmark = pytest.mark.cluster


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    ipar_results.disable()


def followed(results, **kwargs):
    return list(as_completed(results, quiet=True, timeout=60, **kwargs))


@pytest.mark.parametrize("chunksize", [1, 3])
def test_a_load_balanced_map_without_the_layer(rc, chunksize):
    ar = rc.load_balanced_view().map_async(odd, range(10), chunksize=chunksize)
    tasks = followed(ar)
    assert sorted(task.index for task in tasks) == list(range(10))
    values = {task.index: task.value for task in tasks if task.error is None}
    assert values == ({i: i for i in range(1, 10, 2)} if chunksize == 1 else {})
    assert {task.error.ename for task in tasks if task.error} == {"ValueError"}
    assert {task.engine_id for task in tasks} == {0, 1}
    assert all(task.completed >= task.started and task.duration >= 0 for task in tasks)


def test_the_first_to_end_comes_first(rc, gate):
    gate.open(3)
    ar = rc.load_balanced_view().map_async(hold, [gate.path] * 4, [3, 0, 1, 2])
    tasks = as_completed(ar, quiet=True, timeout=60)
    assert [next(tasks).index for _ in range(3)] == [1, 2, 3]
    gate.open()
    assert [(task.index, task.value) for task in tasks] == [(0, 3)]


@pytest.mark.parametrize("block_kind", ["direct", "direct map", "broadcast", "broadcast map", "execute"])
def test_several_engines_give_a_task_each(rc, block_kind):
    direct, broadcast = rc[:], rc.broadcast_view()
    ar = {
        "direct": lambda: direct.apply_async(nap, 0.01),
        "direct map": lambda: direct.map_async(nap, [0.01] * 5),
        "broadcast": lambda: broadcast.apply_async(nap, 0.01),
        "broadcast map": lambda: broadcast.map_async(nap, [0.01] * 5),
        "execute": lambda: direct.execute("1 + 1", silent=False),
    }[block_kind]()
    tasks = followed(ar)
    assert sorted(task.index for task in tasks) == list(range(len(ar)))
    assert {task.engine_id for task in tasks} == {0, 1}
    assert ar.ready()
    if "map" in block_kind:
        assert [task.value for task in sorted(tasks, key=lambda task: task.index)] == ar.get()


def test_a_coalesced_broadcast_is_one_task_of_all_its_engines(rc):
    view = rc.broadcast_view()
    view.is_coalescing = True
    (task,) = followed(view.apply_async(nap, 0.01))
    assert (task.value, task.engine_id) == ([0.01, 0.01], "engines 0, 1")


def test_a_mixture_of_results_comes_as_one(rc):
    view = rc.load_balanced_view()
    results = [view.apply_async(odd, 1), rc[:].apply_async(odd, 2), view.map_async(nap, [0.01] * 3)]
    tasks = followed(results)
    assert [len([t for t in tasks if t.result is ar]) for ar in results] == [1, 2, 3]
    assert sum(task.error is not None for task in tasks) == 2


def test_a_result_that_was_read_already_comes_again(rc):
    ar = rc.load_balanced_view().map_async(nap, [0.1, 0.01, 0.05])
    assert ar.get(30) == [0.1, 0.01, 0.05]
    assert sorted(task.value for task in followed(ar)) == [0.01, 0.05, 0.1]


def test_what_is_retried_in_the_loop_comes_again_with_its_new_outcome(rc, tmp_path):
    ar = rc.load_balanced_view().map_async(fail_first, [str(tmp_path / "x")] * 4, range(4))
    seen = []
    for task in as_completed(ar, quiet=True, timeout=60):
        seen.append((task.index, task.error is None, task.attempts))
        if task.error is not None:
            ipar_results.monitor(ar).retry([task.index])
    assert sorted(seen) == sorted([(i, False, 1) for i in range(4)] + [(i, True, 2) for i in range(4)])
    assert ar.get(30) == [0, 10, 20, 30]


def test_cancelled_tasks_come_as_errors(rc, until, gate):
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(8))
    tasks = as_completed(ar, quiet=True, timeout=60)
    until(lambda: ipar_results.monitor(ar).snapshot().running == 2)
    ipar_results.monitor(ar).cancel()
    gate.open()
    kinds = [type(task.error).__name__ for task in tasks]
    assert len(kinds) == 8
    assert set(kinds) == {"NoneType", "TaskAborted"}


def test_a_dead_engine_is_named_though_its_tasks_have_no_times(start_cluster, connect, gate):
    own = connect(start_cluster(2))
    doomed = own[1].apply_async(hold, gate.path), own[1].apply_async(die)
    tasks = as_completed([*doomed, own[0].apply_async(nap, 0.01)], quiet=True, timeout=60)
    gate.open()  # the engine dies once the tasks are followed
    lost = next(task for task in tasks if task.error is not None)
    assert (lost.error.ename, lost.engine_id, lost.started, lost.value) == ("EngineError", 1, None, None)


def test_a_closed_client_ends_the_iteration_in_the_truth(cluster, connect, gate):
    own = connect(cluster)
    ar = own[0].apply_async(hold, gate.path)
    tasks = as_completed(ar, quiet=True, timeout=60)
    own.close()
    assert [type(task.error) for task in tasks] == [ipar_results.ContactLost]


def test_a_group_can_be_followed(rc, layer):
    with ipar_results.group("some") as some:
        for i in range(6):
            rc.load_balanced_view().apply_async(pow, i, 2)
    assert sorted(task.value for task in followed(some)) == [0, 1, 4, 9, 16, 25]


# awaited --------------------------------------------------------------------------------------------


def run(main):
    return asyncio.run(asyncio.wait_for(main(), 60))


def test_awaiting_gives_what_get_gives_and_keeps_nobody_waiting(rc, layer, gate):
    turns = []

    async def tick():
        while True:
            turns.append(None)
            if len(turns) > 5:
                gate.open()
            await asyncio.sleep(0.01)

    async def main():
        beside = asyncio.create_task(tick())
        value = await rc.load_balanced_view().map_async(hold, *gate.inputs(2))
        beside.cancel()
        return value

    assert run(main) == [0, 1]


def test_awaiting_raises_what_get_raises(rc, layer):
    async def one():
        await rc[0].apply_async(odd, 2)

    async def many():
        await rc.load_balanced_view().map_async(odd, range(4))

    with pytest.raises(ipp.RemoteError, match="2 is even"):
        run(one)
    with pytest.raises(ipp.CompositeError):
        run(many)


def test_several_results_are_awaited_together_and_a_timeout_cancels_only_the_wait(rc, layer, gate):
    async def main():
        slow = rc[0].apply_async(hold, gate.path)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(slow, 0.05)
        assert not slow.cancelled()
        assert slow._done_callbacks == [slow._finalize_result]
        gate.open()
        return await asyncio.gather(slow, rc[1].apply_async(nap, 0.02))

    assert run(main) == [0, 0.02]


def test_a_timeout_of_a_wrapped_future_loses_no_value(rc, layer, gate):
    async def main():
        slow = rc.load_balanced_view().map_async(hold, *gate.inputs(2))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(slow), 0.05)
        gate.open()
        return slow

    assert run(main).get(30) == [0, 1]


def test_a_whole_of_which_pieces_were_fetched_before_is_waited_for_and_had(rc, cluster, connect, layer):
    msg_ids = rc.load_balanced_view().map_async(odd, range(4), chunksize=1).msg_ids
    rc.wait(msg_ids, 30)
    other = connect(cluster)
    assert other.get_result(msg_ids[1], owner=False).get(30) == [1]
    whole = other.get_result(msg_ids, owner=False)
    assert whole.wait(30)
    assert [piece for piece in whole.get(30, return_exceptions=True) if isinstance(piece, list)] == [[1], [3]]


def test_a_result_of_the_hub_is_awaited(rc, cluster, connect, layer):
    msg_ids = rc.load_balanced_view().map_async(nap, [0.2, 0.2]).msg_ids
    other = connect(cluster)

    async def main():
        return await other.get_result(msg_ids)

    assert run(main) == [[0.2], [0.2]]


def test_tasks_are_iterated_asynchronously(rc, layer):
    async def main():
        results = [rc.load_balanced_view().map_async(nap, [0.01] * 5) for _ in range(2)]
        return [task.value async for task in as_completed(results, quiet=True)]

    assert run(main) == [0.01] * 10


def test_a_result_cannot_be_awaited_once_the_layer_is_off(rc):
    ar = rc[0].apply_async(nap, 0.01)
    assert not isinstance(ar, Awaitable)
    ipar_results.enable()
    assert isinstance(ar, Awaitable)
    ipar_results.disable()
    assert not isinstance(ar, Awaitable)
    assert not hasattr(type(ar), "__await__")


# lazy maps ------------------------------------------------------------------------------------------


def lazy_facts():
    from ipar_results.live.session import current

    (entry,) = current().tracker.all()
    return entry.summary()


def test_a_lazy_map_is_one_bar_of_known_length(rc, layer, until):
    view = rc.load_balanced_view()
    lazy = view.imap(nap, [0.01] * 20)
    assert next(lazy) == 0.01
    facts = lazy_facts()
    assert (facts.name, facts.total, facts.finished) == ("nap", 20, False)
    assert list(lazy) == [0.01] * 19
    until(lambda: lazy_facts().finished)
    assert (lazy_facts().total, lazy_facts().ok) == (20, 20)


def test_a_lazy_map_without_end_grows_until_it_is_cancelled(rc, layer, until):
    lazy = rc.load_balanced_view().imap(pow, itertools.count(), itertools.repeat(2), max_outstanding=4)
    assert [next(lazy) for _ in range(10)] == [i * i for i in range(10)]
    # the newest task joins once another one follows it, or a quarter of a second later
    until(lambda: lazy_facts().total >= 10)
    facts = lazy_facts()
    assert facts.total - facts.ok <= 8  # four are outstanding, and as many may have ended just now
    assert facts.eta is None
    lazy.cancel()
    rest = list(lazy)
    until(lambda: lazy_facts().finished)
    assert lazy_facts().ok == 10 + len(rest)


def test_a_lazy_map_that_nobody_iterates_further_ends(rc, layer, until):
    for value in rc.load_balanced_view().imap(nap, itertools.repeat(0.01), ordered=False):
        assert value == 0.01
        break
    until(lambda: lazy_facts().finished)


def test_a_lazy_map_raises_as_before(rc, layer, until):
    with pytest.raises(ipp.RemoteError, match="2 is even"):
        list(rc.load_balanced_view().imap(odd, [1, 2, 3]))
    until(lambda: lazy_facts().finished)
    with pytest.raises(AssertionError):
        rc.load_balanced_view().imap(odd)


def test_a_lazy_map_in_a_block_counts_in_the_group(rc, layer):
    with ipar_results.group("lazy") as lazy:
        assert len(list(rc.load_balanced_view().imap(nap, [0.01] * 6))) == 6
    assert lazy.snapshot().ok == 6


# in a notebook --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kernel(cluster):
    kernel = Kernel()
    kernel.run("import ipar_results, asyncio\n" + connecting(cluster))
    yield kernel
    kernel.close()


def displays_of(kernel, cell):
    return [m["content"]["data"] for _, m in kernel.of(cell) if m["msg_type"] == "display_data"]


def test_a_card_moves_while_tasks_are_iterated_without_the_layer(kernel, until):
    cell = kernel.run(
        "for task in ipar_results.as_completed(lv.map_async(nap, [0.01] * 12)):\n    print(task.index)\n"
    )
    assert sorted(map(int, kernel.text(cell).split())) == list(range(12))
    (card,) = displays_of(kernel, cell)
    assert "text/html" in card
    until(lambda: "12 ok" in kernel.displays()[-1][3]["text/plain"])


def test_a_cell_awaits_and_shows_one_card_for_several_results(kernel, until):
    kernel.run("%load_ext ipar_results")
    cell = kernel.run(
        "print(await lv.map_async(nap, [0.05, 0.06]))\n"
        "several = [rc[0].apply_async(nap, 0.01), rc[:].apply_async(nap, 0.02)]\n"
        "print(len([task async for task in ipar_results.as_completed(several)]))\n"
    )
    assert kernel.text(cell).split("\n")[:2] == ["[0.05, 0.06]", "3"]
    assert len(displays_of(kernel, cell)) == 1
    until(lambda: "3 ok" in kernel.displays()[-1][3]["text/plain"])


def test_the_stop_button_ends_the_iteration_and_not_the_work(kernel, until, gate):
    cell = kernel.start(f"stopped = {gate.map(4)}\nfor t in ipar_results.as_completed(stopped): pass")
    until(lambda: displays_of(kernel, cell))
    kernel.interrupt()
    until(lambda: kernel.ended(cell))
    assert "Stopped waiting for hold" in kernel.text(cell, "stderr")
    gate.open()
    again = kernel.run("print(len(list(ipar_results.as_completed(stopped, quiet=True))))")
    assert kernel.text(again).strip() == "4"


def test_a_lazy_map_shows_its_card_where_it_begins(kernel, until):
    kernel.run("%load_ext ipar_results")
    cell = kernel.run("print(sum(lv.imap(nap, [0.5, 0.25, 0.25])))")
    assert kernel.text(cell).strip() == "1.0"
    assert len(displays_of(kernel, cell)) == 1
    until(lambda: "3 ok" in kernel.displays()[-1][3]["text/plain"])
