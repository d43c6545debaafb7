"""A result is summarized in one safe line of text."""

import io
import math
import re
import threading
from dataclasses import replace

import pytest
import samples
from samples import clock

from ipar_results.formatting import format_duration, format_percent
from ipar_results.model.snapshot import EngineLoad, FailureGroup
from ipar_results.render import words
from ipar_results.render.text import ProgressBar, _Tqdm, plain_text, summary_line


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 ms"),
        (0.004, "4 ms"),
        (0.0994, "99 ms"),
        (0.0996, "0.1 s"),
        (0.8, "0.8 s"),
        (9.94, "9.9 s"),
        (9.96, "0:10"),
        (23, "0:23"),
        (59.6, "1:00"),
        (725, "12:05"),
        (3723, "1:02:03"),
        (2 * 86400 + 3 * 3600 + 4 * 60 + 5, "2 d 03:04:05"),
        (-0.004, "−4 ms"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_a_duration_is_formatted_for_people(seconds, written):
    assert format_duration(seconds) == written


@pytest.mark.parametrize(
    ("per_second", "written"),
    [
        (1234.4, "1,234 tasks/s"),
        (17.9, "17.9 tasks/s"),
        (0.5, "30.0 tasks/min"),
        (0.001, "3.6 tasks/h"),
        (None, ""),
    ],
)
def test_a_throughput_is_formatted_in_a_readable_unit(per_second, written):
    assert words.throughput(replace(samples.running, throughput=per_second)) == written


@pytest.mark.parametrize(
    ("ids", "phrase"),
    [
        ([], ""),
        ([3], "engine 3"),
        ([0, 1], "engines 0, 1"),
        (range(8), "engines 0–7"),
        ([0, 1, 2, 7, None], "engines 0–2, 7"),
        ([4, "b3f0"], "engines 4, b3f0"),
        (range(0, 40, 2), "engines 0, 2, 4, 6, 8, 10, 12, 14 and 12 more"),
    ],
)
def test_engines_are_named_in_a_phrase(ids, phrase):
    assert words.engines(ids) == phrase


@pytest.mark.parametrize(
    ("fraction", "written"), [(0, "0 %"), (0.001, "< 1 %"), (0.93, "93 %"), (math.nan, "–")]
)
def test_a_percentage_is_never_rounded_to_zero(fraction, written):
    assert format_percent(fraction) == written


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (
            "running",
            "simulate: 412 of 1,000 · 398 ok, 14 failed, 8 running, 580 queued · 0:23"
            f" · as of {clock()} · end expected {clock(31.2)} – {clock(38.7)} · 17.9 tasks/s"
            " · 7.4 of 8 engines busy on average (93 %)",
        ),
        (
            "failed",
            "simulate: 1,000 tasks · 986 ok, 14 failed · took 0:57 · 17.9 tasks/s · engine time 7:02"
            " · 7.4 of 8 engines busy on average (93 %)",
        ),
        ("queued", f"simulate: 0 of 1,000 · 1,000 queued · 0:01 · as of {clock()}"),
        ("empty", "f: no tasks"),
        ("one", "os.getpid → 41872 · engine 2 · took 4 ms"),
        ("one_running", f"simulate running · engine 2 · 1:23 · as of {clock()}"),
        (
            "one_failed",
            "simulate failed: ValueError: grid of 0 cells cannot be solved · simulate, line 13 · engine 2"
            " · took 4 ms",
        ),
    ],
)
def test_the_line_shows_the_state(sample, expected):
    assert summary_line(samples.ALL[sample]) == expected


def test_the_line_shows_lost_contact_and_a_lost_engine():
    assert "228 ok, 2 failed, 770 lost contact, 1 engine died · 0:15" in summary_line(samples.lost)


def test_the_line_shows_that_a_result_is_no_longer_followed():
    assert "0:23 · no longer followed" in summary_line(samples.frozen)


def test_the_line_shows_the_number_of_messages_of_a_chunked_map():
    assert "20,000 tasks in 128 messages" in summary_line(samples.chunked)


def test_a_single_task_without_a_value_is_done():
    assert summary_line(replace(samples.one, value=None)) == "os.getpid done · engine 2 · took 4 ms"


def test_an_estimate_of_one_second_is_one_number():
    line = summary_line(replace(samples.running, eta=(31.1, 31.9)))
    assert f"end expected {clock(31.1)} · " in line


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 1e300, -1e300])
def test_a_time_that_no_calendar_has_is_unknown(time):
    assert "as of – · end expected –" in summary_line(replace(samples.running, time=time))


