"""nbclient, as ``jupyter execute`` runs it."""

from pathlib import Path

from play import CELLS, Environment, NotPossibleError, expect_saved, run, write_notebook


def scene(environment: Environment, folder: Path) -> str:
    """What nbclient saves is the truth, without a widget."""
    program = environment.program("jupyter-execute")
    if program is None:
        raise NotPossibleError("nbclient is not in this environment")
    path = write_notebook(folder / "work.ipynb", CELLS)
    run([program, "--inplace", path], folder)
    return expect_saved(path)
