"""Invariants of every table of tasks, for any order of replies and any missing times."""

import json
import re
from dataclasses import asdict, replace
from datetime import timedelta

import numpy as np
import pytest
from fakes import START, Fed, follow
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from trace_format import wrong_in

from ipar_results.export.report_timeline import timeline_data
from ipar_results.render import html, text
from ipar_results.results.monitor import Monitor

KINDS = {"ok": None, "failed": "ValueError", "failed otherwise": "KeyError", "aborted": None, "pending": None}

task = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(KINDS)),
        "inputs": st.integers(1, 5),
        "engine": st.integers(0, 3) | st.none(),
        "start": st.integers(0, 100_000),
        "took": st.integers(0, 5_000),
        "missing": st.sets(st.sampled_from(["started", "completed", "received"])),
    }
)
tables = st.lists(task, min_size=1, max_size=12)
sized = settings(max_examples=60, deadline=None)


def answered(table, order):
    """Return the monitor of a map whose replies came in this order; it keeps the futures alive."""
    fed = Fed(len(table), chunks=[row["inputs"] for row in table])
    monitor = Monitor(fed.result, follow(fed))
    monitor.kept = fed
    for i in order:
        row = table[i]
        begin = START + timedelta(milliseconds=row["start"])
        end = begin + timedelta(milliseconds=row["took"])
        times = {"started": begin, "completed": end, "received": end}
        times = {key: None if key in row["missing"] else value for key, value in times.items()}
        where = {"engine_id": row["engine"], "engine_uuid": row["engine"] and f"uuid-{row['engine']}"}
        if row["kind"] == "ok":
            fed.reply(i, **times, **where)
        elif row["kind"] == "aborted":
            fed.abort(i, **where, **{key: value for key, value in times.items() if key != "started"})
        elif row["kind"] != "pending":
            fed.fail(i, kind=KINDS[row["kind"]], **times, **where)
        if i % 3 == 0:
            monitor.snapshot()  # a view reads in between
    return monitor


def inputs_of(table, *kinds):
    return sum(row["inputs"] for row in table if row["kind"] in kinds)


def _rounded(record):
    """Return the record with times in tenths of a millisecond, as large POSIX seconds lose precision."""
    return {
        name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(record).items()
    }


def _coarse(event):
    return {**event, **{key: round(event[key] / 100) for key in ("ts", "dur") if key in event}}


def facts(monitor):
    """Return the fields of a snapshot that must not depend on the order of replies."""
    snapshot = monitor.snapshot()
    names = ("total", "done", "ok", "failed", "aborted", "running", "queued", "messages", "finished", "state")
    groups = {
        (group.type, group.where): _rounded(replace(group, input=None, message="", traceback=""))
        for group in snapshot.failures
    }
    loads = [(load.engine_id, load.done, load.failed, round(load.busy_time, 3)) for load in snapshot.engines]
    plain = {name: getattr(snapshot, name) for name in names}
    return plain, groups, loads, [_rounded(task) for task in snapshot.tasks], round(snapshot.serial_time, 3)


@sized
@given(tables)
def test_counts_are_exact(table):
    monitor = answered(table, range(len(table)))
    snapshot = monitor.snapshot()
    assert snapshot.total == sum(row["inputs"] for row in table)
    assert snapshot.ok == inputs_of(table, "ok")
    assert snapshot.failed == inputs_of(table, "failed", "failed otherwise")
    assert snapshot.aborted == inputs_of(table, "aborted")
    assert snapshot.done == snapshot.ok + snapshot.failed + snapshot.aborted
    assert snapshot.total == snapshot.done + snapshot.running + snapshot.queued
    assert sum(group.count for group in snapshot.failures) == snapshot.failed
    assert sum(len(group.indices) for group in snapshot.failures) == snapshot.failed
    frame = monitor.to_dataframe()
    assert len(frame) == len(table)
    assert int(frame["n_inputs"].sum()) == snapshot.total
    assert int(frame.loc[frame["status"] == "failed", "n_inputs"].sum()) == snapshot.failed
    assert frame["error"].notna().tolist() == [KINDS[row["kind"]] is not None for row in table]


@sized
@given(table=tables, random=st.randoms())
def test_the_order_of_replies_changes_nothing(table, random):
    order = random.sample(range(len(table)), len(table))
    one, other = answered(table, range(len(table))), answered(table, order)
    assert facts(one) == facts(other)
    assert_frame_equal(one.to_dataframe(), other.to_dataframe(), check_exact=False, rtol=0, atol=1e-5)


@sized
@given(table=tables, random=st.randoms())
def test_the_order_of_replies_changes_neither_trace_nor_drawings(table, random, tmp_path_factory):
    order = random.sample(range(len(table)), len(table))
    root = tmp_path_factory.mktemp("traces")
    events, strokes, moved = [], [], []
    for n, each in enumerate((range(len(table)), order)):
        monitor = answered(table, each)
        path = monitor.save_trace(root / f"{n}.json")
        assert [rule for rule in wrong_in(path) if "overlaps" not in rule] == []
        told = json.loads(path.read_text())["traceEvents"]
        events.append([_coarse(event) for event in told if event["ph"] != "M"])
        line = monitor._followed.timeline()
        drawn = html.timeline_plot(monitor.snapshot(), line) if monitor.snapshot().finished else ""
        strokes.append(sorted(re.findall(r"h(\d+)", drawn)))
        data = timeline_data(monitor._tasks(), line)
        moved.append(data and (data["count"], data["lanes"], data["errors"]))
    assert events[0] == events[1]
    assert strokes[0] == strokes[1]
    assert moved[0] == moved[1]


@sized
@given(tables)
def test_missing_times_stay_missing(table):
    monitor = answered(table, range(len(table)))
    frame, snapshot = monitor.to_dataframe(), monitor.snapshot()
    for row, started, completed, took in zip(
        table, frame["started"].isna(), frame["completed"].isna(), frame["duration"], strict=True
    ):
        known = row["kind"] != "pending"
        begun = known and row["kind"] != "aborted" and "started" not in row["missing"]
        assert started == (not begun)
        assert completed == (not (known and row["kind"] != "aborted" and "completed" not in row["missing"]))
        if begun and "completed" not in row["missing"]:
            assert took == pytest.approx(row["took"] / 1000, abs=2e-6)
        else:
            assert np.isnan(took)
    assert html.card(snapshot, timeline=monitor._followed.timeline())
    assert text.plain_text(snapshot)
    json.dumps(snapshot.to_json(), allow_nan=False)
