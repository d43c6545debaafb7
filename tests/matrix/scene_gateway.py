"""JupyterLab whose kernels run behind a kernel gateway, with its default settings and with `list_kernels`."""

from __future__ import annotations

import json
import socket
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from browsing import address_of, open_browser, wait_served
from play import (
    FACTS,
    LOAD,
    MIME,
    ROOT,
    WORK,
    Environment,
    NotPossibleError,
    cluster,
    expect,
    facts,
    process,
    surroundings,
    until,
    write_notebook,
)
from scene_browser import IDLE, RAN, RUN, SAVE

Arguments = tuple[str, ...]
WAYS: dict[str, Arguments | None] = {  # arguments of the gateway; None for a local kernel
    "local": None,
    "gateway": (),
    "gateway that lists kernels": ("--JupyterWebsocketPersonality.list_kernels=True",),
}
SUBMIT = "{name} = rc.load_balanced_view().map_async(work, range({tasks}), chunksize=1)\n{name}"
# Goes on until the test writes its file, so that the page acts in mid-cell however slow the machine is.
BUSY = "from pathlib import Path\nwhile not Path({flag!r}).exists(): time.sleep(0.1)"
SECONDS = 120_000
REQUESTS = 40
SLOWER = 0.03  # seconds that a gateway may add to the quickest quarter: a busy machine makes others late
KERNEL = "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel"
# Seconds from the saved card of a page that was loaded anew to a card that follows the kernel.
LIVE = """
window.seen = {};
(function look() {
    const card = document.querySelector('.ipar-result');
    if (card) seen.drawn ??= performance.now();
    if (card?.dataset.connection === 'live') seen.seconds = (performance.now() - seen.drawn) / 1000;
    else requestAnimationFrame(look);
})();
"""
# Seconds from a request that leaves to its reply, with a pause before each.
ASK = f"""async ([result, times]) => {{
    const took = [];
    for (let n = 0; n < times; n++) {{
        await new Promise(resolve => setTimeout(resolve, 50 + 37 * (n % 6)));
        const kernel = {KERNEL};
        const content = {{ protocol: 1, request: `asked-${{n}}`, type: 'watch', result }};
        const header = {{
            msg_id: crypto.randomUUID(), msg_type: 'ipar_request', version: '5.3',
            session: kernel.clientId, username: kernel.username, date: new Date().toISOString()
        }};
        const message = {{ channel: 'control', header, parent_header: {{}}, metadata: {{}}, content }};
        const before = performance.now();
        await new Promise(answered => {{
            kernel.sendControlMessage(message, true, true).onReply = answered;
        }});
        took.push((performance.now() - before) / 1000);
    }}
    return took;
}}"""


def scene(environment: Environment, folder: Path) -> str:
    """Cards are live, buttons act in mid-cell and cells end; requests are answered as soon as without one."""
    for program in ("jupyter-lab", "jupyter-kernelgateway"):
        if environment.program(program) is None:
            raise NotPossibleError(f"there is no {program} in this environment")
    seen = {}
    with cluster(environment, folder):
        for number, (way, arguments) in enumerate(WAYS.items()):
            (place := folder / str(number)).mkdir()
            seen[way] = played(environment, folder, place, arguments)
    text = "; ".join(
        f"{way}: a quarter below {1e3 * statistics.quantiles(took, n=4)[0]:.0f} ms, "
        f"half {1e3 * statistics.median(took):.0f}, all {1e3 * max(took):.0f}, "
        f"live again {live:.1f} s after a reload has drawn the card"
        for way, (took, live) in seen.items()
    )
    quarters = {way: statistics.quantiles(took, n=4)[0] for way, (took, _) in seen.items()}
    assert all(quarter <= quarters["local"] + SLOWER for quarter in quarters.values()), text
    return text


