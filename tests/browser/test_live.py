"""The card in a real JupyterLab and Notebook, over real engines."""

import re

import pytest
from axe import THEMES, dress
from clients import SUBSCRIBE
from hostile import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

ENDED = ["application/vnd.ipar-results.v1+json", "text/html", "text/plain"]
NOT_OURS = re.compile(r"reading '(schema|last_modified)'")
LOAD = """\
import time, ipyparallel as ipp
rc = ipp.Client(cluster_id={cluster_id!r})
rc.wait_for_engines({n}, timeout=60, interactive=False)
{subscribe}%load_ext ipar_results
view = rc.load_balanced_view()
"""
MAP = """\
def nap(i):
    import time
    if i == 5:
        raise ValueError(f"no bed {{i}}")
    time.sleep({seconds})
    return i
ar = view.map_async(nap, range({tasks}))
"""
HELD = """\
def nap(path, i):
    from gate import hold
    if i == 5:
        raise ValueError(f"no bed {{i}}")
    return hold(path, i)
ar = view.map_async(nap, [{path!r}] * {tasks}, range({tasks}))
"""
# Keeps the kernel busy until the gate is open.
BUSY = "from gate import hold\nhold({path!r}, 10**8)"


def load(cluster):
    return LOAD.format(cluster_id=cluster.cluster_id, n=cluster.n, subscribe=SUBSCRIBE)


@pytest.fixture
def errors(page):
    """What the page complains about, without Notebook's own complaints."""
    seen = []
    page.on("pageerror", lambda error: None if NOT_OURS.search(str(error)) else seen.append(str(error)))
    return seen


def done(jupyter_server, page, cell):
    bar = jupyter_server.output(page, cell).get_by_role("progressbar")
    return int(bar.first.get_attribute("aria-valuenow")) if bar.count() else None


def run(jupyter_server, page, *cells):
    """Run cells one after the other; each must end without an error."""
    for cell in cells:
        jupyter_server.run(page, cell)
        jupyter_server.wait_ran(page, cell)
        error = jupyter_server.output(page, cell).locator("[data-mime-type*=error], [data-mime-type*=stderr]")
        assert error.all_inner_texts() == []


def outputs(notebook, cell):
    return [sorted(output.get("data", {})) for output in notebook.cells[cell].outputs]


def test_the_card_moves_while_another_cell_keeps_the_kernel_busy(
    jupyter_server, cluster, page, until, errors, gate
):
    """`aria-valuenow` rises while a cell runs, and the saved notebook holds no widget afterwards."""
    cells = [
        load(cluster),
        HELD.format(path=gate.path, tasks=20) + "ar",
        BUSY.format(path=gate.path),
        "ar.wait()",
    ]
    jupyter_server.open(page, "moves.ipynb", cells)
    run(jupyter_server, page, 0, 1)
    jupyter_server.run(page, 2)
    for count in range(1, 5):
        gate.open(count)
        until(lambda count=count: (done(jupyter_server, page, 1) or 0) >= count)  # the sixth fails by itself
    busy = page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.status")
    assert busy == "busy"

    gate.open()
    run(jupyter_server, page, 3)
    until(lambda: done(jupyter_server, page, 1) == 20)
    until(lambda: outputs(jupyter_server.save(page, "moves.ipynb"), 1) == [ENDED])
    saved = jupyter_server.save(page, "moves.ipynb")
    assert "19 ok" in saved.cells[1].outputs[0].data["text/html"]
    assert "widget-view" not in str(saved.cells)
    assert errors == []


def test_wait_interactive_shows_the_card_in_its_own_cell(jupyter_server, cluster, page, until, errors, gate):
    """The cell that waits is busy itself; its card moves, then stays as static HTML."""
    cells = [load(cluster), HELD.format(path=gate.path, tasks=40) + "ar.wait_interactive()"]
    jupyter_server.open(page, "waits.ipynb", cells)
    run(jupyter_server, page, 0)
    jupyter_server.run(page, 1)
    for count in (1, 2):
        gate.open(count)
        until(lambda count=count: (done(jupyter_server, page, 1) or 0) >= count)  # the sixth fails by itself
    gate.open()
    jupyter_server.wait_ran(page, 1)
    until(lambda: outputs(jupyter_server.save(page, "waits.ipynb"), 1) == [ENDED])
    until(lambda: done(jupyter_server, page, 1) == 40)
    assert errors == []


def test_an_opened_traceback_stays_open_while_the_card_moves(jupyter_server, cluster, page, until, gate):
    """Reading a failure is not disturbed by what goes on."""
    cells = [load(cluster), HELD.format(path=gate.path, tasks=20) + "ar"]
    gate.open(6)
    jupyter_server.open(page, "reads.ipynb", cells)
    run(jupyter_server, page, 0, 1)
    failure = jupyter_server.output(page, 1).locator("details", has_text="no bed").first
    failure.locator("summary").click()
    gate.open(12)
    until(lambda: done(jupyter_server, page, 1) == 12)
    assert failure.get_attribute("open") is not None


def test_hostile_text_stays_inert_in_the_page(jupyter_server, cluster, page, until, errors):
    """Names, messages, output and tracebacks full of markup run nothing and break nothing."""
    hostile = f"""
TEXT = {HOSTILE!r} + "x" * 1_000_000
def evil(i, text):
    import sys
    print(text); print(text, file=sys.stderr)
    if i % 2: raise type(text[:200], (Exception,), {{}})(text)
    return text
evil.__name__ = TEXT
ar = view.map_async(evil, range(6), [TEXT] * 6)
ar._fname = TEXT
ar
"""
    jupyter_server.open(page, "evil.ipynb", [load(cluster), hostile, "ar.wait()"])
    run(jupyter_server, page, 0, 1, 2)
    until(lambda: done(jupyter_server, page, 1) == 6)
    until(lambda: jupyter_server.output(page, 1).locator(".jupyter-widgets").count() == 0)
    output = jupyter_server.output(page, 1)
    output.locator("details summary").first.click()
    output.locator(".ipar-folds").get_by_text("Output").click()
    until(lambda: output.get_by_text("</details>").count() >= 2)
    for theme in reversed(THEMES):
        dress(page, theme)
        assert output.locator("script, img, iframe, object").count() == 0
        assert page.evaluate("window.hacked === undefined")
    assert errors == []


def test_twenty_displayed_results_all_end_true(jupyter_server, cluster, page, until):
    """Many cards in one notebook share the budget, and none is left behind."""
    many = (
        MAP.format(seconds=0.01, tasks=10)
        + "for ar in [view.map_async(nap, range(10)) for _ in range(20)]: display(ar)"
    )
    jupyter_server.open(page, "many.ipynb", [load(cluster), many])
    run(jupyter_server, page, 0)
    run(jupyter_server, page, 1)

    def all_true():
        saved = jupyter_server.save(page, "many.ipynb")
        ended = [output for output in saved.cells[1].outputs if "9 ok" in output.data["text/html"]]
        return len(ended) == 20 and outputs(saved, 1) == [ENDED] * 20

    until(all_true)
    bars = jupyter_server.output(page, 1).locator(".ipar-result").get_by_role("progressbar")
    until(lambda: [bar.get_attribute("aria-valuenow") for bar in bars.all()] == ["10"] * 20)
