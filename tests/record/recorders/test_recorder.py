"""Snapshots of results whose events arrive in any order, fed by hand."""

import gc
import logging
import sys
import threading
import weakref
from datetime import timedelta
from functools import partial

import numpy as np
import pytest
from fakes import START, Client, Fed
from ipyparallel.error import EngineError

from ipar_results.render import words
from ipar_results.results.registry import Registry


@pytest.fixture
def registry(log_once):
    registry = Registry()
    yield registry
    registry.close()


def counts(snapshot):
    return {key: getattr(snapshot, key) for key in ("ok", "failed", "aborted", "running", "queued")}


def consistent(s):
    """Check that all counts of a snapshot agree."""
    assert s.done == s.ok + s.failed + s.aborted
    assert s.total == s.done + s.running + s.queued
    assert min(s.done, s.running, s.queued) >= 0
    assert sum(group.count for group in s.failures) == s.failed
    assert sum(load.done for load in s.engines) == s.done
    assert s.finished == (s.done == s.total)


def test_a_task_goes_from_queued_to_running_to_ok(registry):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    assert followed.snapshot().queued == 1
    fed.busy(0)
    assert followed.snapshot().running == 1
    fed.reply(0)
    assert counts(followed.snapshot()) == {"ok": 1, "failed": 0, "aborted": 0, "running": 0, "queued": 0}


def test_a_running_task_has_its_engine_and_its_run_time(registry):
    fed = Fed(4)
    followed = registry.followed(fed.result)
    fed.busy(3)
    (load,) = followed.snapshot().engines
    assert load.engine_id == 1
    assert load.running[0] == 3
    assert 0 <= load.running[1] < 5


def test_a_busy_message_after_the_reply_does_not_reopen_the_task(registry):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    fed.reply(0)
    fed.busy(0)
    assert counts(followed.snapshot())["ok"] == 1
    fed.busy(0)
    assert counts(followed.snapshot())["running"] == 0


def test_a_busy_message_and_its_reply_in_one_batch_leave_nothing_running(registry):
    fed = Fed(3)
    followed = registry.followed(fed.result)
    for i in range(3):
        fed.busy(i)
        fed.reply(i)
    assert followed.snapshot().running == 0
    assert followed.record.running == {}


def test_counts_are_in_inputs_like_len(registry):
    fed = Fed(3, chunks=[4, 0, 3])
    followed = registry.followed(fed.result)
    fed.busy(0)
    fed.fail(2)
    snapshot = followed.snapshot()
    consistent(snapshot)
    assert counts(snapshot) == {"ok": 0, "failed": 3, "aborted": 0, "running": 4, "queued": 0}
    assert (snapshot.total, snapshot.messages) == (len(fed.result), 3)
    assert snapshot.failures[0].indices == (4, 5, 6)


def test_a_result_is_not_finished_before_its_messages_without_inputs(registry):
    fed = Fed(2, chunks=[3, 0])
    followed = registry.followed(fed.result)
    fed.reply(0, [1, 2, 3])
    assert not followed.snapshot().finished
    fed.reply(1, [])
    assert followed.snapshot().finished


def test_a_future_cancelled_here_counts_as_aborted(registry):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    fed.futures[0].cancel()
    assert counts(followed.snapshot())["aborted"] == 1


@pytest.mark.parametrize(
    ("value", "state"),
    [(1, "ok"), (EngineError("died"), "failed"), (None, "ok")],
    ids=["value", "error", "None"],
)
def test_a_reply_without_status_in_its_metadata_is_classified_by_its_value(registry, value, state):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    fed.reply(0, value, status=None)
    assert counts(followed.snapshot())[state] == 1


def test_an_aborted_task_is_not_counted_as_failed_but_fails_the_result(registry):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    fed.reply(0)
    fed.abort(1)
    snapshot = followed.snapshot()
    assert (snapshot.aborted, snapshot.failures, snapshot.state) == (1, (), "failed")


def test_a_task_that_an_engine_refused_is_no_task_of_the_engine(registry):
    """Its metadata has an engine and two times, those of the refusal."""
    fed = Fed(3)
    followed = registry.followed(fed.result)
    fed.reply(0)
    fed.abort(1)
    fed.abort(2)
    snapshot, drawn = followed.snapshot(), followed.timeline()
    assert [(load.engine_id, load.done, load.failed) for load in snapshot.engines] == [(0, 1, 0)]
    assert [(task.engine_id, task.started, task.duration) for task in snapshot.tasks[1:]] == [(None,) * 3] * 2
    assert drawn.engines == (0,)
    assert np.isfinite(drawn.start).tolist() == [True, False, False]


