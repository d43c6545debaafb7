"""What a notebook keeps of a result for the labextension is small, and has every fact of its card."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from ipar_results.export.load import parse_snapshot
from ipar_results.live.display.saved import pack, saved_json, steps
from ipar_results.model.status import OK
from ipar_results.model.timeline import RunningTasks, Timeline

DATA = Path(__file__).parents[2] / "data"
NO_TASKS = RunningTasks(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0))


def timeline(n, slots=8, **more):
    """A timeline of n tasks, of a quarter of a second each; the last engine took part first."""
    at = np.arange(n)
    columns = dict(
        base=samples.NOW,
        now=samples.NOW + n,
        ended=n,
        engines=tuple(range(slots))[::-1],
        position=at,
        first=at,
        inputs=np.ones(n, np.int64),
        slot=(at % slots).astype(np.int32),
        start=at // slots * 0.26,
        duration=np.full(n, 0.25),
        status=np.full(n, OK, np.int8),
        breaks=(),
        running=NO_TASKS,
    )
    return Timeline(**{**columns, **more})


def encoded(snapshot, columns):
    """The JSON of a snapshot, as a front end gets it."""
    return saved_json("id", snapshot, lambda limit: columns)


def test_the_golden_file_which_vitest_reads_too_is_what_is_saved():
    """`mime.json` is the same result, saved in the first format."""
    first = json.loads((DATA / "mime.json").read_text(encoding="utf-8"))
    rows = first["timeline"]
    names = ("position", "first", "inputs", "slot", "start", "duration", "status")
    columns = timeline(
        0,
        base=rows["base"],
        ended=rows["of"],
        engines=tuple(rows["engines"]),
        **{name: np.array(rows[name]) for name in names},
    )
    saved = encoded(parse_snapshot(first), columns) | {"id": first["id"]}
    assert saved == json.loads((DATA / "saved.json").read_text(encoding="utf-8"))


@given(st.lists(st.integers(-999, 999) | st.none()))
def test_a_packed_column_holds_every_number(numbers):
    found = []
    for item in pack(numbers).split():
        number, _, times = item.partition("*")
        found += [None if number == "?" else int(number)] * int(times or 1)
    assert found == numbers


def test_steps_go_on_after_an_unknown_number():
    assert steps([5, None, 7, 7, 3]) == [5, None, 2, 0, -4]


def test_keys_are_sorted_and_two_runs_differ_only_where_their_facts_do():
    saved = encoded(samples.failed, timeline(40))
    assert list(saved) == sorted(saved)
    later = replace(samples.failed, time=samples.NOW + 60)
    assert [key for key, value in encoded(later, timeline(40)).items() if saved[key] != value] == ["time"]


def test_a_result_takes_few_bytes_and_few_lines():
    for snapshot, tasks, size, lines in (
        (samples.one, 1, 700, 40),
        (samples.done, 40, 1_800, 60),
        (samples.done, 1_500, 12_000, 60),
    ):
        saved = encoded(snapshot, timeline(tasks))
        assert len(json.dumps(saved, separators=(",", ":"))) < size
        assert len(json.dumps(saved, indent=1).splitlines()) < lines


def test_a_column_of_usual_values_is_left_out():
    saved = encoded(samples.done, timeline(40))
    assert not {"first", "inputs"} & set(saved["timeline"])
    assert not {"alive", "died", "joined", "left", "running"} & set(saved["engines"])
    assert not {"note", "eta", "aborted", "running", "pauses", "messages", "failures"} & set(saved)


def test_a_sample_of_chunks_on_other_engines_keeps_its_columns():
    columns = timeline(6, ended=60, first=np.arange(6) * 10, inputs=np.full(6, 10), engines=("b", *range(7)))
    saved = encoded(replace(samples.done, engines=samples.done.engines[:1]), columns)
    rows = saved["timeline"]
    assert (rows["of"], rows["first"], rows["inputs"]) == (60, "0 10*5", "10*6")
    assert rows["engines"] == [*range(7), "b"] and rows["slot"] == "7 0 1 2 3 4"


def test_an_engine_that_died_says_when():
    gone = replace(samples.lost.engines[-1], joined=1.5, left=9.25)
    engines = encoded(replace(samples.lost, engines=(gone,)), timeline(4))["engines"]
    assert [engines[name] for name in ("alive", "died", "joined", "left")] == ["0", "1", "1500", "9250"]


def test_an_unknown_time_is_no_number():
    rows = encoded(samples.done, timeline(2, start=np.array([np.nan, 0.5]), duration=np.array([np.inf, 1])))
    assert (rows["timeline"]["start"], rows["timeline"]["duration"]) == ("? 500", "? 1000")


def test_tasks_have_what_the_timeline_lacks():
    """Their message ids mostly share a beginning."""
    first, second = (
        replace(samples.done.tasks[i], engine_id=7 - i, msg_id=f"b3f0_41_{i}", input=f"({i},\n'x')")
        for i in (0, 1)
    )
    tasks = encoded(replace(samples.done, tasks=(first, second)), timeline(8))["tasks"]
    assert tasks == {
        "engine_id": "7 -1",
        "index": "0 1",
        "input": ["(0,\n'x')", "(1,\n'x')"],
        "msg_id": "b3f0_41_\t0\t1",
    }
    others = (replace(first, engine_id=3), replace(second, engine_id="x" * 500, msg_id="a"))
    tasks = encoded(replace(samples.done, tasks=others), timeline(8))["tasks"]
    assert (tasks["engine_id"][0], len(tasks["engine_id"][1])) == (3, 200)
    assert tasks["msg_id"] == "\tb3f0_41_0\ta"


@pytest.mark.parametrize("name", sorted(samples.ALL))
def test_every_state_is_saved(name):
    encoded(samples.ALL[name], timeline(20))


def test_a_huge_result_stays_small_whatever_its_tasks_wrote():
    saved = saved_json("id", samples.poisoned(samples.huge, samples.MEGABYTE), lambda limit: timeline(limit))
    assert len(json.dumps(saved)) < 80_000
