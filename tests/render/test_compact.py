"""A card that a notebook keeps is shorter, and the same to all who read it."""

import re
from dataclasses import replace

import pytest
import samples
from markupsafe import escape
from outline import Outline
from test_svg import busy

from ipar_results.render import html
from ipar_results.render.compact import compact

NAMES = ("running", "done", "chunked", "lost", "one_failed", "empty")
CARDS = {name: html.card(samples.ALL[name]) for name in NAMES}
CARDS["timeline"] = html.card(samples.failed, timeline=busy(24, 4, failed=[5]))
CARDS |= {
    f"hostile {n}": html.card(samples.poisoned(samples.one_failed, samples.HOSTILE[n])) for n in (2, 6, 8)
}


class Essence(Outline):
    """Outline without what only isolates texts, has a usual value, or is told in other ways."""

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        skipped = {"class", "aria-label"} if told.get("title") == told.get("aria-label") else {"class"}
        kept = [(name, value) for name, value in attrs if name not in skipped and name != "aria-valuemin"]
        if tag != "bdi":
            super().handle_starttag(tag, kept)

    def handle_endtag(self, tag):
        if tag != "bdi":
            super().handle_endtag(tag)


@pytest.mark.parametrize("name", CARDS)
def test_it_has_the_same_elements_and_words(name):
    whole, small = Essence(CARDS[name]), Essence(compact(CARDS[name]))
    assert small.elements == whole.elements
    assert small.words == whole.words
    assert small.open == []
    for attribute in ("role", "title", "aria-label", "aria-valuenow", "aria-valuetext", "data-t", "tabindex"):
        assert small.attributes.get(attribute) == whole.attributes.get(attribute)


@pytest.mark.parametrize("name", CARDS)
def test_each_of_its_classes_has_a_rule_and_each_rule_is_used(name):
    root, style, markup = re.fullmatch(
        r"(<div [^>]*>)<style>(.*?)</style>(.*)", compact(CARDS[name]), re.DOTALL
    ).groups()
    assert 'class="ipar-card"' in root
    given = {
        each for names in re.findall(r' class=(?:"([^"]*)"|(\w+))', markup) for each in "".join(names).split()
    }
    assert given == set(re.findall(r"\.(i[a-z0-9]+)\b(?!-)", style))
    assert set(re.findall(r"var\((--[a-z0-9])\)", style)) <= set(re.findall(r"(--[a-z0-9]):", style + markup))


def test_what_a_task_wrote_is_kept_as_it_is():
    text = '  a = "b"\n\n</td>   class="ipar-ok" <td> --ok: --w:\n ipar-ok'
    card = compact(html.card(samples.poisoned(samples.one_failed, text)))
    written = [part for part in re.findall("<pre.*?</pre>", card, re.DOTALL)]
    assert any(str(escape(text)) in part for part in written)


@pytest.mark.parametrize("name", ["f", "„h“ → 0–3 ✓ <b>", "naïve αβγ"])
def test_a_text_that_runs_from_left_to_right_is_not_isolated(name):
    assert "<bdi>" not in compact(html.card(replace(samples.done, name=name)))


@pytest.mark.parametrize("name", ["שלום", "f(عرب)", "٣٤", "\u202ef", "𐤀"])
def test_any_other_text_is_isolated(name):
    assert "<code><bdi>" in compact(html.card(replace(samples.done, name=name)))


def test_each_part_is_a_line_so_that_two_runs_differ_in_few():
    card = compact(CARDS["timeline"])
    outside = re.sub("<pre.*?</pre>", "", card, flags=re.DOTALL)
    assert len(outside.splitlines()) < 50
    assert "\n" not in re.search("<table.*?</table>", card, re.DOTALL)[0]
    assert "\n" not in re.search("<svg.*?</svg>", card, re.DOTALL)[0]


def test_it_is_a_good_deal_smaller():
    assert len(compact(CARDS["done"])) < 0.85 * len(CARDS["done"])
    assert len(compact(html.card(samples.one))) < 1_200
