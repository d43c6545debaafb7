"""What every test may use: directories away from the user's own, real engines, and a wait on a condition."""

import logging
import os
import sys
import time
from pathlib import Path

import ipyparallel as ipp
import pytest
from clients import subscribe
from gate import Gate
from hypothesis import HealthCheck, settings
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ipar_results.log import drop_repeats, logger

TESTS = Path(__file__).parent
# Engines are registered at their second heartbeat. On a busy machine they miss many, which the default of ten
# takes for their end: their tasks would fail, and a test wait in vain. The end of a process is seen without.
CONTROLLER_CONFIG = "c.HeartMonitor.period = 500\nc.HeartMonitor.max_heartmonitor_misses = 240\n"

# examples may take any time, as the machine may be busy
settings.register_profile(
    "busy", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")


def pytest_addoption(parser):
    parser.addoption("--reloads", type=int, default=5, help="how often each page is loaded anew (5)")
    parser.addoption("--displays", type=int, default=20, help="how many results are displayed in turn (20)")
    parser.addoption("--wheel", metavar="FILE", help="the wheel that the tests of a wheel look at")
    parser.addoption(
        "--kernel",
        action="append",
        dest="kernels",
        metavar="NAME",
        help="a kernel on which the browser's scenes are played, as `make matrix` gives them (python3)",
    )


@pytest.fixture(scope="session", autouse=True)
def jupyter_dirs(tmp_path_factory):
    """Nothing a test starts touches the user's own directories, and engines can import the test modules."""
    root = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(root / "ipython"))
        for name in ("CONFIG", "DATA", "RUNTIME"):
            patch.setenv(f"JUPYTER_{name}_DIR", str(root / name.lower()))
        patch.setenv("PYTHONPATH", f"{TESTS}{os.pathsep}{TESTS / 'cluster'}", prepend=os.pathsep)
        yield root


@pytest.fixture(scope="session")
def start_cluster(jupyter_dirs):
    """Start clusters of real local engines: ``start_cluster(n)``; all are stopped when the session ends."""
    profile_dir = jupyter_dirs / "ipython" / "profile_default"
    profile_dir.mkdir(parents=True, exist_ok=True)  # a test of IPython may have made it
    (profile_dir / "ipcontroller_config.py").write_text(CONTROLLER_CONFIG)
    clusters = []

    def start(n):
        cluster = ipp.Cluster(n=n, log_level=logging.WARNING)
        clusters.append(cluster)
        cluster.start_cluster_sync()
        return cluster

    yield start
    for cluster in clusters:
        cluster.stop_cluster_sync()


@pytest.fixture(scope="session")
def cluster(start_cluster):
    """Two engines that all tests share: a test that kills one starts its own with `start_cluster`."""
    return start_cluster(2)


@pytest.fixture
def connect():
    """Open fresh clients, each with all its engines: ``connect(cluster)``; closed after the test."""
    clients = []

    def connect(cluster):
        client = cluster.connect_client_sync()
        clients.append(client)
        client.wait_for_engines(cluster.n, timeout=60, interactive=False)
        subscribe(client)
        return client

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def rc(cluster, connect):
    """A client of its own for every test."""
    return connect(cluster)


@pytest.fixture(scope="session")
def until():
    """Wait until ``condition()`` is true and return what it gave: ``until(lambda: ar.ready())``."""

    def until(condition, timeout=120, message="the condition never came true"):
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            if time.monotonic() > deadline:
                cells = getattr(condition, "__closure__", None) or ()
                seen = "".join(_tasks_of(cell.cell_contents) for cell in cells)
                pytest.fail(f"{message} (waited {timeout} s){seen}")
            time.sleep(0.02)
        return value

    return until


def _tasks_of(result):
    """Return where the tasks of a result are, as engines and Hub see them; empty for other objects."""
    if not isinstance(result, ipp.AsyncResult):
        return ""
    client = result._client
    queues = client._send(client._query_stream, "queue_request", {"targets": None, "verbose": False})
    try:
        content = queues.result(timeout=20)["content"]
    except Exception as error:
        content = repr(error)
    tasks = [(md["engine_id"], md["status"], md["started"], md["completed"]) for md in result._metadata]
    return f"\ntasks: {tasks}\nengines: {client.ids}, queues: {content}"


@pytest.fixture
def gate(tmp_path):
    """Gate before which a test's tasks wait; open after the test, so that engines are not left busy."""
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.open()


@pytest.fixture
def log_once(monkeypatch):
    """Each kind of error is logged once, whatever earlier tests have logged."""
    monkeypatch.setattr(logger, "filters", [])
    with drop_repeats():
        yield


@pytest.fixture
def shell():
    """IPython without a kernel; nothing of it is left behind."""
    config = Config()
    config.HistoryManager.enabled = False
    hooks = sys.displayhook, sys.excepthook
    shell = InteractiveShell.instance(config=config)
    yield shell
    shell.restore_sys_module_state()
    shell._atexit_once()
    InteractiveShell.clear_instance()
    sys.displayhook, sys.excepthook = hooks
