"""Ten thousand results in one kernel, two hundred of them displayed: `python tests/bench/many.py`.

The results are ipyparallel's own, fed by hand; tracker, ticker, channel and displays are those of a kernel
(see scale.py). Beside it: what `%load_ext ipar_results` adds to importing ipyparallel, in fresh interpreters
that take turns.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import observe
from observe import row
from scale import Kernel, events, play

RESULTS, SHOWN, TASKS = 10_000, 200, 4
ROUNDS = 15
SECONDS = 15  # for which the displayed ones run
IMPORT = "import time; b = time.perf_counter(); import ipyparallel"
LOAD = "; import ipar_results; ipar_results.enable()"
TELL = "; print(time.perf_counter() - b)"


def tracked() -> tuple[float, float, float, float, int]:
    """Messages, kB of deltas and of outputs, and CPU a second; and how many displayed results ended."""
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
        ended = sum(kernel.watch.recorder(result).finished for result, _ in shown)
        return messages / span, told / span, kept / span, cpu / span, ended
    finally:
        kernel.close()


def imports() -> float:
    """Milliseconds that loading adds to importing ipyparallel: the difference of two medians."""
    took: dict[str, list[float]] = {"": [], LOAD: []}
    for _ in range(ROUNDS):
        for more, times in took.items():
            done = subprocess.run(
                [sys.executable, "-c", IMPORT + more + TELL], capture_output=True, check=True
            )
            times.append(float(done.stdout))
    return 1e3 * (statistics.median(took[LOAD]) - statistics.median(took[""]))


def main() -> int:
    """Print the table; 1 where a goal does not hold."""
    messages, told, kept, cpu, ended = tracked()
    load = imports()
    print(f"{RESULTS:,} results tracked, {SHOWN} displayed, {SECONDS} s; all their tasks ended: {ended}")
    row("messages a second", f"{messages:.1f}", "≤ 10", "deltas and outputs")
    row("kB a second", f"{told + kept:.1f}", "≤ 50", f"deltas {told:.1f}, outputs {kept:.1f}")
    row("CPU while they run", f"{100 * cpu:.0f} % of a core", "", "")
    row("%load_ext, beside importing", f"{load:.0f} ms", "≤ 60 ms", f"medians of {ROUNDS}")
    return int(messages > 10 or told + kept > 50 or load > 60 or ended != SHOWN)


if __name__ == "__main__":
    sys.exit(main())
