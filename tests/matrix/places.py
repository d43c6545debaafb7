"""The environments of `make matrix`: which versions stand together, and how one is made."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / "build" / "matrix"
SHOWN = ("ipyparallel", "ipykernel", "ipywidgets", "jupyterlab", "notebook")
FRONT_ENDS = ("jupyterlab", "notebook")
CONSOLES = ("jupyter_console", "qtconsole", "PySide6-Essentials")
OTHERS = (
    *CONSOLES,
    "papermill",
    "voila",
    "jupyter_kernel_gateway",
    "mpi4py",
    "mpich; sys_platform == 'linux'",
)


@dataclass(frozen=True)
class Environment:
    """One virtual environment below build/matrix.

    Attributes
    ----------
    name : str
        How it is called, in the table too.
    version : str
        Python's, such as ``3.10``; ``newest`` is the newest that this machine has.
    requirements : tuple of str
        What is installed beside the wheel, as pip takes it.
    wheel : bool
        Whether ipar_results is in it.
    bare : bool
        Whether it has only the wheel's own files, not what they import, as docs/hpc.md says for servers.
    part : bool
        Whether it is only a part of other environments' scenes, with no column of its own.
    """

    name: str
    version: str
    requirements: tuple[str, ...] = ()
    wheel: bool = True
    bare: bool = False
    part: bool = False

    @property
    def path(self) -> Path:
        """Where it is."""
        return HOME / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    def program(self, name: str) -> str | None:
        """Find a program that was installed into it, or None."""
        path = self.path / "bin" / name
        return str(path) if path.exists() else None

    def versions(self) -> dict[str, str]:
        """Python's version and those of what the table names, read from the environment itself."""
        code = (
            "import json, platform; from importlib.metadata import distributions\n"
            "found = {d.metadata['Name'].lower(): d.version for d in distributions()}\n"
            "print(json.dumps({'python': platform.python_version(), **found}))"
        )
        found = json.loads(subprocess.check_output([self.python, "-c", code], text=True))
        return {name: found[name] for name in ("python", *SHOWN) if name in found}


ENVIRONMENTS = (
    Environment(
        "oldest",
        "3.10",
        (
            "ipyparallel==9.0.*",
            "ipykernel==6.31.*",
            "ipywidgets==8.0.*",
            "jupyterlab==4.2.*",
            "notebook==7.2.*",
            *OTHERS,
        ),
    ),
    Environment("kernel-7.1", "3.12", ("ipykernel==7.1.*", *FRONT_ENDS)),
    Environment("kernel-7.3", "3.11", ("ipykernel==7.3.*", *FRONT_ENDS)),
    Environment("newest", "newest", (*FRONT_ENDS, *OTHERS)),
    Environment("xeus-python", "3.11", ("xeus-python==0.19.*", "nbclient")),
    # for the split set-up: servers that know nothing of us, and a kernel with nothing but us
    Environment("server", "newest", FRONT_ENDS, wheel=False, part=True),
    Environment("server-widgets", "newest", ("jupyterlab", "jupyterlab_widgets"), wheel=False, part=True),
    Environment("kernel", "newest", part=True),
    # for JupyterHub
    Environment("hub", "newest", ("jupyterhub", "jupyterlab"), bare=True, part=True),
)


def pythons() -> Iterator[tuple[tuple[int, int], str]]:
    """Each Python 3.10 or newer of this machine, as ((3, minor), path): those on PATH, then pyenv's."""
    found = [path for minor in range(10, 30) if (path := shutil.which(f"python3.{minor}"))]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found += [str(path) for path in sorted(root.glob("versions/*/bin/python3"))]
    for path in found:
        code = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
        asked = subprocess.run([path, "-c", code], capture_output=True, text=True)
        if asked.returncode == 0:
            major, minor = map(int, asked.stdout.split())
            if (major, minor) >= (3, 10):
                yield (major, minor), path


def python_for(version: str) -> str | None:
    """The interpreter of that version, or None where this machine has none."""
    available = dict(reversed(list(pythons())))  # the first of a version stands
    if version == "newest":
        return available[max(available)] if available else None
    major, minor = map(int, re.findall(r"\d+", version)[:2])
    return available.get((major, minor))


def make(environment: Environment, wheel: Path) -> None:
    """Make the environment, or bring the wheel in one that stands up to date.

    Raises
    ------
    LookupError
        This machine has no such Python.
    subprocess.CalledProcessError
        pip could not install something; its output has been printed.
    """
    python = python_for(environment.version)
    if python is None:
        raise LookupError(f"no Python {environment.version} with venv on PATH or in pyenv")
    wanted = [python, *environment.requirements, str(environment.wheel)]
    key = hashlib.sha256("\n".join(wanted).encode()).hexdigest()
    stamp = environment.path / "made"
    pip = [str(environment.python), "-m", "pip", "install", "-qq"]
    if not stamp.exists() or stamp.read_text() != key:
        shutil.rmtree(environment.path, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(environment.path)], check=True)
        whole = environment.wheel and not environment.bare
        subprocess.run([*pip, *environment.requirements, *[str(wheel)] * whole], check=True)
        if environment.bare:
            subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
        stamp.write_text(key)
    elif environment.wheel:
        subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)


def build_wheel() -> Path:
    """Build the wheel that every environment gets."""
    target = HOME / "dist"
    shutil.rmtree(target, ignore_errors=True)
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "build", "--wheel", "--outdir", str(target)]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    (wheel,) = target.glob("*.whl")
    return wheel
