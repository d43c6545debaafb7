"""The notebooks run from top to bottom in a real kernel, and what is saved needs no kernel to be read."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.cluster
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["tour", "as_they_arrive"])
def test_a_notebook_runs_and_is_saved_with_static_cards(name, tmp_path):
    """`tools/demo.py` fails on a cell that fails, on a saved widget, and where no card is saved."""
    demo, notebook = ROOT / "tools" / "demo.py", ROOT / "notebooks" / f"{name}.ipynb"
    done = subprocess.run([sys.executable, demo, notebook, "--to", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'class="ipar-' in (tmp_path / f"{name}.html").read_text(encoding="utf-8")
