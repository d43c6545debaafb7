"""Exports are complete, safe, written atomically, and can be loaded again."""

import csv
import json
import os
import re
import stat
from datetime import timedelta, timezone

import numpy as np
import pytest
import samples
from fakes import START, Client, Fed, follow
from outline import Outline
from trace_format import wrong_in

import ipar_results
from ipar_results.export import report
from ipar_results.export.files import write_file
from ipar_results.export.load import parse_snapshot
from ipar_results.export.tasks import Tasks
from ipar_results.model.snapshot import Snapshot
from ipar_results.model.status import OK
from ipar_results.model.timeline import RunningTasks, Timeline
from ipar_results.results.monitor import Monitor


def watched(fed):
    return Monitor(fed.result, follow(fed))


def many(n):
    """Return a result of n successful tasks on two engines."""
    fed = Fed(n, client=Client())
    monitor = watched(fed)
    monitor.kept = fed
    followed = monitor._followed
    columns = followed.record.columns
    followed.record.engines.slots([0, 1], [{}, {}])
    columns.reserve(2)
    begun = START.timestamp() + np.arange(n) / 10
    columns.end(np.arange(n), np.full(n, 2, np.int8), (np.arange(n) % 2).astype(np.int32), begun, begun + 0.1)
    return monitor


@pytest.fixture
def run():
    """Six tasks: three ok, one failed, one refused by its engine after a cancellation, one queued."""
    fed = Fed(6)
    monitor = watched(fed)
    for i in (0, 1, 3):
        fed.reply(i)
    fed.fail(2, kind="KeyError")
    fed.abort(4)
    monitor.kept = fed  # keeps the result's futures alive
    return monitor


# rows ------------------------------------------------------------------------------------------------


def test_a_data_frame_has_a_typed_row_for_each_task(run):
    frame = run.to_dataframe()
    assert frame["status"].tolist() == ["ok", "ok", "failed", "ok", "aborted", "queued"]
    assert frame["engine"].tolist()[:4] == [0, 1, 0, 1]
    never_ran = frame.loc[4, ["engine", "started", "completed", "duration"]]
    assert never_ran.isna().all()  # the engine and the times of its refusal are not those of a task
    assert frame["error"].dropna().tolist() == ["KeyError"]
    assert frame["duration"].tolist()[:4] == [1.0] * 4
    assert frame["attempts"].tolist() == [1] * 6
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds["engine"] == "Int64"
    assert kinds["status"] == "category"
    assert {kinds[name] for name in ("submitted", "started", "completed", "received")} == {
        "datetime64[us, UTC]"
    }


def test_times_of_a_data_frame_are_the_engines_times_in_utc(run):
    started = run.to_dataframe()["started"]
    assert started[0].to_pydatetime() == START
    assert started[0].tzinfo.utcoffset(None) == timezone.utc.utcoffset(None)
    assert started.isna().tolist() == [False] * 4 + [True] * 2


def test_without_pandas_the_error_names_what_to_install(run, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install pandas"):
        run.to_dataframe()


def test_csv_has_the_same_rows(run, tmp_path):
    with open(run.save_csv(tmp_path / "x.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    frame = run.to_dataframe()
    assert list(rows[0]) == list(frame.columns)
    assert [row["status"] for row in rows] == frame["status"].tolist()
    assert rows[0]["started"] == "2026-11-23T06:00:00.123456Z"
    assert rows[5]["started"] == rows[5]["duration"] == ""
    assert rows[2]["error"] == "KeyError"


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)"])
def test_a_spreadsheet_evaluates_no_text_of_a_task(name, tmp_path):
    fed = Fed(1)
    monitor = watched(fed)
    fed.fail(0, kind=name)
    with open(monitor.save_csv(tmp_path / "x.csv"), newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["error"] == f"'{name}"


# trace -----------------------------------------------------------------------------------------------


def events_of(path):
    return json.loads(path.read_text())["traceEvents"]


def test_a_trace_follows_the_rules_of_its_format(run, tmp_path):
    assert wrong_in(run.save_trace(tmp_path / "x.json")) == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"ph": "Q"}, "phase"),
        ({"ts": -1.0}, "ts"),
        ({"ts": "1"}, "ts"),
        ({"dur": None}, "dur"),
        ({"pid": "1"}, "pid"),
        ({"cname": "red"}, "cname"),
        ({"ph": "M", "name": "thread_name", "args": {}}, "metadata"),
        ({"ph": "i", "s": "x"}, "scope"),
        ({"ph": "s", "id": None}, "flow"),
        ({"ph": "f", "id": "a", "bp": "x"}, "binding"),
        ({"ts": 50.0}, "overlaps"),
    ],
)
def test_the_check_finds_each_broken_rule(broken, said, tmp_path):
    fine = {"name": "a", "cat": "ok", "ph": "X", "pid": 1, "tid": 1, "ts": 0.0, "dur": 100.0, "args": {}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"traceEvents": [fine]}))
    assert wrong_in(path) == []
    path.write_text(json.dumps({"traceEvents": [fine, {**fine, **broken}]}))
    assert any(said in each for each in wrong_in(path))


