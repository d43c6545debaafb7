"""The card is complete, safe and bounded, and shows the same facts as the text."""

import re
from dataclasses import replace

import pytest
import samples
from outline import Outline
from samples import clock

from ipar_results.model.snapshot import EngineLoad, TaskOutput, TimeUse
from ipar_results.render import html, style, words
from ipar_results.render.limits import DEFAULT_LIMITS, Limits
from ipar_results.render.text import summary_line

LONG = [
    samples.MEGABYTE,
    "\x1b[31m\x00" * 100_000,
    "\x1b[1;3;4m\x1b[mx" * 80_000,
    "x" * 1_000_000,
    "\n" * 1_000_000,
]


def summaries(card):
    return [
        " ".join(re.sub("<[^>]+>", "", s).split())
        for s in re.findall("<summary[^>]*>(.*?)</summary>", card, re.S)
    ]


@pytest.mark.parametrize("name", samples.ALL)
def test_every_element_is_closed_in_order(name):
    assert Outline(html.card(samples.ALL[name])).open == []


@pytest.mark.parametrize("name", samples.ALL)
def test_the_card_shows_the_facts_of_the_summary_line(name):
    """Each fact of the line is in the card's text."""
    shown = Outline(html.card(samples.ALL[name])).words
    facts = re.split(r" · |: |, ", summary_line(samples.ALL[name]).replace("simulate failed", "failed"))
    assert [fact for fact in facts if fact not in shown] == []


@pytest.mark.parametrize("name", ["running", "failed", "lost", "queued", "aborted"])
def test_the_bar_has_a_value_for_screen_readers(name):
    snapshot = samples.ALL[name]
    bar = re.search('<div class="ipar-bar"[^>]*>', html.head(snapshot)).group()
    assert 'role="progressbar"' in bar
    assert f'aria-valuemin="0" aria-valuenow="{snapshot.done}" aria-valuemax="{snapshot.total}"' in bar
    assert f'aria-label="{snapshot.name}"' in bar


def test_the_bar_has_a_segment_for_each_state_in_proportion():
    segments = re.findall(r'<i class="ipar-(\w+)" style="flex:(\d+)"', html.head(samples.running))
    assert segments == [("ok", "398"), ("failed", "14"), ("running", "8"), ("queued", "580")]


@pytest.mark.parametrize("name", ["one", "one_failed", "one_running", "empty"])
def test_a_small_result_has_no_bar(name):
    assert "progressbar" not in html.card(samples.ALL[name])


@pytest.mark.parametrize(
    ("state", "glyph"), [(state, glyph) for state, (glyph, _) in words.STATES.items()][:5]
)
def test_every_state_has_a_symbol_beside_its_colour(state, glyph):
    assert f">{glyph}</b>" in html.head(replace(samples.running, state=state))


def test_the_folds_have_titles_and_sizes():
    assert summaries(html.card(samples.running)) == [
        "✕ 12 ValueError: grid of 0 cells cannot be solved · simulate, line 13 · engines 0–7",
        "✕ 2 TimeoutError: no answer after 5 s · fetch, line 40 · engine 3",
        "Engines 8",
        "Tasks 1,000",
        "Output 3 tasks",
    ]


def test_a_single_result_folds_only_its_failure_and_its_output():
    assert summaries(html.card(samples.one)) == []
    assert [title.split()[0] for title in summaries(html.card(samples.one_failed))] == ["✕", "Output"]


def test_an_engine_shows_what_it_runs_and_its_busy_share():
    shown = Outline(html.engines(samples.running)).words
    assert "▸ task 413 for 0.4 s" in shown
    assert "94 %" in shown


def test_a_dead_engine_is_marked():
    assert "7 ! died" in Outline(html.engines(samples.lost)).words


def test_a_finished_result_has_no_column_for_running_tasks():
    assert "Now" in html.engines(samples.running)
    assert "Now" not in html.engines(samples.failed)


def test_an_engine_is_never_busy_more_than_100_percent():
    load = EngineLoad(0, busy_time=100.0)
    assert "100 %" in html.engines(replace(samples.running, elapsed=1.0, engines=(load,)))


