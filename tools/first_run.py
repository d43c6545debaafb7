"""Test of a newcomer's first run: `HEADLESS=1 make demo` in a fresh clone, with an empty home directory.

Everything is installed from nothing, which takes minutes. The run must succeed and report its progress.
It must change neither the home directory nor a file of the clone, and `make clean` must remove all that it
added there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SILENCE = 15  # seconds
FOLDERS = {  # variables that move files out of the home directory
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_CONFIG_PATH",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "MPLCONFIGDIR",
    "PIP_CACHE_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "YARN_GLOBAL_FOLDER",
    "npm_config_cache",
}
OF_MAKE = {"HEADLESS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}


def main():
    with tempfile.TemporaryDirectory(prefix="ipar-first-run-") as directory:
        clone, home = Path(directory, "clone"), Path(directory, "home")
        home.mkdir()
        clone_checkout(clone)
        status, silence = run_and_report(clone, home)
        problems = [] if status == 0 else [f"make demo ended with status {status}"]
        if silence > LONGEST_SILENCE:
            problems.append(f"make demo was silent for {silence:.0f} s")
        problems += list_traces(clone, home)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def clone_checkout(clone):
    """Make a repository of all files of this checkout that git does not ignore, with their times."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():  # a file that was deleted and not yet committed is listed too
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    author = ["-c", "user.name=ipar_results", "-c", "user.email=", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message=Copy"]):
        subprocess.run(["git", *command], cwd=clone, check=True)


def environment(home):
    """Return the environment of a user whose home directory is `home`, and who has moved nothing out of it.

    Programs in the present home directory are not on its PATH: rustup, for one, would write its settings to
    `home`.
    """
    present = Path.home()
    path = [part for part in os.get_exec_path() if not Path(part).is_relative_to(present)]
    return {
        **{name: value for name, value in os.environ.items() if name not in FOLDERS | OF_MAKE},
        "HOME": str(home),
        "PATH": os.pathsep.join(path),
        "PYTHON": sys.executable,
    }


def run_and_report(clone, home):
    """Run the demo and print its output with times; return its status and its longest silence in seconds."""
    demo = subprocess.Popen(
        ["make", "demo"],
        cwd=clone,
        env={**environment(home), "HEADLESS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    began = last = time.monotonic()
    silence = 0.0
    for line in demo.stdout:
        now = time.monotonic()
        silence, last = max(silence, now - last), now
        print(f"{now - began:6.1f} s  {line}", end="", flush=True)
    status, now = demo.wait(), time.monotonic()
    silence = max(silence, now - last)
    print(f"{now - began:6.1f} s  ended with status {status}; the longest silence was {silence:.1f} s")
    return status, silence


def list_traces(clone, home):
    """List the files in `home` and the changes to the clone; then run `make clean` and list what remains."""
    traces = [f"left in the home directory: {path.relative_to(home)}" for path in sorted(home.rglob("*"))]
    traces += [f"left in the checkout: {line}" for line in git_status(clone)]
    subprocess.run(["make", "clean"], cwd=clone, env=environment(home), capture_output=True, check=True)
    return traces + [f"left after make clean: {line}" for line in git_status(clone, "--ignored")]


def git_status(clone, *options):
    command = ["git", "status", "--porcelain", *options]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=True).stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
