"""A real browser against a real Jupyter server: JupyterLab and Notebook, each in directories of its own."""

import json
import math
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import pytest

QUIET = Path(__file__).parents[2] / "tools" / "jupyter"  # JupyterLab does not ask about news
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 120_000  # milliseconds: a busy machine may need them
FRONT_ENDS = {  # module to start, its application class, path of a notebook
    "lab": ("jupyterlab", "LabApp", "lab/tree/{name}?reset"),
    "notebook": ("notebook", "JupyterNotebookApp", "notebooks/{name}"),
}


MEASURED = "measured in the browser"  # a property of a test's report, so that it comes from another process


def pytest_generate_tests(metafunc):
    """A test that asks for a `kernel` is repeated for each that is named on the command line."""
    if "kernel" in metafunc.fixturenames:
        metafunc.parametrize("kernel", metafunc.config.getoption("kernels") or ["python3"])


def pytest_terminal_summary(terminalreporter, config):
    """Print what was measured: a table of the median, the 95th percentile and the worst of each."""
    measured = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, noted in report.user_properties if report.when == "call" else ():
            if name == MEASURED:
                key, seconds = noted
                measured.setdefault(tuple(key), []).extend(seconds)
    if measured:
        terminalreporter.section(MEASURED)
        terminalreporter.write_line(f"{'':60s} {'median':>9s} {'p95':>9s} {'worst':>9s}")
    for (what, kernel, where), seconds in sorted(measured.items()):
        name = f"{what}, {kernel}, {where}"
        middle, worst = 1e3 * statistics.median(seconds), 1e3 * max(seconds)
        terminalreporter.write_line(
            f"{name:60s} {middle:6.0f} ms {1e3 * p95(seconds):6.0f} ms {worst:6.0f} ms"
        )


def p95(seconds):
    """What 95 of 100 stay below; of fewer than 20 the worst."""
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]


@pytest.fixture
def measured(record_property):
    """Note seconds for the table at the end, and get their p95: ``measured(what, kernel, where, *s)``."""

    def note(what, kernel, where, *seconds):
        record_property(MEASURED, ((what, kernel, where), seconds))
        return p95(seconds)

    return note


