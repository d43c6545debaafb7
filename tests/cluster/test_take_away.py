"""Exports and the drawn timeline of a real map agree with what ipyparallel knows of it."""

import csv
import json

import pytest
from tasks import fail_first, odd

import ipar_results

pytestmark = pytest.mark.cluster


@pytest.fixture(autouse=True)
def layer():
    ipar_results.enable()
    yield
    ipar_results.disable()


@pytest.fixture
def ar(rc):
    """Twelve tasks, every other one of which fails."""
    result = rc.load_balanced_view().map_async(odd, range(12))
    result.wait(60)
    return result


def test_a_data_frame_has_the_times_and_engines_of_the_metadata(ar):
    frame = ar.monitor.to_dataframe()
    assert frame["engine"].tolist() == [md.engine_id for md in ar.metadata]
    assert frame["msg_id"].tolist() == [md.msg_id for md in ar.metadata]
    assert [status == "failed" for status in frame["status"]] == [md.status == "error" for md in ar.metadata]
    for name in ("submitted", "started", "completed", "received"):
        theirs = [getattr(md, name).timestamp() for md in ar.metadata]
        assert [moment.timestamp() for moment in frame[name]] == pytest.approx(theirs, abs=2e-6)
    assert frame["duration"].sum() == pytest.approx(ar.serial_time, abs=1e-4)
    assert set(frame["error"].dropna()) == {"ValueError"}


def test_csv_trace_and_report_tell_the_same(ar, tmp_path):
    with open(ar.monitor.save_csv(tmp_path / "x.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["engine"]) for row in rows] == [md.engine_id for md in ar.metadata]
    trace = ar.monitor.save_trace(tmp_path / "x.json")
    slices = [e for e in json.loads(trace.read_text())["traceEvents"] if e["ph"] == "X"]
    assert sorted(e["args"]["msg_id"] for e in slices) == sorted(ar.msg_ids)
    assert sum(e["cat"] == "failed" for e in slices) == 6
    assert sum(e["dur"] for e in slices) / 1e6 == pytest.approx(ar.serial_time, abs=1e-4)
    report = ar.monitor.save_report(tmp_path / "x.html")
    now = ar.monitor.snapshot()
    for saved in (trace, report):
        loaded = ipar_results.load(saved)
        assert (loaded.ok, loaded.failed) == (now.ok, now.failed) == (6, 6)
        assert loaded.wall_time == now.wall_time
    assert "the same" in repr(ipar_results.compare(trace, ar))


def test_a_timeline_has_each_task_where_it_ran(ar):
    timeline = ipar_results.live.session.current().followed(ar).timeline()
    assert [timeline.engines[slot] for slot in timeline.slot] == [md.engine_id for md in ar.metadata]
    starts = [md.started.timestamp() - timeline.base for md in ar.metadata]
    assert timeline.start.tolist() == pytest.approx(starts, abs=2e-6)


def test_a_retry_is_in_the_trace_as_another_attempt(rc, tmp_path):
    ar = rc.load_balanced_view().map_async(fail_first, [str(tmp_path / "mark")] * 2, range(2))
    ar.wait(60)
    ar.monitor.retry()
    ar.wait(60)
    trace = json.loads(ar.monitor.save_trace(tmp_path / "x.json").read_text())
    retried = [event["ph"] for event in trace["traceEvents"] if event.get("cat") == "retried"]
    assert sorted(retried) == ["X", "X", "f", "f", "s", "s"]  # each attempt, and an arrow to the next one
    assert ar.monitor.to_dataframe()["attempts"].tolist() == [2, 2]
