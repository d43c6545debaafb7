"""Groups of results that are fed by hand."""

import gc
import weakref
from collections import deque
from concurrent.futures import Future

import pytest
from fakes import Client, Fed, Session
from ipyparallel import AsyncResult

import ipar_results
from ipar_results import group as group_of
from ipar_results.results.group.group import Group, label_of
from ipar_results.results.registry import Registry
from ipar_results.upstream.events import EventListener


@pytest.fixture
def registry():
    registry = Registry()
    yield registry
    registry.close()


@pytest.fixture
def session(registry):
    return Session(registry)


@pytest.fixture
def client():
    return Client()


def join(group, fed):
    group.membership.add_new(fed.result)
    return fed


def single(client, name):
    """Return a result of one task, as apply_async makes it, with a unique message id."""
    fed = Fed(1, single=True, client=client)
    fed.futures[0].msg_id = fed.result.msg_ids[0] = f"{name}"
    fed.result.owner = True
    return fed


def test_a_loop_of_single_results_is_shown_as_one_result(session, client):
    group = Group("climate", session)
    feds = [join(group, single(client, f"task-{i}")) for i in range(300)]
    for i, fed in enumerate(feds):
        (fed.fail if i % 3 == 0 else fed.reply)(0)
    group.close()
    snapshot = group.snapshot()
    assert (snapshot.name, snapshot.total, snapshot.ok, snapshot.failed) == ("climate", 300, 200, 100)
    assert (snapshot.finished, snapshot.state, snapshot.messages) == (True, "failed", 300)
    assert snapshot.failures[0].indices == tuple(range(0, 300, 3))
    assert group.results == tuple(fed.result for fed in feds)


def test_results_that_end_at_once_and_are_dropped_are_counted(session, client):
    group = Group("quick", session)
    for i in range(50):
        join(group, single(client, f"task-{i}")).reply(0)
    gc.collect()
    assert group.snapshot().ok >= 49  # the last one may still become part of a map
    group.close()
    assert group.snapshot().ok == 50


def test_parts_of_a_map_are_not_counted_beside_the_map(session, client):
    group = Group("map", session)
    fed = Fed(4, chunks=[2, 2, 2, 1], client=client)
    for future in fed.futures:  # ipyparallel makes a temporary result for each message of a map
        part = AsyncResult(client, future, fname="f", owner=True)
        group.membership.add_new(part)
        assert group.followed.drain() is None  # before it is marked as a part
        part.owner = False
    join(group, fed)
    fed.reply(0, [1, 2])
    group.close()
    assert group.results == (fed.result,)
    snapshot = group.snapshot()
    assert (snapshot.total, snapshot.messages, snapshot.done) == (7, 4, 2)
    assert [task.index for task in snapshot.tasks] == [0, 2, 4, 6]


def test_indices_are_right_when_chunks_join_after_single_tasks(session, client):
    group = Group("mixed", session)
    first = join(group, single(client, "alone"))
    join(group, Fed(2, chunks=[3, 4], client=client))
    group.close()
    first.fail(0)
    snapshot = group.snapshot()
    assert (snapshot.total, snapshot.failed) == (8, 1)
    assert [(task.index, task.inputs) for task in snapshot.tasks] == [(0, 1), (1, 3), (4, 4)]


def test_a_message_that_two_results_share_is_counted_once(session, client):
    group = Group("twice", session)
    fed = join(group, Fed(3, chunks=[1, 1, 1], client=client))
    again = AsyncResult(client, list(fed.futures), fname="f", owner=True)
    group.membership.add_new(again)
    group.close()
    fed.reply(0)
    assert (group.snapshot().total, group.snapshot().done) == (3, 1)
    assert group.results == (fed.result,)


def test_a_group_is_finished_only_after_its_block(session, client):
    group = Group("open", session)
    fed = join(group, single(client, "a"))
    join(group, single(client, "b")).reply(0)
    fed.reply(0)
    group.membership.add([fed.result])
    assert not group.snapshot().finished
    assert group.snapshot().state == "running"
    group.close()
    assert group.snapshot().finished
    assert group._ready


def test_an_empty_group_finishes_with_its_block(session):
    group = Group("nothing", session)
    assert (group.snapshot().state, group.snapshot().finished) == ("empty", False)
    group.close()
    assert (group.snapshot().state, group.snapshot().finished, group._ready) == ("empty", True, True)


def test_running_tasks_have_their_index_in_the_group(session, client):
    group = Group("runs", session)
    join(group, single(client, "a")).reply(0)
    fed = join(group, single(client, "b"))
    group.close()
    fed.busy(0)
    (load,) = [load for load in group.snapshot().engines if load.running]
    assert load.running[0] == 1
    assert group.snapshot().running == 1


