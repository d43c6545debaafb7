"""Builds the wheel as where there is no Node, once for each state of the sources: `python tools/wheel.py`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "wheel"
MADE = {"node_modules", "lib", "dist", ".yarn", "__pycache__"}  # by a build, not by people
WANTED = ("sh", "env")  # what a build may find on PATH; a Node is not among it


def sources(folder: Path) -> list[Path]:
    """All files of a folder that were written by people, in one order."""
    found = []
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in MADE)
        found += [Path(where, name) for name in sorted(files) if not name.endswith((".tsbuildinfo", ".pyc"))]
    return found


def digest(files: list[Path]) -> str:
    """A name for the state of some files."""
    state = hashlib.sha256()
    for path in files:
        state.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return state.hexdigest()[:16]


def wheel() -> Path:
    """The wheel of the sources as they are; takes a minute where it is not there yet.

    It is made from a copy, so that what was built before has no part in it. The part that Node builds is kept
    for itself: a change of the Python code does not build it again.
    """
    frontend = sources(ROOT / "labextension")
    names = ("pyproject.toml", "README.md", "LICENSE", "tools/readme_hook.py")
    files = [*(ROOT / name for name in names), *sources(ROOT / "ipar_results")]
    folder = KEPT / digest(files + frontend)
    for path in folder.glob("*.whl"):
        return path
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
        copy = Path(scratch, "source")
        for path in files + frontend:
            there = copy / path.relative_to(ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, there)
        built, dist = KEPT / f"dist-{digest(frontend)}", copy / "labextension" / "dist"
        if built.exists():
            shutil.copytree(built, dist)
        build(copy, Path(scratch))
        if not built.exists():
            shutil.copytree(dist, Path(scratch, "dist"))
            Path(scratch, "dist").rename(built)
        Path(scratch, "out").rename(folder)
    return next(folder.glob("*.whl"))


def build(copy: Path, scratch: Path) -> None:
    """Build the wheel of `copy` into ``out``, in an environment that pip makes for it."""
    path = scratch / "bin"
    path.mkdir()
    for name in WANTED:
        (path / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(scratch / "out"), str(copy)]
    done = subprocess.run(command, env={**os.environ, "PATH": str(path)}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the wheel could not be built:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")


if __name__ == "__main__":
    print(wheel())