def test_an_engine_that_lost_its_id_is_found_by_its_uuid(registry):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    fed.client._ids.clear()
    fed.fail(0, kind="EngineError", engine_id=None, started=None)
    fed.left(0)
    (load,) = followed.snapshot().engines
    assert (load.engine_id, load.alive, load.died, load.failed) == (0, False, True, 1)
    assert followed.snapshot().failures[0].engines == (0,)


def test_an_unknown_engine_is_named_by_its_uuid(registry):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    fed.reply(0, engine_id=None, engine_uuid="uuid-of-another-life")
    assert followed.snapshot().engines[0].engine_id == "uuid-of-another-life"


def test_an_engine_that_registers_later_is_named_by_its_id(registry):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    for callback in fed.client._registration_callbacks:
        callback({"event": "register", "uuid": "new", "id": 7})
    fed.reply(0, engine_id=None, engine_uuid="new")
    assert followed.snapshot().engines[0].engine_id == 7


def test_a_task_without_engine_is_counted_but_not_for_an_engine(registry):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    fed.fail(0, engine_id=None, engine_uuid=None, started=None, completed=None)
    snapshot = followed.snapshot()
    assert (snapshot.failed, snapshot.engines) == (1, ())
    assert snapshot.tasks[0].engine_id is None


def test_a_result_that_had_ended_before_it_was_followed_is_complete(registry):
    fed = Fed(4)
    for i in range(3):
        fed.reply(i)
    fed.fail(3)
    snapshot = registry.followed(fed.result).snapshot()
    consistent(snapshot)
    assert (snapshot.ok, snapshot.failed, snapshot.state) == (3, 1, "failed")


def test_a_result_followed_half_way_has_its_running_tasks_and_output(registry):
    fed = Fed(3)
    fed.reply(0, stdout="hello\n")
    fed.futures[1].output.metadata["engine_id"] = 1  # set by the client when the busy message arrives
    followed = registry.followed(fed.result)
    snapshot = followed.snapshot()
    consistent(snapshot)
    assert counts(snapshot) == {"ok": 1, "failed": 0, "aborted": 0, "running": 1, "queued": 1}
    assert snapshot.outputs[0].stdout == "hello\n"
    fed.reply(1)
    fed.reply(2)
    assert followed.snapshot().finished


def test_times_equal_those_of_the_metadata(registry):
    fed = Fed(3)
    followed = registry.followed(fed.result)
    for i in range(3):
        fed.reply(i, seconds=2.0)
    snapshot = followed.snapshot()
    assert snapshot.serial_time == pytest.approx(6.0)
    assert snapshot.wall_time == pytest.approx(
        4.0
    )  # from the first submission to the end of the third task, which takes 2 s
    assert snapshot.elapsed == snapshot.wall_time
    assert snapshot.tasks[1].started == pytest.approx((START + timedelta(seconds=1)).timestamp())


def test_elapsed_never_decreases_and_stops_at_the_end(registry):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    seen = [followed.record.elapsed for _ in range(3)]
    for i in range(2):
        fed.reply(i)
        followed.drain()
        seen.append(followed.record.elapsed)
    assert seen == sorted(seen)
    assert followed.record.elapsed == followed.record.elapsed


def test_output_is_listed_newest_first_and_counted(registry):
    fed = Fed(30)
    followed = registry.followed(fed.result)
    for i in range(30):
        fed.futures[i].output.metadata["stdout"] = f"line {i}\n"
        fed.iopub(i, "stream", name="stdout", text=f"line {i}\n")
    snapshot = followed.snapshot()
    assert snapshot.outputs_total == 30
    assert [output.index for output in snapshot.outputs][:2] == [29, 28]


def test_an_error_in_a_malformed_message_is_logged_once_and_not_raised_in_the_client(registry, caplog):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    callback = fed.futures[0].iopub_callbacks[0]
    with caplog.at_level(logging.WARNING, "ipar_results"):
        for _ in range(5):
            callback({"header": {}})
    assert len(caplog.records) == 1
    fed.reply(0)
    assert followed.snapshot().ok == 1


@pytest.mark.parametrize(
    "broken", [None, {}, {"event": "register"}, {"event": "register", "uuid": "x", "id": "y"}]
)
def test_an_error_in_a_malformed_registration_is_not_raised_in_the_client(registry, broken, caplog):
    fed = Fed(1)
    registry.followed(fed.result)
    for callback in fed.client._registration_callbacks:
        callback(broken)
    assert len(caplog.records) <= 1