def test_a_result_without_elapsed_time_has_idle_engines():
    assert "0 %" in html.engines(replace(samples.running, elapsed=0.0))


def test_the_traceback_is_complete_and_coloured():
    drawn = html.failures(samples.running)
    assert '<span class="ipar-on-yellow">solve</span>' in drawn
    assert "---&gt; 13" in drawn


def test_a_long_traceback_keeps_its_head_and_its_tail():
    group = replace(samples.GROUPS[0], traceback="first\n" + "middle\n" * 100_000 + "last")
    shown = Outline(html.failures(replace(samples.failed, failures=(group,)))).words
    assert "first middle" in shown
    assert shown.endswith("middle last")
    assert re.search(r"… 69\d,\d{3} characters left out …", shown)


def test_times_of_tasks_are_relative_to_the_first_submission():
    assert "8 0 ✓ ok 2.1 s 2.1 s" in Outline(html.tasks(samples.running)).words


def test_a_queued_task_has_no_times():
    assert "1 1 ○ queued – –" in Outline(html.tasks(samples.queued)).words


def test_a_chunk_names_its_inputs():
    assert "157–313" in Outline(html.tasks(samples.chunked)).words


def timed(*durations, **more):
    """Return a finished snapshot whose tasks took so long."""
    tasks = tuple(replace(samples.done.tasks[0], index=i, duration=each) for i, each in enumerate(durations))
    return replace(samples.done, **{"messages": len(tasks), "total": len(tasks), "tasks": tasks, **more})


def test_a_whole_table_is_ordered_by_task_and_names_the_slowest():
    drawn = Outline(html.tasks(timed(0.1, 0.9, 0.2, 0.3, 0.4, 0.8, 0.5))).words
    assert drawn.startswith("slowest: 1 (0.9 s), 5 (0.8 s), 6 (0.5 s) Task Engine State Started Took 0 ")
    assert "slowest" not in html.tasks(timed(0.1, 0.9, 0.2, 0.3, 0.4, 0.8))


def test_a_cut_table_has_the_slowest_first():
    snapshot = timed(0.1, 0.9, 0.2, 0.3, 0.4, 0.8, 0.5)
    drawn = Outline(html.tasks(snapshot, Limits(tasks=2))).words
    assert drawn.startswith("2 of 7 tasks, the slowest first Task Engine State Started Took 1 ")
    assert re.findall(r"(\d) \d ✓ ok", drawn) == ["1", "5"]


def test_a_running_task_counts_by_its_time_so_far():
    """Until contact was lost, where the elapsed time stops."""
    first, *others = timed(*[0.1] * 3, messages=40, total=40).tasks
    began = samples.done.submitted + samples.done.elapsed - 7.0
    going = replace(first, index=9, status="running", started=began, completed=None, duration=None)
    drawn = html.tasks(timed(messages=40, total=40, tasks=(*others, going), time=began + 1_000.0))
    assert re.search("9 0 ▸ running .* 7.0 s so far 1 0 ✓ ok", Outline(drawn).words)


def test_a_task_has_a_short_text_of_its_input():
    tasks = (
        replace(samples.done.tasks[0], input="<b>'\n\x1b[31m"),
        replace(samples.done.tasks[1], input="x" * 99),
    )
    drawn = html.tasks(replace(samples.done, tasks=tasks, messages=2))
    assert "<th>Input" in drawn and f"<td><bdi>{'x' * 21}…{'x' * 10}</bdi>" in drawn
    assert "<td><bdi>&lt;b&gt;&#39;</bdi>" in drawn
    assert "Input" not in html.tasks(samples.done)


def test_the_inputs_of_forty_tasks_take_little_room():
    tasks = tuple(replace(each, input="(0.123456, 'name')") for each in samples.running.tasks[:40])
    snapshot = replace(samples.running, tasks=tasks, messages=40)
    assert len(html.tasks(snapshot)) < 6_500


