"""Runs a notebook in a real kernel without a browser and reports the outcome: ``HEADLESS=1 make demo``."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from progress import Progress

ROOT = Path(__file__).resolve().parents[1]
WIDGET = "application/vnd.jupyter.widget-view+json"
CELL_TIMEOUT = 120


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", nargs="?", type=Path, default=ROOT / "notebooks" / "tour.ipynb")
    parser.add_argument(
        "--to",
        type=Path,
        default=ROOT / "build" / "headless",
        help="folder in which the notebook runs, and in which the executed notebook is saved",
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ipar-demo-") as directory:
        isolate(Path(directory))
        try:
            return run(arguments.notebook, arguments.to)
        finally:
            stop_leftovers()


def isolate(directory):
    """Keep what Jupyter and IPython write in `directory`; it also marks the processes that we start."""
    os.environ["IPYTHONDIR"] = str(directory / "ipython")
    for name in ("CONFIG", "DATA", "RUNTIME"):
        os.environ[f"JUPYTER_{name}_DIR"] = str(directory / name.lower())


def run(path, target):
    """Execute the notebook in `target` and save it there, also as HTML; return 1 if anything failed."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    print(f"Running {path.name} without a browser; this takes less than a minute.", flush=True)

    progress = Progress()

    def report_cell(cell, cell_index):
        number = next(number for number, each in enumerate(cells, start=1) if each is cell)
        progress.begin(f"cell {number} of {len(cells)}")

    target.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        allow_errors=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(target)}},
        extra_arguments=["--log-level=ERROR"],
        on_cell_execute=report_cell,
    )
    problems = []
    began = time.perf_counter()
    try:
        with progress:
            client.execute()
    except (CellTimeoutError, DeadKernelError) as error:
        problems.append(f"stopped early: {error}")
    seconds = time.perf_counter() - began

    page, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
    nbformat.write(notebook, target / path.name)
    page_path = (target / path.name).with_suffix(".html")
    page_path.write_text(page, encoding="utf-8")

    ran = sum(cell.execution_count is not None for cell in cells)
    cards = 0
    for number, cell in enumerate(cells, start=1):
        for output in cell.outputs:
            data = output.get("data", {})
            cards += "ipar-" in data.get("text/html", "")
            if output.output_type == "error":
                problems.append(f"cell {number} failed: {output.ename}: {output.evalue}")
            if WIDGET in data:
                problems.append(f"cell {number} holds a widget, which a saved notebook cannot show")
    if not cards:
        problems.append("no output holds a card as static HTML")

    print(f"{path.name}: {ran} of {len(cells)} cells ran in {seconds:.1f} s, {cards} cards as static HTML")
    print(f"  {target / path.name}")
    print(f"  {page_path} ({len(page.encode()) / 1000:.0f} kB)")
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    return 1 if problems else 0


def stop_leftovers(grace=15):
    """Wait for the processes that the notebook started, and kill those that do not end."""
    ours = [process for process in psutil.process_iter() if is_ours(process)]
    _, alive = psutil.wait_procs(ours, timeout=grace)
    for process in alive:
        print(f"  killing process {process.pid}, which was still running", file=sys.stderr)
        process.kill()


def is_ours(process):
    """Return whether `process` descends from this one, by its environment: its parent may have ended."""
    try:
        return process.pid != os.getpid() and process.environ().get("IPYTHONDIR") == os.environ["IPYTHONDIR"]
    except psutil.Error:
        return False


if __name__ == "__main__":
    sys.exit(main())
