"""Engines whose clocks are set wrong: one an hour ahead, one five minutes behind."""

import json
import re
import shutil
from pathlib import Path

from play import Environment, NotPossibleError, cluster, run

AHEAD, BEHIND = 3600, -300
PROGRAM = """\
import csv, json, time
import ipyparallel as ipp
import ipar_results
ipar_results.enable()
rc = ipp.Client(timeout=60)
rc.wait_for_engines(2, timeout=90, interactive=False)

def work(n):
    import select  # time.sleep() may be faked too
    select.select([], [], [], 0.1)
    if n % 10 == 7:
        raise ValueError("seven cannot be solved")

view = rc.load_balanced_view()
other = view.map_async(work, range(20), chunksize=1)
ar = view.map_async(work, range(20), chunksize=1)
ar.wait(60)
other.wait(60)
assert other.monitor.snapshot().finished
s, timeline = ar.monitor.snapshot(), ar.monitor._followed.timeline()
ar.monitor.save_trace("trace.json")
trace = [e for e in json.load(open("trace.json"))["traceEvents"] if e["ph"] == "X"]
ar.monitor.save_csv("tasks.csv")
rows = list(csv.DictReader(open("tasks.csv")))
first, last = s.failures[0].first_time, s.failures[0].last_time
print("CLOCKS", json.dumps({
    "offsets": sorted({round(float(row.get("engine_clock_offset") or 0)) for row in rows}),
    "elapsed": s.elapsed,
    "other": s.time_use.other,
    "begin and end": {
        "timeline": [timeline.start.min(), (timeline.start + timeline.duration).max()],
        "trace": [min(e["ts"] for e in trace) / 1e6, max(e["ts"] + e["dur"] for e in trace) / 1e6],
        "failures": [first - timeline.base, last - timeline.base],
        "tasks": [
            min(t.started for t in s.tasks) - timeline.base,
            max(t.completed for t in s.tasks) - timeline.base,
        ],
    },
}))
rc.close()
"""


def scene(environment: Environment, folder: Path) -> str:
    """All times of a run are by one clock, whatever the engines' clocks are."""
    if shutil.which("faketime") is None:
        raise NotPossibleError("there is no faketime (apt install faketime)")
    (folder / "scene.py").write_text(PROGRAM)
    before = ((), *(("faketime", "-f", f"{seconds:+d}s") for seconds in (AHEAD, BEHIND)))
    with cluster(environment, folder, before):
        output = run([environment.python, "scene.py"], folder)
    found = re.search(r"CLOCKS (\{.*\})", output)
    assert found, output
    told = json.loads(found[1])
    assert told["offsets"] == [BEHIND, AHEAD], told
    for begin, end in told["begin and end"].values():
        assert -0.06 <= begin < end <= told["elapsed"] + 0.06, told
    # both engines ran tasks of both results, half of them before those of this one
    assert told["other"] > 1, told
    run_time = f"{told['elapsed']:.1f} s"
    return f"clocks {AHEAD} s ahead and {-BEHIND} s behind: all times within the {run_time} of the run"
