"""What the recorder makes of ipyparallel's events, whatever their order, fed by hand."""

import gc
import logging
import sys
import threading
import weakref
from datetime import timedelta
from functools import partial

import pytest
from fakes import START, Client, Fed
from ipyparallel.error import EngineError

from ipar_results.results.registry import Watch


@pytest.fixture
def watch(log_once):
    watch = Watch()
    yield watch
    watch.close()


def counts(snapshot):
    return {key: getattr(snapshot, key) for key in ("ok", "failed", "aborted", "running", "queued")}


def consistent(s):
    """Everything in one snapshot tells of the same moment."""
    assert s.done == s.ok + s.failed + s.aborted
    assert s.total == s.done + s.running + s.queued
    assert min(s.done, s.running, s.queued) >= 0
    assert sum(group.count for group in s.failures) == s.failed
    assert sum(load.done for load in s.engines) == s.done
    assert s.finished == (s.done == s.total)


def test_a_task_goes_from_queued_through_running_to_ok(watch):
    fed = Fed(1)
    recorder = watch.recorder(fed.result)
    assert recorder.snapshot().queued == 1
    fed.busy(0)
    assert recorder.snapshot().running == 1
    fed.reply(0)
    assert counts(recorder.snapshot()) == {"ok": 1, "failed": 0, "aborted": 0, "running": 0, "queued": 0}


def test_a_running_task_names_its_engine_and_how_long_it_has_run(watch):
    fed = Fed(4)
    recorder = watch.recorder(fed.result)
    fed.busy(3)
    (load,) = recorder.snapshot().engines
    assert load.engine_id == 1
    assert load.running[0] == 3
    assert 0 <= load.running[1] < 5


def test_a_reply_that_overtakes_the_busy_message_stays_the_last_word(watch):
    fed = Fed(1)
    recorder = watch.recorder(fed.result)
    fed.reply(0)
    fed.busy(0)
    assert counts(recorder.snapshot())["ok"] == 1
    fed.busy(0)
    assert counts(recorder.snapshot())["running"] == 0


def test_a_busy_message_and_its_reply_in_one_batch_leave_nothing_running(watch):
    fed = Fed(3)
    recorder = watch.recorder(fed.result)
    for i in range(3):
        fed.busy(i)
        fed.reply(i)
    assert recorder.snapshot().running == 0
    assert recorder.running == {}


def test_counts_are_in_inputs_as_len_counts_them(watch):
    fed = Fed(3, chunks=[4, 0, 3])
    recorder = watch.recorder(fed.result)
    fed.busy(0)
    fed.fail(2)
    snapshot = recorder.snapshot()
    consistent(snapshot)
    assert counts(snapshot) == {"ok": 0, "failed": 3, "aborted": 0, "running": 4, "queued": 0}
    assert (snapshot.total, snapshot.messages) == (len(fed.result), 3)
    assert snapshot.failures[0].indices == (4, 5, 6)


def test_a_message_without_inputs_still_has_to_end(watch):
    fed = Fed(2, chunks=[3, 0])
    recorder = watch.recorder(fed.result)
    fed.reply(0, [1, 2, 3])
    assert not recorder.snapshot().finished
    fed.reply(1, [])
    assert recorder.snapshot().finished


def test_a_future_cancelled_here_counts_as_aborted(watch):
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    fed.futures[0].cancel()
    assert counts(recorder.snapshot())["aborted"] == 1


@pytest.mark.parametrize(
    ("value", "state"),
    [(1, "ok"), (EngineError("died"), "failed"), (None, "ok")],
    ids=["value", "error", "None"],
)
def test_a_reply_whose_metadata_says_nothing_is_judged_by_its_value(watch, value, state):
    fed = Fed(1)
    recorder = watch.recorder(fed.result)
    fed.reply(0, value, status=None)
    assert counts(recorder.snapshot())[state] == 1


def test_an_aborted_task_is_no_failure_but_makes_the_result_failed(watch):
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    fed.reply(0)
    fed.abort(1)
    snapshot = recorder.snapshot()
    assert (snapshot.aborted, snapshot.failures, snapshot.state) == (1, (), "failed")


def test_an_engine_that_lost_its_id_is_found_by_its_uuid(watch):
    fed = Fed(1)
    recorder = watch.recorder(fed.result)
    fed.client._ids.clear()
    fed.fail(0, engine_id=None)
    (load,) = recorder.snapshot().engines
    assert (load.engine_id, load.alive, load.failed) == (0, False, 1)
    assert recorder.snapshot().failures[0].engines == (0,)


def test_an_engine_that_nobody_knows_is_named_by_its_uuid(watch):
    fed = Fed(1)
    recorder = watch.recorder(fed.result)
    fed.reply(0, engine_id=None, engine_uuid="uuid-of-another-life")
    assert recorder.snapshot().engines[0].engine_id == "uuid-of-another-life"


