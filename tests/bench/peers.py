"""Ours against what else there is, the same work in one run: `python tests/bench/peers.py [rounds]`.

A real JupyterLab, a real browser, one kernel, two engines: plain `wait()`, our `wait_interactive()`,
upstream's, tqdm.notebook around the iteration, and on two workers of its own cluster dask's `wait()` and
`progress()` take turns. What is asked of each: what it costs the work, what it sends, how soon a task's end
is painted, whether it moves while another cell keeps the kernel busy, and what the saved notebook holds.
`pip install ".[bench]"` brings dask; without it, it is left out.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipyparallel as ipp
import nbformat
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
import frontend
from conftest import BROWSER_FLAGS, chromium, p95, running_server

TASKS, SECONDS = 200, 0.05
SETUP = (
    frontend.SETUP
    + """
import ipar_results
def nap(i):
    import time
    time.sleep({seconds})
    return time.time()
def on():
    ipar_results.enable()
    channel, deadline = ipar_results.live.session.current().channel, time.time() + 30
    while not channel.connected: assert time.time() < deadline; time.sleep(0.05)
def report(begin, ends):
    global took
    took = time.time() - begin, list(sent), ends
rc[:].apply_sync(int)
"""
)
OFF, BEGIN = "ipar_results.disable()\n", "del sent[:]; begin = time.time()\n"
MAP = "ar = view.map_async(nap, range({tasks}), ordered=False)\n"
DASK_MAP = "naps = dask.map(nap, range({tasks}), pure=False)\n"
REPORT = "report(begin, {ends})"
WAYS = {
    "wait()": OFF + BEGIN + MAP + "ar.wait()\n",
    "ours": "on()\n" + BEGIN + MAP + "ar.wait_interactive()\n",
    "upstream's wait_interactive()": OFF + BEGIN + MAP + "ar.wait_interactive()\n",
    "tqdm.notebook": OFF + BEGIN + MAP + "for _ in tqdm(ar, total={tasks}): pass\n",
    "dask's wait()": OFF + BEGIN + DASK_MAP + "wait(naps)\n",
    "dask's progress()": OFF + BEGIN + DASK_MAP + "display(progress(naps)); wait(naps)\n",
}
TELLS = "import json\nprint(json.dumps([took[0], len(took[1]), sum(n for _, n in took[1]), took[2]]))"
# what shows itself without holding its cell, while the next cell keeps the kernel busy
BUSY = {
    "ours": ("on()\n" + MAP + "ar", "while not ar.ready(): time.sleep(0.2)"),
    "dask's progress()": (
        DASK_MAP + "progress(naps)",
        "while not all(each.done() for each in naps): time.sleep(0.2)",
    ),
}
PLAIN = {"dask's progress()": "dask's wait()"}  # beside which its work is measured: on its own cluster
SELECTORS = {"ours": ".ipar-result [role=progressbar]"}
BAR = ".jp-OutputArea .progress-bar"
WATCH = frontend.WATCH.replace(f"* {frontend.TASKS})", f"* {TASKS})")
MARK = """node => {
    for (const each of document.querySelectorAll('[data-seen]')) delete each.dataset.seen;
    node.closest('.jp-Cell').dataset.seen = '1';
}"""
STATIC = ("text/html", "application/vnd.ipar-results.v1+json")


def cells_of(ways: list[str], cluster_id: str) -> list[str]:
    """The notebook: set-up, for each way its cell and the cell that tells, and then the busy pairs."""
    first = SETUP.replace("{cluster_id!r}", repr(cluster_id)).replace("{seconds}", str(SECONDS))
    first += "\nfrom tqdm.notebook import tqdm\n"
    if "dask's progress()" in ways:
        first += frontend.DASK + "from dask.distributed import wait\n"
    cells = [first]
    for way in ways:
        ends = "dask.gather(naps)" if way.startswith("dask") else "ar.get()"
        code = WAYS[way] + REPORT.replace("{ends}", ends)
        cells += [filled(code), TELLS]
    for way in (way for way in ways if way in BUSY):
        cells += list(map(filled, BUSY[way]))
    return cells


def filled(code: str) -> str:
    """Code with the number of tasks in it."""
    return code.replace("{tasks}", str(TASKS))


class Page:
    """One notebook in JupyterLab."""

    def __init__(self, server: Any, page: Any) -> None:
        self.server, self.page = server, page

    def watched(self, cell: int, way: str, seen: int | None = None) -> tuple[dict[str, float], float]:
        """Run a cell; when its bar (or that of the cell `seen`) was painted with which value, and its end."""
        if seen is None:  # or the bar of the last turn would be there, at its end
            self.server.clear(self.page, cell)
        node = self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell if seen is None else seen)
        node.evaluate(MARK)
        self.page.evaluate(WATCH, "[data-seen] " + SELECTORS.get(way, BAR))
        self.run(cell)
        ended = time.time()
        time.sleep(1)
        return dict(self.page.evaluate("cancelAnimationFrame(window.watching), window.painted")), ended

    def run(self, cell: int) -> None:
        """Run a cell to its end."""
        self.server.run(self.page, cell)
        self.server.wait_ran(self.page, cell, timeout=120)

    def told(self, cell: int) -> list[Any]:
        """The JSON that a cell prints."""
        self.run(cell)
        return list(json.loads(self.server.output(self.page, cell).inner_text().strip().splitlines()[-1]))


def measure(rounds: int, scratch: Path) -> tuple[list[str], dict[str, SimpleNamespace], dict[str, int], Any]:
    """Run all; by way what was seen, how many values moved in mid-cell, and the saved notebook."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        os.environ[name] = str(scratch / name.lower())
        (scratch / name.lower()).mkdir()
    root = scratch / "notebooks"
    root.mkdir()
    ways = [way for way in WAYS if not way.startswith("dask") or importlib.util.find_spec("distributed")]
    seen = {way: SimpleNamespace(took=[], messages=[], size=[], delays=[]) for way in ways}
    moved: dict[str, int] = {}
    cluster = ipp.Cluster(n=2, log_level=logging.ERROR)
    cluster.start_cluster_sync()
    try:
        with (
            running_server("lab", root, scratch / "jupyter_runtime_dir") as server,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
            view = browser.new_page(viewport={"width": 1200, "height": 1000})
            server.open(view, "peers.ipynb", cells_of(ways, cluster.cluster_id))
            page = Page(server, view)
            page.run(0)
            for turn in range(rounds + 1):  # the first one warms up
                for k, way in enumerate(ways):
                    painted, _ = page.watched(1 + 2 * k, way)
                    took, messages, size, ends = page.told(2 + 2 * k)
                    if turn:
                        seen[way].took.append(took)
                        seen[way].messages.append(messages / took)
                        seen[way].size.append(size / took / 1e3)
                        seen[way].delays += frontend.delays(ends, painted)
            first = 1 + 2 * len(ways)
            for way in (way for way in ways if way in BUSY):
                page.run(first)
                painted, ended = page.watched(first + 1, way, seen=first)
                # a page looks twenty times a second whether a cell has ended
                moved[way] = sum(at < ended - 0.3 for at in painted.values())
                first += 2
            server.save(view, "peers.ipynb")
            saved = nbformat.read(root / "peers.ipynb", 4)
            browser.close()
    finally:
        cluster.stop_cluster_sync()
    return ways, seen, moved, saved


def left(cell: Any) -> str:
    """What the saved notebook shows of a cell without its kernel."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        if any(mime.startswith("application/vnd.jupyter.widget") for mime in data):
            found.append("a widget that is gone; " + repr(data.get("text/plain", ""))[:40])
        elif data:
            kinds = [mime for mime in STATIC if mime in data] or sorted(data)
            found.append(f"static {', '.join(kinds)}: {data.get('text/plain', '').splitlines()[0][:60]}")
    return " | ".join(found) or "nothing"


def main(rounds: int) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(prefix="ipar-peers-", ignore_cleanup_errors=True) as scratch:
        ways, seen, moved, saved = measure(rounds, Path(scratch))
    plain = {way: statistics.median(seen[PLAIN.get(way, "wait()")].took) for way in ways}
    print(f"{TASKS} tasks of {SECONDS} s on two engines in JupyterLab, medians of {rounds} rounds\n")
    print(
        f"  {'':32s}{'seconds':>9s}{'/ wait()':>10s}{'msg/s':>8s}{'kB/s':>8s}   end -> painted: median, p95"
    )
    for way in ways:
        each = seen[way]
        took = statistics.median(each.took)
        delays = each.delays
        painted = "never"
        if delays:
            painted = f"median {1e3 * statistics.median(delays):.0f}, p95 {1e3 * p95(delays):.0f} ms"
        print(
            f"  {way:32s}{took:9.2f}{took / plain[way]:10.3f}{statistics.median(each.messages):8.1f}"
            f"{statistics.median(each.size):8.1f}   {painted}"
        )
    print("\nwhile another cell keeps the kernel busy\n")
    for way in (way for way in ways if way not in ("wait()", *PLAIN.values())):
        words = f"{moved[way]} values painted" if way in moved else "holds its own cell until the end"
        print(f"  {way:32s}{words}")
    print("\nwhat the saved notebook holds\n")
    for k, way in enumerate(ways):
        print(f"  {way:32s}{left(saved.cells[1 + 2 * k])}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