@pytest.mark.parametrize(
    ("fragment", "sample", "sentence"),
    [
        (html.tasks, "running", "50 of 1,000 tasks"),
        (html.tasks, "chunked", "50 of 128 messages"),
        (html.engines, "many_engines", "64 of 1,024 engines"),
    ],
)
def test_a_cut_table_notes_how_many_rows_are_shown(fragment, sample, sentence):
    assert sentence in fragment(samples.ALL[sample])


def test_cut_failures_and_outputs_note_how_many_are_shown():
    assert "groups of failures" in html.failures(samples.huge)
    assert "of 100,000 tasks that wrote something" in html.outputs(samples.huge)


def test_output_is_shown_by_task_with_its_omissions():
    shown = Outline(html.outputs(samples.running)).words
    assert "task 411 · engine 3 step 1 of 3 step 2 of 3 step 3 of 3" in shown
    assert "task 408 · engine 0 · … 3,210 characters left out · 2 rich outputs not shown stderr" in shown


def test_a_carriage_return_leaves_the_last_state_of_a_progress_bar():
    assert "100%|" in html.outputs(samples.running)
    assert "50%|" not in html.outputs(samples.running)


def test_a_long_output_keeps_its_tail():
    output = TaskOutput(0, 0, stdout="early\n" * 1_000 + "late", omitted=10)
    shown = Outline(html.outputs(replace(samples.running, outputs=(output,)))).words
    assert "early late" in shown
    assert re.search(r"… 5,\d{3} characters left out", shown)


@pytest.mark.parametrize("fragment", [html.engines, html.tasks, html.outputs])
def test_an_empty_fragment_is_a_sentence(fragment):
    assert Outline(fragment(samples.empty)).words.endswith(".")


def test_no_failures_draw_nothing():
    assert html.failures(samples.done).strip() == ""


def test_the_card_is_readable_without_its_style():
    """Facts stay separated and symbols stay text if a front end strips the style sheet."""
    assert Outline(html.card(samples.running)).words.startswith(
        f"▸ simulate 412 of 1,000 · 0:23 · as of {clock()} · end expected {clock(31.2)} – {clock(38.7)}"
        " ✓ 398 ok, ✕ 14 failed, ▸ 8 running, ○ 580 queued"
        " · 17.9 tasks/s · 7.4 of 8 engines busy on average (93 %)"
    )


def test_only_a_head_that_is_always_updated_has_a_countdown():
    live, static = (Outline(html.head(samples.running, live=each)).words for each in (True, False))
    assert "0:23 · about 0:31 – 0:38 left" in live and "as of" not in live
    assert "0:23 · as of" in static and " left" not in static
    assert "as of" not in html.card(samples.done)


def test_every_rule_of_the_style_is_nested_in_that_of_the_card():
    sheet = re.sub(r"/\*.*?\*/", "", style.style_sheet(), flags=re.S).strip()
    depth = 0
    assert sheet.startswith(".ipar-card {")
    for at, each in enumerate(sheet):
        depth += {"{": 1, "}": -1}.get(each, 0)
        assert depth or at in range(len(".ipar-card ")) or at == len(sheet) - 1


def test_a_card_has_only_the_rules_that_it_uses():
    """Classes, elements and variables; a selector of several is cut to those that are used."""
    rules = style.used_rules('<p class="ipar-done">x</p>')
    assert ".ipar-done{color:light-dark(#2f8f5b,#47b27a)}" in rules
    assert "p{margin:0}" in rules
    assert not re.search("ipar-ok|table|--run|--ok|/[*]|  |code{", rules)
    both = style.used_rules('<b class="ipar-done"></b><i class="ipar-ok"></i><table><tr><td style="--w:5%">')
    assert "--ok:light-dark(#2f8f5b,#47b27a);" in both and ".ipar-ok,.ipar-done{color:var(--ok)}" in both


def test_the_style_of_a_card_takes_little_room():
    assert len(html.card(samples.one).split("</style>")[0]) < 1_000
    assert len(html.card(samples.done).split("</style>")[0]) < 2_200


