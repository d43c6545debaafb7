"""Installer that reports what pip is doing: `python tools/install.py demo`, run by the Python of .venv."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from progress import Progress

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT / "build" / "state" / "install.log"
STEPS = [  # a line of the output of pip or Yarn, the step that it begins, and how long that usually takes
    (r"  Installing build dependencies: started", "fetching the build tools", "(10 s)"),
    (r"  \S+ YN0000: \S+ Fetch step", "fetching npm packages", "(10 s to a minute)"),
    (r"  \S+ YN0000: \S+ Link step", "building the JupyterLab extension", "(30 s)"),
    (r"Collecting ", "downloading packages", "(10 s to a minute)"),
    (r"Installing collected packages: ", "installing packages", "(30 s)"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extra", help="the optional dependencies to install: demo or test")
    extra = parser.parse_args().extra
    LOG.parent.mkdir(parents=True, exist_ok=True)
    print(f"Installing ipar_results[{extra}] into .venv: two to three minutes the first time", flush=True)
    status = install(extra)
    if status:
        print("".join(LOG.read_text(encoding="utf-8").splitlines(keepends=True)[-30:]), file=sys.stderr)
        print(f"pip failed; its whole output is in {LOG.relative_to(ROOT)}", file=sys.stderr)
    return status


def install(extra):
    """Run pip, write its output to `LOG` and report its steps; return its exit status."""
    pip = [sys.executable, "-m", "pip", "install", "--verbose", "--progress-bar", "off"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    with (
        LOG.open("w", encoding="utf-8") as log,
        Progress() as progress,
        subprocess.Popen([*pip, "--editable", f".[{extra}]"], cwd=ROOT, **options) as process,
    ):
        progress.begin("starting pip")
        for line in process.stdout:
            log.write(line)
            for pattern, step, note in STEPS:
                if re.match(pattern, line):
                    progress.begin(step, note)
        status = process.wait()
        if not status:
            progress.begin("done")
    return status


if __name__ == "__main__":
    sys.exit(main())
