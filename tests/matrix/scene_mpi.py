"""Engines that ipyparallel's MPI launcher starts, with ranks that talk to one another."""

import shutil
from pathlib import Path

from play import (
    CELLS,
    LOAD,
    START,
    Environment,
    NotPossibleError,
    expect_saved,
    run,
    surroundings,
    write_notebook,
)

TOGETHER = """\
def rank():
    from mpi4py import MPI
    return MPI.COMM_WORLD.Get_rank(), MPI.COMM_WORLD.Get_size(), MPI.COMM_WORLD.allreduce(1)
together = rc[:].apply_async(rank)
print("RANKS", sorted(together.get(timeout=60)))
"""


def scene(environment: Environment, folder: Path) -> str:
    """Work on MPI's engines, collective calls among it, is shown like any other."""
    execute = environment.program("jupyter-execute")
    if execute is None:
        raise NotPossibleError("nbclient, which runs the notebook, is not in this environment")
    try:
        run([environment.python, "-c", "import mpi4py"], folder)
    except AssertionError:
        raise NotPossibleError("mpi4py is not in this environment") from None
    path = surroundings(folder)["PATH"]
    mpiexec = environment.program("mpiexec") or shutil.which("mpiexec", path=path)
    if mpiexec is None:
        raise NotPossibleError("there is no mpiexec (pip or apt install mpich)")
    start = "from traitlets.config import Config\n" + START.replace(
        "n=2", f"n=2, engines='mpi', config=Config(MPILauncher={{'mpi_cmd': [{mpiexec!r}]}})"
    )
    cells = (LOAD, start, TOGETHER, *CELLS[2:])
    notebook = write_notebook(folder / "work.ipynb", cells)
    run([execute, "--inplace", notebook], folder, timeout=240)
    text = notebook.read_text()
    assert "[(0, 2, 2), (1, 2, 2)]" in text, "the engines are not two ranks of one world"
    return f"{expect_saved(notebook)}, on two ranks that reduced a sum"
