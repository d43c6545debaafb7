"""The drawn timeline has a bounded size and always shows failures."""

import re
from dataclasses import replace

import numpy as np
import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from outline import Outline

from ipar_results.model.status import ABORTED, FAILED, OK
from ipar_results.model.timeline import RunningTasks, Timeline
from ipar_results.render import html, svg

NONE_RUNNING = RunningTasks(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0))


def timeline(
    start, duration, slot=None, status=None, engines=None, of=None, running=NONE_RUNNING, now=None, breaks=()
):
    """Return a timeline whose base is 1,000 s."""
    n = len(start)
    start, duration = np.array(start, float), np.array(duration, float)
    slot = np.zeros(n, np.int32) if slot is None else np.array(slot, np.int32)
    names = tuple(range(int(slot.max(initial=0)) + 1)) if engines is None else tuple(engines)
    last = np.nan_to_num(start + duration).max(initial=1.0) if now is None else now
    return Timeline(
        base=1_000.0,
        now=1_000.0 + last,
        ended=n if of is None else of,
        engines=names,
        position=np.arange(n),
        first=np.arange(n),
        inputs=np.ones(n, np.int64),
        slot=slot,
        start=start,
        duration=duration,
        status=np.full(n, OK, np.int8) if status is None else np.array(status, np.int8),
        breaks=tuple(breaks),
        running=running,
    )