def test_a_trace_has_every_started_or_ended_task_on_its_engine(run, tmp_path):
    events = events_of(run.save_trace(tmp_path / "x.json"))
    threads = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    told = {e["args"]["index"]: (threads[e["tid"]], e["cat"]) for e in events if "index" in e["args"]}
    assert told == {
        0: ("engine 0", "ok"),
        1: ("engine 1", "ok"),
        2: ("engine 0", "failed"),
        3: ("engine 1", "ok"),
        4: ("no engine", "aborted"),
    }


def test_a_trace_marks_failed_tasks(run, tmp_path):
    names = [e["name"] for e in events_of(run.save_trace(tmp_path / "x.json")) if e.get("cat") == "failed"]
    assert names == ["✕ task 2: KeyError"]


def test_a_trace_marks_retried_tasks(tmp_path):
    fed = Fed(2)
    monitor = watched(fed)
    fed.fail(0)
    monitor.snapshot()
    before = {
        "engine_id": 1,
        "started": START - timedelta(seconds=9),
        "completed": START - timedelta(seconds=8),
    }
    monitor._followed.record.attempts.add(0, {**fed.futures[0].output.metadata, **before})
    fed.reply(1)
    names = [e["name"] for e in events_of(monitor.save_trace(tmp_path / "x.json")) if e["ph"] == "X"]
    assert "↻ task 0 (attempt 1, tried again)" in names
    assert "✕ task 0 (attempt 2): ValueError" in names
    assert monitor.to_dataframe()["attempts"].tolist() == [2, 1]


