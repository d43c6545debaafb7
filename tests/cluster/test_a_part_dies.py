"""The controller is several processes, and the Hub outlives its schedulers: what becomes of what they had."""

import os
import signal
import threading
from contextlib import suppress

import psutil
import pytest
from gate import hold
from ipyparallel.error import RemoteError
from tasks import fail_first_then_nap, nap, odd

import ipar_results
from ipar_results import ContactLost
from ipar_results.control import exhausted_retries
from ipar_results.live.session import current

pytestmark = pytest.mark.cluster
PATIENCE = 3.0  # how long a result on plain ipyparallel is given to end by itself


@pytest.fixture
def impatient(layer):
    """Have the layer notice a lost part of the controller soon."""
    current().config.contact_timeout = 2.0


@pytest.fixture
def own(start_cluster, connect):
    """A cluster for a test that breaks a part of it: ``cluster, client = own(2)``."""
    clusters, before = [], set(psutil.Process().children(recursive=True))

    def own(n):
        clusters.append(start_cluster(n))
        return clusters[-1], connect(clusters[-1])

    yield own
    for process in (
        set(psutil.Process().children(recursive=True)) - before
    ):  # to stop in order takes them long
        with suppress(psutil.Error):
            process.kill()
    for cluster in clusters:
        with suppress(Exception):
            cluster.stop_cluster_sync()


def scheduler(cluster, socket):
    """The process that listens where one of a client's sockets is connected to."""
    port = int(socket.LAST_ENDPOINT.decode().rpartition(":")[2])
    for child in psutil.Process(cluster.controller.pid).children(recursive=True):
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in child.net_connections("tcp")):
            return child
    pytest.fail(f"no process listens on port {port}")


# each on an engine of its own
WAYS = {
    "task scheduler": ("_task_socket", lambda rc: rc.load_balanced_view([0]).map_async(nap, [60] * 3)),
    "direct scheduler": ("_mux_socket", lambda rc: rc[1].apply_async(nap, 60)),
    "broadcast scheduler": ("_broadcast_socket", lambda rc: rc.broadcast_view([2]).apply_async(nap, 60)),
}


def test_plain_dead_schedulers_leave_their_results_pending(own, until):
    cluster, client = own(3)
    results = [submit(client) for _, submit in WAYS.values()]
    for ar in results:
        until(lambda ar=ar: any(md["engine_id"] is not None for md in ar._metadata))
    for attribute, _ in WAYS.values():
        scheduler(cluster, getattr(client, attribute)).kill()
    assert not any(ar.wait(PATIENCE) or ar.done() for ar in results)
    client.queue_status()  # the Hub answers all the time


def test_each_dead_scheduler_ends_its_results(impatient, own, until):
    cluster, client = own(3)
    results = {name: submit(client) for name, (_, submit) in WAYS.items()}
    for ar in results.values():
        until(lambda ar=ar: ar.monitor.snapshot().running)
    for attribute, _ in WAYS.values():
        scheduler(cluster, getattr(client, attribute)).kill()
    for name, ar in results.items():
        with pytest.raises(ContactLost, match=f"The controller's {name} has not answered for"):
            ar.get(30)
        state = ar.monitor.snapshot()
        assert (state.state, state.done, state.finished) == ("lost", 0, False)
        assert state.running + state.queued == state.total
        assert name in state.note
    client.queue_status()


def silenced(own):
    """A client whose controller passes on no output any more, and a result that has ended since."""
    cluster, client = own(1)
    assert client[0].apply_sync(nap, 0) == 0
    scheduler(cluster, client._iopub_socket).kill()
    ar = client[0].apply_async(nap, 0)
    assert ar.get(30) == 0
    return client, ar


def test_plain_output_of_a_dead_relay_is_waited_for_for_ever(own):
    _, ar = silenced(own)
    waiting = threading.Thread(target=ar.wait_for_output, daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    assert waiting.is_alive()
    ar._output_event.set()
    waiting.join(30)


def test_output_of_a_dead_relay_is_waited_for_no_longer_than_anybody(impatient, own, caplog):
    client, ar = silenced(own)
    assert ar.wait_for_output(0.1) is False
    assert ar.wait_for_output() is False
    assert "not all of their output has come" in caplog.text
    assert client[0].apply_sync(nap, 0.01) == 0.01  # waits for its output as well


def tried_in_silence(own, marker):
    """A task that fails everywhere and one that takes its time at its second try, once iopub is dead."""
    cluster, client = own(2)
    assert client[:].apply_sync(nap, 0) == [0, 0]
    scheduler(cluster, client._iopub_socket).kill()
    view = client.load_balanced_view()
    view.retries = 3
    return client, view.apply_async(fail_first_then_nap, str(marker), 5.0), view.apply_async(odd, 2)


def test_plain_task_that_failed_everywhere_waits_for_ever_without_iopub(own, tmp_path):
    _, slow, failing = tried_in_silence(own, tmp_path / "tried")
    assert slow.get(60) == 5.0
    assert not failing.wait(PATIENCE)


def test_a_task_that_failed_everywhere_ends_without_iopub_and_one_that_runs_is_left_alone(
    impatient, own, monkeypatch, tmp_path, until
):
    monkeypatch.setattr(exhausted_retries, "LAST_RETRY_TIMEOUT", 0.5)
    client, slow, failing = tried_in_silence(own, tmp_path / "tried")
    before = set(client._futures)
    with pytest.raises(RemoteError, match=r"tried on every engine \(0, 1\), and no other is left"):
        failing.get(60)
    assert slow.done() and slow.get(0) == 5.0, "it was on an engine until then"
    assert failing.monitor.snapshot().failed == 1
    until(lambda: set(client._futures) <= before)  # what was asked leaves no trace
    assert not client.outstanding
    assert "kernel_info_reply" in client._queue_handlers
    ipar_results.disable()
    assert "kernel_info_reply" not in client._queue_handlers


def test_a_scheduler_that_was_only_stopped_makes_the_result_whole(impatient, own, until, gate):
    cluster, client = own(1)
    stopped = scheduler(cluster, client._task_socket)
    gate.open(1)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(3))
    until(lambda: ar.monitor.snapshot().ok == 1)
    stopped.suspend()
    with pytest.raises(ContactLost, match="task scheduler"):
        ar.get(30)
    gate.open()
    assert client[:].apply_async(nap, 0).get(30) == [0], "another way to the engines is still open"
    stopped.resume()
    until(lambda: ar.monitor.snapshot().finished)
    assert ar.get(10) == [0, 1, 2] and ar.successful()
    assert ar.monitor.snapshot().state == "done"


