"""Whatever breaks, the user's call returns, the snapshot says what is known, one log line says why."""

import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from gate import hold
from kernels import connect as connecting
from kernels import printed
from tasks import die, nap

import ipar_results
from ipar_results.config import IPythonParallelResults
from ipar_results.live.display.display import LiveDisplay
from ipar_results.live.session import current
from ipar_results.live.ticker import Ticker
from ipar_results.record.recorders.recorder import Recorder
from ipar_results.record.recorders.writer import RecordWriter
from ipar_results.render import html, text
from ipar_results.results.followed import Followed, FollowedResult

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def layer(log_once):
    ipar_results.disable()
    ipar_results.enable()
    yield current()
    ipar_results.disable()


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.WARNING, "ipar_results")
    return lambda: [r for r in caplog.records if r.name == "ipar_results"]


@pytest.fixture
def doomed(start_cluster, connect):
    """A cluster of its own, and a client, for a test that kills a part of it."""
    cluster = start_cluster(2)
    yield cluster, connect(cluster)
    with suppress(Exception):
        cluster.stop_cluster_sync()


def kill(pid):
    """End a process and what it started, at once."""
    for process in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
        with suppress(psutil.Error):
            process.kill()


class Published:
    """A display publisher that keeps what it gets, or fails."""

    def __init__(self, error=None):
        self.bundles = []
        self.error = error

    def __call__(self, data, metadata, transient=None, update=False):
        if self.error and self.bundles:
            raise self.error
        self.bundles.append(data)


def shown(layer, ar, published, view="html"):
    live = LiveDisplay(ar, layer.followed(ar), layer.config, published, view)
    live.open()
    ticker = Ticker(lambda: 10)
    ticker.add(live)
    return live


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (html, "card"),
        (text, "plain_text"),
        (text, "summary_line"),
        (text.ProgressBar, "update"),
        (text, "ProgressBar"),
        (Followed, "snapshot"),
    ],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_an_error_of_ours_while_drawing_spoils_no_wait(rc, log, monkeypatch, owner, name):
    monkeypatch.setattr(owner, name, lambda *args, **kwargs: 1 / 0)
    ar = rc.load_balanced_view().map_async(nap, [0.1] * 4)
    ar.wait_interactive(widget=False)
    assert ar.get() == [0.1] * 4
    assert len(log()) <= 1


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Recorder, "drain"), (FollowedResult, "poll"), (FollowedResult, "fetch"), (RecordWriter, "add_ended")],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_an_error_of_ours_while_following_spoils_no_wait(rc, log, monkeypatch, owner, name):
    ar = rc.load_balanced_view().map_async(nap, [0.1] * 4)
    monkeypatch.setattr(owner, name, lambda *args, **kwargs: 1 / 0)
    ar.wait_interactive(widget=False)
    assert ar.get() == [0.1] * 4
    assert ar.progress == 4
    assert log()


def test_an_error_of_ours_while_beginning_to_follow_spoils_no_wait(rc, log, monkeypatch):
    monkeypatch.setattr(Recorder, "__init__", lambda *args, **kwargs: 1 / 0)
    ar = rc.load_balanced_view().map_async(nap, [0.1] * 4)
    ar.wait_interactive(widget=False)
    assert ar.get() == [0.1] * 4
    assert ar.progress == 4
    assert ar.wall_time > 0
    assert log()


@pytest.mark.parametrize("broken", [(html, "card"), (text, "plain_text")], ids=["html", "text"])
def test_an_error_of_ours_while_drawing_leaves_a_display_that_says_what_it_can(
    rc, layer, log, monkeypatch, until, broken
):
    monkeypatch.setattr(*broken, lambda *args, **kwargs: 1 / 0)
    published = Published()
    live = shown(layer, rc.load_balanced_view().map_async(nap, [0.2] * 4), published)
    until(lambda: live.over)
    left = {html: "text/plain", text: "text/html"}[broken[0]]
    assert "4" in published.bundles[-1][left]
    assert len(log()) == 1


def test_a_connection_that_closes_ends_the_display_with_one_log_line(rc, layer, log, until, gate):
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(8))
    live = shown(layer, ar, Published(OSError("closed")))
    gate.open()
    until(lambda: live.over)
    assert len(log()) == 1


def test_a_killed_controller_ends_the_wait_and_is_named(doomed, layer, log, until):
    layer.config.contact_timeout = 1.5
    cluster, client = doomed
    ar = client.load_balanced_view().map_async(nap, [0.1] * 2 + [60] * 2)
    until(lambda: ar.monitor.snapshot().done == 2)
    kill(cluster.controller.pid)
    waiting = threading.Thread(target=ar.wait_interactive, kwargs={"widget": False}, daemon=True)
    waiting.start()
    waiting.join(30)
    assert not waiting.is_alive()
    snapshot = ar.monitor.snapshot()
    assert (snapshot.state, snapshot.ok, snapshot.finished) == ("lost", 2, False)
    assert "not answered" in snapshot.note
    assert [record.levelname for record in log()] == ["WARNING"]


