"""A saved report in a browser that has no network."""

import pytest
from axe import AXE
from fakes import Fed, follow

from ipar_results.results.monitor import Monitor

pytestmark = pytest.mark.browser

ENGINES = 40  # so many that the lanes scroll


def saved(path, n, engines=2):
    """A report of `n` tasks, every ninth of which failed."""
    fed = Fed(n)
    monitor = Monitor(fed.result, follow(fed))
    for i in range(n):
        where = {"engine_id": i % engines, "engine_uuid": f"uuid-{i % engines}"}
        if i % 9 == 0:
            fed.fail(i, message="<img src=http://x/y.png>", **where)
        else:
            fed.reply(i, seconds=2.0, **where)
    return monitor.save_report(path / "report.html")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("report"), 40)


@pytest.fixture
def shown(page, report, until):
    """The report, opened and drawn; its policy forbids evaluating a text in the page."""
    page.goto(report.as_uri())
    page.locator(".ipar-pane canvas").wait_for()
    until(lambda: page.evaluate("document.querySelector('.ipar-pane canvas').width > 300"))
    return page


def told(page):
    return page.locator(".ipar-told").inner_text()


def inked(page):
    """How many pixels of the drawing are neither empty nor grey."""
    return page.evaluate("""() => {
        const canvas = document.querySelector('.ipar-pane canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let n = 0;
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] && Math.abs(data[i] - data[i + 1]) > 40) n++;
        return n;
    }""")


def test_it_opens_offline_without_a_request_or_an_error(page, context, report):
    context.set_offline(True)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report.as_uri())
    page.locator(".ipar-pane canvas").wait_for()
    page.locator(".ipar-pane").press("ArrowRight")
    assert page.locator(".ipar-tracks path").count() == 2
    assert page.locator("[role=progressbar]").get_attribute("aria-valuenow") == "40"
    assert asked == [report.as_uri()]
    assert complaints == []


def test_its_policy_lets_no_other_script_run(shown):
    blocked = shown.evaluate("""() => new Promise(resolve => {
        document.addEventListener('securitypolicyviolation', event => resolve(event.violatedDirective));
        const script = document.createElement('script');
        script.textContent = 'window.ran = 1';
        document.body.append(script);
    })""")
    assert blocked.startswith("script-src")
    assert shown.evaluate("window.ran") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(browser, report, scheme):
    # axe is put into the page, which the page's own policy forbids
    with browser.new_context(bypass_csp=True, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(report.as_uri())
        page.locator(".ipar-pane canvas").wait_for()
        for fold in page.locator("details").all():
            fold.evaluate("fold => { fold.open = true; }")
        page.add_script_tag(path=AXE)
        found = page.evaluate("axe.run()")["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []


def test_the_keyboard_goes_from_task_to_task_and_says_each(shown):
    pane = shown.locator(".ipar-pane")
    pane.focus()
    pane.press("ArrowRight")
    assert told(shown) == "Task 0 · engine 0 · ✕ failed: ValueError · began at 0 s · took 1 s"
    pane.press("ArrowRight")
    assert told(shown).startswith("Task 2 · engine 0 · ✓ ok")
    pane.press("ArrowDown")
    assert told(shown).startswith("Task 1 · engine 1") or told(shown).startswith("Task 3 · engine 1")
    pane.press("End")
    assert told(shown).startswith("Task 39 · engine 1")


def test_the_pointer_tells_what_it_is_over(shown):
    box = shown.locator(".ipar-pane").bounding_box()
    # engine 0 is busy all the time: what is in the middle is one of its twenty tasks
    shown.mouse.move(box["x"] + 78 + (box["width"] - 82) / 2, box["y"] + 9)
    assert "· engine 0 ·" in told(shown)


def test_it_zooms_in_and_out_and_moves(shown, until):
    whole = inked(shown)
    pane, drawn = shown.locator(".ipar-pane"), "document.querySelector('.ipar-pane canvas').toDataURL()"
    first = shown.evaluate(drawn)
    shown.get_by_role("button", name="Zoom in").click()
    until(lambda: shown.evaluate(drawn) != first)
    closer = shown.evaluate(drawn)
    pane.press("Shift+ArrowRight")
    until(lambda: shown.evaluate(drawn) != closer)
    pane.press("0")
    until(lambda: shown.evaluate(drawn) == first)
    assert whole > 2_000


def test_the_still_picture_gives_way_to_the_moving_one_and_comes_back_on_paper(shown):
    still, moving = shown.locator(".ipar-plot"), shown.locator(".ipar-stage")
    assert not still.is_visible() and moving.is_visible()
    shown.emulate_media(media="print", color_scheme="dark")
    assert still.is_visible() and not moving.is_visible()


def test_paper_is_white_whatever_the_screen(shown):
    shown.emulate_media(media="print", color_scheme="dark")
    look = "node => { const s = getComputedStyle(node); return [s.color, s.backgroundColor]; }"
    ink, paper = shown.locator(".ipar-card").evaluate(look)
    assert (ink, paper) == ("rgb(31, 35, 40)", "rgb(255, 255, 255)")
    stroke = "path => getComputedStyle(path).stroke"
    strokes = {
        kind: shown.locator(f".ipar-tracks .ipar-{kind}").evaluate(stroke) for kind in ("ok", "failed")
    }
    assert strokes == {"ok": "rgb(47, 143, 91)", "failed": "rgb(201, 58, 58)"}
    adjust = shown.locator(".ipar-card").evaluate("node => getComputedStyle(node).printColorAdjust")
    assert adjust == "exact"


def test_without_scripts_the_still_picture_stays(browser, report):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(report.as_uri())
        assert page.locator(".ipar-plot").is_visible()
        assert page.locator(".ipar-tracks path").count() == 2


def test_many_lanes_scroll_to_the_task_that_is_chosen(page, tmp_path):
    page.goto(saved(tmp_path, 120, ENGINES).as_uri())
    pane = page.locator(".ipar-pane")
    for _ in range(ENGINES):
        pane.press("ArrowDown")
    assert f"engine {ENGINES - 1} " in told(page)
    assert page.evaluate("document.querySelector('.ipar-pane').scrollHeight") >= ENGINES * 12


def test_the_timeline_is_as_wide_as_its_card_and_its_labels_stay_inside(page, report):
    page.set_viewport_size({"width": 420, "height": 800})
    page.goto(report.as_uri())
    card, pane = (page.locator(where).bounding_box() for where in (".ipar-card", ".ipar-pane"))
    assert pane["x"] + pane["width"] <= card["x"] + card["width"]
    assert pane["width"] > 300
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(media="print")
    tracks = page.locator(".ipar-tracks svg").bounding_box()
    assert tracks["width"] > 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_slices_stand_out_from_the_page(page, report, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(report.as_uri())
    stroke = "path => getComputedStyle(path).stroke"
    colours = [page.locator(f".ipar-tracks .ipar-{kind}").evaluate(stroke) for kind in ("ok", "failed")]
    assert len({*colours, page.evaluate("getComputedStyle(document.body).backgroundColor")}) == 3
