"""Each way in which a result never ends on plain ipyparallel, shown there, and how the layer ends it.

A test of the plain kind that fails tells that ipyparallel was mended, and that ours may go.
"""

import os
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, CancelledError
from contextlib import suppress

import ipyparallel as ipp
import psutil
import pytest
from gate import hold
from ipyparallel.error import RemoteError, TaskAborted
from tasks import die, nap, odd

import ipar_results
from ipar_results import ContactLost, TasksCancelled
from ipar_results.control import exhausted_retries

pytestmark = [
    pytest.mark.cluster,
    # what plain ipyparallel leaves behind in its IO thread
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
PATIENCE = 1.5  # how long a result on plain ipyparallel is given to end by itself


@pytest.fixture
def impatient(layer):
    """Have the layer notice a lost controller soon."""
    ipar_results.live.session.current().config.contact_timeout = 2.0


@pytest.fixture
def lview(rc):
    return rc.load_balanced_view()


@pytest.fixture
def own(start_cluster, connect):
    """A cluster and a client for a test that breaks a part of it."""
    clusters = []

    def own(n=1):
        cluster = start_cluster(n)
        clusters.append(cluster)
        return cluster, connect(cluster)

    yield own
    for cluster in clusters:
        with suppress(Exception):
            cluster.stop_cluster_sync()


def begun(ar, count=1):
    """Whether as many tasks have begun, also asked without the layer."""
    return lambda: sum(md["engine_id"] is not None for md in ar._metadata) >= count


def hangs(ar):
    """Whether all answers are in, or none will come, and the result is still pending."""
    return not ar.wait(PATIENCE) and not ar.done()


def counts(ar):
    state = ar.monitor.snapshot()
    assert state.ok + state.failed + state.aborted + state.running + state.queued == state.total
    return state.ok, state.failed, state.aborted


def processes(cluster):
    """The controller's processes."""
    controller = psutil.Process(cluster.controller.pid)
    return [*controller.children(recursive=True), controller]


# aborted -------------------------------------------------------------------------------------------


def aborted_map(rc, lview, until, gate):
    ar = lview.map_async(hold, *gate.inputs(6))
    until(begun(ar, 2))
    rc.abort(ar, block=True)
    gate.open()
    until(lambda: all(child.done() for child in ar._children))
    return ar


def test_plain_an_aborted_load_balanced_map_never_resolves(rc, lview, until, gate):
    assert hangs(aborted_map(rc, lview, until, gate))


def test_an_aborted_load_balanced_map_resolves(layer, rc, lview, until, gate):
    ar = aborted_map(rc, lview, until, gate)
    with pytest.raises(TasksCancelled, match="of 6 tasks were cancelled"):
        ar.get(10)
    assert counts(ar) == (2, 0, 4)


def test_a_map_made_before_the_layer_was_on_resolves_as_well(rc, lview, until, gate):
    ar = aborted_map(rc, lview, until, gate)
    assert hangs(ar)
    ipar_results.enable()
    until(lambda: ar.monitor.snapshot() and ar.done())
    with pytest.raises(TasksCancelled):
        ar.get(1)
    ipar_results.disable()


def aborted_on_all_engines(rc, until, gate):
    first = rc[:].apply_async(hold, gate.path)
    until(begun(first, 2))
    ar = rc[:].apply_async(nap, 0)
    rc.abort(ar, block=True)
    gate.open()
    first.get(20)
    assert ar.wait(20)
    return ar


def test_plain_an_abort_on_several_engines_is_a_success(rc, until, gate):
    ar = aborted_on_all_engines(rc, until, gate)
    assert ar.successful()
    assert [type(value) for value in ar.get()] == [TaskAborted] * 2


def test_an_abort_on_several_engines_is_an_error(layer, rc, until, gate):
    ar = aborted_on_all_engines(rc, until, gate)
    assert not ar.successful()
    with pytest.raises(TasksCancelled, match="2 of 2 tasks were cancelled"):
        ar.get()
    assert counts(ar) == (0, 0, 2)


# cancelled here ------------------------------------------------------------------------------------


def cancelled_child(lview, gate):
    ar = lview.map_async(hold, *gate.inputs(4))
    assert ar._children[3].cancel()
    gate.open(3)
    return ar


@pytest.mark.filterwarnings("ignore")
def test_plain_a_cancelled_child_keeps_the_rest_from_resolving(lview, until, gate):
    ar = cancelled_child(lview, gate)
    until(lambda: all(child.done() for child in ar._children))
    assert hangs(ar)


def test_a_cancelled_child_is_cancelled_and_the_rest_is_kept(layer, lview, until, caplog, gate):
    ar = cancelled_child(lview, gate)
    with pytest.raises(TasksCancelled, match="1 of 4 tasks was cancelled, 3 finished"):
        ar.get(10)
    assert counts(ar) == (3, 0, 1)
    pieces = ar.get(return_exceptions=True)
    assert pieces[:3] == [0, 1, 2] and isinstance(pieces[3], CancelledError)
    gate.open()
    assert lview.apply_async(nap, 0).get(10) == 0  # its answer came by now, and did no harm
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# not readable --------------------------------------------------------------------------------------


def of_a_class_that_is_only_there():
    import sys
    import types

    module = sys.modules["only_there"] = types.ModuleType("only_there")
    exec("class Thing: pass", module.__dict__)
    return module.Thing()


def unpicklable():
    import threading

    return threading.Lock()


def test_plain_a_result_that_cannot_be_read_here_never_comes(lview, caplog, until):
    ar = lview.apply_async(of_a_class_that_is_only_there)
    until(lambda: "ModuleNotFoundError" in caplog.text)
    assert hangs(ar)


@pytest.mark.parametrize("several", [False, True])
def test_a_result_that_cannot_be_read_here_is_an_error(layer, rc, lview, several, caplog):
    ar = (rc[:] if several else lview).apply_async(of_a_class_that_is_only_there)
    with pytest.raises(RemoteError, match=r"ModuleNotFoundError.*could not be read here.*only_there"):
        ar.get(10)
    assert counts(ar) == (0, len(ar), 0)
    assert ar.monitor.snapshot().failures[0].type == "ModuleNotFoundError"
    assert not caplog.records


def test_a_result_that_cannot_be_pickled_there_is_an_error_with_and_without_the_layer(lview):
    with pytest.raises(RemoteError, match="cannot pickle"):
        lview.apply_async(unpicklable).get(10)
    ipar_results.enable()
    ar = lview.apply_async(unpicklable)
    with pytest.raises(RemoteError, match="cannot pickle"):
        ar.get(10)
    assert counts(ar) == (0, 1, 0)
    ipar_results.disable()


# dependencies and retries --------------------------------------------------------------------------


@pytest.mark.parametrize("on", [False, True])
@pytest.mark.parametrize("kind", ["after", "follow"])
def test_a_dependency_that_failed_is_an_error_with_and_without_the_layer(lview, kind, on):
    if on:
        ipar_results.enable()
    failing = lview.apply_async(odd, 2)
    failing.wait(10)
    with lview.temp_flags(**{kind: [failing]}):
        ar = lview.apply_async(nap, 0)
    with pytest.raises(RemoteError, match="ImpossibleDependency"):
        ar.get(10)
    if on:
        assert counts(ar) == (0, 1, 0)
    ipar_results.disable()


def with_too_many_retries(lview):
    with lview.temp_flags(retries=5):
        return lview.apply_async(odd, 2)


def test_plain_a_task_that_failed_on_every_engine_waits_for_ever(rc, lview):
    ar = with_too_many_retries(lview)
    assert hangs(ar)
    assert ar.msg_ids[0] in rc.outstanding


def test_a_task_that_failed_on_every_engine_is_an_error(layer, lview, monkeypatch):
    monkeypatch.setattr(exhausted_retries, "LAST_RETRY_TIMEOUT", 1.0)
    ar = with_too_many_retries(lview)
    with pytest.raises(RemoteError, match=r"ValueError.*2 is even \(tried on every engine \(0, 1\)"):
        ar.get(20)
    assert counts(ar) == (0, 1, 0)
    assert lview.apply_async(odd, 3).get(10) == 3


def test_a_task_that_shows_an_error_and_goes_on_is_let_alone(layer, rc, monkeypatch):
    def show():
        import time

        from IPython import get_ipython

        get_ipython().run_cell("1 / 0")
        time.sleep(2.5)
        return "went on"

    monkeypatch.setattr(exhausted_retries, "LAST_RETRY_TIMEOUT", 0.5)
    assert rc[:].apply_async(show).get(20) == ["went on"] * 2


def test_a_task_whose_retries_kill_the_last_engine_is_an_error(layer, own, monkeypatch):
    monkeypatch.setattr(exhausted_retries, "LAST_RETRY_TIMEOUT", 1.0)
    _, client = own()
    with client.load_balanced_view().temp_flags(retries=2):
        pass
    view = client.load_balanced_view()
    view.retries = 2
    ar = view.apply_async(lambda seconds: (nap(seconds), die()), 0.5)
    with pytest.raises(RemoteError, match="engines died while they ran the task"):
        ar.get(30)
    assert counts(ar) == (0, 1, 0)


def test_engines_that_are_killed_end_what_they_ran_with_and_without_the_layer(own, until):
    _, client = own(2)
    pids = client[:].apply_sync(os.getpid)
    ipar_results.enable()
    direct = client[0].apply_async(nap, 60)
    balanced = client.load_balanced_view(targets=[1]).map_async(nap, [60])
    until(lambda: direct.monitor.snapshot().running and balanced.monitor.snapshot().running)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for ar in (direct, balanced):
        with pytest.raises(RemoteError, match="EngineError"):
            ar.get(30)
        assert counts(ar) == (0, 1, 0)
        assert ar.serial_time == 0.0
        assert [load.failed for load in ar.monitor.snapshot().engines] == [1]
    ipar_results.disable()
    for ar in (direct, balanced):
        with pytest.raises((TypeError, ValueError, AttributeError)):
            _ = ar.serial_time  # plain ipyparallel knows neither when it began nor when it ended


# lost contact --------------------------------------------------------------------------------------


def test_plain_a_closed_client_leaves_its_results_pending(cluster, connect, until, gate):
    client = connect(cluster)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(6))
    until(begun(ar))
    client.close()
    gate.open()
    assert hangs(ar)


