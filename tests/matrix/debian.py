"""Programs from Debian's packages, unpacked below build/matrix: nothing is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from places import HOME
from play import NotPossibleError

APT = ["apt-get", "install", "--simulate", "--no-install-recommends"]


def unpacked(packages: tuple[str, ...]) -> Path:
    """Download Debian packages and all that they need and this machine lacks, and unpack them.

    Raises
    ------
    NotPossibleError
        They cannot be had here; the text says why.
    """
    target = HOME / "debian" / packages[0]
    if target.exists():
        return target
    if any(shutil.which(program) is None for program in ("apt-get", "dpkg", "unshare")):
        raise NotPossibleError(f"{packages[0]} is taken from Debian's packages, and this is no Debian")
    if subprocess.run([*APT, *packages], capture_output=True).returncode:
        subprocess.run(["apt-get", "update"], capture_output=True)
    asked = subprocess.run([*APT, *packages], capture_output=True, text=True)
    names = re.findall(r"^Inst (\S+)", asked.stdout, re.MULTILINE)
    if asked.returncode or not names:
        raise NotPossibleError(f"apt-get offers no {packages[0]}: {asked.stderr.strip()[-300:]}")
    loaded = target.with_suffix(".part")
    shutil.rmtree(loaded, ignore_errors=True)
    loaded.mkdir(parents=True)
    done = subprocess.run(["apt-get", "download", *names], cwd=loaded, capture_output=True, text=True)
    if done.returncode:
        raise NotPossibleError(f"apt-get could not download {packages[0]}: {done.stderr.strip()[-300:]}")
    for package in loaded.glob("*.deb"):
        subprocess.run(["dpkg", "--extract", package, loaded], check=True)
        package.unlink()
    loaded.rename(target)
    return target