def busy(n, engines, failed=(), seconds=1.0):
    """Return a timeline of n tasks that the engines run in turn, without gaps."""
    number = np.arange(n)
    status = np.full(n, OK)
    status[list(failed)] = FAILED
    return timeline(number // engines * seconds, np.full(n, seconds), number % engines, status)


def widths(picture, kind):
    """Return the width of each stroke of one kind, in units of the drawing."""
    paths = re.findall(rf'<path class="ipar-{kind}"[^>]* d="([^"]*)"', picture)
    return [int(w) for path in paths for w in re.findall(r"h(\d+)", path)]


def draw(given, snapshot=samples.failed):
    return html.timeline_plot(snapshot, given)


def test_each_of_a_few_tasks_is_a_slice():
    assert len(widths(draw(busy(24, 4, failed=[5])), "ok")) == 23
    assert len(widths(draw(busy(24, 4, failed=[5])), "failed")) == 1


def test_a_slice_has_the_start_and_length_of_its_task():
    path = re.search(r'ipar-ok"[^>]* d="M(\d+) \d+h(\d+)"', draw(timeline([5.0], [2.5], now=10.0)))
    left, width = int(path[1]) / svg.SLICE_UNITS, int(path[2]) / svg.SLICE_UNITS
    assert left == pytest.approx(0.5, abs=0.01)
    assert width == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("engines", [1, 8, 24, 1024])
@pytest.mark.parametrize("n", [10, 3_000, 100_000])
def test_it_is_at_most_sixty_kilobytes(n, engines):
    assert len(draw(busy(n, engines, failed=range(0, n, 7))).encode()) < 60_000


def test_it_is_bounded_if_every_column_differs_from_the_next():
    rng = np.random.default_rng(0)
    n = 100_000
    noise = timeline(
        rng.uniform(0, 1e4, n),
        rng.exponential(1, n),
        rng.integers(0, 24, n),
        rng.choice([OK, FAILED], n),
    )
    assert len(draw(noise).encode()) < 60_000


@pytest.mark.parametrize("engines", [1, 8, 1024])
def test_one_failure_among_many_is_visible(engines):
    picture = draw(busy(50_000, engines, failed=[31_234], seconds=0.001))
    assert len(widths(picture, "failed")) == 1


def test_many_engines_share_a_lane():
    drawing = svg.draw_timeline(busy(5_000, 1_024))
    assert len(drawing["lanes"].labels) <= svg.MAX_LANES
    assert drawing["lanes"].labels[0] == "0–42"


def test_shades_show_the_share_of_busy_time():
    """One engine that computes half of each column's time."""
    n = 50_000
    drawing = svg.draw_timeline(timeline(np.arange(n) * 1.0, np.full(n, 0.5)))
    assert [path["opacity"] for path in drawing["paths"]] == [svg._SHADES[1]]


def test_a_sample_is_labelled_as_one():
    assert "timeline shows 24 of 100,000 tasks" in draw(replace(busy(24, 4), ended=100_000))
    assert "timeline shows" not in draw(busy(24, 4))


def test_tasks_without_times_are_counted_except_those_that_never_ran():
    lost = timeline([0.0, np.nan, np.nan, 1.0], [1.0, np.nan, np.nan, 1.0], status=[OK, FAILED, ABORTED, OK])
    picture = draw(lost)
    assert "1 failed without times, not drawn" in picture
    assert "aborted" not in picture and "cancelled" not in picture


def test_skewed_clocks_are_noted_and_draw_nothing_outside():
    picture = draw(timeline([0.0, -5_000.0, 9_000.0], [10.0, 1.0, 1.0], [0, 1, 2], now=10.0))
    assert "2 outside the run by their engines&#39; clocks" in picture
    assert all(int(x) <= svg.SLICE_UNITS for x in re.findall(r"M(\d+) ", picture))


def test_a_running_task_is_an_outline_up_to_the_present():
    running = RunningTasks(np.array([3]), np.array([0], np.int32), np.array([6.0]))
    picture = draw(timeline([0.0], [5.0], running=running, now=8.0), samples.running)
    assert picture.count('class="ipar-running"') == 2  # and the present


def test_an_unknown_engine_has_its_own_lane():
    assert svg.draw_timeline(timeline([0.0, 0.0], [1.0, 1.0], [0, -1]))["lanes"].labels == [
        "engine 0",
        "not known",
    ]


def test_nothing_is_drawn_for_a_single_task_or_before_the_first_start():
    assert html.timeline_plot(samples.one, busy(1, 1)) == ""
    assert html.timeline_plot(samples.queued, timeline([], [])) == ""


def test_the_card_has_the_timeline_between_facts_and_failures():
    card = html.card(samples.failed, timeline=busy(24, 4))
    assert card.index("progressbar") < card.index('"ipar-plot') < card.index('"ipar-failure"')


def test_the_card_with_the_timeline_stays_bounded():
    card = html.card(samples.huge, timeline=busy(100_000, 24, failed=range(0, 100_000, 3)))
    assert len(card.encode()) < 180_000


@pytest.mark.parametrize("text", [*samples.HOSTILE, samples.MEGABYTE])
def test_an_engine_of_any_name_is_harmless(text):
    picture = draw(timeline([0.0], [1.0], engines=[text]))
    outline = Outline(picture)
    assert outline.open == []
    assert "<script" not in picture
    assert "<img" not in picture
    assert len(picture) < 5_000


def test_without_style_and_drawing_no_stray_text_is_left():
    bare = re.sub(r"<svg.*?</svg>", "", draw(busy(24, 4)), flags=re.S)
    assert Outline(bare).words == ""


@pytest.mark.parametrize("span", [1e-5, 0.004, 0.3, 0.7, 3.0, 9.0, 60.0, 61.0, 3_599.0, 1e5, 1e9])
def test_the_axis_has_a_few_round_labels_that_differ(span):
    ticks = list(svg._ticks(span))
    assert 2 <= len(ticks) <= svg._MAX_TICKS + 1
    assert len({label for _, label in ticks}) == len(ticks)
    assert all(0 <= at <= span * 1.000001 for at, _ in ticks)


numbers = st.floats(allow_nan=True, allow_infinity=False, width=32)
rows = st.tuples(
    numbers, st.floats(0, 1e6) | st.just(np.nan), st.integers(-1, 30), st.sampled_from([OK, FAILED])
)


@settings(max_examples=80, deadline=None)
@given(st.lists(rows, max_size=60))
def test_any_table_of_tasks_is_drawn_completely(table):
    start, duration, slot, status = zip(*table, strict=True) if table else ((), (), (), ())
    given = timeline(start, duration, slot, status, engines=range(31), now=50.0)
    picture = draw(given)
    assert Outline(picture).open == []
    assert "nan" not in picture.lower().replace("nan ms", "")
    placed = np.isfinite(given.start) & np.isfinite(given.duration)
    if (given.status[placed] == FAILED).any():
        assert widths(picture, "failed")


@settings(max_examples=40, deadline=None)
@given(st.lists(rows, min_size=1, max_size=40), st.randoms())
def test_the_order_of_the_rows_changes_nothing(table, random):
    shuffled = random.sample(table, len(table))
    pictures = [
        draw(timeline(*map(list, zip(*rows, strict=True)), engines=range(31), now=50.0))
        for rows in (table, shuffled)
    ]
    assert sorted(widths(pictures[0], "ok")) == sorted(widths(pictures[1], "ok"))
    assert sorted(widths(pictures[0], "failed")) == sorted(widths(pictures[1], "failed"))


def test_a_pause_before_a_retry_is_a_double_line_and_a_note():
    retried = replace(samples.failed, pauses=((samples.NOW - 20, 102.0),))
    picture = draw(timeline([0, 3], [2, 1], breaks=[3.0]), retried)
    assert 'class="ipar-break" style="left:75%"' in picture
    assert "double line: a pause of 1:42 before a retry is cut out" in picture
    assert "double" not in draw(timeline([0, 3], [2, 1]))
