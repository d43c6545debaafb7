"""Cards and panel for people who see badly or use no mouse: axe-core in each state, and keys alone."""

import re

import pytest
from axe import THEMES, dress, nothing_wrong
from test_labextension import card, done
from test_live import HELD, MAP, errors, load, run
from test_panel import panel, row, task

pytestmark = [pytest.mark.browser, pytest.mark.cluster]
__all__ = ["errors", "panel"]  # fixtures

TALK = """\
def talk(i):
    import time
    time.sleep(0.1)
    print("\\x1b[31mtask", i, "\\x1b[0msays hello")
    if i % 3 == 0: raise ValueError(f"no bed {i}")
ar = view.map_async(talk, range(12)); ar
"""
WASTE = """\
def nap(i):
    import time
    time.sleep(1)
uneven = view.map_async(nap, range(3)); uneven
"""
ONE = "view.apply_async(talk, 3)"
LONG = MAP.format(seconds=1.2, tasks=800) + "ar"  # longer than axe takes on a busy machine; cancelled then


def unfold(shown):
    """Open all that a card folds away."""
    folded = shown.locator(".ipar-fold[aria-expanded=false]:visible, details:not([open]) > summary")
    while folded.count():
        folded.first.click()


@pytest.mark.timeout(900)
def test_axe_finds_nothing_wrong_with_a_card_in_any_state(jupyter_server, cluster, page, until, errors, gate):
    """Failed, ended with advice, one task, running, disconnected: all unfolded, in light and dark."""
    page.set_viewport_size({"width": 1100, "height": 6000})  # or Notebook takes cells out of the page
    last = HELD.format(path=gate.path, tasks=4) + "ar"  # still runs when its kernel has ended
    jupyter_server.open(page, "seen.ipynb", [load(cluster), TALK, WASTE, ONE, LONG, last])
    run(jupyter_server, page, 0, 1, 2, 3)
    failed, wasted, one, running = (card(jupyter_server, page, cell) for cell in (1, 2, 3, 4))
    wasted.locator(".ipar-advice").first.wait_for()
    wasted.locator(".ipar-use:visible").wait_for()
    one.get_by_text(re.compile("no bed")).first.wait_for()
    failed.get_by_role("button", name="Retry failed").wait_for()
    run(jupyter_server, page, 4)
    until(lambda: (done(jupyter_server, page, 4) or 0) > 6)
    for shown in (failed, wasted, one, running):
        unfold(shown)
    failed.get_by_role("button", name="Open task 3", exact=True).click()
    failed.locator(".ipar-drawer pre").first.wait_for()
    failed.get_by_role("button", name="Export").click()
    running.get_by_role("button", name="Interrupt").click()
    running.get_by_role("button", name="Yes, stop them").wait_for()
    for theme in THEMES:
        dress(page, theme)
        nothing_wrong(page, ".ipar-result")
    running.locator(".ipar-lanes").focus()
    page.keyboard.press("ArrowRight")
    running.locator(".ipar-tip:visible").wait_for()
    for theme in reversed(THEMES):
        dress(page, theme)
        nothing_wrong(page, ".ipar-tip:not([hidden])")  # by itself: it lies over the counts
    running.get_by_role("button", name="Yes, stop them").click()
    running.get_by_text(re.compile("cancelled")).first.wait_for()
    nothing_wrong(page, f"#{running.evaluate('node => node.id ||= `cancelled`')}")
    run(jupyter_server, page, 5)
    # a kernel that ends before it has told of a result leaves a card that was never connected
    until(lambda: card(jupyter_server, page, 5).get_attribute("data-connection") == "live")
    page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    card(jupyter_server, page, 5).get_by_text("disconnected").first.wait_for()
    jupyter_server.wait_idle(page)
    for theme in THEMES:
        dress(page, theme)
        nothing_wrong(page, ".ipar-result[data-connection=disconnected]")
    assert errors == []


def test_axe_finds_nothing_wrong_with_the_panel(jupyter_server, cluster, page, panel):
    """Names, roles and contrast, with rows in several states and with none."""
    cells = [load(cluster), task("looked_at", 0.01, 4, "a"), task("looked_at", 0.5, 100, "b"), "b.abort()"]
    jupyter_server.open(page, "looked.ipynb", cells)
    run(jupyter_server, page, 0, 1, 2)
    shown = panel()
    row(shown, "looked_at").nth(1).wait_for()
    row(shown, "looked_at").first.hover()
    for theme in THEMES:
        dress(page, theme)
        for chosen in ("All", "Running", "Failed"):
            shown.get_by_role("button", name=chosen, exact=False).first.click()
            nothing_wrong(page, ".ipar-panel")
    run(jupyter_server, page, 3)


def test_the_timeline_is_read_and_opened_by_keyboard_alone(jupyter_server, cluster, page, until, errors):
    """Enter unfolds it, arrows go from task to task and say each, Enter opens one, Escape leads back."""
    jupyter_server.open(page, "lanes.ipynb", [load(cluster), TALK])
    run(jupyter_server, page, 0, 1)
    shown = card(jupyter_server, page, 1)
    until(lambda: done(jupyter_server, page, 1) == 12)
    shown.get_by_role("button", name="Retry failed").wait_for()
    fold = shown.get_by_role("button", name="Timeline")
    if fold.get_attribute("aria-expanded") == "false":
        fold.focus()
        page.keyboard.press("Enter")
    lanes = shown.locator(".ipar-lanes")
    lanes.wait_for()
    until(lambda: lanes.evaluate("node => node.clientHeight > 0"))
    lanes.focus()
    heard = shown.locator(".ipar-timeline [aria-live]")
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        until(lambda: heard.inner_text() not in ["", *seen])
        seen.append(heard.inner_text())
        assert shown.locator(".ipar-tip").inner_text().split("\n")[0] in seen[-1]
    active = page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex")
    before = lanes.locator("canvas").evaluate("node => node.toDataURL()")
    page.keyboard.press("+")
    until(lambda: lanes.locator("canvas").evaluate("node => node.toDataURL()") != before)
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    drawer = shown.locator(".ipar-drawer")
    drawer.get_by_text("says hello").first.wait_for()  # a traceback may show that line too
    assert page.evaluate("document.activeElement.classList.contains('ipar-drawer')")
    page.keyboard.press("Escape")
    assert not drawer.is_visible()
    assert page.evaluate("document.activeElement.classList.contains('ipar-lanes')")
    # the notebook's own keys have had none of it
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex") == active
    assert errors == []
