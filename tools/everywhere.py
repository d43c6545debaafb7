"""Plays each scene of tests/matrix in each environment, and writes README's table: `make matrix`.

``python tools/everywhere.py [--only SCENE…] [--in ENVIRONMENT…] [--table]``. What each scene said is kept in
build/matrix/outcomes.json, so that a part can be played again; ``--table`` writes the table from it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "matrix"))

from places import ENVIRONMENTS, HOME, Environment, build_wheel, make  # noqa: E402
from play import play  # noqa: E402

SCENES = {
    "lab": "JupyterLab, in Chromium",
    "notebook": "Notebook, in Chromium",
    "terminal": "IPython in a terminal",
    "console": "jupyter console",
    "qtconsole": "qtconsole",
    "nbclient": "nbclient",
    "papermill": "papermill",
    "voila": "Voila",
    "split_with": "server with the labextension, kernel apart",
    "split_widgets": "server with ipywidgets' own only, kernel apart",
    "split_without": "server with neither, kernel apart",
    "xeus": "xeus-python, in nbclient",
    "gateway": "kernels behind a kernel gateway",
    "hub": "JupyterHub, kernel apart, two users",
    "ssh": "engines by SSH",
    "mpi": "engines by MPI",
    "slurm": "engines by Slurm",
    "gridengine": "engines by Grid Engine",
    "bad_line": "engines behind 100 ms and 1 % loss",
    "clocks": "engines whose clocks are wrong",
}
IN_BROWSER = ("lab", "notebook", "split_with", "split_widgets", "split_without")
BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"
MARKS = {"ok": "yes", "failed": "**no**", "not possible here": "–"}
OUTCOMES = HOME / "outcomes.json"
SHOWN = ("python", "ipyparallel", "ipykernel", "ipywidgets", "jupyterlab", "notebook")


def main() -> int:
    """Make what is needed, play what is wanted, write the table; 1 where a scene failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = [environment.name for environment in ENVIRONMENTS if not environment.part]
    parser.add_argument("--only", nargs="*", choices=SCENES, default=list(SCENES), metavar="SCENE")
    parser.add_argument("--in", nargs="*", choices=names, default=names, metavar="ENVIRONMENT", dest="places")
    parser.add_argument("--table", action="store_true", help="only write the table of what was played before")
    wanted = parser.parse_args()
    told = json.loads(OUTCOMES.read_text()) if OUTCOMES.exists() else {}
    if not wanted.table:
        wheel = build_wheel()
        apart = any(scene.startswith(("split", "hub")) for scene in wanted.only)
        asked = [each for each in ENVIRONMENTS if (apart if each.part else each.name in wanted.places)]
        there = [environment for environment in asked if made(environment, wheel)]
        for environment in there:
            if not environment.part:
                one(environment, wanted.only, told)
    if told:
        write(told)
    failed = [
        f"{place}: {scene}"
        for place, each in told.items()
        for scene, outcome in each["scenes"].items()
        if outcome["state"] == "failed"
    ]
    print(
        f"{sum(len(each['scenes']) for each in told.values())} scenes, failed: {', '.join(failed) or 'none'}"
    )
    return 1 if failed else 0


def made(environment: Environment, wheel: Path) -> bool:
    """Make one environment; says why where that is not possible here."""
    try:
        make(environment, wheel)
    except (LookupError, subprocess.CalledProcessError) as error:
        print(f"{environment.name}: not possible here: {error}", flush=True)
        return False
    return True


def one(environment: Environment, scenes: list[str], told: dict) -> None:
    """Play the scenes in one environment, and keep what they said."""
    kept = told.setdefault(environment.name, {"scenes": {}})
    kept["versions"], kept["date"] = environment.versions(), time.strftime("%Y-%m-%d")
    for name in scenes:
        module = import_module("scene_browser" if name in IN_BROWSER else f"scene_{name}")
        outcome = play(getattr(module, name if name in IN_BROWSER else "scene"), environment)
        kept["scenes"][name] = asdict(outcome)
        why = outcome.why.strip().splitlines()[-1]
        print(
            f"{environment.name:11s} {name:14s} {outcome.state} in {outcome.seconds:.0f} s: {why}", flush=True
        )
        OUTCOMES.write_text(json.dumps(told, indent=1))


def table(told: dict) -> str:
    """The compatibility table: an environment a column, a scene a row."""
    places = [environment.name for environment in ENVIRONMENTS if environment.name in told]
    rows = [["", *places], ["---"] * (len(places) + 1)]
    rows.append(["played on", *(told[place]["date"] for place in places)])
    for package in SHOWN:
        rows.append(
            [package.replace("python", "Python"), *(told[p]["versions"].get(package, "–") for p in places)]
        )
    for scene, title in SCENES.items():
        if any(scene in told[place]["scenes"] for place in places):
            states = [told[place]["scenes"].get(scene, {}).get("state") for place in places]
            rows.append([title, *(MARKS.get(state, "not tried") for state in states)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write(told: dict) -> None:
    """Put the table between README's two markers."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, also, after = rest.partition(END)
    if not (found and also):
        raise SystemExit(f"README.md has no lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{table(told)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