def test_an_arrow_leads_from_each_attempt_to_the_next(tmp_path):
    fed = Fed(1)
    monitor = watched(fed)
    fed.reply(0)
    monitor.snapshot()
    first = dict(fed.futures[0].output.metadata)
    for attempt in (1, 2):
        begun = START - timedelta(seconds=20 // attempt)
        moments = {"started": begun, "completed": begun + timedelta(seconds=3)}
        monitor._followed.record.attempts.add(0, {**first, "engine_id": attempt, **moments})
    path = monitor.save_trace(tmp_path / "x.json")
    assert wrong_in(path) == []
    slices = {(e["tid"], e["ts"]) for e in events_of(path) if e["ph"] == "X"}
    arrows = [e for e in events_of(path) if e["ph"] in "sf"]
    assert [e["ph"] for e in arrows] == ["s", "f", "s", "f"]
    assert len({e["id"] for e in arrows}) == 2
    assert {(e["tid"], e["ts"]) for e in arrows} == slices


# report ----------------------------------------------------------------------------------------------


def test_a_report_is_one_page_that_requests_nothing(run, tmp_path):
    page = run.save_report(tmp_path / "x.html").read_text()
    outline = Outline(page)
    assert outline.open == []
    assert "default-src 'none'" in page
    assert not {"src", "href", "action"} & set(outline.attributes)
    assert re.findall("<script[^>]*>", page) == [
        '<script type="application/json" id="ipar-results-timeline">',
        "<script>",
        '<script type="application/json" id="ipar-results-data">',
    ]
    assert 'class="ipar-timeline"' in page


def test_a_report_of_many_tasks_is_bounded_and_notes_what_it_omits(tmp_path):
    n = 3_000
    fed = Fed(n)
    monitor = watched(fed)
    for i in range(n):
        fed.fail(i, message=f"number {i}") if i == 2_987 else fed.reply(i)
    page = monitor.save_report(tmp_path / "x.html").read_text()
    assert len(page) < 2_000_000
    assert "The table holds 2,000 of 3,000 tasks" in page
    assert ">2,987 <" in page


def table(n):
    """Return the columns and timeline of n tasks on two engines, without a result."""
    number, one, idle_slots = np.arange(n), np.ones(n, np.int64), np.zeros(0, np.int64)
    begun = START.timestamp() + number / 10
    snapshot = Snapshot(
        name="f", total=n, done=n, ok=n, messages=n, elapsed=n / 10, finished=True, state="done"
    )
    ids, engines = [f"message_{i}" for i in range(n)], (number % 2).tolist()
    status, sent = np.full(n, OK, np.int8), begun - 0.05
    tasks = Tasks(
        snapshot,
        number,
        one,
        one,
        status,
        engines,
        ids,
        sent,
        begun,
        begun + 0.1,
        begun + 0.2,
        np.zeros(n),
        [None] * n,
        (),
    )
    slot, base = (number % 2).astype(np.int32), float(sent[0])
    idle = RunningTasks(idle_slots, idle_slots.astype(np.int32), idle_slots.astype(float))
    start, took = begun - base, np.full(n, 0.1)
    return tasks, Timeline(
        base, base + n / 10, n, (0, 1), number, number, one, slot, start, took, status, (), idle
    )


@pytest.mark.parametrize("n", [100_000, 300_000])
def test_the_timeline_of_a_report_holds_all_tasks_that_fit_in_two_megabytes_and_notes_the_rest(n):
    page = report.render_report(*table(n))
    assert len(page.encode()) < 2_000_000
    data = json.loads(re.search(r'id="ipar-results-timeline">([^<]*)<', page)[1])
    if n == 100_000:
        assert (data["count"], data["note"]) == (n, "")
    else:
        assert 50_000 < data["count"] < n
        assert data["note"] == f"timeline shows {data['count']:,} of {n:,} tasks"


# hostile texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*samples.HOSTILE, "</script><script>alert(1)</script>", samples.MEGABYTE])
def test_hostile_texts_stay_texts_and_are_loaded_unchanged(text, tmp_path):
    fed = Fed(2)
    fed.result._fname = text
    monitor = watched(fed)
    fed.fail(0, kind=text, message=text)
    fed.reply(1, engine_id=None, engine_uuid=text)
    page = monitor.save_report(tmp_path / "x.html").read_text()
    assert page.count("<script") == 3
    assert "<img" not in page
    assert "\x1b" not in page
    trace = monitor.save_trace(tmp_path / "x.json")
    assert events_of(trace)
    monitor.save_csv(tmp_path / "x.csv")
    for path in ("x.html", "x.json"):
        assert ipar_results.load(tmp_path / path).failed == 1


# there and back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["report", "trace"])
def test_load_returns_the_saved_snapshot(run, kind, tmp_path):
    path = getattr(run, f"save_{kind}")(tmp_path / "saved")
    loaded, now = ipar_results.load(path), run.snapshot()
    for name in ("name", "total", "ok", "failed", "aborted", "queued", "engines", "failures", "tasks"):
        assert getattr(loaded, name) == getattr(now, name)


@pytest.mark.parametrize("name", samples.ALL)
def test_every_snapshot_survives_json(name):
    snapshot = samples.ALL[name]
    assert parse_snapshot(json.loads(json.dumps(snapshot.to_json()))) == snapshot


BROKEN = {
    "empty": "",
    "other JSON": '{"a": 1}',
    "a list": "[]",
    "no object": '{"otherData": 3}',
    "cut": '{"otherData": {"ipar_results": {"type": "snapshot"',
    "a page": "<!doctype html><p>hello",
    "newer": '{"otherData": {"ipar_results": {"type": "snapshot", "version": 99}}}',
    "wrong type": '{"otherData": {"ipar_results": {"type": "snapshot", "version": 1, "total": "many"}}}',
    "NaN": '{"otherData": {"ipar_results": {"type": "snapshot", "version": 1, "elapsed": NaN}}}',
    "infinite": '{"otherData": {"ipar_results": {"type": "snapshot", "version": 1, "elapsed": 1e999}}}',
    "deep": '{"otherData": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "long number": '{"otherData": ' + "9" * 10_000 + "}",
    "a record lacks a field": (
        '{"otherData": {"ipar_results": {"type": "snapshot", "version": 1, "tasks": [{}]}}}'
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_file_is_refused_with_a_plain_message(name, tmp_path):
    path = tmp_path / "x"
    path.write_text(BROKEN[name])
    with pytest.raises(ValueError, match="can't be read as a trace or report of ipar_results"):
        ipar_results.load(path)


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(os.urandom(1000) + b"\xff")
    with pytest.raises(ValueError, match="can't be read"):
        ipar_results.load(path)


# on disk ---------------------------------------------------------------------------------------------


def test_a_file_is_overwritten_only_on_request(run, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        run.save_csv(path)
    assert path.read_text() == "mine"
    run.save_csv(path, overwrite=True)
    assert path.read_text() != "mine"


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path):
    def lines():
        yield "half"
        raise ValueError("torn")

    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(ValueError, match="torn"):
        write_file(path, lines(), overwrite=True)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x"]


def test_a_file_created_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "x"

    def lines():
        path.write_text("not ours")
        yield "mine"

    with pytest.raises(FileExistsError):
        write_file(path, lines())
    assert path.read_text() == "not ours"
    assert os.listdir(tmp_path) == ["x"]


def test_a_missing_folder_is_named(run, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing.*make it first"):
        run.save_trace(tmp_path / "missing" / "x.json")


def test_a_folder_is_refused_as_file_name(run, tmp_path):
    with pytest.raises(IsADirectoryError, match="add a file name"):
        run.save_report(tmp_path)


def test_a_folder_without_write_permission_is_named(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # root may write anywhere
    with pytest.raises(PermissionError, match="choose a folder"):
        write_file(tmp_path / "x", ["text"])
    assert os.listdir(tmp_path) == []


def test_a_saved_file_has_the_permissions_of_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        assert stat.S_IMODE(write_file(tmp_path / "x", ["text"]).stat().st_mode) == 0o644
    finally:
        os.umask(before)


def test_a_symbolic_link_is_kept(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_file(tmp_path / "link", ["new"], overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


# two runs --------------------------------------------------------------------------------------------


def test_two_runs_are_compared_side_by_side(run, tmp_path):
    path = run.save_trace(tmp_path / "a.json")
    shown = repr(ipar_results.compare(path, run))
    assert re.search(r"took +[\d: d]+ +the same", shown)  # the run began on a fixed day, days ago
    assert "✕ KeyError · solve, line 13" in shown


def test_a_faster_run_is_called_faster():
    slow = Snapshot(name="f", total=10, done=10, ok=10, elapsed=50.0, finished=True, state="done")
    fast = Snapshot(name="f", total=12, done=12, ok=10, failed=2, elapsed=20.0, finished=True, state="done")
    comparison = ipar_results.compare(slow, fast)
    assert "2.5 × faster" in repr(comparison)
    assert re.search(r"failed +0 +2 +\+2", repr(comparison))
    assert "2.5 × faster" in comparison._repr_html_()


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_a_comparison_shows_hostile_texts_as_texts(text):
    html = ipar_results.compare(samples.poisoned(samples.failed, text), samples.done)._repr_html_()
    assert Outline(html).open == []
    assert "<script" not in html
    assert "<img" not in html


def test_all_of_a_hundred_thousand_tasks_are_exported(tmp_path):
    n = 100_000
    monitor = many(n)
    events = events_of(monitor.save_trace(tmp_path / "x.json"))
    assert sum(event["ph"] == "X" for event in events) == n
    assert len(monitor.to_dataframe()) == n


def finished(total, seconds, computed, **counts):
    """A run that has ended."""
    counts = {"done": total, "ok": total, **counts}
    return Snapshot(
        name="f", total=total, elapsed=seconds, serial_time=computed, finished=True, state="done", **counts
    )


@pytest.mark.parametrize(
    ("a", "b", "took", "computed"),
    [
        # 0.1 s a task against 0.5 s
        (
            finished(10_000, 1_000, 4_000),
            finished(2_000, 1_000, 40),
            "5.0 × slower per task",
            "1/20 as much per task",
        ),
        (finished(100, 7.0, 763.7), finished(100, 7.0, 1.0), "the same", "1/764 as much"),
        (finished(100, 50.0, 50.0), finished(100, 20.0, 25.0), "2.5 × faster", "0.5 × as much"),
        (finished(100, 20.0, 25.0), finished(100, 50.0, 50.0), "2.5 × slower", "2.0 × as much"),
        # 187 of 200 were cancelled
        (
            finished(200, 50.0, 100.0),
            finished(200, 3.25, 6.5, ok=13, aborted=187),
            "the same per ok task",
            "the same per ok task",
        ),
        (finished(8, 2.0, 2.0), finished(8, 0.1, 0.1, ok=0, failed=8), "", ""),
    ],
)
def test_durations_are_compared_per_task_where_counts_differ(a, b, took, computed):
    changes = {row[0]: row[3] for row in ipar_results.compare(a, b).rows}
    assert (changes["took"], changes["engine time"]) == (took, computed)
