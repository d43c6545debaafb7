"""How soon a card shows what an engine did, and what that costs: `python tests/bench/frontend.py`.

A real JupyterLab, a real browser, two real engines. Each task's end is stamped by its engine (the same
machine's clock); the page stamps the animation frame in which the bar's `aria-valuenow` has reached it, while
a cell keeps the kernel busy. Beside it tqdm.notebook around the same iteration, in the same kernel and page
(a cell that iterates, so the kernel is busy too), and dask's `progress()` over two local workers where
`pip install ".[bench]"` has brought it. Messages and bytes are counted in the kernel. At the end, how long
the frames of large timelines and of a long panel take, in a page without Jupyter.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import ipyparallel as ipp
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
import card_gallery
from conftest import BROWSER_FLAGS, chromium, running_server

TASKS = 60
SETUP = """\
%load_ext ipar_results
import time, json, ipyparallel as ipp
rc = ipp.Client(cluster_id={cluster_id!r})
view = rc.load_balanced_view()
def nap(i):
    import time
    time.sleep(0.25)
    return time.time()
session, sent = get_ipython().kernel.session, []
plain = session.send
def counting(stream, kind, *args, **kwargs):
    message = plain(stream, kind, *args, **kwargs)
    content = kind["content"] if isinstance(kind, dict) else args[0] if args else kwargs.get("content")
    name = kind["msg_type"] if isinstance(kind, dict) else kind
    if name in ("comm_msg", "comm_open", "update_display_data", "display_data"):
        size = len(json.dumps(content, default=str))
        size += sum(memoryview(b).nbytes for b in kwargs.get("buffers") or ())
        sent.append((name.startswith("comm"), size))
    return message
session.send = counting
"""
OURS = "ar = view.map_async(nap, range({tasks})); ar"
BUSY = "while not ar.ready(): time.sleep(0.5)"
TQDM = """\
from tqdm.notebook import tqdm
theirs = view.map_async(nap, range({tasks}), ordered=False)
for _ in tqdm(theirs, total={tasks}): pass
"""
DASK = """\
import logging
from dask.distributed import Client, LocalCluster, progress
workers = LocalCluster(
    n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
)
dask = Client(workers)
"""
DASK_SHOWN = """\
naps = dask.map(nap, range({tasks}), pure=False)
progress(naps)
"""
DASK_BUSY = "while not all(each.done() for each in naps): time.sleep(0.5)"
DASK_ENDS = "print(*dask.gather(naps)); dask.close(); workers.close()"
MANY = """\
ars = [view.map_async(nap, range(4)) for _ in range({results})]
for ar in ars: display(ar)
begin = time.time(); del sent[:]
"""
WAIT = """\
for ar in ars: ar.wait()
time.sleep(2)
deltas, displays = ([n for comm, n in sent if comm == which] for which in (True, False))
print(time.time() - begin, len(deltas), sum(deltas), len(displays), sum(displays))
"""
WATCH = """selector => {
    window.painted = {};
    const look = () => {
        for (const bar of document.querySelectorAll(selector)) {
            const told = bar.getAttribute('aria-valuenow');
            const part = parseFloat(bar.style.width) / 100;
            const value = told === null ? Math.round(part * TASKS) : Number(told);
            if (!(value in window.painted)) window.painted[value] = Date.now() / 1000;
        }
        window.watching = requestAnimationFrame(look);
    };
    look();
}""".replace("TASKS", str(TASKS))


def figures(server, page, cell):
    """The ends of the tasks, as the engines stamped them, printed by a cell."""
    server.run(page, cell)
    server.wait_ran(page, cell)
    return [float(word) for word in server.output(page, cell).inner_text().split()]


def delays(ends, painted):
    """Seconds from the end of the n-th task to the frame that showed n or more."""
    shown = sorted((int(float(value)), at) for value, at in painted.items())
    found = []
    for n, end in enumerate(sorted(ends), start=1):
        at = min((at for value, at in shown if value >= n), default=None)
        if at is not None:
            found.append(max(0.0, at - end))
    return found


def beside_dask(server, page, first):
    """The delays of dask's bar: its four cells begin at `first`."""
    for cell in (first, first + 1):
        server.run(page, cell)
        server.wait_ran(page, cell)
    server.output(page, first + 1).evaluate("node => { node.dataset.beside = 'dask'; }")
    page.evaluate(WATCH, "[data-beside] .progress-bar")
    server.run(page, first + 2)
    server.wait_ran(page, first + 2)
    time.sleep(1)
    painted = page.evaluate("cancelAnimationFrame(window.watching), window.painted")
    return delays(figures(server, page, first + 3), painted)