@contextmanager
def lab(environment: Environment, folder: Path, place: Path, gateway: Arguments | None) -> Iterator[str]:
    """Run JupyterLab, and the gateway where there is one; yields the address of the notebook."""
    spec = place / "kernels" / "kernels" / "work"
    spec.mkdir(parents=True)
    argv = [str(environment.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    # a gateway passes on hardly any variable
    own = {name: value for name, value in surroundings(folder).items() if name.startswith(("IPY", "JUPYTER"))}
    names = {"argv": argv, "display_name": "work", "language": "python", "env": own}
    (spec / "kernel.json").write_text(json.dumps(names))
    variables = {
        **surroundings(place),
        "JUPYTER_PATH": str(place / "kernels"),
        "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter"),
    }
    command = [environment.python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
    command += [f"--ServerApp.root_dir={place}", "--IdentityProvider.token="]
    command += ["--LabApp.expose_app_in_browser=True"]
    with ExitStack() as stack:
        if gateway is not None:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            start = [environment.python, "-m", "kernel_gateway", f"--KernelGatewayApp.port={port}", *gateway]
            running = stack.enter_context(process(start, place, "gateway.log", **variables))
            wait_served(f"http://127.0.0.1:{port}/", running, place / "gateway.log")
            command.append(f"--gateway-url=http://127.0.0.1:{port}")
        server = stack.enter_context(process(command, place, "server.log", **variables))
        yield address_of(server, place) + "lab/tree/work.ipynb?reset"


def played(
    environment: Environment, folder: Path, place: Path, gateway: Arguments | None
) -> tuple[list[float], float]:
    """Play the notebook with JupyterLab of its own; returns what `act` measured."""
    flags = write_work(folder, place, "work")
    with lab(environment, folder, place, gateway) as address, open_browser() as page:
        return act(page, address, flags)


def write_work(folder: Path, place: Path, kernel: str) -> list[Path]:
    """Write the notebook that `act` plays.

    Parameters
    ----------
    folder : Path
        Where the cluster's profile is.
    place : Path
        Where ``work.ipynb`` is written, and the two files that end its busy cells.
    kernel : str
        Its kernel.

    Returns
    -------
    list of Path
        The two files.
    """
    flags = [place / "first-ends", place / "second-ends"]
    cells = (
        WORK.replace("sleep(0.1)", "sleep(0.2)"),
        SUBMIT.format(name="ar", tasks=40),
        SUBMIT.format(name="long", tasks=1_000),
        BUSY.format(flag=str(flags[0])),
        SUBMIT.format(name="other", tasks=1_000),
        BUSY.format(flag=str(flags[1])),
        FACTS,
    )
    write_connected(folder, place, kernel, cells)
    return flags


def write_connected(folder: Path, place: Path, kernel: str, cells: tuple[str, ...]) -> None:
    """Write ``work.ipynb``, whose first cell connects to the cluster that has its profile in `folder`."""
    connection = folder / "ipython" / "profile_default" / "security" / "ipcontroller-client.json"
    connect = (
        f"{LOAD}\nrc = ipp.Client({str(connection)!r}, timeout=60)\n"
        "rc.wait_for_engines(2, timeout=90, interactive=False)"
    )
    notebook = write_notebook(place / "work.ipynb", (connect, *cells))
    notebook.write_text(notebook.read_text().replace('"python3"', json.dumps(kernel)))


def act(page: Any, address: str, flags: list[Path]) -> tuple[list[float], float]:
    """Act in mid-cell and reload the page.

    Returns
    -------
    list of float
        Seconds of each request.
    float
        Seconds from the saved to the live card after the reload.
    """
    page.goto(address, timeout=SECONDS)
    page.wait_for_function(IDLE, timeout=SECONDS)
    for cell in range(4):
        run(page, cell)
    live(page, 2)
    page.evaluate(RUN, 4)
    moves(page, 3)
    until(lambda: done(page, 2) == 40, "the first result ends")
    until(lambda: saved(page, 2).get("finished"), "the notebook holds the end of the first result")
    took = page.evaluate(ASK, [saved(page, 2)["id"], REQUESTS])
    card(page, 3).get_by_role("button", name="Cancel").click()
    card(page, 3).get_by_text("Cancelled").first.wait_for()
    until(lambda: done(page, 3) == 1_000, "a cancelled result ends")
    assert not page.evaluate(RAN, 4), "the cell has ended"
    flags[0].touch()
    page.wait_for_function(RAN, arg=4, timeout=SECONDS)
    run(page, 5)
    page.evaluate(RUN, 6)
    moves(page, 5)
    page.evaluate(SAVE)
    page.add_init_script(LIVE)
    page.reload(timeout=SECONDS)
    moves(page, 5)
    since = page.evaluate("seen.seconds")
    page.evaluate("void window.jupyterapp.commands.execute('ipar-results:open-panel')")
    row = page.locator(".ipar-panel").get_by_role("listitem").first
    row.hover()
    row.get_by_role("button", name="Cancel").click()
    until(lambda: done(page, 5) == 1_000, "a result cancelled from the panel ends")
    flags[1].touch()
    page.wait_for_function(IDLE, timeout=SECONDS)
    run(page, 7)
    expect(facts(output(page, 7).inner_text()))
    page.evaluate(SAVE)
    return took, since


def run(page: Any, cell: int) -> None:
    """Run a cell to its end."""
    page.evaluate(RUN, cell)
    page.wait_for_function(RAN, arg=cell, timeout=SECONDS)


def output(page: Any, cell: int) -> Any:
    """Find the output of a cell."""
    return page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-Cell-outputArea")


def card(page: Any, cell: int) -> Any:
    """Find the labextension's card below a cell."""
    return output(page, cell).locator(".ipar-result")


def done(page: Any, cell: int) -> int:
    """How many tasks have ended, by the card."""
    return int(card(page, cell).get_by_role("progressbar").first.get_attribute("aria-valuenow") or 0)


def live(page: Any, cell: int) -> None:
    """Wait until a card follows its kernel."""
    card(page, cell).and_(page.locator("[data-connection=live]")).wait_for(timeout=SECONDS)


def moves(page: Any, cell: int) -> None:
    """Wait until a card has counted on."""
    live(page, cell)
    before = done(page, cell)
    until(lambda: done(page, cell) > before, "the card moves")


def saved(page: Any, cell: int) -> dict[str, Any]:
    """Read what the notebook holds of the result below a cell."""
    code = "cell => window.jupyterapp.shell.currentWidget.content.widgets[cell].model.outputs.get(0).data"
    return dict(page.evaluate(code, cell)[MIME])
