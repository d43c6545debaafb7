"""Install what is in dist/ into empty environments, as users do, and use it there: `make install-check`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
USE = """\
import json, sys
from importlib.metadata import version
from pathlib import Path

import ipyparallel as ipp
import ipar_results

here = Path(ipar_results.__file__)
assert here.is_relative_to(sys.prefix), f"imported from {here}, which is not the new environment"
assert version("ipar_results") == ipar_results.__version__
labextension = Path(sys.prefix, "share", "jupyter", "labextensions", "ipar-results")
described = json.loads((labextension / "package.json").read_text())
assert (labextension / described["jupyterlab"]["_build"]["load"]).stat().st_size > 1_000
assert described["version"].startswith(ipar_results.__version__), described["version"]

from IPython.terminal.interactiveshell import TerminalInteractiveShell

shell = TerminalInteractiveShell.instance()
shell.run_cell("%load_ext ipar_results").raise_error()
assert ipar_results.enabled()
with ipp.Cluster(n=1, log_level=40) as rc:
    ar = rc.load_balanced_view().map_async(lambda n: 1 / (n - 3), range(8), chunksize=1)
    ar.wait(60)
    snapshot = ar.monitor.snapshot()
    assert (snapshot.ok, snapshot.failed) == (7, 1), snapshot
    report = ar.monitor.save_report("report.html").read_text()
    assert "ZeroDivisionError" in report and "<style>" in report
    assert ipar_results.load("report.html").ok == 7
    assert ipar_results.ResultWidget(ar).done == 8
shell.run_cell("%unload_ext ipar_results").raise_error()
assert not ipar_results.enabled()
"""


def main() -> int:
    """Check the wheel and the sdist of the version that the sources have; 0 where both are well."""
    files = [*DIST.glob("*.whl"), *DIST.glob("*.tar.gz")]
    if sorted(file.name.endswith(".whl") for file in files) != [False, True]:
        print(
            f"expected one wheel and one sdist in {DIST}, found {[file.name for file in files]}: make build"
        )
        return 1
    return max([check(file) for file in files])


def check(file: Path) -> int:
    """Install one file and use it; says what it took."""
    with tempfile.TemporaryDirectory(prefix="ipar-install-") as temporary:
        folder, begin = Path(temporary), time.monotonic()
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER"))
        }
        places = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
        commands = (["-m", "pip", "install", "--quiet", str(file)], ["-m", "pip", "check"], ["-I", "-c", USE])
        for arguments in commands:
            done = subprocess.run(
                [python, *arguments],
                cwd=folder,
                env=kept | places,
                capture_output=True,
                text=True,
                timeout=900,
            )
            if done.returncode:
                said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
                print(f"{file.name}: failed at {arguments[:3]}\n{textwrap.indent(said, '    ')}")
                return 1
        print(f"{file.name}: installs and works in an empty environment ({time.monotonic() - begin:.0f} s)")
        return 0


if __name__ == "__main__":
    sys.exit(main())