def test_engines_of_two_clusters_are_distinguished(session):
    group = Group("two", session)
    here, there = Client(), Client()
    there._engines = {i: f"other-{i}" for i in there._ids}
    feds = [single(here, "a"), single(there, "b")]
    for fed in feds:
        join(group, fed)
    group.close()
    feds[0].reply(0)
    feds[1].reply(0, engine_uuid="other-0")
    assert [(load.engine_id, load.done, load.alive) for load in group.snapshot().engines] == [
        (0, 1, True),
        ("0 of client 2", 1, True),
    ]


def test_the_note_names_the_error_of_a_block(client):
    ipar_results.enable()
    try:
        with pytest.raises(ZeroDivisionError), group_of("early") as group:
            fed = single(client, "a")
            group.membership.add_new(fed.result)
            1 / 0  # noqa: B018
        fed.reply(0)
        snapshot = group.snapshot()
        assert (snapshot.finished, snapshot.total, snapshot.ok) == (True, 1, 1)
        assert "ZeroDivisionError" in snapshot.note
    finally:
        ipar_results.disable()


def test_a_group_requires_the_layer_and_a_text_as_label():
    with pytest.raises(RuntimeError, match="load_ext"), group_of("x"):
        pass
    with pytest.raises(TypeError, match="expected a text"):
        group_of(3)


def test_a_group_cannot_be_entered_twice():
    ipar_results.enable()
    try:
        once = group_of("once")
        with once:
            pass
        with pytest.raises(RuntimeError, match="make another group"), once:
            pass
    finally:
        ipar_results.disable()


def test_dropping_a_group_frees_its_results(session, client):
    group = Group("dropped", session)
    fed = join(group, single(client, "a"))
    fed.reply(0)
    group.close()
    assert group.snapshot().finished
    result = weakref.ref(fed.result)
    del fed, group
    gc.collect()
    assert result() is None


def test_closing_the_registry_removes_every_callback(session, client):
    group = Group("unloaded", session)
    fed = join(group, single(client, "a"))
    before = len(fed.futures[0]._done_callbacks)
    group.close()
    assert len(fed.futures[0]._done_callbacks) == before + 1
    session.registry.close()
    assert len(fed.futures[0]._done_callbacks) == before
    assert fed.futures[0].iopub_callbacks == []


def test_a_group_is_updated_before_the_callbacks_of_its_users(session, client):
    group = Group("first", session)
    feds = [join(group, single(client, f"task-{i}")) for i in range(3)]
    group.close()
    seen = []
    feds[1].result.add_done_callback(lambda _: seen.append(group.snapshot().done))
    feds[1].reply(0)
    assert seen == [1]


def test_an_interrupt_while_results_join_loses_none(session, client, monkeypatch):
    group = Group("torn", session)
    feds = [join(group, single(client, f"task-{i}")) for i in range(5)]
    real, calls = EventListener.attach_first, []

    def interrupted(self, futures):
        calls.append(len(futures))
        if len(calls) == 1:
            raise KeyboardInterrupt
        real(self, futures)

    monkeypatch.setattr(EventListener, "attach_first", interrupted)
    with pytest.raises(KeyboardInterrupt):
        group.close()
    group.close()
    for fed in feds:
        fed.reply(0)
    assert (group.snapshot().total, group.snapshot().ok) == (5, 5)


@pytest.mark.parametrize(("names", "label"), [(["f"], "f"), (["f", "f"], "f × 2"), (["f", "g"], "2 results")])
def test_unlabelled_results_are_named_after_their_function(names, label):
    results = [Future() for _ in names]
    for result, name in zip(results, names, strict=True):
        result._fname = name
    assert label_of(results) == label


def test_a_drain_beside_the_transaction_of_another_thread_misses_no_end(session, client, monkeypatch):
    group = Group("beside", session)
    feds = [join(group, single(client, f"task-{i}")) for i in range(2)]
    group.close()
    recorder, real = group._recorder._recorder, EventListener.detach

    class OtherThread:
        """Holds the lock, and ends its transaction when the lock is waited for."""

        lock = group.record.lock

        def __enter__(self):
            recorder._dirty = False
            return self.lock.__enter__()

        def __exit__(self, *error):
            return self.lock.__exit__(*error)

    def detach(self, futures):
        real(self, futures)
        feds[1].reply(0)  # the IO thread goes on

    monkeypatch.setattr(EventListener, "detach", detach)
    recorder._dirty, group.record.lock = True, OtherThread()
    group.followed.drain()
    for fed in feds:
        if not fed.futures[0].done():
            fed.reply(0)
    assert group.snapshot().ok == 2


def test_a_result_that_is_being_queued_is_not_complete(session, client, monkeypatch):
    group = Group("queued", session)
    first = join(group, single(client, "first"))
    fed = Fed(1, chunks=[3], client=client)
    part = AsyncResult(client, fed.futures[0], fname="f", owner=True)

    class Queue(deque):
        def append(self, item):
            super().append(item)
            group.followed.drain()  # the ticker does it at the worst moment

    group.membership._new = Queue(group.membership._new)
    group.membership.add_new(part)
    part.owner = False  # as a map marks its parts
    join(group, fed)
    group.close()
    assert group.results == (first.result, fed.result)
    assert group.snapshot().total == 4
