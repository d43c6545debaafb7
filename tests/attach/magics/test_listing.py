"""The listing of results shows the same facts as text and as HTML, with hostile names as text."""

import re

import pytest
import samples
from outline import Outline

from ipar_results.attach.magics.listing import ResultRow, html_table, plain_text

ROWS = [
    ResultRow(1, samples.ALL["done"], ("ar", "again"), 3),
    ResultRow(2, samples.ALL["running"], ("job",), 12),
    ResultRow(1_234, samples.ALL["failed"], gone=True),
]


def test_text_and_html_show_the_same_facts():
    text, shown = plain_text(ROWS, 3), Outline(html_table(ROWS, 3)).words
    for fact in ("3 results · 1 going on", "ar, again", "[12]", "1,234", "no longer held", "simulate"):
        assert fact in text and fact in shown
    for row in ROWS:
        for count in re.findall(r"[\d,]+ (?:ok|failed)", text):
            assert count in shown, row


def test_the_columns_of_the_text_are_aligned():
    lines = plain_text(ROWS, 3).splitlines()[1:]
    glyphs = [re.search("[✓▸✕]", line).start() for line in lines]
    assert len(lines) == 3 and len(set(glyphs)) == 1


def test_a_cut_listing_notes_how_many_results_there_are():
    assert plain_text(ROWS[-1:], 3).startswith("the newest 1 of 3 results")


def test_an_empty_listing_explains_what_would_be_listed():
    assert "No results yet" in plain_text([], 0)
    assert "No results yet" in Outline(html_table([], 0)).words
    assert "<table" not in html_table([], 0)


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_names_stay_text_on_one_line(text):
    rows = [ResultRow(1, samples.poisoned(samples.running, text), (text,), 1)]
    outline = Outline(html_table(rows, 1))
    assert outline.open == []
    assert not {"script", "img"} & {tag for _, tag, _ in outline.elements}
    assert len(plain_text(rows, 1).splitlines()) == 2
    assert len(html_table(rows, 1)) < 40_000
