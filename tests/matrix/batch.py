"""A batch system of one node, and the notebook that is played on it: engines arrive late, stop and are lost.

The system's Debian packages are unpacked below build/matrix, and mounted over /usr in a namespace.
So nothing is installed, paths that are compiled into the programs exist, and no process outlives the scene.
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

import nbformat
from debian import unpacked
from play import (
    FACTS,
    LOAD,
    MIME,
    ROOT,
    SUBMIT,
    WAIT,
    WORK,
    Environment,
    NotPossibleError,
    expect,
    facts,
    run,
    write_notebook,
)

BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
# This shell is the first process of the namespace: when its command ends, all other processes end.
NODE = """\
mount -t overlay overlay -o lowerdir={files}/usr:/usr /usr
export PATH=$PATH:/usr/sbin
until_() {{ n=0; while ! eval "$1" > /dev/null 2>&1; do
    n=$((n + 1)); [ $n -lt 300 ] || {{ echo "never true: $1"; cat *.log; exit 1; }}; sleep 0.2; done; }}
{start}
"$@"
"""


@dataclass(frozen=True)
class Commands:
    """Commands of a batch system; ``JOB`` stands for the number of the engines' job.

    Attributes
    ----------
    hold, release : tuple of str
        Stop and start the queue, of which running jobs take no notice.
    suspend, resume, delete : tuple of str
        Act on one job.
    """

    hold: tuple[str, ...]
    release: tuple[str, ...]
    suspend: tuple[str, ...]
    resume: tuple[str, ...]
    delete: tuple[str, ...]


HELPERS = """\
import subprocess