def test_a_closed_client_ends_its_results(layer, cluster, connect, until, gate):
    client = connect(cluster)
    gate.open(2)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(6))
    until(lambda: ar.monitor.snapshot().ok >= 2)
    client.close()
    with pytest.raises(ContactLost, match=r"is closed.*of 6 tasks had ended"):
        ar.get(10)
    assert ar.done() and ar.get(return_exceptions=True)[:2] == [0, 1]
    state = ar.monitor.snapshot()
    assert (state.state, state.finished, state.failed) == ("lost", False, 0)
    assert state.ok + state.queued + state.running == 6


def test_a_result_that_was_retried_is_looked_after_again(layer, cluster, connect, until, gate):
    client = connect(cluster)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(4))
    until(begun(ar, 2))
    ar.monitor.cancel(interrupt=True)
    ar.wait(20)
    entry = ipar_results.live.session.current().tracker.entry(ar)
    until(lambda: entry.over)
    ar.monitor.retry()
    client.close()
    with pytest.raises(ContactLost):
        ar.get(10)


def test_a_killed_controller_ends_every_kind_of_waiting(impatient, own, until):
    """On plain ipyparallel each of these would wait without end: the controller is never asked."""
    cluster, client = own()
    view = client.load_balanced_view()
    ar, unordered = view.map_async(nap, [0.1] + [60] * 3), view.map_async(nap, [60] * 2, ordered=False)
    until(lambda: ar.monitor.snapshot().ok == 1 and ar.monitor.snapshot().running == 1)
    hub = client.get_result([ar.msg_ids[1] + "x"], owner=False)
    calls = [
        lambda: ar.get(),
        lambda: ar.result(),
        lambda: list(ar),
        lambda: list(unordered),
        lambda: ar.split()[3].get(),
        lambda: hub.get(),
    ]
    raised = []

    def waiting(call):
        try:
            call()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=waiting, args=(call,), daemon=True) for call in calls]
    quiet = [
        threading.Thread(target=ar.wait, daemon=True),
        threading.Thread(target=ar.wait, kwargs={"return_when": FIRST_COMPLETED}, daemon=True),
        threading.Thread(target=ar.wait_interactive, kwargs={"widget": False}, daemon=True),
    ]
    for process in processes(cluster):
        process.kill()
    for thread in [*threads, *quiet]:
        thread.start()
    for thread in [*threads, *quiet]:
        thread.join(20)
    assert not any(thread.is_alive() for thread in [*threads, *quiet])
    assert [type(error) for error in raised] == [ContactLost] * len(calls)
    with pytest.raises(ContactLost, match=r"has not answered for.*1 of 4 tasks had ended"):
        ar.get(0)
    state = ar.monitor.snapshot()
    assert (state.state, state.ok, state.failed, state.finished) == ("lost", 1, 0, False)
    assert ar.get(return_exceptions=True)[0] == 0.1


