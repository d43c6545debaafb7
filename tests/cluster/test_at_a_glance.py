"""Overviews of clients, views and clusters in real sessions."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import ipyparallel as ipp
import pytest
from gate import hold
from ipyparallel.client.view import View
from kernels import Kernel
from kernels import connect as connecting

import ipar_results
from ipar_results.live.session import current

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster(start_cluster):
    """Return a cluster of this module alone, as tasks of other tests in the Hub's queues would be counted."""
    return start_cluster(2)


@pytest.fixture
def shell(shell):
    yield shell
    ipar_results.disable()


@pytest.fixture
def look(shell):
    """Return a function that returns the text displayed for an object."""
    ipar_results.enable()
    return lambda thing: shell.display_formatter.format(thing)[0]["text/plain"]


def connection_file(cluster):
    path = Path(cluster.profile_dir) / "security" / f"ipcontroller-{cluster.cluster_id}-client.json"
    return json.loads(path.read_text())


def test_a_client_shows_its_engines_and_their_tasks(rc, look, until, gate):
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(6))
    until(lambda: ar.monitor.snapshot().running == 2)
    until(lambda: "2 busy" in look(rc) and "task" in look(rc))
    text = look(rc)
    assert "engine 0: hold, task" in text and "engine 1: hold, task" in text
    assert "queued" in text and "profile default" in text and rc._config["registration"] in text
    gate.open()
    ar.get()
    until(lambda: "2 idle" in look(rc))


def test_a_new_task_is_named_at_once(rc, look, gate):
    """The overview does not wait for the tracker's next round."""
    for position in range(5):
        ar = rc[0].apply_async(hold, gate.path, position)
        while not ar.monitor.snapshot().running:
            time.sleep(0.005)
        assert "engine 0: hold" in look(rc)
        gate.open(position + 1)
        ar.get()


def test_views_show_their_own_engines(rc, look):
    assert "all engines" in look(rc.load_balanced_view())
    text = look(rc[[1]])
    assert text.startswith("DirectView") and "engine 1:" in text and "engine 0:" not in text
    assert look(rc.broadcast_view()).startswith("BroadcastView")
    blocking = rc[:]
    blocking.block = True
    assert "blocking" in look(blocking)


def test_tasks_of_another_client_are_counted_by_the_hub(cluster, connect, look, until, gate):
    mine, other = connect(cluster), connect(cluster)
    ipar_results.disable()
    ar = other[:].apply_async(hold, gate.path)
    ipar_results.enable()
    current().tracker.close()
    until(lambda: "2 busy" in look(mine))
    assert "hold" not in look(mine)
    gate.open()
    ar.get()


def test_a_cluster_is_shown_with_or_without_a_client(shell, cluster, connect, look):
    assert "cluster.connect_client_sync()" in look(cluster) or "idle" in look(cluster)
    client = connect(cluster)
    shell.user_ns["client"] = client
    text = look(cluster)
    assert text.startswith(f"Cluster · {cluster.cluster_id}") and "2 idle" in text
    assert "has not been started" in look(ipp.Cluster(n=2))


def test_no_secret_of_the_connection_file_is_shown(cluster, look):
    kernel = Kernel()
    info = connection_file(cluster)
    try:
        kernel.run(
            connecting(cluster)
            + "%load_ext ipar_results\n"
            + f"cluster = ipp.Cluster.from_file({cluster.cluster_file!r})\n"
            + "client = cluster.connect_client_sync()"
        )
        for thing in ("rc", "dv", "lv", "rc.broadcast_view()", "cluster"):
            cell = kernel.run(thing)
            (shown,) = [m["content"]["data"] for _, m in kernel.of(cell) if m["msg_type"] == "execute_result"]
            assert {"text/plain", "text/html"} <= set(shown)
            everything = json.dumps([m["content"] for _, m in kernel.of(cell)])
            secrets = [str(value) for key, value in info.items() if "key" in key and value]
            assert secrets and not [secret for secret in secrets if secret in everything]
            assert info["interface"] in everything
    finally:
        kernel.close()


def test_one_query_is_sent_and_the_io_thread_never_waits(rc, look, monkeypatch):
    sent = []
    send = rc._send

    def record_send(socket, kind, *args, **kwargs):
        sent.append((kind, threading.current_thread()))
        return send(socket, kind, *args, **kwargs)

    monkeypatch.setattr(rc, "_send", record_send)
    look(rc)
    assert sent == [("queue_request", threading.main_thread())]
    done = threading.Event()
    durations = []

    def on_io_thread():
        began = time.monotonic()
        current().cluster_overviews.client(rc)
        durations.append(time.monotonic() - began)
        if len(durations) == 5:
            done.set()

    for _ in range(5):
        rc._io_loop.add_callback(on_io_thread)
    assert done.wait(30)
    assert min(durations) < 0.5 and len(sent) == 1  # it would wait a second each time


def test_a_silent_controller_is_reported_after_a_second(start_cluster, connect, look):
    own = start_cluster(1)
    client = connect(own)
    pid = own.controller.pid
    os.killpg(os.getpgid(pid), 0)  # raises if there is no such process
    os.kill(pid, signal.SIGSTOP)
    stopped = [pid, *_children(pid)]
    for each in stopped:
        os.kill(each, signal.SIGSTOP)
    try:
        began = time.monotonic()
        text = look(client)
        first = time.monotonic() - began
        durations = []
        for _ in range(3):
            began = time.monotonic()
            look(client)
            durations.append(time.monotonic() - began)
    finally:
        for each in stopped:
            os.kill(each, signal.SIGCONT)
    assert "has not answered within 1 s" in text and "no answer" in text
    assert 0.9 < first < 20
    assert min(durations) < first


def _children(pid):
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = each.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += [int(each.parent.name), *_children(int(each.parent.name))]
    return found


def test_a_closed_client_is_reported_without_a_query(cluster, connect, look):
    client = connect(cluster)
    client.close()
    assert "The connection to the cluster is closed" in look(client)


@pytest.mark.parametrize("kind", [ipp.Client, View, ipp.Cluster])
def test_unloading_restores_the_users_formatter_of_clusters(shell, kind):
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type(kind, print)
    before = dict(formatter.type_printers)
    ipar_results.enable()
    assert formatter.type_printers[kind] is not print
    ipar_results.disable()
    assert formatter.type_printers == before
    formatter.pop(kind)


def test_a_retried_task_is_shown_where_it_runs(rc, look, until, gate):
    """The last test of this cluster: the Hub keeps the task on the list of the engine that refused it."""

    def refuse(pid, path):
        import os

        from gate import hold

        if os.getpid() == pid:
            raise ValueError("not here")
        return hold(path)

    view = rc.load_balanced_view()
    view.retries = 1
    elsewhere = rc[0].apply_sync(os.getpid)
    results = [view.apply_async(refuse, elsewhere, gate.path) for _ in range(2)]
    until(lambda: "engine 0: idle" in look(rc) and "engine 1: refuse" in look(rc) and "1 queued" in look(rc))
    gate.open()
    assert [ar.get(60) for ar in results] == [0, 0]
    until(lambda: "2 idle" in look(rc) and " 0 queued" in look(rc))