def test_the_style_is_small():
    assert len(style.style_sheet().encode()) < 11_000


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
@pytest.mark.parametrize("sample", ["running", "failed", "lost", "one", "one_failed", "empty"])
def test_hostile_text_adds_no_element_and_no_attribute(sample, text):
    harmless = Outline(html.card(samples.poisoned(samples.ALL[sample], "plain")))
    hostile = Outline(html.card(samples.poisoned(samples.ALL[sample], text)))
    assert hostile.elements == harmless.elements
    assert hostile.open == []


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_is_shown_as_text(text):
    shown = Outline(html.card(samples.poisoned(samples.running, text))).words
    assert words.one_line(text, 100) in shown
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)


@pytest.mark.parametrize("text", LONG, ids=["markup", "escapes", "styles", "letters", "lines"])
@pytest.mark.parametrize("sample", ["running", "many_engines", "one_failed"])
def test_a_card_stays_below_its_size_for_any_text(sample, text):
    card = html.card(samples.poisoned(samples.ALL[sample], text))
    assert len(card.encode()) <= DEFAULT_LIMITS.total_bytes
    assert Outline(card).open == []


def test_a_huge_result_stays_below_200_kb_and_notes_what_is_omitted():
    card = html.card(samples.huge)
    assert len(card.encode()) < 200_000
    assert "of 500 groups of failures" in card
    assert "of 1,024 engines" in card
    assert "of 100,000 tasks" in card


@pytest.mark.parametrize("fragment", [html.engines, html.failures, html.tasks, html.outputs])
def test_a_fragment_stays_below_its_size_limit(fragment):
    assert len(html.fitted(fragment, samples.huge, Limits(total_bytes=20_000)).encode()) <= 20_000


def test_long_texts_are_cut_before_rows():
    tighter = Limits().tighter()
    assert (tighter.text, tighter.tasks) == (4_000, 50)
    assert Limits(text=500).tighter().tasks == 25


def test_the_same_snapshot_draws_the_same_card():
    assert html.card(samples.running) == html.card(samples.running)


def test_the_use_of_time_is_one_labelled_bar_with_the_advice_below():
    drawn = html.card(samples.done)
    label = "computing 3 %, transfer and overhead 82 %, waiting 15 %"
    assert 'role="img" aria-label="Where the engines\' time went"' in drawn
    assert label in Outline(drawn).words.replace("■ ", "")
    assert "<b>Tasks average 0.5\u00a0ms, less than the cost of sending one.</b> chunksize=128 would" in drawn
    assert "take about 2.0\u00a0s." in drawn  # a line must not begin with the unit
    assert "engines' time" not in html.card(samples.running)


def test_an_engine_counts_a_failed_task_once():
    drawn = Outline(html.engines(replace(samples.running, engines=(EngineLoad(0, done=8, failed=2),)))).words
    assert "Engine OK Failed" in drawn
    assert "0 6 2" in drawn


def test_output_scrolls_and_the_newest_is_the_last():
    outputs = tuple(TaskOutput(index=i, engine_id=0, stdout=f"line {i}\n") for i in (7, 3, 5))
    drawn = html.outputs(replace(samples.running, outputs=outputs))
    assert drawn.index("line 5") < drawn.index("line 3") < drawn.index("line 7")
    assert drawn.startswith('<div class="ipar-scroll"')


def test_every_part_of_the_use_of_time_has_its_words_however_small():
    use = TimeUse(engines=2, total=100, computing=96, waiting=1, overhead=2, lost=1)
    text = Outline(html.advice(replace(samples.done, time_use=use))).words
    for phrase in ("computing 96 %", "transfer and overhead 2 %", "waiting 1 %", "lost to failures 1 %"):
        assert phrase in text


def test_a_chunk_is_not_called_a_task():
    load = EngineLoad(0, running=(157, 1.5))
    chunked = replace(samples.chunked, finished=False, engines=(load,), outputs=(TaskOutput(314, 0, "x"),))
    assert "chunk from task 157 for 1.5 s" in Outline(html.engines(chunked)).words
    assert "chunk from task 314 · engine 0" in Outline(html.outputs(chunked)).words
