"""The sidebar over real engines: it lists what every kernel does, acts in mid-cell, leads to the cells."""

import pytest
from test_live import errors, load, run

pytestmark = [pytest.mark.browser, pytest.mark.cluster]
__all__ = ["errors"]  # a fixture

TASK = """\
def {name}(i):
    import time
    time.sleep({seconds})
    if i == 3:
        raise ValueError(f"no bed {{i}}")
{result} = view.map_async({name}, range({tasks}))
"""


def task(name, seconds=0.1, tasks=200, result="ar"):
    return TASK.format(name=name, seconds=seconds, tasks=tasks, result=result)


@pytest.fixture
def panel(page):
    """The panel of the page that is open, once it is asked for."""

    def show():
        page.evaluate("void window.jupyterapp.commands.execute('ipar-results:open-panel')")
        found = page.locator(".ipar-panel")
        found.wait_for()
        return found

    return show


def row(panel, name):
    """The row of a result; other notebooks of the same server have theirs."""
    return panel.get_by_role("listitem").filter(has=panel.page.get_by_text(name, exact=True))


def active_cell(page):
    return page.evaluate("window.jupyterapp.shell.currentWidget.content?.activeCellIndex")


def test_the_panel_lists_and_cancels_while_a_cell_runs(jupyter_server, cluster, page, panel, errors):
    """A result that no card shows is in the panel, and its button is answered in mid-cell."""
    cells = [load(cluster), task("unseen", tasks=1000), "time.sleep(90)"]
    jupyter_server.open(page, "unseen.ipynb", cells)
    run(jupyter_server, page, 0, 1)
    jupyter_server.run(page, 2)
    shown = panel()
    mine = row(shown, "unseen")
    mine.get_by_text("unseen.ipynb [2] · ").wait_for()
    assert mine.get_by_role("progressbar").get_attribute("aria-valuemax") == "1000"
    mine.hover()
    mine.get_by_role("button", name="Cancel").click()
    shown.get_by_role("status").get_by_text("Cancelled").wait_for()
    mine.get_by_text("aborted").wait_for()
    assert (
        page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets[2].model.executionCount") is None
    )
    assert errors == []


def test_the_panel_is_operated_by_keyboard_alone(jupyter_server, cluster, page, panel, until):
    """Arrow keys go from row to row, Enter goes to the cell, and Tab reaches the buttons of the row."""
    first, second = task("early", 0.01, 4, "a"), task("late", 0.01, 4, "b")
    jupyter_server.open(page, "keys.ipynb", [load(cluster), first, second, "1"])
    run(jupyter_server, page, 0, 1, 2, 3)
    shown = panel()
    for name in ("early", "late"):  # a row's buttons change when its result ends
        row(shown, name).get_by_text("1 of 4 failed").wait_for()
        row(shown, name).get_by_role("button", name="Retry failed").wait_for(state="attached")
    row(shown, "late").get_by_role("button", name="late").focus()
    page.keyboard.press("ArrowDown")
    assert "early" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Export"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert until(lambda: active_cell(page) == 1)


def test_results_stay_listed_when_their_notebook_is_closed(lab_server, cluster, page, panel, until, errors):
    """A kernel that nothing has open is still followed, and comms work for the notebook opened again."""
    lab_server.open(page, "closed.ipynb", [load(cluster), task("lonely", 0.01, 4)])
    run(lab_server, page, 0, 1)
    shown = panel()
    row(shown, "lonely").get_by_text("1 of 4 failed").wait_for()
    lab_server.save(page, "closed.ipynb")
    page.evaluate("void window.jupyterapp.shell.currentWidget.close()")
    assert until(lambda: page.locator(".jp-NotebookPanel").count() == 0)
    row(shown, "lonely").get_by_role("button", name="lonely").click()
    lab_server.wait_idle(page)
    assert until(lambda: active_cell(page) == 1)
    kernel = "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel"
    assert page.evaluate(f"{kernel}.handleComms") is True
    assert errors == []


def test_the_end_of_a_long_result_is_told_where_its_notebook_is_not_seen(lab_server, cluster, page, until):
    """More than ten seconds, in another tab of the page: a notification with a way to the cell."""
    lab_server.open(page, "long.ipynb", [load(cluster), task("hourlong", 1.2, 20), "1"])
    run(lab_server, page, 0)
    lab_server.run(page, 1)
    page.evaluate("void window.jupyterapp.commands.execute('launcher:create')")
    toast = page.locator(".Toastify__toast", has_text="hourlong has ended")
    toast.wait_for(timeout=60_000)
    assert "1 of 20 failed" in toast.inner_text()
    page.locator(".ipar-status").get_by_text("failed").wait_for()
    toast.get_by_role("button", name="Show").click()
    assert until(lambda: active_cell(page) == 1)
