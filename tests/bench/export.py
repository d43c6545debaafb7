"""How long it takes to take 100,000 tasks away: ``python tests/bench/export.py [TASKS]``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes import START, Fed, follow

from ipar_results.model.status import FAILED, OK
from ipar_results.results.monitor import Monitor

ENGINES = 8
LIMITS = {"to_dataframe": 1.0, "save_trace": 2.0}
ROUNDS = 3


def run(n):
    """A monitor of `n` ended tasks, with futures and metadata as a client has them."""
    fed = Fed(n)
    monitor = Monitor(fed.result, follow(fed))
    monitor.kept = fed
    followed, number = monitor._followed, np.arange(n)
    followed.record.engines.slots(list(range(ENGINES)), [{}] * ENGINES)
    followed.record.columns.reserve(ENGINES)
    begun = START.timestamp() + number // ENGINES * 0.01
    status = np.where(number % 100 == 7, FAILED, OK).astype(np.int8)
    followed.record.columns.end(number, status, (number % ENGINES).astype(np.int32), begun, begun + 0.009)
    return monitor


def main(n: int) -> int:
    """Print the table; 1 where a limit is not kept."""
    monitor = run(n)
    monitor.to_dataframe()  # pandas is imported
    print(f"{n:,} tasks, best of {ROUNDS}\n\n{'':<14}{'seconds':>9}{'limit':>8}{'of it':>8}{'size':>10}")
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for name in ("to_dataframe", "save_trace", "save_csv", "save_report"):
            ask, took, path = getattr(monitor, name), [], Path(folder) / name
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                if name == "to_dataframe":
                    ask()
                else:
                    ask(path, overwrite=True)
                took.append(time.perf_counter() - begin)
            limit, best = LIMITS.get(name), min(took)
            size = f"{path.stat().st_size / 1e6:.1f} MB" if path.exists() else ""
            ratio = f"{best / limit:.0%}" if limit else ""
            print(f"{name:<14}{best:>9.2f}{limit or '':>8}{ratio:>8}{size:>10}")
            kept &= limit is None or best <= limit * n / 100_000
    print("kept" if kept else "NOT kept")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
