"""The sidebar over real engines: it lists what every kernel does, acts in mid-cell, leads to the cells."""

import json

import pytest
from test_live import BUSY, HELD, errors, load, run

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


@pytest.fixture
def settings(page):
    """Save settings of ours, which a page takes in when it is loaded; afterwards they are what they were."""

    def save(raw):
        page.evaluate(
            "raw => window.jupyterapp.serviceManager.settings.save('ipar-results:plugin', raw)", raw
        )

    yield lambda **chosen: save(json.dumps(chosen))
    save("{}")


def row(panel, name):
    """The row of a result; other notebooks of the same server have theirs."""
    return panel.get_by_role("listitem").filter(has=panel.page.get_by_text(name, exact=True))


def active_cell(page):
    return page.evaluate("window.jupyterapp.shell.currentWidget.content?.activeCellIndex")


def test_the_panel_lists_and_cancels_while_a_cell_runs(jupyter_server, cluster, page, panel, errors, gate):
    """A result that no card shows is in the panel, and its button is answered in mid-cell."""
    cells = [load(cluster), task("unseen", 0.4, tasks=1000), BUSY.format(path=gate.path)]
    jupyter_server.open(page, "unseen.ipynb", cells)
    run(jupyter_server, page, 0, 1)
    jupyter_server.run(page, 2)
    shown = panel()
    mine = row(shown, "unseen")
    mine.get_by_text("unseen.ipynb [2]").wait_for()
    assert mine.get_by_role("progressbar").get_attribute("aria-valuemax") == "1000"
    mine.hover()
    mine.get_by_role("button", name="Cancel").click()
    mine.get_by_text("cancelled").wait_for()
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
        row(shown, name).get_by_role("button", name="Retry").wait_for(state="attached")
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


def test_the_end_of_a_long_result_is_told_where_its_notebook_is_not_seen(
    lab_server, cluster, page, until, gate
):
    """More than ten seconds, in another tab of the page: a notification with a way to the cell."""
    code = HELD.format(path=gate.path, tasks=20).replace("nap", "hourlong")
    lab_server.open(page, "long.ipynb", [load(cluster), code, "1"])
    run(lab_server, page, 0, 1)
    page.evaluate("void window.jupyterapp.commands.execute('launcher:create')")
    toast = page.locator(".Toastify__toast", has_text="hourlong has ended")
    page.wait_for_timeout(11_000)
    gate.open()
    toast.wait_for()
    assert "1 of 20 failed" in toast.inner_text()
    page.locator(".ipar-status").get_by_text("failed").wait_for()
    toast.get_by_role("button", name="Show").click()
    assert until(lambda: active_cell(page) == 1)


def test_settings_are_kept_to(lab_server, cluster, page, panel, until, settings, errors):
    """No notification and no open timeline, where the settings turn them off."""
    cells = [load(cluster), task("silent", 1.2, 20) + "ar"]
    lab_server.open(page, "settings.ipynb", cells)
    settings(notifications=False, timelineOpen=False)
    page.reload()
    lab_server.wait_idle(page)
    run(lab_server, page, 0)
    lab_server.run(page, 1)
    fold = lab_server.output(page, 1).get_by_role("button", name="Timeline")
    fold.wait_for()
    assert fold.get_attribute("aria-expanded") == "false"
    page.evaluate("void window.jupyterapp.commands.execute('launcher:create')")
    row(panel(), "silent").get_by_text("1 of 20 failed").wait_for()  # it has ended: until then it says more
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert page.locator(".Toastify__toast").count() == 0
    assert errors == []


def test_where_no_kernel_has_the_package_the_panel_is_quiet(jupyter_server, page, panel, until, errors):
    """It says what to do; no bar, no status, no complaint, and the notebook works as ever."""
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if "ipar" in message.text else None)
    jupyter_server.open(page, "without.ipynb", ["print(1 + 1)"])
    shown = panel()
    shown.get_by_text("%load_ext ipar_results").wait_for()
    run(jupyter_server, page, 0)
    until(lambda: jupyter_server.output(page, 0).inner_text().strip() == "2")
    assert shown.get_by_role("listitem").count() == 0
    assert page.locator(".ipar-status:visible").count() == 0
    assert complaints == errors == []
