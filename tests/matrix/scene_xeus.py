"""xeus-python: a kernel without a publishing socket, control handlers or ids of requests."""

from pathlib import Path

import nbformat
from play import CELLS, Environment, NotPossibleError, expect, facts, run, write_notebook


def scene(environment: Environment, folder: Path) -> str:
    """The saved cards hold the end, and loading logs no error."""
    program = environment.program("jupyter-execute")
    if program is None or not (environment.python.parents[1] / "share/jupyter/kernels/xpython").exists():
        raise NotPossibleError("xeus-python or nbclient is not in this environment")
    path = write_notebook(folder / "work.ipynb", CELLS)
    log = run([program, "--inplace", "--kernel_name=xpython", path], folder)
    assert "Traceback" not in log, log[-3000:]
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.outputs]
    expect(facts("".join(output.get("text", "") for output in outputs)))
    cards = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert len(cards) == 2, outputs
    for card in cards:
        assert "aria-valuenow=40 " in card, card[:2000]
    return "2 cards saved, 39 ok and 1 failed"
