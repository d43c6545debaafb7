"""What the scenes share: how one ends, a place of its own to run in, and the work whose card it looks at."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import nbformat

ROOT = Path(__file__).parents[2]
MIME = "application/vnd.ipar-results.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"

LOAD = "%load_ext ipar_results\nimport json, logging, time\nimport ipyparallel as ipp"
START = """\
cluster = ipp.Cluster(n=2, log_level=logging.ERROR)
cluster.start_cluster_sync()
rc = cluster.connect_client_sync()
rc.wait_for_engines(2, timeout=60, interactive=False)  # upstream's own bar would be saved as a widget
"""
STOP = "rc.close()\ncluster.stop_cluster_sync()"
WORK = """\
def work(n):
    import time
    time.sleep(0.1)
    if n == 7:
        raise ValueError("seven cannot be solved")
    return n
"""
SUBMIT = "ar = rc.load_balanced_view().map_async(work, range(40))\nar"
WAIT = "ar.wait_interactive()"
FACTS = """\
s = ar.monitor.snapshot()
print("FACTS " + json.dumps({"total": s.total, "done": s.done, "ok": s.ok, "failed": s.failed,
    "finished": s.finished, "engines": [e.done for e in s.engines],
    "failures": [[f.type, f.message, f.count] for f in s.failures]}))
"""
CELLS = (LOAD, START, WORK, SUBMIT, WAIT, FACTS, STOP)
SUBMITTED = CELLS.index(SUBMIT)


class Environment(Protocol):
    """What a scene is played in: a virtual environment."""

    name: str
    python: Path

    def program(self, name: str) -> str | None:
        """Find a program of the environment, or None."""


class NotPossibleError(Exception):
    """The scene cannot be played on this machine or in this environment; the text says why."""


@dataclass(frozen=True)
class Outcome:
    """How a scene ended: `why` is the evidence where it is ok."""

    state: Literal["ok", "failed", "not possible here"]
    why: str
    seconds: float = 0.0


Scene = Callable[[Any, Path], str]


def play(scene: Scene, environment: Environment) -> Outcome:
    """Play one scene in a directory of its own, and say how it ended."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ipar-", ignore_cleanup_errors=True) as folder:
        try:
            state, why = "ok", scene(environment, Path(folder))
        except NotPossibleError as error:
            state, why = "not possible here", str(error)
        except Exception:
            state, why = "failed", traceback.format_exc()
    return Outcome(state, why, time.monotonic() - began)


def surroundings(folder: Path) -> dict[str, str]:
    """The variables of a process that must not touch the user's own directories."""
    names = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    return {**keep, **names, "IPYTHONDIR": str(folder / "ipython"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def run(command: list[Any], folder: Path, timeout: float = 180, **variables: str) -> str:
    """Run a command to its end and return what it printed; a failure raises with it."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**surroundings(folder), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout[-3000:]}"
    return done.stdout


def write_notebook(path: Path, cells: tuple[str, ...] | list[str], parameters: str = "") -> Path:
    """Write a notebook of code cells; `parameters` is a first one, which papermill may replace."""
    nodes = [nbformat.v4.new_code_cell(source) for source in cells]
    if parameters:
        nodes.insert(0, nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=nodes, metadata={"kernelspec": kernel}), path)
    return path


def facts(text: str) -> dict[str, Any]:
    """What the cell `FACTS` printed."""
    found = re.search(r"FACTS (\{.*\})", text)
    assert found, f"no facts were printed:\n{text[-3000:]}"
    return dict(json.loads(found[1]))


def expect(told: dict[str, Any], total: int = 40) -> None:
    """Every count of the work is right."""
    assert told["finished"], told
    counts = {name: told[name] for name in ("total", "done", "ok", "failed")}
    assert counts == {"total": total, "done": total, "ok": total - 1, "failed": 1}, told
    assert sum(told["engines"]) == total, told
    assert told["failures"] == [["ValueError", "seven cannot be solved", 1]], told


def expect_saved(path: Path, total: int = 40) -> str:
    """A saved notebook tells the truth without a kernel, and holds no widget; says what was seen."""
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    errors = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
    assert not errors, errors
    expect(facts("".join(output.get("text", "") for output in outputs)), total)
    cards = [output["data"] for output in outputs if MIME in output.get("data", {})]
    assert cards, "no output holds a card"
    for data in cards:
        assert data[MIME]["finished"] and data[MIME]["done"] == total, data[MIME]
        assert f"aria-valuenow={total} " in data["text/html"], data["text/html"][:2000]
        assert "seven cannot be solved" in data["text/html"]
    assert not [output for output in outputs if WIDGET in output.get("data", {})], "a widget was saved"
    return f"{len(cards)} cards saved, {total - 1} ok and 1 failed"


@contextmanager
def process(
    command: list[Any], folder: Path, log: str, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command while the block lasts; its output goes to the file `log` in `folder`."""
    with (folder / log).open("wb") as output:
        started = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env={**surroundings(folder), **variables},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def until(condition: Callable[[], Any], what: str, timeout: float = 90) -> Any:
    """Wait until ``condition()`` is true and return what it gave."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {timeout} s"
        time.sleep(0.1)
    return value


CONNECT = """\
rc = ipp.Client(timeout=60)
rc.wait_for_engines(2, timeout=90, interactive=False)
"""


@contextmanager
def cluster(
    environment: Environment,
    folder: Path,
    before: tuple[tuple[Any, ...], ...] = ((), (), ()),
    arguments: tuple[str, ...] = (),
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a controller and two engines, which end with the block; `CONNECT` finds them from `folder`.

    Parameters
    ----------
    environment, folder
        As for a scene.
    before : tuple of tuple
        The beginnings of the controller's command and of each engine's.
    arguments : tuple of str
        Further ones of the controller.

    Yields
    ------
    list of subprocess.Popen
        The controller, then each engine.
    """
    start = [environment.python, "-m"]
    file = folder / "ipython" / "profile_default" / "security" / "ipcontroller-engine.json"
    with ExitStack() as stack:
        command = [*before[0], *start, "ipyparallel.controller", *arguments]
        running = [stack.enter_context(process(command, folder, "controller.log"))]

        def written() -> bool:
            assert running[0].poll() is None, (folder / "controller.log").read_text()[-2000:]
            return file.exists() and file.with_name("ipcontroller-client.json").exists()

        until(written, "the controller's connection files")
        for number in range(2):
            command = [*before[1 + number], *start, "ipyparallel.engine", f"--file={file}"]
            running.append(stack.enter_context(process(command, folder, f"engine{number}.log")))
        yield running