def chromium():
    """Find the system's browser; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, jupyter_dirs):
    """Launch the system's Chromium, or the one Playwright installs; neither writes to the user's home."""
    executable = chromium()
    if executable is None:
        install = [sys.executable, "-m", "playwright", "install", "chromium"]
        done = subprocess.run(install, capture_output=True, text=True)
        if done.returncode:
            message = f"no Chromium on PATH, and 'playwright install chromium' failed: {done.stderr[-500:]}"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    home = {name: str(jupyter_dirs / "browser") for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    return {
        **browser_type_launch_args,
        "args": BROWSER_FLAGS,
        "env": {**os.environ, **home},
        "executable_path": executable,
    }


class JupyterServer:
    """One running server, and what a test does with a notebook in it.

    The pages are Playwright's; `cell` counts from 0.
    """

    def __init__(self, front_end, root, address, token, log_path):
        self.front_end = front_end
        self.root = root
        self.log_path = log_path  # of the kernels too
        self._address = address
        self._token = token

    def open(self, page, name, cells, kernel="python3"):
        """Write a notebook of code `cells`, open it in `page`, and wait until its kernel is idle.

        The kernels of earlier notebooks are ended: one of the same name would go on in its own kernel.
        """
        self.end_kernels()
        page.context.set_default_timeout(PATIENCE)
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": kernel, "display_name": kernel}},
        )
        nbformat.write(notebook, self.root / name)
        path = FRONT_ENDS[self.front_end][2].format(name=name)
        page.goto(f"{self._address}{path}{'&' if '?' in path else '?'}token={self._token}")
        self.wait_idle(page)

    def end_kernels(self):
        """End all sessions, be their kernels busy or not."""
        for session in json.loads(self._ask("GET", "sessions")):
            self._ask("POST", f"kernels/{session['kernel']['id']}/interrupt")
            self._ask("DELETE", f"sessions/{session['id']}")

    def _ask(self, method, path):
        """What the server's own interface answers."""
        headers = {"Authorization": f"token {self._token}"}
        request = urllib.request.Request(f"{self._address}api/{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.read()

    def wait_idle(self, page, timeout=120):
        """Wait until the open notebook has a kernel and the kernel is idle."""
        page.wait_for_function(
            """() => {
                const session = window.jupyterapp?.shell.currentWidget?.context?.sessionContext.session;
                return session?.kernel?.status === 'idle';
            }""",
            timeout=timeout * 1000,
        )

    def run(self, page, cell):
        """Start a cell and return at once."""
        page.evaluate(
            """cell => {
                window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
                void window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            cell,
        )

    def clear(self, page, cell):
        """Clear a cell's outputs, so that it is seen as one that has not run."""
        page.evaluate(
            "cell => window.jupyterapp.shell.currentWidget.content.widgets[cell].model.clearExecution()", cell
        )

    def wait_ran(self, page, cell, timeout=120):
        """Wait until a cell that `run` started has ended."""
        page.wait_for_function(
            """cell => {
                const { model } = window.jupyterapp.shell.currentWidget.content.widgets[cell];
                return model.executionCount !== null && model.executionState !== 'running';
            }""",
            arg=cell,
            timeout=timeout * 1000,
        )

    def output(self, page, cell):
        """Locate the outputs of a cell."""
        return page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-Cell-outputArea")

    def save(self, page, name):
        """Save the open notebook and return it as it is on disk."""
        page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")
        return nbformat.read(self.root / name, as_version=4)


@contextmanager
def running_server(front_end, root, runtime, config=()):
    """Run a Jupyter server in `root`; `runtime` is its runtime directory, `config` goes before our own."""
    module, app, _ = FRONT_ENDS[front_end]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", module, "--no-browser", "--allow-root"]
    command += [f"--ServerApp.root_dir={root}", "--ServerApp.port=0", f"--IdentityProvider.token={token}"]
    command += [f"--{app}.expose_app_in_browser=True"]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(map(str, (*config, QUIET)))}
    log_path = runtime.parent / f"{front_end}.log"
    with log_path.open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=root, env=environment)
        try:
            yield JupyterServer(front_end, root, server_address(server, runtime, log_path), token, log_path)
        finally:
            stop(server)


def stop(server, patience=60):
    """End a server; one that a busy machine lets take too long is ended the hard way."""
    server.terminate()
    try:
        server.wait(patience)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@pytest.fixture(scope="session", params=sorted(FRONT_ENDS))
def jupyter_server(request, jupyter_dirs, tmp_path_factory):
    """Run a server for JupyterLab, then one for Notebook: a test that uses this runs in both."""
    with running_server(
        request.param, tmp_path_factory.mktemp(request.param), jupyter_dirs / "runtime"
    ) as server:
        yield server


@pytest.fixture(scope="session")
def lab_server(jupyter_dirs, tmp_path_factory):
    """Run a JupyterLab of its own, for what Notebook does not have."""
    with running_server("lab", tmp_path_factory.mktemp("own"), jupyter_dirs / "runtime") as server:
        yield server


@pytest.fixture(scope="session")
def plain_server(jupyter_dirs, tmp_path_factory):
    """Run a JupyterLab in which the labextension is disabled."""
    config = tmp_path_factory.mktemp("config")
    (config / "labconfig").mkdir()
    page_config = {"disabledExtensions": {"ipar-results": True}}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(page_config))
    root, runtime = tmp_path_factory.mktemp("plain"), jupyter_dirs / "runtime"
    with running_server("lab", root, runtime, [config]) as server:
        yield server


def server_address(server, runtime, log_path, timeout=60):
    """Wait for the file in which the server says where it listens: it exists before it is written."""
    info = runtime / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + timeout
    while True:
        with suppress(FileNotFoundError, json.JSONDecodeError):
            return json.loads(info.read_text())["url"]
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the Jupyter server did not start:\n{log_path.read_text()[-2000:]}")
        time.sleep(0.1)
