"""JupyterLab and Notebook in a browser; also with the server in one environment and the kernel in another."""

from __future__ import annotations

import json
import re
from pathlib import Path

from browsing import address_of, open_browser
from places import ENVIRONMENTS
from play import (
    CONNECT,
    FACTS,
    LOAD,
    ROOT,
    SUBMIT,
    WAIT,
    WORK,
    Environment,
    NotPossibleError,
    cluster,
    expect_saved,
    process,
    until,
    write_notebook,
)

# The last task waits until the test has seen the card move, however slow the machine draws.
SLOW = WORK.replace(
    "time.sleep(0.1)",
    "time.sleep(0.4)\n    from pathlib import Path\n"
    "    while n == 39 and not Path({seen!r}).exists(): time.sleep(0.1)",
)
FRONT_ENDS = {
    "jupyterlab": ("LabApp", "lab/tree/work.ipynb?reset"),
    "notebook": ("JupyterNotebookApp", "notebooks/work.ipynb"),
}
IDLE = (
    "() => window.jupyterapp?.shell.currentWidget?.context?.sessionContext.session?.kernel?.status === 'idle'"
)
RUN = """cell => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
    void window.jupyterapp.commands.execute('notebook:run-cell');
}"""
RAN = """cell => {
    const { model } = window.jupyterapp.shell.currentWidget.content.widgets[cell];
    return model.executionCount !== null && model.executionState !== 'running';
}"""
CARD = "the labextension's card"
SAVE = "window.jupyterapp.shell.currentWidget.context.save()"
VALUE = "Number(document.querySelector('.jp-Notebook [role=progressbar]')?.getAttribute('aria-valuenow'))"
OURS = "!!window.jupyterapp?.hasPlugin?.('ipar-results:plugin')"


def lab(environment: Environment, folder: Path) -> str:
    """JupyterLab and kernel in one environment."""
    return played("jupyterlab", environment, environment, folder, CARD)


def notebook(environment: Environment, folder: Path) -> str:
    """Notebook and kernel in one environment."""
    return played("notebook", environment, environment, folder, CARD)


def split_with(environment: Environment, folder: Path) -> str:
    """The server has the labextension, the kernel runs in an environment that has no server."""
    return played("jupyterlab", environment, named("kernel"), folder, CARD)


def split_without(environment: Environment, folder: Path) -> str:
    """The server knows nothing of us, and has no widgets: HTML must do."""
    return played("jupyterlab", named("server"), environment, folder, "HTML")


def split_widgets(environment: Environment, folder: Path) -> str:
    """The server knows nothing of us, and draws stock widgets."""
    return played("jupyterlab", named("server-widgets"), environment, folder, "widgets")


def named(name: str) -> Environment:
    """Another environment of the matrix."""
    (found,) = (environment for environment in ENVIRONMENTS if environment.name == name)
    if not found.python.exists():
        raise NotPossibleError(f"the environment {name} was not made")
    return found


def played(front_end: str, server: Environment, kernel: Environment, folder: Path, expected: str) -> str:
    """Run the work in a browser: it moves while a cell waits, ends in the truth, and is saved.

    Parameters
    ----------
    front_end : {'jupyterlab', 'notebook'}
    server, kernel : Environment
    folder : Path
    expected : str
        What must draw the card while it moves, as `moves_as` says it.
    """
    if server.program(f"jupyter-{front_end.removeprefix('jupyter')}") is None:
        raise NotPossibleError(f"{front_end} is not in the server's environment")
    app, path = FRONT_ENDS[front_end]
    spec = folder / "kernels" / "kernels" / "apart"
    spec.mkdir(parents=True)
    argv = [str(kernel.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "apart", "language": "python"})
    )
    seen = folder / "seen"
    cells = (LOAD, CONNECT, SLOW.format(seen=str(seen)), SUBMIT, WAIT, FACTS)
    saved = write_notebook(folder / "work.ipynb", cells)
    saved.write_text(saved.read_text().replace('"python3"', '"apart"'))
    command = [server.python, "-m", front_end, "--no-browser", "--allow-root", "--ServerApp.port=0"]
    command += [f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="]
    command += [f"--{app}.expose_app_in_browser=True"]
    variables = {
        "JUPYTER_PATH": str(folder / "kernels"),
        "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter"),
    }
    with (
        cluster(kernel, folder),
        process(command, folder, "server.log", **variables) as running,
        open_browser() as page,
    ):
        page.goto(address_of(running, folder) + path, timeout=120_000)
        page.wait_for_function(IDLE, timeout=120_000)
        for cell in range(5):
            page.evaluate(RUN, cell)
            if cell < 4:
                page.wait_for_function(RAN, arg=cell, timeout=120_000)
        page.wait_for_function(f"{VALUE} > 3 && {VALUE} < 40", timeout=60_000)
        way = moves_as(page)
        assert way == expected, f"it moved as {way}, not as {expected}"
        seen.touch()
        page.wait_for_function(RAN, arg=4, timeout=120_000)
        page.evaluate(RUN, 5)
        page.wait_for_function(RAN, arg=5, timeout=60_000)
        page.wait_for_function(f"{VALUE} === 40", timeout=60_000)
        text = page.inner_text(".jp-Notebook")
        assert not re.search("model not found|loading widget", text, re.IGNORECASE), text

        def whole() -> str:
            page.evaluate(SAVE)
            try:
                return expect_saved(saved)
            except AssertionError as error:
                whole.last = error  # type: ignore[attr-defined]
                return ""

        try:
            told = until(whole, "a saved notebook that tells the truth", 30)
        except AssertionError as error:
            raise AssertionError(f"{error}: {whole.last}") from error  # type: ignore[attr-defined]
    return f"{told}; it moved as {way}"


def moves_as(page) -> str:
    """What draws the card that moves."""
    if page.locator(".jp-Notebook .ipar-result").count():
        return CARD
    return "widgets" if page.locator(".jp-Notebook .ipar-card.jupyter-widgets").count() else "HTML"
