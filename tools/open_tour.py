"""Opens a copy of the notebooks, below build/, in JupyterLab: `make demo`."""

import os
import sys
from pathlib import Path

from copy_notebooks import copy_notebooks
from jupyterlab.labapp import LabApp

ROOT = Path(__file__).resolve().parents[1]
COPIES = ROOT / "build" / "demo"


def main():
    renamed = copy_notebooks(ROOT / "notebooks", COPIES, ROOT / "build" / "state" / "notebooks")
    for name, new in renamed.items():
        print(f"{name} has a new version; your edited copy is now {new}")
    arguments = [
        f"--ServerApp.root_dir={COPIES}",
        "--LabApp.default_url=/lab/tree/tour.ipynb",
        "--ServerApp.answer_yes=True",  # Ctrl-C stops it without a question
        "--log-level=ERROR",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    server = LabApp.initialize_server(argv=arguments)
    print(f"The tour opens in your browser; if it does not, open {server.local_url}")
    print(f"You work on a copy, in {COPIES.relative_to(ROOT)}/. Press Ctrl-C here to stop.", flush=True)
    server.start()


if __name__ == "__main__":
    sys.exit(main())
