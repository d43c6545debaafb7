"""The list of results says the same as text and as HTML, and nothing in it does harm."""

import re

import pytest
import samples
from test_render_html import Outline

from ipar_results.attach.magics.listing import Row, plain, table

ROWS = [
    Row(1, samples.ALL["done"], ("ar", "again"), 3),
    Row(2, samples.ALL["running"], ("job",), 12),
    Row(1_234, samples.ALL["failed"], gone=True),
]


def test_text_and_html_show_the_same_facts():
    text, shown = plain(ROWS, 3), Outline(table(ROWS, 3)).words
    for fact in ("3 results · 1 going on", "ar, again", "[12]", "1,234", "no longer held", "simulate"):
        assert fact in text and fact in shown
    for row in ROWS:
        for count in re.findall(r"[\d,]+ (?:ok|failed)", text):
            assert count in shown, row


def test_the_columns_of_the_text_are_aligned():
    lines = plain(ROWS, 3).splitlines()[1:]
    glyphs = [re.search("[✓▸✕]", line).start() for line in lines]
    assert len(lines) == 3 and len(set(glyphs)) == 1


def test_what_is_left_out_is_said():
    assert plain(ROWS[-1:], 3).startswith("the newest 1 of 3 results")


def test_without_results_it_says_what_would_be_listed():
    assert "No results yet" in plain([], 0)
    assert "No results yet" in Outline(table([], 0)).words
    assert "<table" not in table([], 0)


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_names_stay_text_on_one_line(text):
    rows = [Row(1, samples.poisoned(samples.running, text), (text,), 1)]
    outline = Outline(table(rows, 1))
    assert outline.open == []
    assert not {"script", "img"} & {tag for _, tag, _ in outline.elements}
    assert len(plain(rows, 1).splitlines()) == 2
    assert len(table(rows, 1)) < 40_000
