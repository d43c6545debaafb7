"""Counts stay consistent for any order and repetition of entries."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipar_results.model.status import ABORTED, FAILED, OK, QUEUED
from ipar_results.record.columns import Columns


def end(columns, positions, codes, engines=None, spent=None):
    """Enter the ends of those positions that are pending."""
    positions = np.asarray(positions, np.int64)
    keep = [int(p) for p in columns.pending(np.unique(positions))]
    chosen = [list(positions).index(p) for p in keep]
    engine = np.array([0 if engines is None else engines[i] for i in chosen], np.int32)
    time = np.array([0.0 if spent is None else spent[i] for i in chosen])
    columns.reserve(int(engine.max(initial=-1)) + 1)
    codes = np.array([codes[i] for i in chosen], np.int8)
    columns.end(np.array(keep, np.int64), codes, engine, np.zeros(len(keep)), time)


@st.composite
def histories(draw):
    """Chunk sizes, and the status, engine and duration of each message."""
    n = draw(st.integers(1, 30))
    column = lambda items: draw(st.lists(items, min_size=n, max_size=n))  # noqa: E731
    inputs = draw(st.none() | st.lists(st.integers(0, 5), min_size=n, max_size=n))
    codes = column(st.sampled_from([OK, FAILED, ABORTED]))
    engines = column(st.integers(-1, 3))
    spent = column(st.floats(-1, 100))
    return inputs, codes, engines, spent


def state(columns):
    """Everything that views read."""
    known = slice(len(columns.slot_done))
    return (
        columns.counts.tolist(),
        columns.ended,
        columns.status.tolist(),
        columns.engine.tolist(),
        columns.slot_done[known].tolist(),
        columns.slot_failed[known].tolist(),
        columns.slot_busy[known].round(6).tolist(),
        round(columns.serial_time, 6),
    )


@settings(deadline=None)
@given(histories(), st.data())
def test_the_order_of_arrival_changes_nothing(history, data):
    inputs, codes, engines, spent = history
    n = len(codes)
    ids = [f"m{i}" for i in range(n)]
    order = data.draw(st.permutations(range(n)))
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=4)))
    at_once, in_parts = Columns(ids, inputs), Columns(ids, inputs)
    at_once.reserve(4)
    in_parts.reserve(4)
    end(at_once, range(n), codes, engines, spent)
    for low, high in zip([0, *cuts], [*cuts, n], strict=True):
        part = order[low:high]
        columns = ([values[i] for i in part] for values in (codes, engines, spent))
        end(in_parts, part, *columns)
    assert state(at_once) == state(in_parts)


@settings(deadline=None)
@given(histories())
def test_counts_always_add_up_to_the_total(history):
    inputs, codes, engines, spent = history
    columns = Columns([f"m{i}" for i in range(len(codes))], inputs)
    for i, code in enumerate(codes):
        end(columns, [i], [code], [engines[i]], [spent[i]])
        assert columns.counts.sum() == columns.total
        assert (columns.counts >= 0).all()
    assert columns.counts[QUEUED] == 0
    assert columns.ended == columns.messages


@settings(deadline=None)
@given(histories())
def test_a_message_entered_twice_counts_once(history):
    inputs, codes, engines, spent = history
    n = len(codes)
    columns = Columns([f"m{i}" for i in range(n)], inputs)
    end(columns, range(n), codes, engines, spent)
    before = state(columns)
    end(columns, range(n), [FAILED] * n, [3] * n, [9.0] * n)
    assert state(columns)[:2] == before[:2]
    assert columns.status.tolist() == before[2]


def test_a_duplicate_id_gives_both_positions():
    columns = Columns(["a", "b", "a"], None)
    assert columns.find(["a"]).tolist() == [0, 2]
    assert columns.find(["a", "a", "b"]).tolist() == [0, 1, 2]


def test_ids_of_other_results_are_left_out():
    columns = Columns(["a", "b"], None)
    assert columns.find(["x", "b"]).tolist() == [1]
    assert columns.find([]).tolist() == []
    assert columns.locate(["x", "b"]).tolist() == [-1, 1]


@settings(deadline=None)
@example([str(2**63)])
@given(st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=50))
def test_every_message_is_found_at_its_position(ids):
    columns = Columns(ids, None)
    assert columns.locate(ids).tolist() == list(range(len(ids)))
    assert columns.find(ids).tolist() == list(range(len(ids)))


def numbered(numbers):
    return [f"0123abcd_4711_{n}" for n in numbers]


@pytest.mark.parametrize("end", ["", " ", "x", " 1", "1 2", "-1", "1.0", "1_0", "\u0663", "9" * 30])
def test_an_id_without_a_number_at_its_end_is_not_found(end):
    ids = numbered(range(4))
    columns = Columns(ids, None)
    assert columns.locate([ids[2], "0123abcd_4711_" + end, ids[0]]).tolist() == [2, -1, 0]


@settings(deadline=None)
@given(
    st.one_of(
        st.integers(0, 10**9).map(lambda first: numbered(range(first, first + 40))),
        st.lists(st.integers(0, 60), min_size=1, max_size=50).map(numbered),
    ),
    st.lists(st.integers(-3, 70), max_size=20),
)
def test_numbered_ids_are_found_like_in_a_linear_search(ids, asked):
    first = int(ids[0].rpartition("_")[2])
    wanted = [*numbered(first + n for n in asked), *ids[:: max(1, len(asked))]]
    for some in (wanted, [i for i in wanted if i in ids]):
        columns = Columns(ids, None)
        assert columns.find(some).tolist() == [n for n, i in enumerate(ids) if i in some]
        assert all(
            n == -1 if i not in ids else ids[n] == i
            for i, n in zip(some, columns.locate(some).tolist(), strict=True)
        )


@pytest.mark.parametrize("last", ["x_y_²", "x_y_-1", "x_y_", "x_y_1 ", "x_y_01", "xy"])
def test_an_id_that_only_looks_numbered_is_found(last):
    ids = ["x_y_0", last]
    columns = Columns(ids, None)
    assert columns.locate([last, "x_y_0"]).tolist() == [1, 0]
    assert columns.locate(["x_y_1", "x_y_0"]).tolist() == [-1, 0]


def test_numbered_ids_need_no_hashes():
    columns = Columns(numbered(range(7, 1007)), None)
    assert columns.find(numbered([8, 9])).tolist() == [1, 2]
    assert "_sorted_hashes" not in vars(columns.id_index)


def test_inputs_are_counted_not_messages():
    columns = Columns(["a", "b"], [3, 4])
    assert columns.total == 7
    assert [columns.first_input_index(i) for i in (0, 1)] == [0, 3]
    end(columns, [1], [FAILED])
    assert columns.counts.tolist() == [3, 0, 0, 4, 0, 0]


def test_a_clock_set_back_during_a_task_gives_no_negative_time():
    columns = Columns(["a"], None)
    end(columns, [0], [OK], spent=[-5.0])
    assert columns.serial_time == 0
    assert columns.slot_busy[0] == 0


def test_a_message_costs_less_than_a_hundred_bytes():
    columns = Columns([f"m{i}" for i in range(1000)], None)
    size = sum(value.nbytes for value in vars(columns).values() if hasattr(value, "nbytes"))
    assert size / 1000 < 100


def test_an_unknown_engine_is_not_counted_for_any_engine():
    columns = Columns(["a"], None)
    columns.reserve(1)
    end(columns, [0], [OK], engines=[-1])
    assert columns.counts[OK] == 1
    assert columns.slot_done.tolist() == [0]


@pytest.mark.parametrize("slots", [1, 3, 100])
def test_reserving_engine_slots_keeps_their_counts(slots):
    columns = Columns(["a"], None)
    end(columns, [0], [OK], engines=[0], spent=[2.0])
    columns.reserve(slots)
    assert len(columns.slot_done) == slots
    assert columns.slot_done[0] == 1
    assert columns.slot_busy[0] == 2.0
