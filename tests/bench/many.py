"""Ten thousand results in one kernel, two hundred of them displayed: `python tests/bench/many.py`.

The results are ipyparallel's own, fed by hand; tracker, ticker, channel and displays are those of a kernel
(see scale.py). Beside it: what `%load_ext ipar_results` takes after ipyparallel, in new processes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

import observe
from observe import row
from scale import Kernel, events, play

RESULTS, SHOWN, TASKS = 10_000, 200, 4
ROUNDS = 15
SECONDS = 15  # for which the displayed ones run
LOAD = """
import sys, time
from IPython.core.interactiveshell import InteractiveShell
shell, begin = InteractiveShell.instance(), time.perf_counter()
import ipyparallel
imported = time.perf_counter()
shell.run_line_magic("load_ext", "ipar_results")
print(imported - begin, time.perf_counter() - imported)
"""


def tracked() -> tuple[float, float, float, float, float, int]:
    """Messages, kB of deltas and outputs, CPU a second; when all outputs were final; how many ended."""
    kernel = Kernel()
    try:
        many = [observe.submit(TASKS) for _ in range(RESULTS)]
        for result, _ in many:
            kernel.tracker.entry(result)
        for result, _ in many[:SHOWN]:
            kernel.show(result)
        shown = many[:SHOWN]
        begin, cpu = time.monotonic(), time.process_time()
        first, published = len(kernel.sent), len(kernel.published)
        feeds = [events(0, TASKS) for _ in shown]
        for task in range(TASKS):
            for k, (result, futures) in enumerate(shown):
                play(result._client, futures[task : task + 1], feeds[k][task : task + 1], lambda: None)
                time.sleep(SECONDS / (TASKS * SHOWN))
        span, cpu = time.monotonic() - begin, time.process_time() - cpu
        sent = kernel.sent[first:]
        told, kept = sum(size for _, size, _ in sent) / 1e3, sum(kernel.published[published:]) / 1e3
        messages = len(sent) + len(kernel.published) - published
        while kernel.ticker.updatables():
            assert time.monotonic() - begin < SECONDS + 300, "outputs never came to their end"
            time.sleep(0.05)
        kept_at = time.monotonic() - begin - span
        ended = sum(kernel.registry.followed(result).record.finished for result, _ in shown)
        return messages / span, told / span, kept / span, cpu / span, kept_at, ended
    finally:
        kernel.close()


def imports() -> tuple[float, float]:
    """Milliseconds that ipyparallel takes to import, and ``%load_ext`` after it: medians."""
    took: list[list[float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        # bytecode is there, as pip leaves it; the first turn makes it
        environment = {**os.environ, "IPYTHONDIR": scratch, "PYTHONPYCACHEPREFIX": scratch}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(ROUNDS + 1):
            command = [sys.executable, "-c", LOAD]
            done = subprocess.run(command, capture_output=True, check=True, env=environment)
            took.append([1e3 * float(word) for word in done.stdout.split()])
    theirs, ours = map(statistics.median, zip(*took[1:], strict=True))
    return theirs, ours


def main() -> int:
    """Print the table; 1 where a goal does not hold."""
    messages, told, kept, cpu, kept_at, ended = tracked()
    theirs, load = imports()
    print(f"{RESULTS:,} results tracked, {SHOWN} displayed, {SECONDS} s; all their tasks ended: {ended}")
    row("messages a second", f"{messages:.1f}", "≤ 10", "deltas and outputs")
    row("kB a second", f"{told + kept:.1f}", "≤ 50", f"deltas {told:.1f}, outputs {kept:.1f}")
    row(
        "the last output is final",
        f"{kept_at:.0f} s after the end",
        "",
        "cards are moved by deltas meanwhile",
    )
    row("CPU while they run", f"{100 * cpu:.0f} % of a core", "", "")
    row(
        "%load_ext",
        f"{load:.0f} ms",
        "≤ 60 ms",
        f"importing ipyparallel {theirs:.0f} ms; medians of {ROUNDS}",
    )
    return int(messages > 10 or told + kept > 50 or load > 60 or ended != SHOWN)


if __name__ == "__main__":
    sys.exit(main())
