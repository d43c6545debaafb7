"""The notebooks run from top to bottom in a real kernel, and what is saved needs no kernel to be read."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
MIME = "application/vnd.ipar-results.v1+json"


@pytest.mark.cluster
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["as_they_arrive", "when_things_fail", "where_the_time_goes"])
def test_a_notebook_runs_and_is_saved_with_static_cards(name, tmp_path):
    """`tools/demo.py` fails on a failing cell, a saved widget or no card; test_demo.py runs the tour."""
    demo, notebook = ROOT / "tools" / "demo.py", ROOT / "notebooks" / f"{name}.ipynb"
    done = subprocess.run([sys.executable, demo, notebook, "--to", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'class="ipar-' in (tmp_path / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.cluster
def test_nbconvert_executes_a_notebook_into_static_cards(cluster, tmp_path):
    """`jupyter nbconvert --execute`, as people run it: cards are saved as at the end of the last cell.

    What still runs then says as of when.
    """
    cells = [
        "%load_ext ipar_results\nimport time, ipyparallel as ipp",
        f"rc = ipp.Client(cluster_id={cluster.cluster_id!r})",
        "ar = rc.load_balanced_view().map_async(time.sleep, [0.1] * 20)\nar",
        "ar.wait()",
        "rc.load_balanced_view().map_async(time.sleep, [0.1] * 10).wait_interactive()",
        "last = rc.load_balanced_view().map_async(time.sleep, [0.1] * 30)\nlast",
        "rest = rc.load_balanced_view().map_async(time.sleep, [0.1] * 40)\nrest",
        "last.get();",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, tmp_path / "run.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "run.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    saved = nbformat.read(tmp_path / "run.ipynb", as_version=4)
    for cell, ended in ((2, "20 ok"), (4, "10 ok"), (5, "30 ok")):
        (output,) = saved.cells[cell].outputs
        assert sorted(output.data) == [MIME, "text/html", "text/plain"]
        assert ended in output.data["text/html"]
    (running,) = saved.cells[6].outputs
    for text in (running.data["text/plain"], running.data["text/html"]):
        assert re.search(r"as of \d\d:\d\d:\d\d", text) and not re.search(r"\d left", text)
