"""Upgrades all packages to their newest releases, and runs the tests that need a cluster: `make newest`.

Each Python of this machine from 3.10 on has an environment below build/newest. It is kept, so that a run in
which tests fail says which packages are newer than those of the last run in which all passed. Deprecation
warnings are errors in the tests. Exit status 1 if a test failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path
from xml.etree import ElementTree

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "newest"
sys.path.insert(0, str(ROOT / "tests" / "matrix"))
from places import pythons  # noqa: E402

EXTRAS = ("", "dataframe", "demo")
TEST_PACKAGES = ("hypothesis", "joblib", "pytest", "pytest-asyncio", "pytest-timeout")
NAMED = (
    "ipyparallel",
    "ipykernel",
    "ipython",
    "jupyter_client",
    "jupyterlab",
    "numpy",
    "python-dateutil",
    "pyzmq",
)


def main() -> int:
    """Run the tests on each Python; 1 if some failed or an environment could not be made."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="of Python, such as 3.13; all")
    parser.add_argument("--pre", action="store_true", help="install pre-releases too")
    parser.add_argument("--pytest", default="", help="further arguments of pytest, in one text")
    wanted = parser.parse_args()
    interpreters = {f"{major}.{minor}": path for (major, minor), path in reversed(list(pythons()))}
    if missing := [each for each in wanted.versions if each not in interpreters]:
        parser.error(f"no Python {', '.join(missing)} here: there are {', '.join(sorted(interpreters))}")
    names = wanted.versions or sorted(interpreters, key=lambda name: int(name.partition(".")[2]))
    return int(not all([run(name, interpreters[name], wanted.pre, wanted.pytest) for name in names]))


def run(name: str, interpreter: str, pre: bool, arguments: str) -> bool:
    """Upgrade one environment and test in it; return whether all is well."""
    folder = HOME / name
    python, passed = folder / "bin" / "python", folder / "passed.json"
    try:
        if not python.exists():
            subprocess.run([interpreter, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--upgrade", "--upgrade-strategy", "eager"]
        subprocess.run([*pip, *["--pre"] * pre, *packages(), *TEST_PACKAGES], check=True)
    except subprocess.CalledProcessError as error:
        print(f"Python {name}: {error}", flush=True)
        return False
    now = installed(python)
    print(f"Python {name}: {', '.join(f'{each} {now.get(each)}' for each in NAMED)}", flush=True)
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "-q", "-m", "cluster and not browser", f"--junitxml={report}"]
    command += ["-p", "no:cacheprovider", "--ignore=tests/browser", *arguments.split()]
    log = folder / "pytest.log"
    with log.open("w") as output:
        status = subprocess.run(command, cwd=ROOT, env=environment(), stdout=output, stderr=output).returncode
    broken = list(failures(report)) if report.exists() else [f"pytest ended with {status}"]
    if status == 0:
        passed.write_text(json.dumps(now))
        print(f"Python {name}: all tests passed", flush=True)
        return True
    before = json.loads(passed.read_text()) if passed.exists() else {}
    newer = [
        f"{each} {before[each]} → {now[each]}" for each in now if before.get(each, now[each]) != now[each]
    ]
    print(f"Python {name}: {len(broken)} failed; {log.relative_to(ROOT)}", *broken, sep="\n  ")
    if before:
        print(f"  newer than when all passed: {', '.join(newer) or 'none'}", flush=True)
    return False


def packages() -> list[str]:
    """Return what ipar_results requires, by its metadata in .venv."""
    found = [Requirement(text) for text in requires("ipar_results") or ()]
    kept = [
        each
        for each in found
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in EXTRAS)
    ]
    return [f"{each.name}{each.specifier}" for each in kept]


def installed(python: Path) -> dict[str, str]:
    """Return the version of each package of an environment."""
    listing = [str(python), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    found = json.loads(subprocess.check_output(listing, text=True, stderr=subprocess.DEVNULL))
    return {each["name"].lower(): each["version"] for each in found}


def environment() -> dict[str, str]:
    """Return the variables of the tests, which use the sources and no other packages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return {**kept, "PYTHONPATH": str(ROOT)}


def failures(report: Path) -> Iterator[str]:
    """Yield a line for each test of a report that failed, with the last line of its error."""
    for case in ElementTree.parse(report).iter("testcase"):
        for failure in [*case.findall("failure"), *case.findall("error")]:
            message = (failure.get("message") or "").strip().splitlines() or [""]
            yield f"{case.get('classname')}::{case.get('name')}: {message[0][:200]}"


if __name__ == "__main__":
    sys.exit(main())
