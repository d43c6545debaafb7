"""Plays broken messages at every edge, prints what came of them: ``python tests/fuzz/fuzz.py CASES SEED``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from edges import EDGES  # noqa: E402


def main() -> int:
    """Play the cases, shared among the edges; 1 where something was wrong."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1_000_000
    print(f"seed {seed}")
    wrong = 0
    for edge in EDGES:
        figures = edge(cases // len(EDGES), seed)
        print(figures, flush=True)
        for line in figures.wrong[:10]:
            print(f"  {line}")
        wrong += len(figures.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