def test_a_followed_result_is_collected_once_its_user_drops_it(registry):
    fed = Fed(3)
    followed = registry.followed(fed.result)
    for i in range(3):
        fed.busy(i)
        fed.reply(i)
    followed.snapshot()
    gone = weakref.ref(fed.result)
    fed.futures.clear()
    del fed.result
    gc.collect()
    assert gone() is None
    assert followed.snapshot().ok == 3


def test_close_removes_our_callbacks_and_no_others(registry):
    def theirs(anything):
        raise AssertionError

    fed = Fed(2)
    for future in fed.futures:
        future.iopub_callbacks.append(theirs)
        future._done_callbacks.append(theirs)
    before = [(list(future.iopub_callbacks), list(future._done_callbacks)) for future in fed.futures]
    registered = list(fed.client._registration_callbacks)
    registry.followed(fed.result)
    other = Registry()
    other.followed(fed.result)
    assert len(fed.futures[0].iopub_callbacks) == 3
    for each in (registry, other):
        each.close()
        each.close()
    assert [(f.iopub_callbacks, f._done_callbacks) for f in fed.futures] == before
    assert fed.client._registration_callbacks == registered


def test_an_object_that_is_not_a_result_is_refused_with_the_remedy(registry):
    with pytest.raises(TypeError, match="expected an AsyncResult of ipyparallel, got 3: pass what map_async"):
        registry.followed(3)


def test_a_result_has_one_recorder_and_a_client_one_connection(registry):
    client = Client()
    first, second = Fed(1, client=client), Fed(1, client=client)
    assert registry.followed(first.result) is registry.followed(first.result)
    assert registry.connection(first.client) is registry.connection(second.client)
    assert len(client._registration_callbacks) == 1


def test_snapshots_from_many_threads_are_consistent_while_events_arrive(registry, request):
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-4)
    n = 3000
    fed = Fed(n, chunks=[1 + i % 3 for i in range(n)])
    followed = registry.followed(fed.result)
    stop, problems, taken = threading.Event(), [], []

    def look():
        last = -1
        while not stop.is_set():
            try:
                snapshot = followed.snapshot()
                consistent(snapshot)
                assert snapshot.done >= last
                last = snapshot.done
                taken.append(last)
            except BaseException as error:
                problems.append(error)
                return

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(n):
        fed.busy(i)
        fed.fail(i, message=str(i)) if i % 7 == 0 else fed.reply(i, [0] * (1 + i % 3))
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems, problems[0]
    assert len(set(taken)) > 3
    consistent(followed.snapshot())
    assert followed.snapshot().finished


@pytest.fixture
def silent(registry, monkeypatch):
    """A connection that has just asked for a heartbeat, an hour after its last contact."""
    fed = Fed(1)
    connection = registry.followed(fed.result).record.connection
    monkeypatch.setattr(connection, "query_hub", lambda *question: True)
    connection._last_contact -= 3600
    connection.check_contact()
    yield connection


def test_a_connection_is_not_lost_before_a_heartbeat_is_overdue(silent):
    """The controller owes an answer only after a heartbeat query, so an hour without work is not silence."""
    assert not silent.lost
    silent._query_sent_at -= 31
    assert silent.lost


def test_an_answer_ends_the_silence(silent):
    silent._query_sent_at -= 31
    silent.record_contact()
    assert not silent.lost


def test_a_closed_client_is_reported_and_its_results_are_kept(registry):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    fed.reply(0)
    fed.client._closed = True
    snapshot = followed.snapshot()
    assert (snapshot.state, snapshot.ok, snapshot.finished) == ("lost", 1, False)
    assert "closed" in snapshot.note


def test_a_followed_result_without_a_reader_is_collected_too(registry):
    fed = Fed(3)
    registry.followed(fed.result)
    for i in range(3):
        fed.reply(i)
    gone = weakref.ref(fed.result)
    fed.futures.clear()
    del fed.result
    gc.collect()
    assert gone() is None


def test_a_ready_result_is_counted_completely(registry):
    """The callback in which ipyparallel resolves the result runs before ours."""
    fed = Fed(2)
    followed = registry.followed(fed.result)
    fed.reply(0)
    followed.drain()
    seen = []
    fed.result.add_done_callback(
        lambda result: seen.append((followed.summary().done, followed.record.columns.serial_time))
    )
    fed.reply(1)
    assert seen == [(2, 2.0)]
    assert followed.snapshot().done == 2


def test_the_wall_time_is_known_without_reading_the_tasks(registry):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    fed.reply(0)
    fed.reply(1)
    assert followed.wall_time() == pytest.approx(2.0)


