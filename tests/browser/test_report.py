"""A saved report in a browser that has no network."""

import pytest
from fakes import Fed

from ipar_results.link import Link
from ipar_results.monitor import Monitor
from ipar_results.recorder import Recorder

pytestmark = pytest.mark.browser


@pytest.fixture
def report(tmp_path):
    fed = Fed(40)
    monitor = Monitor(fed.result, Recorder(fed.result, Link(fed.client, lambda: 30.0)))
    for i in range(40):
        fed.fail(i, message="<img src=http://x/y.png>") if i % 9 == 0 else fed.reply(i, seconds=2.0)
    return monitor.save_report(tmp_path / "report.html")


def test_it_opens_offline_without_a_request_or_an_error(page, context, report):
    context.set_offline(True)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report.as_uri())
    assert page.locator(".ipar-tracks path").count() == 2
    assert page.locator(".ipar-bar").get_attribute("aria-valuenow") == "40"
    assert asked == [report.as_uri()]
    assert complaints == []


def test_the_timeline_is_as_wide_as_its_card_and_its_labels_stay_inside(page, report):
    page.set_viewport_size({"width": 420, "height": 800})
    page.goto(report.as_uri())
    card, tracks = (page.locator(where).bounding_box() for where in (".ipar-card", ".ipar-tracks svg"))
    assert tracks["x"] + tracks["width"] <= card["x"] + card["width"]
    assert tracks["width"] > 200
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_slices_stand_out_from_the_page(page, report, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(report.as_uri())
    stroke = "path => getComputedStyle(path).stroke"
    colours = [page.locator(f".ipar-tracks .ipar-{kind}").evaluate(stroke) for kind in ("ok", "failed")]
    assert len({*colours, page.evaluate("getComputedStyle(document.body).backgroundColor")}) == 3
