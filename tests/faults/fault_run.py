"""One seed of the fault suite, or many: ``python tests/faults/fault_run.py 50`` or ``… --seed 7``.

Each seed has a process of its own, so that one that hangs can be ended and named.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
TIMEOUT = 170  # seconds a seed may take in all, on a busy machine


def run_one(seed: int) -> int:
    """Run one seed in this process; 0 where all held."""
    from fault_plan import Plan

    with tempfile.TemporaryDirectory(prefix="ipar-faults-") as directory:
        isolate(Path(directory))
        from fault_scene import play

        plan = Plan.of(seed)
        begin = time.monotonic()
        problems, told = play(plan)
    print(f"seed {seed:3d}  {time.monotonic() - begin:5.1f} s  {told}  [{plan}]", flush=True)
    for problem in problems:
        print(f"  seed {seed}: {problem}", flush=True)
    return 1 if problems else 0


def isolate(directory: Path) -> None:
    """Keep what Jupyter and IPython write in `directory`; engines can import what they are asked to do."""
    os.environ["IPYTHONDIR"] = str(directory / "ipython")
    for name in ("CONFIG", "DATA", "RUNTIME"):
        os.environ[f"JUPYTER_{name}_DIR"] = str(directory / name.lower())
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    profile = directory / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipcontroller_config.py").write_text("c.HeartMonitor.period = 500\n")


def run_apart(seed: int) -> tuple[bool, str]:
    """Run one seed in a process of its own; whether all held, and what it said."""
    command = [sys.executable, str(HERE / "fault_run.py"), "--seed", str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        end(process)
        out, err = process.communicate()
        return False, f"seed {seed}: did not end within {TIMEOUT} s\n{out}\n{err[-4000:]}"
    return process.returncode == 0, out if process.returncode == 0 else f"{out}\n{err[-4000:]}"


def end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it started."""
    import psutil

    for each in [*psutil.Process(process.pid).children(recursive=True), process]:
        with suppress(psutil.Error):
            each.kill()


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=50, help="how many seeds")
    parser.add_argument("--seed", type=int, help="this one only, in this process")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return run_one(arguments.seed)
    bad = []
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        held, said = run_apart(seed)
        print(said.rstrip(), flush=True)
        if not held:
            bad.append(seed)
    print(f"{arguments.seeds - len(bad)} of {arguments.seeds} seeds held", *(["; not:", bad] if bad else []))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
