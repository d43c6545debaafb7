"""A saved card brings along a part of the style sheet: it must look as it does with the whole of it."""

import re

import pytest
import samples

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
            r"<style>.*?</style>", lambda _: f"<style>{style.whole()}</style>", opened, count=1, flags=re.S
        )
        assert len(opened) < len(whole), name
        assert picture(page, opened, scheme) == picture(page, whole, scheme), name
        bare = re.sub(r"<style>.*?</style>", "", opened, count=1, flags=re.S)
        assert picture(page, opened, scheme) != picture(page, bare, scheme), name