def test_an_engine_that_registers_later_is_known_by_its_id(watch):
    fed = Fed(1)
    recorder = watch.recorder(fed.result)
    for callback in fed.client._registration_callbacks:
        callback({"event": "register", "uuid": "new", "id": 7})
    fed.reply(0, engine_id=None, engine_uuid="new")
    assert recorder.snapshot().engines[0].engine_id == 7


def test_a_task_without_any_engine_counts_but_for_no_engine(watch):
    fed = Fed(1)
    recorder = watch.recorder(fed.result)
    fed.fail(0, engine_id=None, engine_uuid=None, started=None, completed=None)
    snapshot = recorder.snapshot()
    assert (snapshot.failed, snapshot.engines) == (1, ())
    assert snapshot.tasks[0].engine_id is None


def test_a_result_that_was_done_when_first_seen_is_whole(watch):
    fed = Fed(4)
    for i in range(3):
        fed.reply(i)
    fed.fail(3)
    snapshot = watch.recorder(fed.result).snapshot()
    consistent(snapshot)
    assert (snapshot.ok, snapshot.failed, snapshot.state) == (3, 1, "failed")


def test_a_result_first_seen_half_way_picks_up_what_ran_and_what_was_written(watch):
    fed = Fed(3)
    fed.reply(0, stdout="hello\n")
    fed.futures[1].output.metadata["engine_id"] = 1  # what the client notes at the busy message
    recorder = watch.recorder(fed.result)
    snapshot = recorder.snapshot()
    consistent(snapshot)
    assert counts(snapshot) == {"ok": 1, "failed": 0, "aborted": 0, "running": 1, "queued": 1}
    assert snapshot.outputs[0].stdout == "hello\n"
    fed.reply(1)
    fed.reply(2)
    assert recorder.snapshot().finished


def test_times_are_those_of_the_metadata(watch):
    fed = Fed(3)
    recorder = watch.recorder(fed.result)
    for i in range(3):
        fed.reply(i, seconds=2.0)
    snapshot = recorder.snapshot()
    assert snapshot.serial_time == pytest.approx(6.0)
    assert snapshot.wall_time == pytest.approx(
        4.0
    )  # from the first submission to 2 s after the third's start
    assert snapshot.elapsed == snapshot.wall_time
    assert snapshot.tasks[1].started == pytest.approx((START + timedelta(seconds=1)).timestamp())


def test_elapsed_never_falls_and_stops_at_the_end(watch):
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    seen = [recorder.elapsed for _ in range(3)]
    for i in range(2):
        fed.reply(i)
        seen.append(recorder.elapsed)
    assert seen == sorted(seen)
    assert recorder.elapsed == recorder.elapsed


def test_output_is_told_newest_first_and_counted(watch):
    fed = Fed(30)
    recorder = watch.recorder(fed.result)
    for i in range(30):
        fed.futures[i].output.metadata["stdout"] = f"line {i}\n"
        fed.iopub(i, "stream", name="stdout", text=f"line {i}\n")
    snapshot = recorder.snapshot()
    assert snapshot.outputs_total == 30
    assert [output.index for output in snapshot.outputs][:2] == [29, 28]


def test_a_broken_message_never_reaches_the_client_and_is_logged_once(watch, caplog):
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    callback = fed.futures[0].iopub_callbacks[0]
    with caplog.at_level(logging.WARNING, "ipar_results"):
        for _ in range(5):
            callback({"header": {}})
    assert len(caplog.records) == 1
    fed.reply(0)
    assert recorder.snapshot().ok == 1


@pytest.mark.parametrize(
    "broken", [None, {}, {"event": "register"}, {"event": "register", "uuid": "x", "id": "y"}]
)
def test_a_broken_registration_never_reaches_the_client(watch, broken, caplog):
    fed = Fed(1)
    watch.recorder(fed.result)
    for callback in fed.client._registration_callbacks:
        callback(broken)
    assert len(caplog.records) <= 1


def test_following_a_result_keeps_it_no_longer_than_its_user_does(watch):
    fed = Fed(3)
    recorder = watch.recorder(fed.result)
    for i in range(3):
        fed.busy(i)
        fed.reply(i)
    recorder.snapshot()
    gone = weakref.ref(fed.result)
    fed.futures.clear()
    del fed.result
    gc.collect()
    assert gone() is None
    assert recorder.snapshot().ok == 3


