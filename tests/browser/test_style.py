"""A saved card wherever it is shown: with a part of the style sheet, in pages with sheets of their own."""

import re
from pathlib import Path

import nbformat
import pytest
import samples
from fakes import Fed, follow
from nbconvert import HTMLExporter

from ipar_results.render import html, style

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
DRAWN = {name: html.card(snapshot) for name, snapshot in samples.ALL.items()}
DRAWN |= {
    f"hostile {n}": html.card(samples.poisoned(samples.failed, text))
    for n, text in enumerate(samples.HOSTILE)
}


def picture(page, card, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_content(f'<!doctype html><meta charset="utf-8"><body>{card}')
    return page.screenshot(full_page=True, animations="disabled", caret="hide")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_card_looks_as_it_does_with_the_whole_style(page, scheme):
    for name, card in DRAWN.items():
        opened = card.replace("<details", "<details open")
        whole = re.sub(
            r"<style>.*?</style>",
            lambda _: f"<style>{style.style_sheet()}</style>",
            opened,
            count=1,
            flags=re.S,
        )
        assert len(opened) < len(whole), name
        assert picture(page, opened, scheme) == picture(page, whole, scheme), name
        bare = re.sub(r"<style>.*?</style>", "", opened, count=1, flags=re.S)
        assert picture(page, opened, scheme) != picture(page, bare, scheme), name


def timeline():
    """Twenty tasks on five engines."""
    fed = Fed(20)
    followed = follow(fed)
    for i in range(20):
        fed.reply(i, engine_id=i % 5, engine_uuid=f"uuid-{i % 5}")
    followed.drain()
    return html.card(followed.snapshot(), timeline=followed.timeline())


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_in_a_converted_notebook_each_lane_of_the_timeline_stands_beside_its_label(page, tmp_path, template):
    """The style sheets of JupyterLab and nbconvert give every drawing a height of their choice."""
    output = nbformat.v4.new_output("display_data", {"text/html": timeline()})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("ar", outputs=[output])])
    path = tmp_path / "converted.html"
    path.write_text(HTMLExporter(template_name=template).from_notebook_node(notebook)[0], "utf-8")
    page.goto(path.as_uri())
    labels = page.locator(".ipar-lanes > i")
    drawing = page.locator(".ipar-tracks svg").bounding_box()
    first, last = labels.first.bounding_box(), labels.last.bounding_box()
    assert labels.count() == 5
    assert drawing["y"] == pytest.approx(first["y"], abs=1)
    assert drawing["y"] + drawing["height"] == pytest.approx(last["y"] + last["height"], abs=1)


SHEETS = {
    name: (ROOT / "labextension" / "style" / f"{name}.css").read_text("utf-8") for name in ("card", "panel")
}
PROBES = ("fg", "soft", "bg", "line", "ok", "bad", "run")


def colours(page, selector):
    return page.eval_on_selector_all(selector, "found => found.map(node => getComputedStyle(node).color)")


@pytest.mark.parametrize("light", ["true", "false"])
def test_in_forced_colours_the_canvas_tells_the_states_apart_and_writes_in_the_system_s_colours(page, light):
    """Otherwise all its colours are that of text."""
    page.emulate_media(forced_colors="active")
    probes = "".join(f'<i class="ipar-probe ipar-probe-{name}"></i>' for name in PROBES)
    page.set_content(
        f'<style>{SHEETS["card"]}</style><body data-jp-theme-light="{light}"><p style="color: Canvas"></p>'
        f'<div class="ipar-result">{probes}</div>'
    )
    found = dict(zip(PROBES, colours(page, ".ipar-probe"), strict=True))
    (canvas,), (text,) = colours(page, "p"), colours(page, "body")
    assert (found["fg"], found["soft"], found["line"]) == (text, text, text)
    assert found["bg"] != text
    assert len({*found.values()}) == 5, (found, canvas)


def test_in_forced_colours_the_labels_of_a_saved_timeline_have_the_system_s_colour(page):
    page.emulate_media(forced_colors="active", color_scheme="dark")
    page.set_content(f'<body data-jp-theme-light="true">{timeline()}')
    assert {*colours(page, ".ipar-plot")} == {*colours(page, "body")}


@pytest.mark.parametrize("contrast", ["more", "no-preference"])
def test_with_more_contrast_soft_text_is_as_strong_as_any(page, contrast):
    page.emulate_media(contrast=contrast)
    page.set_content(DRAWN["running"])
    alike = colours(page, ".ipar-pace") == colours(page, ".ipar-card")
    assert alike == (contrast == "more")


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_saved_card_is_read_from_left_to_right_in_any_page(page, direction):
    """Its sentences are English, and its time goes from left to right."""
    page.set_content(f'<!doctype html><html dir="{direction}"><body>{timeline()}')
    for left, right in (("code", ".ipar-pace"), (".ipar-lanes", ".ipar-tracks")):
        at = [page.locator(f".ipar-card {each}").first.bounding_box()["x"] for each in (left, right)]
        assert at[0] < at[1], (left, right)


def test_style_sheets_name_no_side():
    """Except where time goes from left to right. A saved card is read in one direction everywhere."""
    for name, sheet in SHEETS.items():
        lines = [line for line in sheet.splitlines() if re.search(r"\b(?:left|right)\b(?!\s+to)", line)]
        sides = [line for line in lines if not re.search(r"ipar-(?:tick|left|timeline)\b|^/\*", line)]
        assert sides == [], name
