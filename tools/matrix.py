"""Repeats browser scenes on kernels of other versions: `make matrix`, or `python tools/matrix.py NAME...`.

Each environment of `ENVIRONMENTS` is a venv below build/matrix with the wheel of this project and what is
pinned. To add one, give it a name, its pins, and where it needs another Python that Python's version, as in
``"python-3.13": Environment(("ipykernel==7.*",), python="3.13")``. It is made at the next run, anew when its
pins change, and is given the wheel whenever that changes. What is more than a kernel for the browser's scenes
(another JupyterLab, a command to run) is a further kind: `make` gives its Python, `main` says what is done.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from wheel import ROOT, wheel

FOLDER = ROOT / "build" / "matrix"
KERNELS = FOLDER / "jupyter"  # on JUPYTER_PATH; a kernel has the name of its environment


@dataclass(frozen=True)
class Environment:
    """What one venv holds beside the wheel."""

    pins: tuple[str, ...]
    python: str = ""  # as in "3.13"; empty for the one that runs this


ENVIRONMENTS = {
    "ipykernel-6.31": Environment(("ipykernel==6.31.*",)),
    "ipykernel-7.1": Environment(("ipykernel==7.1.*",)),
    "ipykernel-7.3": Environment(("ipykernel==7.3.*",)),
    "ipykernel-7.4": Environment(("ipykernel==7.4.*",)),
}


def make(name: str, environment: Environment, ours: Path) -> Path:
    """The Python of an environment, which is made where it is missing or was made of something else."""
    folder = FOLDER / name
    python, made_of, holds = folder / "bin" / "python", folder / "made-of.json", folder / "holds.txt"
    state = json.dumps([environment.python, environment.pins])
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    if not made_of.exists() or made_of.read_text() != state:
        print(f"making {folder.relative_to(ROOT)}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        run(interpreter(environment.python), "-m", "venv", str(folder))
        run(*pip, str(ours), *environment.pins)
        made_of.write_text(state)
    elif holds.read_text() != str(ours):
        run(*pip, "--no-deps", "--force-reinstall", str(ours))
    holds.write_text(str(ours))
    return python


def interpreter(version: str) -> str:
    """The Python of a version."""
    if not version:
        return sys.executable
    command = f"python{version}"
    probe = [command, "-c", "import sys; print(sys.executable)"]
    if shutil.which(command) is None or (found := subprocess.run(probe, capture_output=True)).returncode:
        sys.exit(f"there is no {command} on PATH: install it, or name the environments to run without it")
    return found.stdout.decode().strip()


def run(*command: str) -> None:
    """Run a command; its failure ends the program with what it said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}")


def register(name: str, python: Path) -> None:
    """Let Jupyter servers find the kernel of an environment."""
    spec = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
    }
    folder = KERNELS / "kernels" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec))


def main() -> int:
    """Make what is wanted and run the browser's scenes on it; returns pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ENVIRONMENTS)}; all")
    parser.add_argument("--make", action="store_true", help="only make the environments")
    parser.add_argument("--pytest", default="", help="further arguments of pytest, in one text")
    wanted = parser.parse_args()
    if unknown := sorted(set(wanted.names) - set(ENVIRONMENTS)):
        parser.error(f"no environment is named {', '.join(unknown)}: take some of {', '.join(ENVIRONMENTS)}")
    names = wanted.names or list(ENVIRONMENTS)
    ours = wheel()
    for name in names:
        register(name, make(name, ENVIRONMENTS[name], ours))
    if wanted.make:
        return 0
    command = [sys.executable, "-m", "pytest", "-m", "matrix", *wanted.pytest.split()]
    command += [f"--kernel={name}" for name in names]
    paths = [str(KERNELS), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "JUPYTER_PATH": os.pathsep.join(paths)}
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
