"""The browser tests' own ground: a notebook opens, runs and is saved."""

import pytest

pytestmark = pytest.mark.browser


def test_a_cell_runs_and_its_output_is_saved(page, jupyter_server):
    """The output is on the page, and in the file once it is saved."""
    jupyter_server.open(page, "smoke.ipynb", ["print(1 + 1)"])
    jupyter_server.run(page, 0)
    jupyter_server.wait_ran(page, 0)
    assert jupyter_server.output(page, 0).inner_text().strip() == "2"
    saved = jupyter_server.save(page, "smoke.ipynb")
    assert saved.cells[0].outputs[0].text == "2\n"
    # JupyterLab's question about news would cover what the other tests look at
    assert page.get_by_text("Jupyter news").count() == 0
