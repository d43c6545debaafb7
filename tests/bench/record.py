"""Records runs on real engines for eta.py in recorded.json: ``python tests/bench/record.py [NAME …]``."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

OUT = Path(__file__).with_name("recorded.json")
ENGINES, TASKS, ROUNDS = 4, 120, 3


def sleep(seconds):
    """Take that long and compute nothing."""
    import time

    time.sleep(seconds)


def solve(size):
    """A few products of matrices."""
    import numpy

    matrix = numpy.random.default_rng(0).random((size, size))
    for _ in range(3):
        matrix = matrix @ matrix / size
    return float(matrix[0, 0])


def mixed(task):
    """Wait for something, then compute."""
    sleep(task[0])
    return solve(task[1])


def importing(seconds):
    """The first task on an engine imports what the others have then."""
    import sys
    import time

    if "ipar_bench_imported" not in sys.modules:
        import pandas  # noqa: F401

        time.sleep(0.4)  # what else a first task sets up: a model, a connection
        sys.modules["ipar_bench_imported"] = sys
    time.sleep(seconds)


def slower_on_one(seconds):
    """Three times as long on an engine that was told so."""
    import os
    import time

    time.sleep(seconds * float(os.environ.get("IPAR_BENCH_SLOW", "1")))


def workloads(rng):
    """Name, function, inputs, chunksize."""
    even = rng.uniform(0.02, 0.08, TASKS).tolist()
    waits = rng.lognormal(-3.4, 0.7, TASKS).tolist()
    return {
        "sleeps": (sleep, [0.05] * TASKS, 1),
        "numpy": (solve, rng.integers(60, 420, TASKS).tolist(), 1),
        "mixed": (mixed, list(zip(waits, rng.integers(40, 250, TASKS).tolist(), strict=True)), 1),
        "import": (importing, even, 1),
        "slow engine": (slower_on_one, even, 1),
        "growing": (sleep, np.linspace(0.01, 0.1, TASKS).tolist(), 1),
        "lognormal": (sleep, waits, 1),
        "chunks": (sleep, rng.lognormal(-5, 0.7, 8 * TASKS).tolist(), 8),
        "engine joins": (sleep, [2 * each for each in even], 1),
    }


def kept(name, ar):
    """One run's columns; times in tenths of a millisecond."""
    import ipar_results

    frame = ipar_results.monitor(ar).to_dataframe().dropna(subset=["started", "completed", "engine"])
    started = frame["started"].astype("int64")
    begun = started - started.min()
    slots = {engine: slot for slot, engine in enumerate(sorted(frame["engine"].unique().tolist()))}
    return {
        "name": name,
        "inputs": frame["n_inputs"].tolist(),
        "slot": [slots[engine] for engine in frame["engine"]],
        "start": (begun / 100).round().astype(int).tolist(),
        "took": (frame["duration"] * 1e4).round().astype(int).clip(1).tolist(),
    }


def record(cluster, rc, name, work):
    """One run of one workload."""
    function, inputs, chunksize = work
    view = rc.load_balanced_view()
    ids = list(rc.ids)
    if name == "slow engine":
        rc[ids[0]].execute("import os; os.environ['IPAR_BENCH_SLOW'] = '3'", block=True)
    if name == "import":
        rc[:].execute("import sys; sys.modules.pop('ipar_bench_imported', None)", block=True)
    ar = view.map_async(function, inputs, chunksize=chunksize)
    if name == "engine joins":
        cluster.start_engines_sync(1)
    ar.wait(60)
    if name == "slow engine":
        rc[ids[0]].execute("del os.environ['IPAR_BENCH_SLOW']", block=True)
    return kept(name, ar)


def count_primes(limit):
    """Count the primes below a limit, as the tour does."""
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(2, limit))


def tours():
    """Record the growing tasks of the tour on 2, 4 and 8 engines, alone and beside two busy processes."""
    import ipyparallel as ipp

    runs = []
    for engines in (2, 4, 8) * ROUNDS:
        cluster = ipp.Cluster(n=engines, log_level=logging.WARNING)
        rc = cluster.start_and_connect_sync()
        try:
            for loaded in (False, True):
                busy = [
                    subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * loaded)
                ]
                ar = rc.load_balanced_view().map_async(count_primes, range(30_000, 190_000, 4_000))
                ar.wait(300)
                for process in busy:
                    process.kill()
                    process.wait()
                runs.append(kept(f"tour {engines}" + " loaded" * loaded, ar))
        finally:
            rc.close()
            cluster.stop_cluster_sync()
    return runs


def main():
    """Record everything, or what is named."""
    import ipyparallel as ipp

    import ipar_results

    ipar_results.enable()
    before = json.loads(OUT.read_text())
    if not sys.argv[1:] or "tours" in sys.argv[1:]:
        before["tours"] = tours()
    if sys.argv[1:] == ["tours"]:
        OUT.write_text(json.dumps(before, separators=(",", ":")) + "\n")
        return
    runs = []
    if sys.argv[1:]:
        runs = [run for run in before["runs"] if run["name"] not in sys.argv[1:]]
    for seed in range(ROUNDS):
        cluster = ipp.Cluster(n=ENGINES, log_level=logging.WARNING)
        rc = cluster.start_and_connect_sync()
        try:
            rc[:].push({"sleep": sleep, "solve": solve}, block=True)
            for name, work in workloads(np.random.default_rng(seed)).items():
                if sys.argv[1:] and name not in sys.argv[1:]:
                    continue
                runs.append(record(cluster, rc, name, work))
                print(f"round {seed}: {name}", file=sys.stderr)
        finally:
            rc.close()
            cluster.stop_cluster_sync()
    OUT.write_text(json.dumps({**before, "engines": ENGINES, "runs": runs}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["IPYTHONDIR"] = home
        main()