def batch(command, job=""):
    command = [job if part == "JOB" else part for part in command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

def job_of(cluster):
    (engines,) = cluster.engines.values()
    return engines.job_id

def counts(ar):
    s = ar.monitor.snapshot()
    return {"ok": s.ok, "failed": s.failed, "aborted": s.aborted, "running": s.running, "queued": s.queued}

def until(condition, what, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s: {counts(ar)}"
        time.sleep(0.1)

def nap(n, seconds=0.2, quick=None):
    import os, time
    if quick is None or not os.path.exists(quick):
        time.sleep(seconds)
    return n
"""
# The queue starts no jobs, so the engines arrive after the tasks.
LATE = """\
batch({hold})
cluster = ipp.Cluster(n=2, engine_timeout=600)
cluster.start_cluster_sync()
rc = cluster.connect_client_sync()
"""
RELEASED = """\
until(lambda: ar.monitor.snapshot().elapsed > 2, "two seconds without an engine")
assert counts(ar) == {{"ok": 0, "failed": 0, "aborted": 0, "running": 0, "queued": 40}}, counts(ar)
assert "no engines" in ar.monitor.snapshot().note and ar.monitor.snapshot().eta is None
batch({release})
"""
SUSPENDED = """\
ar = rc.load_balanced_view().map_async(nap, range(60))
display(ar)
until(lambda: ar.monitor.snapshot().ok > 5, "the work begins")
batch({suspend}, job_of(cluster))
seen = []

def stands():
    seen.append(ar.monitor.snapshot().done)
    return len(seen) > 30 and seen[-1] == seen[-30]

until(stands, "the work stands while its job is suspended")
assert counts(ar)["running"] == 2 and counts(ar)["failed"] == 0, counts(ar)
batch({resume}, job_of(cluster))
until(lambda: ar.monitor.snapshot().finished, "the work goes on when its job is resumed")
assert counts(ar)["ok"] == 60, counts(ar)
"""
INTERRUPTED = """\
ar = rc.load_balanced_view().map_async(nap, range(6), [600] * 6)
display(ar)
until(lambda: ar.monitor.snapshot().running == 2, "both engines are busy")
ar.monitor.cancel(interrupt=True)
until(lambda: ar.monitor.snapshot().finished, "interrupted tasks end")
assert counts(ar)["failed"] + counts(ar)["aborted"] == 6, counts(ar)
assert rc[:].apply_async(nap, 1).get(timeout=60) == [1, 1]
"""
# Running tasks are lost with their engines, queued ones wait for those of the next job.
TAKEN = """\
import os
quick = os.path.abspath("quick{number}")
ar = rc.load_balanced_view().map_async(nap, range(200), [1] * 200, [quick] * 200)
display(ar)
until(lambda: ar.monitor.snapshot().ok > 1, "the work begins")
{take}
until(lambda: "no engines" in ar.monitor.snapshot().note, "the engines are gone")
until(lambda: counts(ar)["failed"] and not counts(ar)["running"], "what ran on them is lost")
s = ar.monitor.snapshot()
assert s.failed <= 2 and s.ok + s.failed + s.queued == 200, counts(ar)
assert {{f.type for f in s.failures}} == {{"EngineError"}}, s.failures
assert [e.alive for e in s.engines] == [False] * 2 and any(e.died for e in s.engines), s.engines
open(quick, "w").close()
cluster.start_engines_sync(n=2)
until(lambda: ar.monitor.snapshot().finished, "the engines of the next job do the rest")
assert counts(ar)["ok"] + counts(ar)["failed"] == 200 and counts(ar)["failed"] <= 2, counts(ar)
ar.monitor.retry()
until(lambda: counts(ar)["ok"] == 200, "what was lost is run again")
"""
STOP = "rc.close()\ncluster.stop_cluster_sync()"


def play(
    environment: Environment,
    folder: Path,
    packages: tuple[str, ...],
    start: str,
    commands: Commands,
    acts: tuple[str, ...],
    **variables: str,
) -> str:
    """Run the notebook on a node of the batch system.

    Parameters
    ----------
    environment, folder
        As for a scene.
    packages : tuple of str
        Debian's packages of the batch system.
    start : str
        Shell commands that start the node, and return when it takes jobs.
    commands : Commands
        The batch system's own.
    acts : tuple of str
        Further cells: what is done last with the first cluster, and with others.
    **variables : str
        Of the node's environment.
    """
    execute = environment.program("jupyter-execute")
    if execute is None:
        raise NotPossibleError("nbclient, which runs the notebook, is not in this environment")
    if os.getuid() != 0:
        raise NotPossibleError("the daemons of a batch system need root")
    script = folder / "node.sh"
    script.write_text(NODE.format(files=unpacked(packages), start=start))
    fill = {name: list(command) for name, command in vars(commands).items()}
    cells = [LOAD, HELPERS, LATE.format(**fill), WORK, SUBMIT, RELEASED.format(**fill), WAIT, FACTS]
    deleted = TAKEN.format(number=1, take=f"batch({fill['delete']}, job_of(cluster))")
    cells += [SUSPENDED.format(**fill), INTERRUPTED, deleted]
    notebook = write_notebook(folder / "work.ipynb", [*cells, *acts])
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    run([*alone, "sh", "-eu", script, execute, "--inplace", notebook], folder, timeout=900, **variables)
    return expect_cards(notebook)


def expect_cards(path: Path) -> str:
    """Check that each saved card shows the end of its result; returns what was seen."""
    outputs = [output for cell in nbformat.read(path, 4).cells for output in cell.outputs]
    expect(facts("".join(output.get("text", "") for output in outputs)))
    cards = [output.data for output in outputs if MIME in output.get("data", {})]
    for data in cards:
        card = data[MIME]
        assert card["finished"] and card["done"] == card["total"], card
        assert f"aria-valuenow={card['total']} " in data["text/html"], data["text/html"][:2000]
    totals = [data[MIME]["total"] for data in cards]
    assert {40, 60, 6, 200} <= set(totals), totals
    return f"{len(cards)} cards saved, of {totals} tasks"


def examples(heading: str) -> list[str]:
    """Return the Python examples of a section of docs/hpc.md: the scenes run what users read."""
    text = (ROOT / "docs" / "hpc.md").read_text("utf-8")
    return BLOCK.findall(text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0])


def write_settings(folder: Path, settings: str) -> None:
    """Write settings of ipyparallel into the profile that a scene uses."""
    profile = folder / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_config.py").write_text(f"c = get_config()\n{settings}")


def free_ports(count: int) -> list[int]:
    """Find ports that are free now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
