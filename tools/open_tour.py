"""Opens a copy of the notebooks, below build/, in JupyterLab: `make demo`."""

import os
import sys
from pathlib import Path

from copy_notebooks import copy_notebooks

ROOT = Path(__file__).resolve().parents[1]
COPIES = ROOT / "build" / "demo"


def main():
    renamed = copy_notebooks(ROOT / "notebooks", COPIES, ROOT / "build" / "state" / "notebooks")
    for name, new in renamed.items():
        print(f"{name} has a new version; your edited copy is now {new}")
    command = [sys.executable, "-m", "jupyterlab"]
    command += [f"--ServerApp.root_dir={COPIES}", "--LabApp.default_url=/lab/tree/tour.ipynb"]
    command += ["--ServerApp.answer_yes=True"]  # Ctrl-C stops it without a question
    command += ["--log-level=ERROR", "--LabApp.log_level=ERROR"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    print("JupyterLab opens the tour in your browser. Press Ctrl-C here to stop it.")
    print(f"You work on a copy: your changes and exports stay in {COPIES.relative_to(ROOT)}/.", flush=True)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
