"""papermill, which puts parameters in and runs cell by cell."""

from pathlib import Path

from play import CELLS, Environment, NotPossibleError, expect_saved, run, write_notebook


def scene(environment: Environment, folder: Path) -> str:
    """Parameters reach the work, and what papermill saves is the truth."""
    program = environment.program("papermill")
    if program is None:
        raise NotPossibleError("papermill is not in this environment")
    cells = [source.replace("range(40)", "range(inputs)") for source in CELLS]
    source = write_notebook(folder / "work.ipynb", cells, parameters="inputs = 3")
    target = folder / "out.ipynb"
    run([program, source, target, "-p", "inputs", "24", "--no-progress-bar"], folder)
    return expect_saved(target, total=24)