def engine_of(client, engine_id):
    """The process of an engine."""
    return psutil.Process(client[engine_id].apply_sync(os.getpid))


def test_an_engine_killed_in_mid_task_is_named_by_a_direct_view(doomed, until, gate):
    _, client = doomed
    process = engine_of(client, 1)
    ar = client[:].apply_async(hold, gate.path)
    until(lambda: ar.monitor.snapshot().running == 2)
    process.kill()
    until(lambda: ar.monitor.snapshot().failed == 1)
    snapshot = ar.monitor.snapshot()
    assert [load.engine_id for load in snapshot.engines if not load.alive] == [1]
    (group,) = snapshot.failures
    assert (group.type, group.engines) == ("EngineError", (1,))
    for drawn in (html.card(snapshot), text.plain_text(snapshot)):
        assert "1 failed" in drawn and "EngineError" in drawn and "engine 1" in drawn
        assert "1 engine died" in drawn
    gate.open()
    ar.wait_interactive(widget=False)
    assert (ar.monitor.snapshot().ok, ar.monitor.snapshot().failed) == (1, 1)
    assert ar.serial_time > 0


def test_an_engine_killed_in_mid_task_is_named_by_a_load_balanced_view(doomed, connect, until):
    cluster, client = doomed
    other = connect(cluster)
    ar = client.load_balanced_view().map_async(lambda x: x() if callable(x) else x, [die, 1, 2, 3])
    ar.wait_interactive(widget=False, timeout=60)
    snapshot = ar.monitor.snapshot()
    assert (snapshot.ok, snapshot.failed, snapshot.finished) == (3, 1, True)
    (dead,) = [load for load in snapshot.engines if not load.alive]
    assert dead.failed == 1 and dead.died
    assert snapshot.failures[0].engines == (dead.engine_id,)
    assert ar.serial_time >= 0
    fetched = other.get_result(ar.msg_ids)
    fetched.get(return_exceptions=True)
    (group,) = ipar_results.monitor(fetched).snapshot().failures
    assert (group.type, group.engines) == ("EngineError", (dead.engine_id,))


def test_a_client_that_is_closed_with_work_outstanding_ends_the_wait(cluster, connect, log, until, gate):
    client = connect(cluster)
    gate.open(2)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(6))
    until(lambda: ar.monitor.snapshot().done >= 2)
    client.close()
    ar.wait_interactive(widget=False, timeout=20)
    snapshot = ar.monitor.snapshot()
    assert snapshot.state == "lost"
    assert snapshot.ok >= 2
    assert "closed" in snapshot.note
    assert len(log()) == 1
    assert ar.progress == snapshot.done
    assert ar.elapsed > 0


def test_a_display_of_a_closed_client_comes_to_its_end(cluster, connect, layer, until, gate):
    client = connect(cluster)
    ar = client.load_balanced_view().map_async(hold, *gate.inputs(4))
    published = Published()
    live = shown(layer, ar, published)
    client.close()
    until(lambda: live.over)
    assert "closed" in published.bundles[-1]["text/plain"]


def test_a_cluster_that_is_stopped_ends_the_wait(doomed, layer, until):
    layer.config.contact_timeout = 1.5
    cluster, client = doomed
    ar = client.load_balanced_view().map_async(nap, [60] * 2)
    until(lambda: ar.monitor.snapshot().running == 2)
    cluster.stop_cluster_sync()
    waiting = threading.Thread(target=ar.wait_interactive, kwargs={"widget": False}, daemon=True)
    waiting.start()
    waiting.join(30)
    assert not waiting.is_alive()
    snapshot = ar.monitor.snapshot()
    assert snapshot.ok == 0 and snapshot.state in ("lost", "failed")
    assert snapshot.note or snapshot.failures  # why


def test_settings_of_a_layer_that_is_off_change_nothing():
    ipar_results.disable()
    assert IPythonParallelResults().contact_timeout == 30


def test_a_script_that_ends_in_mid_run_ends_quietly(cluster):
    script = connecting(cluster) + (
        "import ipar_results\nipar_results.enable()\n"
        "ar = lv.map_async(nap, [0.3] * 8)\n"
        "ar.wait_interactive(timeout=0.2)\n"
        "print(ar.monitor.snapshot().total)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert printed(done.stdout) == ["8"]
    assert "Traceback" not in done.stderr
