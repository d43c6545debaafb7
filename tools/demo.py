"""Runs a notebook in a real kernel without a browser, and says what came of it: ``HEADLESS=1 make demo``."""

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

ROOT = Path(__file__).resolve().parents[1]
WIDGET = "application/vnd.jupyter.widget-view+json"
CELL_TIMEOUT = 120


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", nargs="?", type=Path, default=ROOT / "notebooks" / "tour.ipynb")
    parser.add_argument("--to", type=Path, default=ROOT / "build", help="where the executed notebook goes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ipar-demo-") as directory:
        isolate(Path(directory))
        try:
            return run(arguments.notebook, arguments.to)
        finally:
            stop_leftovers()


def isolate(directory):
    """Keep what Jupyter and IPython write in `directory`, and let it mark the processes we start."""
    os.environ["IPYTHONDIR"] = str(directory / "ipython")
    for name in ("CONFIG", "DATA", "RUNTIME"):
        os.environ[f"JUPYTER_{name}_DIR"] = str(directory / name.lower())


def run(path, target):
    """Execute the notebook, write it and its HTML, print the summary; 0 where all is well."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        allow_errors=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    problems = []
    began = time.perf_counter()
    try:
        client.execute()
    except (CellTimeoutError, DeadKernelError) as error:
        problems.append(f"stopped early: {error}")
    seconds = time.perf_counter() - began

    page, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
    target.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target / path.name)
    page_path = (target / path.name).with_suffix(".html")
    page_path.write_text(page, encoding="utf-8")

    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
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
    """Wait for the processes that the notebook started, and kill those that stay."""
    ours = [process for process in psutil.process_iter() if is_ours(process)]
    _, alive = psutil.wait_procs(ours, timeout=grace)
    for process in alive:
        print(f"  process {process.pid} was left running and is killed now", file=sys.stderr)
        process.kill()


def is_ours(process):
    """Whether `process` descends from this one: its environment tells, even after its parent has gone."""
    try:
        return process.pid != os.getpid() and process.environ().get("IPYTHONDIR") == os.environ["IPYTHONDIR"]
    except psutil.Error:
        return False


if __name__ == "__main__":
    sys.exit(main())