def test_long_tasks_of_a_healthy_cluster_are_never_called_lost(impatient, rc, until):
    ar = rc.load_balanced_view().map_async(nap, [5.0] * 2)  # longer than the contact timeout
    direct = rc.broadcast_view().apply_async(nap, 0.1)
    assert ar.get(30) == [5.0] * 2 and direct.get(30) == [0.1] * 2
    schedulers = current().registry.connection(rc).schedulers
    assert schedulers._answered_at and not schedulers.describe_problem("task")


def test_looking_for_a_scheduler_leaves_no_socket_and_no_file_behind(impatient, rc, until):
    rc[:].apply_async(nap, 0)
    schedulers = current().registry.connection(rc).schedulers
    until(lambda: schedulers.silence("task") == 0.0 and schedulers._endpoints)

    def ask():
        schedulers._answered_at.clear()
        schedulers.silence("task")
        until(lambda: schedulers.silence("task") == 0.0 and "task" in schedulers._answered_at)

    for _ in range(5):  # what is opened once
        ask()
    before = psutil.Process().num_fds()
    for _ in range(30):
        ask()
    # ZeroMQ closes what it was told to close a moment later
    until(lambda: psutil.Process().num_fds() <= before + 2)
    assert not schedulers._probes


def test_what_was_sent_to_an_engine_just_as_it_died_ends(layer, own, until):
    """The client has the engine's death told between its own look at the engines and the sending."""
    _, client = own(2)
    pid, uuid = client[1].apply_sync(os.getpid), client._engines[1]
    os.kill(pid, signal.SIGKILL)
    until(lambda: 1 not in client.ids)
    client._ids.append(1)
    client._engines[1] = uuid
    ar = client[1].apply_async(nap, 0)
    client._ids.remove(1)
    client._engines.pop(1)
    with pytest.raises(RemoteError, match="Engine 1 died before it was given the task"):
        ar.get(30)
    state = ar.monitor.snapshot()
    assert (state.failed, state.total, state.finished) == (1, 1, True)


def test_the_pieces_of_a_failed_result_can_be_fetched_from_the_hub(layer, rc, connect, cluster):
    ar = rc.load_balanced_view().map_async(odd, range(4))
    ar.wait(20)
    other = connect(cluster)
    pieces = other.get_result(ar.msg_ids, owner=False).get(20, return_exceptions=True)
    assert [type(piece).__name__ for piece in pieces] == ["RemoteError", "list", "RemoteError", "list"] or [
        piece for piece in pieces if not isinstance(piece, Exception)
    ] == [1, 3]
    one = other.get_result(ar.msg_ids[0], owner=False).get(20, return_exceptions=True)
    assert isinstance(one, RemoteError)


def test_plain_the_pieces_of_a_failed_result_of_the_hub_are_not_to_be_had(rc, connect, cluster):
    ar = rc.load_balanced_view().map_async(odd, range(4))
    ar.wait(20)
    fetched = connect(cluster).get_result(ar.msg_ids, owner=False)
    with suppress(RemoteError):  # the first time
        fetched.get(20)
    with pytest.raises(AttributeError, match="_raw_results"):
        fetched.get(20, return_exceptions=True)


def test_engines_that_come_after_all_had_died_take_what_is_queued(layer, own, until, gate):
    """To wait for engines is no hang: on a batch system they come when there is room."""
    cluster, client = own(1)
    pid = client[0].apply_sync(os.getpid)
    gate.open(1)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(6))
    until(lambda: ar.monitor.snapshot().ok == 1)
    os.kill(pid, signal.SIGKILL)
    gate.open()
    until(lambda: "no engines" in ar.monitor.snapshot().note)
    got = []
    waiting = threading.Thread(target=lambda: got.append(ar.get(60, return_exceptions=True)))
    waiting.start()
    cluster.start_engines_sync(n=1)
    waiting.join(60)
    (pieces,) = got
    state = ar.monitor.snapshot()
    assert state.ok + state.failed == state.total == 6 and state.failed <= 1
    values = [piece for piece in pieces if not isinstance(piece, Exception)]
    assert len(values) == state.ok and set(values) <= set(range(6))