@pytest.mark.parametrize("engine", [{}, [], 7, b"uuid-0"])
def test_an_engine_name_of_a_wrong_type_is_ignored(registry, engine):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    message = {
        "header": {"msg_type": "status"},
        "content": {"execution_state": "busy"},
        "metadata": {"engine": engine},
        "parent_header": {"msg_id": fed.futures[0].msg_id},
    }
    for callback in list(fed.futures[0].iopub_callbacks):
        callback(message)
    assert followed.snapshot().queued == 2
    fed.busy(1)
    assert followed.snapshot().running == 1


def test_an_attempt_that_fails_on_an_unknown_engine_does_not_break_snapshots(registry):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    for kind, content in (("error", {}), ("status", {"execution_state": "idle"})):
        message = {
            "header": {"msg_type": kind},
            "content": content,
            "metadata": {},
            "parent_header": {"msg_id": fed.futures[0].msg_id},
        }
        for callback in list(fed.futures[0].iopub_callbacks):
            callback(message)
    assert followed.snapshot().queued == 2


def test_an_engine_that_left_after_the_end_did_not_die_whenever_the_result_is_looked_at(registry):
    fed = Fed(2)
    followed = registry.followed(fed.result)
    fed.reply(0)
    fed.left(0, START)
    fed.reply(1)
    fed.client._ids.clear()
    fed.left(1)
    assert [load.alive for load in followed.snapshot().engines] == [False, True]


def presence(followed):
    """Whether each engine died or left, by its id."""
    return {load.engine_id: words.presence(load) for load in followed.snapshot().engines}


def vanish(client, engine, fed):
    client._ids = [each for each in client._ids if each != engine]
    fed.left(engine)


def test_an_engine_died_if_it_held_a_task_and_left_otherwise(registry):
    fed = Fed(4)
    followed = registry.followed(fed.result)
    for i in (0, 1):
        fed.busy(i)
    fed.reply(0)
    followed.update()
    for engine in (0, 1):
        vanish(fed.client, engine, fed)
    assert presence(followed) == {0: "left", 1: "died"}
    fed.fail(1, "Engine 1 died while running task 'message_1'", "EngineError", engine_id=None, started=None)
    assert presence(followed) == {0: "left", 1: "died"}


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "not looked at"])
def test_an_engine_died_whose_task_went_to_another(registry, seen):
    """With ``retries``, no error says that the engine died."""
    fed = Fed(2)
    followed = registry.followed(fed.result)
    fed.busy(1)
    if seen:
        followed.update()
    vanish(fed.client, 1, fed)
    fed.busy(1, engine=0)
    fed.reply(1, engine_id=0, engine_uuid="uuid-0")
    assert presence(followed) == {0: "", 1: "died"}


def test_an_engine_left_that_returned_its_task_before(registry):
    """A failed attempt on it, which the scheduler repeats elsewhere, is no death."""
    fed = Fed(2)
    followed = registry.followed(fed.result)
    fed.busy(1)
    fed.iopub(1, "error")
    fed.iopub(1, "status", execution_state="idle")
    fed.busy(1, engine=0)
    followed.update()
    vanish(fed.client, 1, fed)
    assert presence(followed) == {0: "", 1: "left"}


def test_an_engine_that_died_on_one_result_died_for_each_result_of_its_client(registry):
    one = Fed(2)
    other = Fed(4, client=one.client)
    followed, beside = registry.followed(one.result), registry.followed(other.result)
    one.busy(1)
    other.reply(1)
    followed.update()
    vanish(one.client, 1, one)
    one.fail(1, "Engine 1 died", "EngineError", engine_id=None, started=None)
    followed.update()
    assert presence(beside) == presence(followed) == {1: "died"}


def test_an_engine_counts_as_busy_for_its_time_in_the_cluster(registry):
    fed = Fed(4)
    followed = registry.followed(fed.result)
    followed.record.connection.joined_at[1] = (START + timedelta(seconds=4)).timestamp()
    fed.reply(0, seconds=2)
    vanish(fed.client, 0, fed)
    followed.record.connection.left_at[0] = (START + timedelta(seconds=3)).timestamp()
    for i, engine in ((1, 1), (2, 1), (3, 1)):
        fed.reply(i, i, seconds=5 + i, engine_id=engine, engine_uuid=f"uuid-{engine}")
    left, late = followed.snapshot().engines
    assert (left.joined, left.left) == (0, pytest.approx(3))
    assert (late.joined, late.left) == (pytest.approx(4), None)
    assert words.busy(left, 11) == "67 % of its 3.0 s"
