"""A bench of this checkout beside that of another revision: `python tests/bench/against.py REV BENCH [ARGS]`.

The revision is cloned and installed below build/against, with the same versions of other packages. Its bench
and ours run in turn, in processes of their own. A figure is a number in a line of output, its partner the
number in the same place of the line whose other text is the same. Figures that never change are left out. A
bench that the revision lacks is taken from here. Example: ``against.py HEAD~3 observe.py 1000``.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w,])")

Key = tuple[str, int, int]  # text of a line, which of the lines with this text, which of its numbers


def call(*command: str | Path, cwd: Path = ROOT) -> str:
    """Output of a command that must succeed."""
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def build(revision: str) -> tuple[Path, Path]:
    """Checkout of a revision, and a Python in which it is installed; both are kept for the next time."""
    commit = call("git", "rev-parse", f"{revision}^{{commit}}")
    tree = ROOT / "build" / "against" / commit[:12]
    python = tree / ".venv" / "bin" / "python"
    if not (tree / ".installed").exists():
        call("rm", "-rf", tree)
        call("git", "clone", "--quiet", "--shared", "--no-checkout", ROOT, tree)
        call("git", "checkout", "--quiet", commit, cwd=tree)
        call(sys.executable, "-m", "venv", tree / ".venv")
        packages = call(sys.executable, "-m", "pip", "freeze", "--exclude", "ipar_results")
        (tree / ".constraints").write_text(packages, encoding="utf-8")
        call(python, "-m", "pip", "install", "-qq", "-c", ".constraints", "-e", ".[test,bench]", cwd=tree)
        (tree / ".installed").touch()
    return tree, python


def figures(tree: Path, python: Path, bench: str, args: list[str]) -> dict[Key, float]:
    """Run the bench of a checkout; the numbers that it prints."""
    folder = next(
        root / "tests" / "bench" for root in (tree, ROOT) if (root / "tests" / "bench" / bench).exists()
    )
    environment = {**os.environ, "PYTHONPATH": str(tree), "PATH": f"{python.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [python, folder / bench, *args], cwd=tree, env=environment, capture_output=True, text=True
    )
    if "Traceback (most recent call last)" in done.stderr:
        sys.exit(done.stderr)
    lines: Counter[str] = Counter()
    found: dict[Key, float] = {}
    for line in done.stdout.splitlines():
        text = " ".join(NUMBER.sub("#", line).split())
        for place, number in enumerate(NUMBER.findall(line)):
            found[text, lines[text], place] = float(number.replace(",", ""))
        lines[text] += 1
    return found


def main(revision: str, bench: str, args: list[str], pairs: int) -> None:
    """Print the ratios of our figures to those of the revision, pair by pair."""
    sides = (ROOT, Path(sys.executable)), build(revision)
    seen: list[tuple[dict[Key, float], dict[Key, float]]] = []
    for i in range(pairs):
        order = (0, 1) if i % 2 == 0 else (1, 0)
        found = {side: figures(*sides[side], bench, args) for side in order}
        seen.append((found[0], found[1]))
        print(f"pair {i + 1} of {pairs}", file=sys.stderr, flush=True)
    for key in seen[0][0]:
        values = [(a[key], b[key]) for a, b in seen if key in a and key in b]
        if len(values) < pairs or len({number for pair in values for number in pair}) == 1:
            continue
        ratios = [a / b if b else float("nan") for a, b in values]
        print(f"\n{key[0]}  [figure {key[2] + 1}{f', line {key[1] + 1}' * bool(key[1])}]")
        here, there = (statistics.median(side) for side in zip(*values, strict=True))
        print(
            f"  here {here:g}, {revision} {there:g}: ratio {statistics.median(ratios):.3f} "
            f"({min(ratios):.3f} to {max(ratios):.3f}); {', '.join(f'{ratio:.3f}' for ratio in ratios)}"
        )
    for name, figure, other in (("here", *seen[0]), (revision, *reversed(seen[0]))):
        for text in sorted({key[0] for key in figure} - {key[0] for key in other}):
            print(f"\nonly {name}: {text}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=7, help="pairs of runs")
    parser.add_argument("revision", help="such as HEAD~3")
    parser.add_argument("bench", help="such as observe.py")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="arguments of the bench")
    given = parser.parse_args()
    main(given.revision, given.bench, given.args, given.pairs)
