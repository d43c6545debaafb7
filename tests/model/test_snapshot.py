"""The wire format of a snapshot is fixed, and snapshots are immutable."""

import json
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest
import samples

from ipar_results.model.snapshot import (
    Advice,
    EngineLoad,
    FailureGroup,
    Snapshot,
    TaskOutput,
    TaskRecord,
    TimeUse,
)

GOLDEN = Path(__file__).parents[1] / "data" / "snapshot.json"

# one of everything; whoever changes a field changes the golden message with it, knowingly
SNAPSHOT = Snapshot(
    name="simulate",
    total=6,
    done=3,
    ok=1,
    failed=1,
    aborted=1,
    running=2,
    queued=1,
    messages=5,
    elapsed=12.5,
    serial_time=20.25,
    wall_time=None,
    speedup=1.62,
    efficiency=0.81,
    throughput=0.24,
    eta=(6.0, 9.5),
    finished=False,
    engines=(
        EngineLoad(0, 2, 1, (3, 1.5), 11.75),
        EngineLoad("3f2b-uuid", 1, 0, None, 8.5, alive=False, died=True, joined=1.5, left=10.0),
    ),
    failures=(
        FailureGroup(
            "ValueError",
            "grid of 0 cells cannot be solved",
            "solve, line 13",
            1,
            (0,),
            (1,),
            "Traceback\n\x1b[31mFile <string>:13\x1b[39m, in solve(x)\n\nValueError: grid of 0 cells",
            1700000004.25,
            1700000004.25,
            (1, "(0, 'seed')"),
        ),
    ),
    tasks=(
        TaskRecord(
            0,
            1,
            "a1_1",
            0,
            "ok",
            1700000000.0,
            1700000000.25,
            1700000010.5,
            1700000010.75,
            10.25,
            input="(0, 'a')",
        ),
        TaskRecord(1, 2, "a1_2", None, "queued", 1700000000.0),
    ),
    outputs=(TaskOutput(0, 0, "step 1 <b>\n", "\x1b[33mWarning\x1b[0m\n", 3210, 2),),
    outputs_total=1,
    state="running",
    note="",
    value=None,
    single=False,
    time=1700000012.5,
    submitted=1700000000.0,
    pauses=((1700000011.0, 90.5),),
    advice=(
        Advice(
            "slow-engine",
            "Engine 1 is 2.6 times slower than the others. Without it the run would have ended 9 s earlier.",
            "124 tasks, median 6.2 s against 2.4 s",
            9.0,
        ),
    ),
    time_use=TimeUse(2, 25.0, 18.25, 3.0, 1.75, 2.0),
)


def test_the_message_equals_the_golden_file():
    assert SNAPSHOT.to_json() == json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("snapshot", [SNAPSHOT, *samples.ALL.values()], ids=["golden", *samples.ALL])
def test_a_message_survives_json_unchanged(snapshot):
    message = snapshot.to_json()
    assert json.loads(json.dumps(message, allow_nan=False)) == message


def test_every_field_is_on_the_wire_under_its_own_name():
    message = SNAPSHOT.to_json()
    assert message.pop("type") == "snapshot"
    assert message.pop("version") == 1
    assert list(message) == [field.name for field in fields(Snapshot)]


@pytest.mark.parametrize(
    "record",
    [
        SNAPSHOT,
        SNAPSHOT.engines[0],
        SNAPSHOT.failures[0],
        SNAPSHOT.tasks[0],
        SNAPSHOT.outputs[0],
        SNAPSHOT.advice[0],
        SNAPSHOT.time_use,
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_cannot_be_changed(record):
    for field in fields(record):
        with pytest.raises(FrozenInstanceError):
            setattr(record, field.name, None)
    hash(record)


def test_a_message_shares_nothing_with_its_snapshot():
    message = SNAPSHOT.to_json()
    message["engines"][0]["done"] = 99
    message["failures"].clear()
    assert SNAPSHOT.engines[0].done == 2
    assert len(SNAPSHOT.failures) == 1
    assert replace(SNAPSHOT, name="other").name == "other"
