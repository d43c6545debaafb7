"""The labextension's card over real engines: it moves and acts in mid-cell, and outlasts page and kernel."""

import json
import re

import pytest
from test_live import BUSY, HELD, MAP, errors, load, outputs, run

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

MIME = "application/vnd.ipar-results.v1+json"
__all__ = ["errors"]  # a fixture
SEEN_LIVE = """
window.seen = {};
(function look() {
    const card = document.querySelector('.ipar-result');
    if (card) seen.drawn ??= performance.now();
    if (card?.dataset.connection === 'live') seen.live ??= performance.now();
    if (!seen.live) requestAnimationFrame(look);
})();
"""


def card(jupyter_server, page, cell):
    return jupyter_server.output(page, cell).locator(".ipar-result")


def done(jupyter_server, page, cell):
    bar = card(jupyter_server, page, cell).get_by_role("progressbar")
    return int(bar.first.get_attribute("aria-valuenow")) if bar.count() else None


def rises(jupyter_server, page, cell, until):
    first = until(lambda: done(jupyter_server, page, cell) is not None) and done(jupyter_server, page, cell)
    return until(lambda: (now := done(jupyter_server, page, cell)) is not None and now > first and now)


def in_cell(page, cell):
    """Whether a cell runs: the kernel's own status tells less after a control message."""
    return page.evaluate(
        """cell => {
            const { model, node } = window.jupyterapp.shell.currentWidget.content.widgets[cell];
            return model.executionState === 'running' || node.innerText.includes('[*]');
        }""",
        cell,
    )


def started(jupyter_server, cluster, page, name, busy, tasks=1000, kernel="python3"):
    """A notebook whose second cell displayed a map of minutes and whose third keeps the kernel busy."""
    cells = [load(cluster), MAP.format(seconds=0.4, tasks=tasks) + "ar", busy]
    jupyter_server.open(page, name, cells, kernel)
    run(jupyter_server, page, 0, 1)
    card(jupyter_server, page, 1).wait_for()
    jupyter_server.run(page, 2)


@pytest.mark.matrix
def test_cancel_in_mid_cell_works_and_the_end_is_saved(
    jupyter_server, cluster, page, until, errors, gate, kernel
):
    """While a cell sleeps the card moves, Cancel stops what is queued, and the outcome is said."""
    started(jupyter_server, cluster, page, "cancel.ipynb", BUSY.format(path=gate.path), kernel=kernel)
    rises(jupyter_server, page, 1, until)
    shown = card(jupyter_server, page, 1)
    shown.get_by_role("button", name="Cancel").click()
    shown.get_by_text(re.compile("cancelled")).first.wait_for()
    until(lambda: done(jupyter_server, page, 1) == 1000)
    assert in_cell(page, 2)
    until(lambda: shown.get_by_role("button", name="Retry").is_visible())
    expected = [[MIME, "text/html", "text/plain"]]
    until(lambda: outputs(jupyter_server.save(page, "cancel.ipynb"), 1) == expected)
    saved = jupyter_server.save(page, "cancel.ipynb").cells[1].outputs[0].data
    assert saved[MIME]["version"] == 2 and saved[MIME]["finished"] is True
    assert len(json.dumps(saved)) < 200_000
    assert errors == []


@pytest.mark.matrix
def test_a_task_s_output_and_traceback_come_in_mid_cell(
    jupyter_server, cluster, page, until, errors, gate, kernel
):
    """What the card does not hold is fetched while the kernel is busy."""
    talk = """\
def talk(i):
    print("task", i, "says hello")
    if i == 3: raise ValueError("no bed 3")
ar = view.map_async(talk, range(8))
ar"""
    jupyter_server.open(page, "talk.ipynb", [load(cluster), talk, BUSY.format(path=gate.path)], kernel)
    run(jupyter_server, page, 0, 1)
    until(lambda: done(jupyter_server, page, 1) == 8)
    jupyter_server.run(page, 2)
    shown = card(jupyter_server, page, 1)
    shown.locator(".ipar-folds").get_by_text("Output").click()
    shown.get_by_text("task 7 says hello").first.wait_for()
    shown.locator("summary", has_text="no bed 3").first.click()
    shown.get_by_text(re.compile("ValueError")).first.wait_for()
    first = shown.locator(".ipar-failure pre").first.inner_text()
    assert first.startswith("File ") and "raise ValueError" in first  # the cell's source, no frame of ours
    assert in_cell(page, 2)
    assert errors == []


