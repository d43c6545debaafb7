"""Every view inside a real output area: no column as wide as a letter, no text under another element."""

import re

import pytest
from boxes import faults
from test_accessible import ONE, TALK, WASTE, unfold
from test_labextension import card
from test_live import HELD, MAP, errors, load, run
from test_panel import panel, row, task

pytestmark = [pytest.mark.browser, pytest.mark.cluster]
__all__ = ["errors", "panel"]  # fixtures

LONG = MAP.format(seconds=0.3, tasks=800) + "ar"
STILL = """\
from IPython.display import HTML
from ipar_results.render import html
HTML(html.card(ar.monitor.snapshot()))"""


def test_no_text_of_a_card_lies_under_another(jupyter_server, cluster, page, errors):
    """Failed, ended with advice, one task, running and the static view: all unfolded, with a task open."""
    page.set_viewport_size({"width": 1500, "height": 6000})  # or Notebook takes cells out of the page
    jupyter_server.open(page, "boxes.ipynb", [load(cluster), TALK, STILL, WASTE, ONE, LONG, "ar.abort()"])
    page.evaluate("window.jupyterapp.shell.collapseLeft?.()")
    run(jupyter_server, page, 0, 1, 2, 3, 4, 5)
    failed, wasted, one, running = (card(jupyter_server, page, cell) for cell in (1, 3, 4, 5))
    failed.get_by_role("button", name="Retry failed").wait_for()
    wasted.get_by_text(re.compile("^took ")).wait_for()
    one.locator("summary").first.wait_for()
    for shown in (failed, wasted, one, running):
        unfold(shown)
    for shown, n in ((failed, 3), (failed, 4), (wasted, 1)):
        shown.get_by_role("button", name=f"Open task {n}", exact=True).click()
        shown.locator(".ipar-drawer").get_by_text("Message").wait_for()
        assert faults(page, ".ipar-result") == []
    failed.get_by_role("button", name="Export").click()
    running.get_by_role("button", name="Interrupt").click()
    page.evaluate("document.querySelectorAll('.ipar-card details').forEach(each => { each.open = true; })")
    for width in (1500, 560):
        page.set_viewport_size({"width": width, "height": 6000})
        assert faults(page, ".ipar-result, .ipar-card") == []
    run(jupyter_server, page, 6)
    assert errors == []


def test_no_count_of_the_panel_lies_under_a_button(jupyter_server, cluster, page, panel, errors):
    """At the panel's default width, with the buttons of each row in view, Interrupt among them."""
    ended, going = task("simulate_the_ice", 0.01, 8, "a"), task("simulate", 0.5, 1000, "b")
    name = "climate of the last interglacial.ipynb"
    jupyter_server.open(page, name, [load(cluster), ended, going, "b.abort()"])
    run(jupyter_server, page, 0, 1, 2)
    shown = panel()
    row(shown, "simulate_the_ice").get_by_role("button", name="Retry").wait_for(state="attached")
    row(shown, "simulate").get_by_role("button", name="Interrupt").wait_for(state="attached")
    for result, count in (("simulate_the_ice", "1 of 8 failed"), ("simulate", " of 1,000")):
        mine = row(shown, result)
        mine.hover()
        assert faults(page, ".ipar-panel") == []
        counts = mine.locator(".ipar-progress")
        assert count in counts.inner_text()
        assert counts.evaluate("node => node.scrollWidth <= node.clientWidth")
    run(jupyter_server, page, 3)
    assert errors == []


WAIT = "ar.wait_interactive()"  # the kernel's message is sent after the display
WATCH = """
window.places = [];
(function look() {
    const card = document.querySelector('.ipar-result');
    const box = card?.getBoundingClientRect();
    const top = name => {
        const part = card.querySelector(name)?.getBoundingClientRect();
        return part?.height ? Math.round(part.top - box.top) : null;
    };
    if (box) {
        const now = [Math.round(box.height), ...['.ipar-bar', '.ipar-facts', '.ipar-stage'].map(top)];
        if (String(window.places.at(-1)) !== String(now)) window.places.push(now);
        window.saidLost ||= card.innerText.toLowerCase().includes('not connected');
    }
    requestAnimationFrame(look);
})();
"""


def assert_only_growth(page):
    places = page.evaluate("window.places")
    heights, *parts = zip(*places, strict=True)
    assert sorted(heights) == list(heights), places
    for tops in parts:
        assert len({top for top in tops if top is not None}) == 1, places
    assert not page.evaluate("window.saidLost")


def test_a_card_grows_below_what_is_there_already(lab_server, cluster, page, errors):
    """In a narrow column: estimate, rates, failures and the use of time appear, and nothing above moves.

    The first frames, before the kernel's message about the result, are part of it.
    """
    page.set_viewport_size({"width": 560, "height": 1200})
    lab_server.open(page, "grows.ipynb", [load(cluster), MAP.format(seconds=0.2, tasks=30) + WAIT])
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    run(lab_server, page, 0)
    page.evaluate(WATCH)
    run(lab_server, page, 1)
    shown = card(lab_server, page, 1)
    shown.locator(".ipar-use:visible").wait_for()
    shown.get_by_role("button", name="Retry failed").wait_for()
    assert_only_growth(page)
    assert errors == []


def test_a_card_keeps_its_place_when_its_page_is_loaded_anew(lab_server, cluster, page, gate, errors):
    """Until the page has the kernel's message, it does not say that there is no kernel."""
    page.set_viewport_size({"width": 900, "height": 1200})
    lab_server.open(page, "again.ipynb", [load(cluster), HELD.format(path=gate.path, tasks=30) + "ar"])
    run(lab_server, page, 0)
    gate.open(10)
    run(lab_server, page, 1)
    card(lab_server, page, 1).get_by_text("1 failed").wait_for()
    page.wait_for_function("document.querySelector('.ipar-bar').ariaValueNow === '10'")
    lab_server.save(page, "again.ipynb")
    page.add_init_script(WATCH)
    page.reload()
    page.wait_for_function("document.querySelector('.ipar-result')?.dataset.connection === 'live'")
    card(lab_server, page, 1).get_by_role("button", name="Cancel").wait_for()
    assert_only_growth(page)
    gate.open()
    assert errors == []