def test_an_end_on_another_day_has_its_date():
    tomorrow = summary_line(replace(samples.running, eta=(86_400.0, 2 * 86_400.0)))
    assert re.search(r"end expected \S+ on 2023-11-1[56] – \S+ on 2023-11-1[67]", tomorrow)


def test_the_plain_text_adds_a_line_for_each_group_and_the_note():
    assert plain_text(samples.aborted).splitlines()[1:] == [
        "✕ 12 ValueError: grid of 0 cells cannot be solved  (simulate, line 13 · engines 0–7)",
        "    tasks 3, 40–49, 77 · first at 3.0 s, last at 0:21 · input of task 3: (0, 7)",
        "✕ 2 TimeoutError: no answer after 5 s  (fetch, line 40 · engine 3)",
        "    tasks 77, 91 · at 0:14",
        "386 tasks were cancelled before they began.",
    ]


def test_the_plain_text_of_a_single_failure_is_its_line():
    assert plain_text(samples.one_failed) == summary_line(samples.one_failed)


def test_the_plain_text_counts_the_omitted_groups():
    assert "\nand 480 more groups of failures\n" in plain_text(samples.huge)


@pytest.mark.parametrize("text", [*samples.HOSTILE, samples.MEGABYTE], ids=range(10))
@pytest.mark.parametrize("sample", ["running", "lost", "one", "one_failed", "empty"])
def test_hostile_text_is_sanitized_and_stays_on_its_line(sample, text):
    told = plain_text(samples.poisoned(samples.ALL[sample], f"{text}\nmore"))
    assert len(told.splitlines()) == len(plain_text(replace(samples.ALL[sample], note="n")).splitlines())
    assert told.replace("\n", "").isprintable()
    assert len(told.encode()) < 20_000


def test_unknown_figures_are_left_out_of_the_line():
    bare = replace(samples.running, name="", engines=(EngineLoad(0),), throughput=math.nan, speedup=math.inf)
    assert summary_line(bare).startswith("result: 412 of 1,000")


def test_a_failure_without_a_message_or_a_place_is_its_type():
    group = FailureGroup("KeyboardInterrupt", "", "", 1, (), (0,), "")
    assert plain_text(replace(samples.failed, failures=(group,))).splitlines()[1:] == [
        "✕ 1 KeyboardInterrupt",
        "    task 0",
    ]


def drawn(*snapshots):
    """Return the last line that a bar leaves on a terminal."""
    file = io.StringIO()
    bar = ProgressBar(snapshots[0], file)
    for snapshot in snapshots:
        bar.update(snapshot)
    bar.close(snapshots[-1])
    return file.getvalue().rstrip("\n").rsplit("\r", 1)[1].rstrip()


def test_the_bar_shows_the_facts_of_the_snapshot():
    shown = drawn(samples.running)
    assert shown.startswith("simulate:  41%|")
    assert shown.endswith("| 412/1,000 [0:23, 17.9 tasks/s, 14 failed, 8 running, about 0:31 – 0:38 left]")


def test_the_bar_ends_in_the_last_state():
    assert drawn(samples.running, samples.failed).endswith("1,000/1,000 [took 0:57, 17.9 tasks/s, 14 failed]")


def test_the_bar_of_an_empty_result_shows_zero_tasks():
    assert "0/0" in drawn(samples.empty)


def test_a_closed_bar_draws_nothing_more():
    file = io.StringIO()
    bar = ProgressBar(samples.running, file)
    bar.close(samples.done)
    before = file.getvalue()
    bar.update(samples.running)
    bar.close(samples.running)
    assert file.getvalue() == before


def test_the_bar_leaves_no_thread(monkeypatch):
    monkeypatch.setattr(_Tqdm, "monitor", None)
    before = threading.active_count()
    drawn(samples.running, samples.done)
    assert threading.active_count() == before


def test_a_hostile_name_stays_in_the_bar():
    assert drawn(samples.poisoned(samples.running, "\x1b[2J{0}\r\nx")).startswith("{0} ↵ x:  41%|")


def test_the_plain_text_has_the_use_of_time_and_the_advice():
    text = plain_text(samples.done)
    assert "\nengines' time: computing 3 %, transfer and overhead 82 %, waiting 15 %\n" in text
    assert "\n! Tasks average 0.5 ms, less than the cost of sending one. chunksize=128 would" in text