def test_closing_takes_off_our_callbacks_and_no_others(watch):
    def theirs(anything):
        raise AssertionError

    fed = Fed(2)
    for future in fed.futures:
        future.iopub_callbacks.append(theirs)
        future._done_callbacks.append(theirs)
    before = [(list(future.iopub_callbacks), list(future._done_callbacks)) for future in fed.futures]
    registered = list(fed.client._registration_callbacks)
    watch.recorder(fed.result)
    other = Watch()
    other.recorder(fed.result)
    assert len(fed.futures[0].iopub_callbacks) == 3
    for each in (watch, other):
        each.close()
        each.close()
    assert [(f.iopub_callbacks, f._done_callbacks) for f in fed.futures] == before
    assert fed.client._registration_callbacks == registered


def test_what_is_no_result_is_refused_with_the_remedy(watch):
    with pytest.raises(TypeError, match="expected an AsyncResult of ipyparallel, got 3: pass what map_async"):
        watch.recorder(3)


def test_a_result_has_one_recorder_and_a_client_one_link(watch):
    client = Client()
    first, second = Fed(1, client=client), Fed(1, client=client)
    assert watch.recorder(first.result) is watch.recorder(first.result)
    assert watch.recorder(first.result).connection is watch.recorder(second.result).connection
    assert len(client._registration_callbacks) == 1


def test_snapshots_from_many_threads_add_up_while_events_pour_in(watch, request):
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-4)
    n = 3000
    fed = Fed(n, chunks=[1 + i % 3 for i in range(n)])
    recorder = watch.recorder(fed.result)
    stop, problems, taken = threading.Event(), [], []

    def look():
        last = -1
        while not stop.is_set():
            try:
                snapshot = recorder.snapshot()
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
    consistent(recorder.snapshot())
    assert recorder.snapshot().finished


def test_a_link_that_was_idle_for_long_is_not_lost_before_it_was_asked(watch, monkeypatch):
    """An hour without work is no silence: the controller owes an answer only once it was asked."""
    fed = Fed(1)
    connection = watch.recorder(fed.result).connection
    monkeypatch.setattr(connection, "query_hub", lambda *question: True)
    connection._last_contact -= 3600
    connection.check_contact()
    assert not connection.lost
    connection._query_sent_at -= 31
    assert connection.lost


def test_an_answer_ends_the_silence(watch, monkeypatch):
    fed = Fed(1)
    connection = watch.recorder(fed.result).connection
    monkeypatch.setattr(connection, "query_hub", lambda *question: True)
    connection._last_contact -= 3600
    connection.check_contact()
    connection._query_sent_at -= 31
    connection.record_contact()
    assert not connection.lost


def test_a_closed_client_is_said_so_and_what_came_is_kept(watch):
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    fed.reply(0)
    fed.client._closed = True
    snapshot = recorder.snapshot()
    assert (snapshot.state, snapshot.ok, snapshot.finished) == ("lost", 1, False)
    assert "closed" in snapshot.note


def test_a_result_that_nobody_looked_at_is_kept_no_longer_either(watch):
    fed = Fed(3)
    watch.recorder(fed.result)
    for i in range(3):
        fed.reply(i)
    gone = weakref.ref(fed.result)
    fed.futures.clear()
    del fed.result
    gc.collect()
    assert gone() is None


def test_who_finds_the_result_ready_finds_all_of_it_counted(watch):
    """The result resolves in a callback that ipyparallel attached before ours."""
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    fed.reply(0)
    recorder.drain()
    seen = []
    fed.result.add_done_callback(lambda result: seen.append((recorder.done, recorder.serial_time)))
    fed.reply(1)
    assert seen == [(2, 2.0)]
    assert recorder.snapshot().done == 2


def test_the_wall_time_is_known_to_who_asks_for_nothing_else(watch):
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    fed.reply(0)
    fed.reply(1)
    assert recorder.wall_time == pytest.approx(2.0)


@pytest.mark.parametrize("engine", [{}, [], 7, b"uuid-0"])
def test_an_engine_whose_name_is_no_text_moves_nothing_and_breaks_no_snapshot(watch, engine):
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    message = {
        "header": {"msg_type": "status"},
        "content": {"execution_state": "busy"},
        "metadata": {"engine": engine},
        "parent_header": {"msg_id": fed.futures[0].msg_id},
    }
    for callback in list(fed.futures[0].iopub_callbacks):
        callback(message)
    assert recorder.snapshot().queued == 2
    fed.busy(1)
    assert recorder.snapshot().running == 1


def test_an_attempt_that_ends_on_an_engine_nobody_knows_breaks_no_snapshot(watch):
    fed = Fed(2)
    recorder = watch.recorder(fed.result)
    for kind, content in (("error", {}), ("status", {"execution_state": "idle"})):
        message = {
            "header": {"msg_type": kind},
            "content": content,
            "metadata": {},
            "parent_header": {"msg_id": fed.futures[0].msg_id},
        }
        for callback in list(fed.futures[0].iopub_callbacks):
            callback(message)
    assert recorder.snapshot().queued == 2
