"""What a live card costs the work it shows: `python tests/bench/overhead.py [tasks] [rounds] [way ...]`.

In one real kernel, on one cluster of two engines, no-op tasks are mapped again and again: waited for
plainly, with our `wait_interactive` (as a card that the labextension draws, as a widget and as HTML), and
with upstream's. The ways take turns within each round; a way's figure is the median of its rounds, from the
first submission to the return. What the client and the Hub keep is purged after each run, or later ones
would be slower. CPU is the kernel's own, all its threads together: it tells more than the clock where a
machine is shared.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence

from jupyter_client.manager import start_new_kernel

SETUP = """
import gc, json, logging, time
import ipyparallel as ipp, ipar_results
cluster = ipp.Cluster(n=2, log_level=logging.ERROR)
rc = cluster.start_and_connect_sync(activate=False)
view = rc.load_balanced_view()
rc[:].apply_sync(int)

def nothing(i):
    return i

def once(way, tasks):
    if way in ("card", "widget", "html"):
        ipar_results.enable()
        layer = ipar_results.live.session.current()
        layer.config.view = "auto" if way == "card" else way
        if way == "card":  # what the labextension says when a page is opened
            hello = dict(protocol=1, type="hello", request="bench", client="bench", rate=5)
            assert layer.channel.answer(hello)["status"] == "ok"
    gc.collect()
    begin, cpu = time.perf_counter(), time.process_time()
    ar = view.map_async(nothing, range(tasks))
    ar.wait() if way == "plain" else ar.wait_interactive()
    took = time.perf_counter() - begin, time.process_time() - cpu
    assert ar.get() == list(range(tasks))
    ipar_results.disable()
    del ar
    rc.purge_everything()
    return took
"""
STOP = "rc.close(); cluster.stop_cluster_sync()"
WAYS = ("plain", "card", "widget", "html", "upstream")
NAMES = {
    "plain": "wait()",
    "card": "ours, labextension's card",
    "widget": "ours, live widget",
    "html": "ours, live HTML",
    "upstream": "upstream's wait_interactive()",
}
GOAL = 1.02


class Kernel:
    """A real kernel that runs code and counts what it publishes."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel()
        self.published: dict[str, tuple[int, int]] = {}

    def run(self, code: str, way: str = "") -> None:
        """Run code to its end; an error in it ends the benchmark."""
        messages = size = 0

        def seen(message: dict) -> None:  # type: ignore[type-arg]
            nonlocal messages, size
            if message["msg_type"] in ("display_data", "update_display_data", "comm_open", "comm_msg"):
                messages += 1
                size += len(json.dumps(message["content"]))

        reply = self.client.execute_interactive(code, output_hook=seen, timeout=600)["content"]
        if reply["status"] != "ok":
            sys.exit("\n".join(reply["traceback"]))
        self.published[way] = (messages, size)

    def value(self, expression: str) -> list[float]:
        """The value of an expression in the kernel, a list of numbers."""
        reply = self.client.execute_interactive(
            "", user_expressions={"x": f"json.dumps({expression})"}, output_hook=lambda message: None
        )
        return list(json.loads(eval(reply["content"]["user_expressions"]["x"]["data"]["text/plain"])))

    def stop(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel()


def main(tasks: int, rounds: int, ways: Sequence[str]) -> dict[str, float]:
    """Run and print the table; gives the ratio of each way to the first."""
    kernel = Kernel()
    took: dict[str, list[float]] = {way: [] for way in ways}
    cpu: dict[str, list[float]] = {way: [] for way in ways}
    try:
        kernel.run(SETUP)
        kernel.run("once('plain', 200)")
        for i in range(rounds):
            for way in ways[i % len(ways) :] + ways[: i % len(ways)]:
                kernel.run(f"took = once({way!r}, {tasks})", way)
                seconds, computed = kernel.value("took")
                took[way].append(seconds)
                cpu[way].append(computed)
        kernel.run(STOP)
    finally:
        kernel.stop()
    plain = statistics.median(took["plain"])
    print(
        f"{tasks:,} no-op tasks on two engines, medians of {rounds} rounds; goal for ours ≤ {GOAL} × wait()\n"
    )
    print(
        f"  {'':32s}{'median':>9s}{'ratio':>8s}{'spread':>18s}{'CPU':>8s}{'ratio':>8s}"
        f"{'messages':>10s}{'kB':>8s}"
    )
    ratios = {way: statistics.median(took[way]) / plain for way in ways}
    for way in ways:
        times, (messages, size), ratio = took[way], kernel.published[way], ratios[way]
        computed = statistics.median(cpu[way])
        share = computed / statistics.median(cpu["plain"])
        spread = f"{min(times):.2f} – {max(times):.2f} s"
        print(
            f"  {NAMES[way]:32s}{statistics.median(times):7.2f} s{ratio:8.3f}{spread:>18s}"
            f"{computed:6.2f} s{share:8.3f}"
            f"{messages:10,}{size / 1e3:8.0f}"
        )
    for way in ways[1:]:
        pairs = [ours / bare for ours, bare in zip(took[way], took["plain"], strict=True)]
        print(f"  {NAMES[way]:32s} / wait(), pair by pair: {', '.join(f'{pair:.3f}' for pair in pairs)}")
    return ratios


if __name__ == "__main__":
    numbers = [int(argument.replace("_", "")) for argument in sys.argv[1:3]]
    main(*(numbers + [10_000, 5][len(numbers) :]), ("plain", *sys.argv[3:]) if sys.argv[3:] else WAYS)