def row(what, values, goal=""):
    """One line of the table, in milliseconds."""
    ordered = sorted(values)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    print(
        f"  {what:40s} median {1e3 * statistics.median(ordered):6.0f} ms   p95 {1e3 * p95:6.0f} ms   {goal}"
    )


def row_of(what, messages, size, seconds, goal=""):
    """One line of the table of what was sent."""
    print(f"    {what:34s} {messages / seconds:5.1f} a second {size / seconds / 1e3:7.1f} kB/s   {goal}")


def main(many):
    """Run all scenes and print the tables."""
    scratch = Path(tempfile.mkdtemp())
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        os.environ[name] = str(scratch / name.lower())
        (scratch / name.lower()).mkdir()
    root = scratch / "notebooks"
    root.mkdir()
    cluster = ipp.Cluster(n=2, log_level=logging.ERROR)
    cluster.start_cluster_sync()
    cells = [
        SETUP.format(cluster_id=cluster.cluster_id),
        OURS.format(tasks=TASKS),
        BUSY,
        "print(*ar.get())",
        TQDM.format(tasks=TASKS),
        "print(*theirs.get())",
    ]
    for results in many:
        cells += [
            MANY.format(results=results),
            WAIT,
        ]
    beside = importlib.util.find_spec("distributed") is not None
    if beside:
        cells += [DASK, DASK_SHOWN.format(tasks=TASKS), DASK_BUSY, DASK_ENDS]
    card_gallery.build(scratch / "gallery")
    runtime = scratch / "jupyter_runtime_dir"
    try:
        with running_server("lab", root, runtime) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
            page = browser.new_page(viewport={"width": 1200, "height": 1000})
            server.open(page, "bench.ipynb", cells)
            for cell in (0, 1):
                server.run(page, cell)
                server.wait_ran(page, cell)
            page.evaluate(WATCH, ".ipar-result [role=progressbar]")
            server.run(page, 2)
            server.wait_ran(page, 2)
            time.sleep(1)
            ours = page.evaluate("cancelAnimationFrame(window.watching), window.painted")
            ends = figures(server, page, 3)
            page.evaluate(WATCH, ".jupyter-widgets .progress-bar")
            server.run(page, 4)
            server.wait_ran(page, 4)
            time.sleep(1)
            theirs = page.evaluate("cancelAnimationFrame(window.watching), window.painted")
            their_ends = figures(server, page, 5)
            print(f"{TASKS} tasks of 0.25 s on two engines: end on the engine -> painted, kernel busy\n")
            row("ours, a cell that sleeps", delays(ends, ours), "goal p95 <= 250 ms")
            if found := delays(their_ends, theirs):
                row("tqdm.notebook, a cell that iterates", found)
            else:
                print("  tqdm.notebook: its bar was not found in the page")
            print("\nwhile so many displayed results run\n")
            for i, results in enumerate(many):
                for cell in (6 + 2 * i, 7 + 2 * i):
                    server.run(page, cell)
                    server.wait_ran(page, cell, timeout=300)
                words = server.output(page, 7 + 2 * i).inner_text().split()
                seconds, deltas, size, displays, kept = map(float, words)
                print(f"  {results:4d} results over {seconds:3.0f} s")
                row_of("deltas", deltas, size, seconds, "goal <= 5 a second and 50 kB/s")
                row_of("outputs that the notebook keeps", displays, kept, seconds)
            if beside:
                print("\ndask's progress(), two local workers, the same tasks\n")
                row("dask, a cell that sleeps", beside_dask(server, page, len(cells) - 4))
            print("\nframes, in milliseconds\n")
            card_gallery.frames(browser, scratch / "gallery")
            browser.close()
    finally:
        cluster.stop_cluster_sync()


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [1, 20, 200])
