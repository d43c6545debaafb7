"""Advice on labelled workloads, on real engines: `python tests/bench/advice.py [NAME ...]`.

Every workload is labelled with its flaw, or with none. Strong flaws must be named, and healthy runs must get
no advice. The advice on tiny tasks and on long tails is then followed, and must save at least half of the
promised time. Tasks sleep, so that engines that share a processor do not slow one another down.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(tempfile.mkdtemp(prefix="ipar-advice-"))
os.environ["IPYTHONDIR"] = str(ROOT / "ipython")
for _name in ("CONFIG", "DATA", "RUNTIME"):
    os.environ[f"JUPYTER_{_name}_DIR"] = str(ROOT / _name.lower())

import ipyparallel as ipp  # noqa: E402
import numpy as np  # noqa: E402

import ipar_results  # noqa: E402
from ipar_results.facts.advice import makespan as schedule  # noqa: E402
from ipar_results.formatting import format_time  # noqa: E402

ENGINES = 4
rng = np.random.default_rng(2026)


def nap(seconds: float) -> None:
    """Task that sleeps."""
    import time

    time.sleep(seconds)


def slow_nap(item: tuple[float, dict[int, float]]) -> None:
    """Task that sleeps longer on slow engines."""
    import time

    seconds, slowness = item
    time.sleep(seconds * slowness.get(engine_number, 1.0))  # noqa: F821


def hold(data: Any, seconds: float) -> int:
    """Task that receives data."""
    import time

    time.sleep(seconds)
    return len(data)


def make(size: int) -> Any:
    """Task that returns data."""
    import os

    return os.urandom(size)


class Slowly:
    """Sequence whose slices take time to produce."""

    def __init__(self, values: list[float], pause: float) -> None:
        self.values, self.pause = values, pause

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        time.sleep(self.pause)
        return self.values[index]


@dataclass
class Workload:
    """Run, labelled with its flaw.

    Attributes
    ----------
    code : str
        What the advice must be; empty where the run is healthy.
    level : str
        ``mild``, ``strong`` or ``healthy``.
    naps : list of float, optional
        The naps of a map that can be run again as the advice says.
    """

    name: str
    code: str
    level: str
    run: Callable[[Bench], Any]
    naps: list[float] | None = None


class Bench:
    """Cluster on which the workloads run."""

    def __init__(self) -> None:
        profile = ROOT / "ipython" / "profile_default"
        profile.mkdir(parents=True)
        (profile / "ipcontroller_config.py").write_text("c.HeartMonitor.period = 500\n")
        self.cluster = ipp.Cluster(n=ENGINES, log_level=logging.ERROR)
        self.cluster.start_cluster_sync()
        self.client = self.connect(self.cluster)

    def connect(self, cluster: Any) -> Any:
        """Return a client of all engines; each engine knows its number."""
        client = cluster.connect_client_sync()
        client.wait_for_engines(ENGINES, interactive=False)
        for number, engine_id in enumerate(client.ids):
            client[engine_id].push({"engine_number": number}, block=True)
        client[:].apply_sync(nap, 0.0)
        return client

    @property
    def view(self) -> Any:
        """Return a load-balanced view."""
        return self.client.load_balanced_view()

    def naps(self, seconds: Any, chunksize: int = 1) -> Any:
        """Submit a map of naps."""
        return self.view.map_async(nap, list(seconds), chunksize=chunksize)

    def close(self) -> None:
        """Stop the cluster."""
        self.client.close()
        self.cluster.stop_cluster_sync()


def uneven(bench: Bench, slowness: dict[int, float], n: int, seconds: float, direct: bool = False) -> Any:
    view = bench.client[:] if direct else bench.view
    return view.map_async(slow_nap, [(seconds, slowness)] * n)


def loses(bench: Bench, after: int, tasks: int) -> Any:
    """Submit a run during which an engine is killed, on its own cluster."""
    cluster = ipp.Cluster(n=ENGINES, log_level=logging.CRITICAL)
    cluster.start_cluster_sync()
    client = bench.connect(cluster)
    try:
        pid = client[client.ids[-1]].apply_sync(os.getpid)
        ar = client.load_balanced_view().map_async(nap, [0.25] * tasks)
        while ar.progress < after:
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        ar.wait(60)
        ar.monitor.snapshot()
        return ar
    finally:
        client.close()
        cluster.stop_cluster_sync()


def in_turn(bench: Bench, n: int, seconds: float, pause: float) -> Any:
    """Submit tasks one by one, with a pause before each."""
    view, sent = bench.view, []
    for _ in range(n):
        time.sleep(pause)
        sent.append(view.apply_async(nap, seconds))
    return ipp.AsyncResult(bench.client, [future for ar in sent for future in ar._children], fname="nap")


def two_at_once(bench: Bench) -> Any:
    """Submit two maps that share the engines."""
    first, second = bench.naps([0.1] * 60), bench.naps([0.1] * 60)
    first.wait(60)
    return second


def varied(n: int, mean: float, sigma: float) -> Any:
    return mean * rng.lognormal(-sigma * sigma / 2, sigma, n)


def napping(name: str, code: str, level: str, naps: list[float]) -> Workload:
    """Return a map of one nap per task, which can be run again as advised."""
    return Workload(name, code, level, lambda bench: bench.naps(naps), naps)


TAIL = [0.1] * 60 + [2.5]
WIDE_TAIL = [0.08] * 40 + [5.0]
MB = 1_000_000
HEAVY = np.zeros(12 * MB, np.uint8)

WORKLOADS = [
    napping("3,000 tasks of nothing", "tiny-tasks", "strong", [0.0] * 3000),
    napping("2,500 tasks of 0.2 ms", "tiny-tasks", "strong", [0.0002] * 2500),
    napping("1,500 tasks of 2 ms", "tiny-tasks", "mild", [0.002] * 1500),
    Workload("2 tasks on 4 engines", "few-tasks", "strong", lambda b: b.naps([2.0] * 2)),
    Workload("5 tasks on 4 engines", "few-tasks", "strong", lambda b: b.naps([1.0] * 5)),
    Workload("32 inputs in 2 chunks", "few-tasks", "strong", lambda b: b.naps([0.1] * 32, chunksize=16)),
    Workload("9 tasks on 4 engines", "few-tasks", "mild", lambda b: b.naps([0.8] * 9)),
    napping("a long task at the end", "long-tail", "strong", TAIL),
    napping("one task longer than all", "long-tail", "strong", WIDE_TAIL),
    napping("tasks that grow", "long-tail", "strong", [0.02 * 1.13**i for i in range(40)]),
    napping("a longer task at the end", "long-tail", "mild", [0.1] * 80 + [0.9]),
    Workload("an engine 4 times slower", "slow-engine", "strong", lambda b: uneven(b, {2: 4.0}, 40, 0.3)),
    Workload(
        "the same in a direct map",
        "long-tail",  # one message an engine: a slow one and a heavy share look the same
        "strong",
        lambda b: uneven(b, {1: 4.0}, 40, 0.12, direct=True),
    ),
    Workload("an engine 3 times slower", "slow-engine", "strong", lambda b: uneven(b, {0: 3.0}, 30, 0.4)),
    Workload("an engine 2 times slower", "slow-engine", "mild", lambda b: uneven(b, {2: 2.0}, 24, 0.4)),
    Workload(
        "12 MB sent with each task",
        "large-messages",
        "strong",
        lambda b: b.view.map_async(hold, [HEAVY] * 40, [0.01] * 40),
    ),
    Workload(
        "20 MB returned by each", "large-messages", "strong", lambda b: b.view.map_async(make, [20 * MB] * 40)
    ),
    Workload(
        "3 MB sent with each task",
        "large-messages",
        "mild",
        lambda b: b.view.map_async(hold, [HEAVY[: 3 * MB]] * 60, [0.05] * 60),
    ),
    Workload("inputs made one by one", "submission-bound", "strong", lambda b: in_turn(b, 40, 0.1, 0.1)),
    Workload(
        "a sequence that is slow",
        "submission-bound",
        "strong",
        lambda b: b.view.map_async(nap, Slowly([0.1] * 40, 0.08), chunksize=1),
    ),
    Workload("inputs made a bit slowly", "submission-bound", "mild", lambda b: in_turn(b, 80, 0.1, 0.033)),
    Workload("an engine killed early", "engine-lost", "strong", lambda b: loses(b, 6, 60)),
    Workload("an engine killed late", "engine-lost", "mild", lambda b: loses(b, 40, 60)),
    Workload("equal tasks", "", "healthy", lambda b: b.naps([0.1] * 120)),
    Workload("equal long tasks, one wave", "", "healthy", lambda b: b.naps([2.0] * 4)),
    Workload("equal long tasks, two waves", "", "healthy", lambda b: b.naps([1.0] * 8)),
    Workload("varied tasks", "", "healthy", lambda b: b.naps(varied(160, 0.1, 0.4))),
    Workload("very varied tasks", "", "healthy", lambda b: b.naps(np.minimum(varied(200, 0.08, 1.0), 0.4))),
    Workload("good chunks", "", "healthy", lambda b: b.naps([0.002] * 3000, chunksize=64)),
    Workload("longest first", "", "healthy", lambda b: b.naps(sorted(TAIL, reverse=True))),
    Workload("a direct map", "", "healthy", lambda b: b.client[:].map_async(nap, [0.05] * 160)),
    Workload("one task on each engine", "", "healthy", lambda b: b.client[:].apply_async(nap, 1.5)),
    Workload("two maps at once", "", "healthy", two_at_once),
    Workload(
        "small arrays", "", "healthy", lambda b: b.view.map_async(hold, [HEAVY[:50_000]] * 100, [0.1] * 100)
    ),
]


def follow(bench: Bench, naps: list[float], message: str) -> Any:
    """Run naps again as advised."""
    if found := re.search(r"chunksize=(\d+)", message):
        return bench.naps(naps, chunksize=int(found[1]))
    if "longest tasks first" in message:
        return bench.naps(sorted(naps, reverse=True))
    (longest,) = re.findall(r"parts of ([\d.]+) s or less", message)
    return bench.naps(sorted(schedule.split_tasks(np.array(naps), float(longest)).tolist(), reverse=True))


def seen(ar: Any) -> Any:
    """Wait for a result and return its snapshot."""
    ar.monitor.snapshot()
    ar.wait(120)
    while not (snapshot := ar.monitor.snapshot()).finished:
        time.sleep(0.02)
    return snapshot


def row(workload: Workload, bench: Bench) -> bool:
    """Run one workload and print its line; return whether the advice is as expected."""
    snapshot = seen(workload.run(bench))
    use = snapshot.time_use
    named = [advice.code for advice in snapshot.advice]
    shares = [use.computing, use.waiting, use.overhead, use.lost, use.other]
    sums = abs(sum(shares) - use.total) <= 1e-6 * use.total
    right = {"strong": workload.code in named, "healthy": not named, "mild": True}[workload.level]
    parts = " ".join(f"{100 * share / use.total:3.0f}" for share in shares)
    label = f"{workload.level} {workload.code}".strip()
    print(f"{workload.name:27s} {label:24s} {format_time(snapshot.wall_time):>7s}  {parts}", end="  ")
    print(
        ", ".join(f"{advice.code} ({format_time(advice.gain)})" for advice in snapshot.advice) or "–",
        end="  ",
    )
    kept = True
    mine = [advice for advice in snapshot.advice if advice.code == workload.code]
    if workload.naps is not None and mine:
        after = seen(follow(bench, workload.naps, mine[0].message)).wall_time
        got = snapshot.wall_time - after
        kept = got >= 0.5 * mine[0].gain
        print(
            f"followed: {format_time(after)}, {100 * got / mine[0].gain:.0f} % of what was promised",
            end="  ",
        )
    print("" if right and kept and sums else "FAILS")
    for advice in snapshot.advice:
        print(f"{'':29s}{advice.message} ({advice.evidence})")
    return right and kept and sums


def main(names: list[str]) -> int:
    """Print the table; return the number of unexpected lines."""
    chosen = [w for w in WORKLOADS if not names or any(name in (w.name, w.code, w.level) for name in names)]
    bench = Bench()
    ipar_results.enable()
    print(f"{'workload':27s} {'what it is':24s} {'took':>7s}  com wai ove los oth  what was named")
    try:
        wrong = [workload.name for workload in chosen if not row(workload, bench)]
    finally:
        ipar_results.disable()
        bench.close()
    mild = [w for w in chosen if w.level == "mild"]
    print(f"{len(chosen)} workloads, {len(mild)} mild; not as they must be: {', '.join(wrong) or 'none'}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