def test_plain_a_killed_controller_leaves_its_results_pending(own, until):
    cluster, client = own()
    ar = client.load_balanced_view().map_async(nap, [60] * 3)
    until(begun(ar))
    for process in processes(cluster):
        process.kill()
    assert hangs(ar)


def test_answers_that_come_after_contact_was_lost_make_the_result_whole(
    impatient, own, until, capfd, caplog, gate
):
    cluster, client = own()
    view = client.load_balanced_view()
    gate.open(1)
    ar = view.map_async(hold, *gate.inputs(3))
    until(lambda: ar.monitor.snapshot().ok == 1)
    for process in processes(cluster):
        process.suspend()
    with pytest.raises(ContactLost):
        ar.get(20)
    assert ar.monitor.snapshot().state == "lost"
    gate.open()
    for process in reversed(processes(cluster)):
        process.resume()
    until(lambda: ar.monitor.snapshot().finished)
    assert ar.get(10) == [0, 1, 2]
    assert list(ar) == [0, 1, 2] and ar.successful()
    assert ar.monitor.snapshot().state == "done"
    assert ar.wait_for_output(10)
    assert view.apply_async(nap, 0).get(20) == 0
    assert not client.outstanding and not client.results
    assert "result:" not in capfd.readouterr().out
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_unloading_after_contact_was_lost_leaves_a_client_that_takes_late_answers(
    own, until, capfd, caplog, gate
):
    cluster, client = own()
    handlers = dict(client._queue_handlers)
    ipar_results.enable()
    ipar_results.live.session.current().config.contact_timeout = 2.0
    gate.open(1)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(2))
    assert ar.monitor.snapshot().total == 2
    until(lambda: ar.monitor.snapshot().ok == 1)
    for process in processes(cluster):
        process.suspend()
    with pytest.raises(ContactLost):
        ar.get(20)
    ipar_results.disable()
    assert client._queue_handlers == handlers
    gate.open()
    for process in reversed(processes(cluster)):
        process.resume()
    assert client.load_balanced_view().apply_async(nap, 0).get(20) == 0
    until(lambda: not client.outstanding)
    assert "result:" not in capfd.readouterr().out
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_looking_after_results_costs_next_to_nothing(layer, lview, until, gate):
    ar = lview.map_async(hold, *gate.inputs(2))
    followed = ipar_results.live.session.current().followed(ar)
    until(lambda: ar.monitor.snapshot().running == 2)
    begin = time.thread_time()
    for _ in range(1000):
        followed.poll()
    assert time.thread_time() - begin < 1.0
    assert isinstance(ar, ipp.AsyncResult)
    gate.open()
    ar.get(10)