@pytest.mark.matrix
def test_a_reloaded_page_is_live_again_while_the_kernel_is_busy(
    jupyter_server, cluster, page, until, errors, gate, kernel, measured
):
    """The kernel tells a page that comes back everything anew, a few seconds after the card is drawn."""
    busy = BUSY.format(path=gate.path)
    started(jupyter_server, cluster, page, "reload.ipynb", busy, tasks=1500, kernel=kernel)
    rises(jupyter_server, page, 1, until)
    jupyter_server.save(page, "reload.ipynb")
    page.add_init_script(SEEN_LIVE)
    page.reload()
    card(jupyter_server, page, 1).wait_for()
    page.wait_for_function("window.seen.live")
    drawn, live = page.evaluate("[seen.drawn / 1000, seen.live / 1000]")
    measured("reload to the saved card, busy", kernel, jupyter_server.front_end, drawn)
    measured("reload to the live card, busy", kernel, jupyter_server.front_end, live)
    assert live - drawn < 15
    rises(jupyter_server, page, 1, until)
    card(jupyter_server, page, 1).get_by_role("button", name="Cancel").click()
    until(lambda: done(jupyter_server, page, 1) == 1500)

    def kept():
        data = jupyter_server.save(page, "reload.ipynb").cells[1].outputs[0].data
        return data[MIME].get("finished") and data

    html = until(kept)["text/html"]  # the whole card, though a display's last update does not reach this page
    assert "ValueError" in html and "<svg" in html
    assert errors == []


def test_two_tabs_show_the_same_truth(jupyter_server, cluster, page, context, until, gate):
    """A second tab that opens later is told all, and the first is not disturbed."""
    started(jupyter_server, cluster, page, "tabs.ipynb", BUSY.format(path=gate.path), tasks=1500)
    rises(jupyter_server, page, 1, until)
    jupyter_server.save(page, "tabs.ipynb")
    second = context.new_page()
    second.goto(page.url)
    card(jupyter_server, second, 1).wait_for()
    rises(jupyter_server, second, 1, until)
    card(jupyter_server, second, 1).get_by_role("button", name="Cancel").click()
    until(lambda: done(jupyter_server, page, 1) == done(jupyter_server, second, 1) == 1500)
    second.close()


def test_after_a_restart_of_the_kernel_the_card_says_disconnected_and_rests(
    jupyter_server, cluster, page, until, gate
):
    """A bar without updates does not move, and says why."""
    jupyter_server.open(page, "restart.ipynb", [load(cluster), HELD.format(path=gate.path, tasks=20) + "ar"])
    run(jupyter_server, page, 0, 1)
    gate.open(2)
    until(lambda: done(jupyter_server, page, 1) == 2)
    page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    card(jupyter_server, page, 1).get_by_text(re.compile("[Dd]isconnected")).first.wait_for()
    assert card(jupyter_server, page, 1).get_by_role("button", name="Cancel").count() == 0
    jupyter_server.wait_idle(page)


