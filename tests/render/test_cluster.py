"""The overview of a client, a view or a cluster shows the same facts as text and as HTML, and no secrets."""

import pytest
import samples
from outline import Outline

from ipar_results.model.cluster import ClusterOverview, EngineActivity
from ipar_results.render.cluster import card, plain_text

FULL = ClusterOverview(
    "Client",
    "1700000000-abcd",
    engines=(
        EngineActivity(0, busy=True, result_name="simulate", index=3, seconds=0.84, waiting=2, done=301),
        EngineActivity(
            1, busy=True, result_name="chunked", index=50, tasks=25, seconds=3, waiting=0, done=300
        ),
        EngineActivity(2, waiting=0, done=1_300),
        EngineActivity(3, alive=False),
        EngineActivity(4, alive=False, died=True),
    ),
    unassigned=40,
    settings=("engines 0–3", "blocking"),
    profile="default",
    controller="tcp://127.0.0.1:54321",
)
SILENT = ClusterOverview(
    "DirectView", condition="lost", engines=(EngineActivity(0),), note="The controller has not answered."
)
ALL = [
    FULL,
    SILENT,
    ClusterOverview("Cluster", "x", "stopped", note="Not started."),
    ClusterOverview("Client", condition="closed"),
]
FACTS = (
    "Client · 1700000000-abcd",
    "2 busy",
    "1 idle",
    "1 died",
    "1 left",
    "42 queued",
    "1,901 done",
    "engines 0–3",
    "blocking",
    "profile default",
    "tcp://127.0.0.1:54321",
    "simulate, task 3 for 0.8 s",
    "chunked, tasks 50–74 for 3.0 s",
)


@pytest.mark.parametrize("fact", FACTS)
def test_text_and_html_show_the_same_facts(fact):
    assert fact in plain_text(FULL)
    assert fact in Outline(card(FULL)).words


@pytest.mark.parametrize("overview", ALL)
def test_every_card_is_complete_and_shows_its_note(overview):
    outline = Outline(card(overview))
    assert outline.open == []
    assert "script" not in {tag for _, tag, _ in outline.elements}
    assert overview.note in outline.words and overview.note in plain_text(overview)


def test_unknown_activity_is_shown_as_unknown():
    assert not {"queued", "done", "idle"} & set(plain_text(SILENT).split())
    assert "1 not known" in plain_text(SILENT) and "1 not known" in Outline(card(SILENT)).words
    assert "no answer" in plain_text(SILENT) and "no answer" in Outline(card(SILENT)).words


def test_a_table_of_many_engines_is_cut_with_a_note():
    many = ClusterOverview(
        "Client", engines=tuple(EngineActivity(i, waiting=0, done=0) for i in range(1_000))
    )
    assert "64 of 1,000 engines" in Outline(card(many)).words
    assert "and 984 more engines" in plain_text(many)
    assert len(card(many)) < 60_000 and '<details class="ipar-fold" open' not in card(many)


def test_screen_readers_get_the_number_of_busy_engines():
    assert " role=meter " in card(FULL)
    assert " aria-valuenow=2 aria-valuemax=5 " in card(FULL)


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_texts_stay_text(text):
    engine = EngineActivity(0, busy=True, result_name=text, index=0, seconds=1.0)
    overview = ClusterOverview(
        text, text, engines=(engine,), settings=(text,), profile=text, controller=text, note=text
    )
    outline = Outline(card(overview))
    assert outline.open == []
    assert not {"script", "img"} & {tag for _, tag, _ in outline.elements}
    assert len(plain_text(overview).splitlines()) == 3
