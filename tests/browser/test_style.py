"""A saved card wherever it is shown: with a part of the style sheet, in pages with sheets of their own."""

import re

import nbformat
import pytest
import samples
from fakes import Fed, follow
from nbconvert import HTMLExporter

from ipar_results.render import html, style

pytestmark = pytest.mark.browser

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