def test_a_saved_card_draws_in_a_fresh_kernel_and_has_no_buttons(
    jupyter_server, cluster, page, until, errors
):
    """What a notebook keeps is enough to draw from."""
    cells = [load(cluster), MAP.format(seconds=0.01, tasks=20) + "ar.wait(); ar"]
    jupyter_server.open(page, "kept.ipynb", cells)
    run(jupyter_server, page, 0, 1)
    until(lambda: outputs(jupyter_server.save(page, "kept.ipynb"), 1) == [[MIME, "text/html", "text/plain"]])
    page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    jupyter_server.wait_idle(page)
    jupyter_server.save(page, "kept.ipynb")
    page.reload()
    jupyter_server.wait_idle(page)
    until(lambda: done(jupyter_server, page, 1) == 20)
    shown = card(jupyter_server, page, 1)
    assert page.get_by_text("Loading widget").count() == 0
    assert shown.get_by_role("button", name="Retry").count() == 0
    assert shown.get_by_text("19 ok").first.is_visible()
    assert errors == []


def test_a_saved_output_of_another_version_or_broken_is_one_plain_line(jupyter_server, page, until, errors):
    """Never an exception: the sentence says what is the matter."""
    odd = [
        ({"type": "snapshot", "version": 99, "id": "x"}, "newer version"),
        ({"type": "snapshot", "version": 1, "id": {}}, "can't be read"),
        ([1, 2, 3], "can't be read"),
    ]
    show = "from IPython.display import display\ndisplay({{{mime!r}: {data!r}}}, raw=True)"
    jupyter_server.open(page, "odd.ipynb", [show.format(mime=MIME, data=data) for data, _ in odd])
    run(jupyter_server, page, 0, 1, 2)
    for cell, (_, said) in enumerate(odd):
        until(lambda cell=cell, said=said: said in jupyter_server.output(page, cell).inner_text())
    assert errors == []


def test_the_card_is_operated_by_keyboard_alone(jupyter_server, cluster, page, until, gate):
    """Tab reaches Cancel, Enter presses it."""
    started(jupyter_server, cluster, page, "keys.ipynb", BUSY.format(path=gate.path))
    rises(jupyter_server, page, 1, until)
    cancel = card(jupyter_server, page, 1).get_by_role("button", name="Cancel")
    cancel.focus()
    page.keyboard.press("Enter")
    until(lambda: done(jupyter_server, page, 1) == 1000)


def test_without_the_labextension_a_widget_is_shown_and_static_html_is_left(
    plain_server, cluster, page, until, errors, gate
):
    """A server that lacks the labextension shows no error box: stock widgets move instead."""
    cells = [load(cluster), HELD.format(path=gate.path, tasks=40) + "ar"]
    plain_server.open(page, "plain.ipynb", cells)
    run(plain_server, page, 0, 1)
    bar = plain_server.output(page, 1).get_by_role("progressbar").first
    for count in (1, 2):
        gate.open(count)
        until(lambda count=count: bar.get_attribute("aria-valuenow") == str(count))
    assert plain_server.output(page, 1).locator(".jupyter-widgets").count() > 0
    gate.open()
    expected = [[MIME, "text/html", "text/plain"]]
    until(lambda: outputs(plain_server.save(page, "plain.ipynb"), 1) == expected)
    until(lambda: "39 ok" in plain_server.output(page, 1).inner_text())
    assert plain_server.output(page, 1).locator(".ipar-result").count() == 0
    assert errors == []


def test_a_saved_file_is_named_once_and_opens(lab_server, cluster, page, until, errors):
    """What the server has too is a link; JupyterLab shows the file in a tab."""
    lab_server.open(page, "saved.ipynb", [load(cluster), MAP.format(seconds=0.01, tasks=8) + "ar"])
    run(lab_server, page, 0, 1)
    until(lambda: done(lab_server, page, 1) == 8)
    shown = card(lab_server, page, 1)
    shown.get_by_role("button", name="Export").click()
    shown.get_by_role("button", name="Tasks (CSV)").click()
    link = shown.get_by_role("status").get_by_role("button")
    link.wait_for()
    (file,) = lab_server.root.glob("nap-*.csv")
    assert shown.get_by_role("status").inner_text() == f"Saved {file}"
    link.click()
    page.get_by_role("tab", name=file.name).wait_for()
    assert errors == []
