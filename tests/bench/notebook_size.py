"""What a finished result leaves in a notebook: `python tests/bench/notebook_size.py [N ...]`.

Bytes of text/html and of our JSON for results of several sizes, as they are sent, and as a notebook file has
them. Then a small tour is played twice, with times and engines as two runs of the same notebook have them,
and `nbdiff` of nbdime, if it is on the PATH, compares the two files. The futures are fed by hand, as in
observe.py.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import observe
from ipyparallel import AsyncMapResult, AsyncResult
from ipyparallel.client.futures import MessageFuture
from ipyparallel.client.map import Map
from ipyparallel.error import RemoteError
from observe import START, busy_message, pending, play, row

from ipar_results.config import IPythonParallelResults
from ipar_results.live.display.mime import MIME, bundle
from ipar_results.live.display.saved import saved_json
from ipar_results.results.registry import Registry

GOALS = {1: 2_000, 4: 5_000, 40: 13_000, 400: 20_000, 100_000: 60_000}
STYLE_GOAL = 2_000
# of `nbdiff`, before cards were made smaller; half of them are allowed
LINES_BEFORE = 10_822
FRAMES = "".join(
    f"\n\x1b[36mFile \x1b[39m\x1b[32m…/model.py:{line}\x1b[39m, in \x1b[36mstep_{line}\x1b[39m\n"
    f"\x1b[32m---> \x1b[39m\x1b[32m{line}\x1b[39m     \x1b[38;5;28;01mreturn\x1b[39;00m solve(grid)\n"
    for line in (13, 40, 157)
)
TRACEBACK = (
    f"\x1b[31mValueError\x1b[39m  Traceback (most recent call last){FRAMES}\n"
    "\x1b[31mValueError\x1b[39m: grid of 0 cells cannot be solved"
)


def submitted(n: int, session: str, begin: datetime) -> tuple[AsyncResult, list[MessageFuture]]:
    """A result of n tasks: of one call, or of a map."""
    client, futures = pending(n, session, begin)
    if n == 1:
        return AsyncResult(client, futures[0], fname="simulate"), futures
    return AsyncMapResult(client, futures, Map(), fname="simulate"), futures


def feed(
    futures: list[Any], engines: int, begin: datetime, chance: random.Random, failing: bool
) -> list[Any]:
    """Busy message and reply of each task, a quarter of a second long, on the engine that is free first."""
    made, free = [], [0.01] * engines
    for i, future in enumerate(futures):
        engine = min(range(engines), key=free.__getitem__) if engines < 64 else i % engines
        started, took = free[engine], chance.uniform(0.2, 0.3)
        free[engine] = started + took + chance.uniform(0.001, 0.004)
        at = begin + timedelta(seconds=started)
        failed = failing and i % 19 == 7
        reply = dict(
            engine_id=engine,
            engine_uuid=f"engine-uuid-{engine}",
            status="error" if failed else "ok",
            submitted=begin + timedelta(microseconds=80 * i),
            started=at,
            completed=at + timedelta(seconds=took),
            received=at + timedelta(seconds=took + 0.002),
            stdout=f"step {i}: {chance.random():.6f}\n" if failing and i % 40 == 0 else "",
        )
        made.append((busy_message(future.msg_id, f"engine-uuid-{engine}"), reply))
    return made


def error() -> RemoteError:
    """The error of a task that failed, with a traceback in colours."""
    text = "grid of 0 cells cannot be solved"
    return RemoteError("ValueError", text, TRACEBACK, {"engine_id": 1, "method": "apply"})


def ended(n: int, seed: int = 0, engines: int = 8, failing: bool = False) -> dict[str, Any]:
    """The bundle of a result of n tasks that has ended."""
    chance, begin = random.Random(f"{seed} {n}"), START + timedelta(hours=seed, milliseconds=37 * seed)
    session = str(uuid.UUID(int=chance.getrandbits(128)))
    observe.ENGINES, observe.error = engines, error
    result, futures = submitted(n, session, begin)
    registry = Registry()
    followed = registry.followed(result)
    play(result._client, futures, feed(futures, engines, begin, chance, failing), followed.drain)
    followed.drain()
    assert followed.record.done == n
    state, timeline = followed.snapshot(), followed.timeline
    saved = saved_json(uuid.UUID(int=chance.getrandbits(128)).hex, state, timeline)
    return bundle(state, IPythonParallelResults(), saved=saved, timeline=timeline)


def as_notebook(bundles: list[dict[str, Any]]) -> str:
    """A notebook file with a cell for each bundle."""
    cells = [
        nbformat.v4.new_code_cell(f"view.map_async(simulate, range({i}))", id=f"cell-{i}", outputs=[output])
        for i, data in enumerate(bundles)
        for output in [nbformat.v4.new_output("display_data", data)]
    ]
    return str(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))


def sizes(data: dict[str, Any]) -> tuple[int, int, int, int]:
    """Bytes of the HTML, of the style in it, of our JSON, and of both in a notebook file."""
    html, saved = data["text/html"], data[MIME]
    style = html.partition("<style>")[2].partition("</style>")[0]
    text = saved if isinstance(saved, str) else json.dumps(saved, ensure_ascii=False, separators=(",", ":"))
    kept = len(as_notebook([{"text/html": html, MIME: saved}]).encode()) - len(as_notebook([{}]).encode())
    return len(html.encode()), len(style.encode()), len(text.encode()), kept


def tour(seed: int) -> list[dict[str, Any]]:
    """Bundles of the results that a small tour shows."""
    return [ended(1, seed), ended(4, seed, 4), ended(40, seed), ended(400, seed, failing=True)]


def changed_lines(nbdiff: str) -> int:
    """Lines that nbdime reports for two runs of the tour."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"run{seed}.ipynb" for seed in (1, 2)]
        for seed, file in enumerate(files, 1):
            file.write_text(as_notebook(tour(seed)), encoding="utf-8")
        done = subprocess.run([nbdiff, *files], capture_output=True, text=True)
        return len(done.stdout.splitlines())


def main(numbers: list[int]) -> int:
    """Print the table; 1 where a goal is missed."""
    missed = []
    row("tasks", "HTML + JSON", "goal", "HTML, of it style; JSON; both in a notebook file")
    for n in numbers:
        html, style, saved, kept = sizes(ended(n, engines=64 if n > 10_000 else 8))
        goal = GOALS.get(n)
        row(
            f"{n:,}",
            f"{html + saved:,} B",
            f"≤ {goal or 0:,} B",
            f"{html:,}, {style:,}; {saved:,}; {kept:,} B",
        )
        if goal and html + saved > goal:
            missed.append(f"{n:,} tasks")
        if style > STYLE_GOAL:
            missed.append(f"style of {n:,} tasks")
    nbdiff = shutil.which("nbdiff")
    if nbdiff is None:
        print("nbdiff is not on the PATH: two runs are not compared (python -m pip install nbdime)")
    else:
        lines = changed_lines(nbdiff)
        row(
            "nbdime, a tour run again",
            f"{lines} lines",
            f"≤ {LINES_BEFORE // 2} lines",
            f"{LINES_BEFORE} before",
        )
        if lines > LINES_BEFORE // 2:
            missed.append("lines of nbdime")
    print("\nall goals hold" if not missed else f"\ndoes not hold: {', '.join(missed)}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main([int(word.replace("_", "")) for word in sys.argv[1:]] or list(GOALS)))
