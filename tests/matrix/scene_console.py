"""jupyter console in a real terminal: it ignores updates of what was displayed."""

from pathlib import Path

from play import Environment, NotPossibleError
from scene_terminal import played


def scene(environment: Environment, folder: Path) -> str:
    """It gets what IPython in a terminal gets, though it has a kernel."""
    program = environment.program("jupyter-console")
    if program is None:
        raise NotPossibleError("jupyter-console is not in this environment")
    return played([program], folder)
