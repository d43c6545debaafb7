"""A client that is killed: the cluster goes on, and another client reads what became of its tasks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import ipyparallel as ipp
from fault_followed import submit
from fault_plan import Plan
from fault_scene import CONTACT, Stage

import ipar_results

_KEPT = ("balanced", "unordered", "direct map", "direct")  # the Hub keeps no record of a broadcast


def play_orphans(plan: Plan) -> tuple[list[str], str]:
    """Play a plan whose client is killed."""
    stage = Stage()
    try:
        return _play(plan, stage)
    finally:
        stage.strike_down()
        ipar_results.disable()


def _play(plan: Plan, stage: Stage) -> tuple[list[str], str]:
    cluster = stage.cluster
    path = Path(cluster.profile_dir) / "security" / f"ipcontroller-{cluster.cluster_id}-client.json"
    command = [sys.executable, __file__, str(plan.seed), str(path)]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    at = next(strike.at for strike in plan.strikes if strike.what == "client killed")
    submitted: list[dict[str, Any]] = []
    arrived: dict[tuple[int, int], Any] = {}
    assert client.stdout is not None
    for line in client.stdout:
        said = json.loads(line)
        if "results" in said:
            submitted = said["results"]
        else:
            arrived[said["result"], said["position"]] = said["value"]
        if submitted and len(arrived) >= at:
            break
    client.kill()
    client.wait()
    ipar_results.enable()
    ipar_results.live.session.current().config.contact_timeout = CONTACT
    problems, total = [], 0
    for number, each in enumerate(submitted):
        if each["kind"] in _KEPT:
            ar = stage.client.get_result(each["msg_ids"], owner=False)
            total += len(each["msg_ids"])
            mine = {position: value for (of, position), value in arrived.items() if of == number}
            problems += _read(ar, each, mine)
    return problems, f"{total} tasks of a killed client, {len(arrived)} had arrived there"


def _read(ar: Any, each: dict[str, Any], arrived: dict[int, Any]) -> list[str]:
    deadline = time.monotonic() + 60
    while not ar.monitor.snapshot().finished:
        state = ar.monitor.snapshot()
        if state.done + state.running + state.queued != state.total:
            return [f"{each['kind']}: counts do not add up: {state}"]
        if time.monotonic() > deadline:
            return [f"{each['kind']} hangs: {state.ok} ok, {state.running} running, {state.queued} queued"]
        time.sleep(0.05)
    state = ar.monitor.snapshot()
    if state.ok + state.failed + state.aborted != state.total or state.total != len(each["msg_ids"]):
        return [f"{each['kind']}: counts do not add up to the total: {state}"]
    pieces = ar.get(timeout=20, return_exceptions=True)
    good = sum(not isinstance(piece, Exception) for piece in pieces)
    problems = [] if good == state.ok else [f"{each['kind']}: {good} values and {state.ok} ok"]
    changed = [position for position, value in arrived.items() if pieces[position] != value]
    return [*problems, *(f"{each['kind']}: the value of {position} is lost" for position in changed)]


def be_killed(seed: int, path: str) -> None:
    """Submit all, say what arrives, and wait for the end."""
    client = ipp.Client(path)
    client.wait_for_engines(3, timeout=60, interactive=False)
    results = submit(client, Plan.of(seed))
    made = [{"kind": each.submission.kind, "msg_ids": each.ar.msg_ids} for each in results]
    print(json.dumps({"results": made}), flush=True)
    said: set[tuple[int, int]] = set()
    while True:
        for number, followed in enumerate(results):
            for position, value in followed.values():
                if (number, position) not in said:
                    said.add((number, position))
                    print(json.dumps({"result": number, "position": position, "value": value}), flush=True)
        time.sleep(0.01)


if __name__ == "__main__":
    be_killed(int(sys.argv[1]), sys.argv[2])
