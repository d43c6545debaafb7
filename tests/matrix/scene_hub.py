"""JupyterHub below a prefix, with servers and kernels in separate environments, and two users."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batch import free_ports
from browsing import open_browser, wait_served
from places import HOME
from play import (
    ROOT,
    WORK,
    Environment,
    NotPossibleError,
    cluster,
    process,
    run,
    until,
)
from scene_browser import IDLE, SAVE, named
from scene_gateway import KERNEL, SECONDS, SUBMIT, act, card, done, live, write_connected, write_work
from scene_gateway import run as run_cell

PROXY = "configurable-http-proxy"
TOOLS = f"{os.environ['PATH']}:{ROOT / '.venv' / 'bin'}"  # Node is a wheel there
TOKEN = secrets.token_hex(16)
IDLE_SECONDS = 15  # after which the second user's kernel is culled
CONFIGURATION = """\
import sys
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}/science/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.JupyterHub.services = [{{"name": "culler", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [{{"name": "culler", "services": ["culler"], "scopes": ["access:servers"]}}]
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.environment = {environment!r}
c.Spawner.start_timeout = c.Spawner.http_timeout = 180

def cull(spawner):
    spawner.args = ["--allow-root", "--LabApp.expose_app_in_browser=True"]
    if spawner.user.name == "ben":
        spawner.args += [f"--MappingKernelManager.cull_{{name}}" for name in (
            "idle_timeout={seconds}", "interval=2", "connected=True", "busy=True")]

c.Spawner.pre_spawn_hook = cull
"""


def scene(environment: Environment, folder: Path) -> str:
    """One user acts in mid-cell and reloads, another's kernel is culled while its tasks run."""
    server = named("hub")
    homes = {user: folder / "homes" / user for user in ("ann", "ben")}
    for home in homes.values():
        home.mkdir(parents=True)
    flags = write_work(folder, homes["ann"], "work")
    write_culled(folder, homes["ben"])
    with cluster(environment, folder), hub(server, environment, folder) as address, open_browser() as page:
        log_in(page, address, "ann")
        _, since = act(page, f"{address}user/ann/lab/tree/work.ipynb?reset", flags)
        other = page.context.browser.new_context(viewport=page.viewport_size).new_page()
        log_in(other, address, "ben")
        culled = play_culled(other, f"{address}user/ben/lab/tree/work.ipynb?reset")
    return f"live again {since:.1f} s after a reload has drawn the card; {culled}"


def write_culled(folder: Path, place: Path) -> None:
    """Write the notebook of the user whose kernel is culled: nothing runs in it but tasks of ten minutes."""
    work = WORK.replace("sleep(0.1)", "sleep(600 if n > 1 else 0)")
    write_connected(folder, place, "work", (work, SUBMIT.format(name="ar", tasks=40)))


@contextmanager
def hub(server: Environment, kernel: Environment, folder: Path) -> Iterator[str]:
    """Run JupyterHub with a proxy of its own; yields its address."""
    spec = folder / "kernels" / "kernels" / "work"
    spec.mkdir(parents=True)
    argv = [str(kernel.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    own = {"IPYTHONDIR": str(folder / "ipython")}
    names = {"argv": argv, "display_name": "work", "language": "python", "env": own}
    (spec / "kernel.json").write_text(json.dumps(names))
    ports = free_ports(3)
    passed = {
        "JUPYTER_PATH": str(folder / "kernels"),
        "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter"),
        "PATH": os.environ["PATH"],
    }
    fill = {"ports": ports, "proxy": proxy(), "homes": str(folder / "homes"), "environment": passed}
    settings = folder / "jupyterhub_config.py"
    settings.write_text(CONFIGURATION.format(**fill, seconds=IDLE_SECONDS, token=TOKEN))
    command = [server.python, "-m", "jupyterhub", "--config", settings]
    with process(command, folder, "hub.log", PATH=TOOLS) as running:
        address = f"http://127.0.0.1:{ports[0]}/science/"
        wait_served(address, running, folder / "hub.log", timeout=240)
        yield address


def proxy() -> str:
    """Install the proxy below build/matrix, where it is not yet, and return its command."""
    place = HOME / "proxy"
    program = place / "node_modules" / ".bin" / PROXY
    if not program.exists():
        npm = shutil.which("npm", path=TOOLS)
        if npm is None:
            raise NotPossibleError("there is no npm, which installs JupyterHub's proxy")
        place.mkdir(parents=True, exist_ok=True)
        run([npm, "install", "--no-fund", "--no-audit", "--silent", PROXY], place, PATH=TOOLS)
    return str(program)


def log_in(page: Any, address: str, user: str) -> None:
    """Log in, and wait until the hub has started the user's server."""
    page.goto(f"{address}hub/login", timeout=SECONDS)
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", "any")
    page.click("input[type=submit]")
    page.wait_for_url(f"**/science/user/{user}/**", timeout=2 * SECONDS)


def play_culled(page: Any, address: str) -> str:
    """Submit tasks of ten minutes, and have the kernel shut down while they run."""
    page.goto(address, timeout=SECONDS)
    page.wait_for_function(IDLE, timeout=SECONDS)
    for cell in range(3):
        run_cell(page, cell)
    live(page, 2)
    page.evaluate("void window.jupyterapp.commands.execute('ipar-results:open-panel')")
    rows = page.locator(".ipar-panel").get_by_role("listitem")
    rows.first.wait_for()
    began = time.monotonic()
    until(
        lambda: time.monotonic() - began > 2 * IDLE_SECONDS, "twice the time after which a kernel is culled"
    )
    live(page, 2)  # what a card sends while tasks run counts as activity of its kernel
    until(lambda: done(page, 2) == 2, "the short tasks end")
    page.evaluate(SAVE)
    kernel = page.evaluate(f"{KERNEL}.id")
    began = time.monotonic()
    request = urllib.request.Request(
        f"{address.partition('lab/')[0]}api/kernels/{kernel}",
        method="DELETE",
        headers={"Authorization": f"token {TOKEN}"},
    )
    urllib.request.urlopen(request, timeout=60).close()
    shown = card(page, 2)
    shown.get_by_text("Disconnected from the kernel").wait_for(timeout=SECONDS)
    took = time.monotonic() - began
    rows.first.wait_for(state="detached")
    assert shown.get_by_role("button", name="Cancel").is_hidden(), shown.inner_text()
    assert done(page, 2) == 2, shown.inner_text()
    page.reload(timeout=SECONDS)
    card(page, 2).get_by_text("Not connected: this is how it was at").wait_for(timeout=SECONDS)
    assert done(page, 2) == 2, card(page, 2).inner_text()
    return f"{took:.1f} s after its kernel is culled a card says that it is disconnected"
