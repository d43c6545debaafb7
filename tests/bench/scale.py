"""A million tasks on 1,024 engines: `python tests/bench/scale.py [N ...]`, or `--real [N]` on local engines.

The futures and the AsyncResult are ipyparallel's own and are fed by hand (see observe.py); followed, tracker,
ticker, channel and renderers are those of a kernel, and only the comm and the display's publisher are ours.
First, futures that are not followed and futures that are take turns, a thousand at a time, and the
median difference is what following costs. Then all is played in real time, with a card displayed and the
ticker's thread running, and what is sent is looked at. ``--real`` maps no-op tasks on two local engines in a
kernel, with a card that a labextension draws and plainly, and takes minutes.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import observe
from observe import SESSION, START, busy_message, play, row, text, timed

from ipar_results.config import IPythonParallelResults
from ipar_results.live.channel.channel import Channel
from ipar_results.live.display.display import LiveDisplay
from ipar_results.live.display.mime import bundle
from ipar_results.live.ticker import Ticker
from ipar_results.results.registry import Registry
from ipar_results.results.tracker import Tracker

ENGINES = 1_024
SIZES = (1_000, 10_000, 100_000, 1_000_000)
TURN = 1_000  # tasks played before it is the others' turn
ALONE = 100_000  # futures that are not followed, at most
PACE = 20_000  # tasks a second while all is played: some twenty times what ipyparallel delivers
FAILS = 9_973  # every so many tasks one fails
SECONDS = 0.016


def events(begin: int, end: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Busy message and reply of some tasks; all at once they would take gigabytes."""
    made = []
    for i in range(begin, end):
        since = START + timedelta(microseconds=50 * i + 17)
        engine = f"engine-uuid-{i % ENGINES}"
        reply = dict(
            engine_id=i % ENGINES,
            engine_uuid=engine,
            status="ok" if i % FAILS else "error",
            submitted=text(START + timedelta(microseconds=i)),
            started=since,
            completed=text(since + timedelta(seconds=SECONDS)),
            received=since + timedelta(seconds=SECONDS + 0.002),
        )
        made.append((busy_message(f"{SESSION}_4711_{i}", engine), reply))
    return made


def submitted(n: int) -> tuple[Any, list[Any]]:
    """A map of n inputs; no garbage collection runs while its million objects are made."""
    gc.collect()  # the last million, or both would have to fit
    gc.disable()
    made = observe.submit(n)
    gc.enable()
    gc.collect()
    return made


# what following costs -----------------------------------------------------------------------------


def followed(n: int) -> tuple[float, float]:
    """Seconds of CPU a task: of following, and of the futures alone."""
    ours: list[float] = []
    bare: list[float] = []
    attached: list[float] = []
    every = 1 + n // ALONE  # a hundred turns of the others are enough
    for _ in range(max(1, min(40, ALONE // n))):
        result, futures = submitted(n)
        # made beforehand too: what was made just now is still in the processor's cache, and half as dear
        other, alone = submitted(min(n, ALONE))
        registry = Registry()
        registry.connection(result._client)  # as the layer does before a client's first result
        gc.freeze()  # a collection that happens to come would look at a million futures, in one of the turns
        begin = time.process_time()
        followed = registry.followed(result)
        attached.append((time.process_time() - begin) / n)
        for turn, first in enumerate(range(0, n, TURN)):
            end = min(n, first + TURN)
            turns = [(ours, result._client, futures[first:end], events(first, end), followed.drain)]
            if turn % every == 0:
                begun = turn // every * TURN
                ended = begun + end - first
                plain = (bare, other._client, alone[begun:ended], events(begun, ended), _nothing)
                turns.insert(turn // every % 2, plain)
            for took, client, some, feed, tick in turns:
                begin = time.process_time()
                play(client, some, feed, tick)
                took.append((time.process_time() - begin) / len(feed))
        # not len(result): upstream's cache would keep it, and a million futures with it
        assert followed.record.done == n == followed.record.columns.total
        gc.unfreeze()
    alone_cost = statistics.median(bare)
    return statistics.median(attached) + statistics.median(ours) - alone_cost, alone_cost


def _nothing() -> None:
    """What takes in what happened to futures that are not followed."""


# everything together ------------------------------------------------------------------------------


class Comm:
    """Keeps when something was sent and how large it was."""

    comm_id, _closed = "bench", False

    def __init__(self, sent: list[tuple[float, int, int]]) -> None:
        self.sent = sent

    def send(self, data: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """As a real comm does, make JSON of it."""
        size = len(json.dumps(data)) + sum(map(len, buffers or ()))
        heads = [each["head"]["done"] for each in data.get("results", ()) if "done" in each.get("head", ())]
        self.sent.append((time.monotonic(), size, heads[-1] if heads else -1))

    def close(self) -> None:
        """Nothing is held."""


class Kernel:
    """Recorder, tracker, ticker, channel and displays as the extension joins them."""

    def __init__(self) -> None:
        self.config = IPythonParallelResults()
        self.registry = Registry(lambda: 3_600.0)  # there is no controller that could be asked
        self.ticker = Ticker(lambda: self.config.messages)
        self.tracker = Tracker(self.registry.followed, self.ticker.wake)
        self.sent: list[tuple[float, int, int]] = []
        self.published: list[int] = []
        kernel = SimpleNamespace(control_handlers={}, session=None)
        self.channel = Channel(kernel, self.tracker, self.config, self.ticker.wake)
        self.channel._comm = Comm(self.sent)
        self.ticker.jobs += [self.tracker.round, self.channel.do_housekeeping]
        self.ticker.permanent.append(self.channel)
        hello = {"protocol": 1, "type": "hello", "request": "bench", "client": "bench", "rate": 5}
        assert self.channel.answer(hello)["status"] == "ok"

    def show(self, result: Any) -> LiveDisplay:
        """Display a result whose card a labextension draws."""
        entry = self.tracker.entry(result)
        self.channel.watch(entry)
        followed, between_steps = self.registry.followed(result), self.ticker.update_permanent
        live = LiveDisplay(
            result, followed, self.config, self._publish, "html", self.channel, entry.id, between_steps
        )
        live.open()
        self.ticker.add(live)
        return live

    def _publish(self, data: dict[str, Any], *args: Any, **keys: Any) -> None:
        self.published.append(len(json.dumps(data)))

    def close(self) -> None:
        """End the ticker."""
        self.ticker.stop()
        self.tracker.close()
        self.registry.close()


def parts(n: int) -> Iterator[tuple[int, int]]:
    """Tasks of each tenth of a second."""
    step = PACE // 10
    for first in range(0, n, step):
        yield first, min(n, first + step)


def paced(result: Any, futures: list[Any]) -> tuple[list[tuple[float, int]], float]:
    """Play all in real time; when how many had ended, and the seconds of CPU that making the events took."""
    changed: list[tuple[float, int]] = []
    feeding, began, n = 0.0, time.monotonic(), len(futures)
    for k, (first, end) in enumerate(parts(n)):
        before = time.thread_time()
        feed = events(first, end)
        feeding += time.thread_time() - before
        play(result._client, futures[first:end], feed, _nothing, end - first)
        changed.append((time.monotonic(), end))
        time.sleep(max(0.0, began + 0.1 * (k + 1) - time.monotonic()))
    return changed, feeding


def unfollowed(n: int) -> float:
    """Seconds of CPU a task, where the same is played in real time and not followed."""
    result, futures = submitted(n)
    gc.freeze()
    begin = time.process_time()
    _, feeding = paced(result, futures)
    cost = (time.process_time() - begin - feeding) / n
    gc.unfreeze()
    return cost


def together(n: int) -> SimpleNamespace:
    """Play all in real time, displayed: what was sent, and the seconds of CPU a task."""
    result, futures = submitted(n)
    kernel = Kernel()
    gc.freeze()  # as in the turns: else what is looked at, again and again, are a million bare futures
    begin = time.process_time()
    live = kernel.show(result)
    shown = time.process_time() - begin
    followed = kernel.registry.followed(result)
    changed, feeding = paced(result, futures)
    deadline = time.monotonic() + 60
    # the rows of a million would take five minutes more, at 50 kB a second
    while not (live.over and followed.record.done == n and max(done for _, _, done in kernel.sent) == n):
        assert time.monotonic() < deadline, "the card never came to its end"
        time.sleep(0.05)
    cost = (time.process_time() - begin - feeding) / n
    gc.unfreeze()
    kernel.close()
    return SimpleNamespace(
        kernel=kernel, result=result, followed=followed, shown=shown, changed=changed, cost=cost
    )


def memory(n: int) -> float:
    """Bytes a task while it runs: what attaching took, and the index made at the first message."""
    result, _ = submitted(n)
    tracemalloc.start()
    followed = Registry().followed(result)
    followed.record.columns.find(result.msg_ids[:1])
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / n


def latest(changed: list[tuple[float, int]], sent: list[tuple[float, int, int]]) -> float:
    """Seconds from an end to the message that tells of it, the longest."""
    told = [(at, done) for at, _, done in sent if done >= 0]
    worst, k = 0.0, 0
    for at, ended in changed:
        while k < len(told) and told[k][1] < ended:
            k += 1
        assert k < len(told), f"no message said that {ended:,} had ended"
        worst = max(worst, told[k][0] - at)
    return worst


# a real run ---------------------------------------------------------------------------------------


def real(tasks: int = 100_000, rounds: int = 3) -> int:
    """Real engines, in one kernel: a displayed card against plain wait(), in turns; 1 where it costs more."""
    import overhead

    return int(overhead.main(tasks, rounds, ("plain", "card"))["card"] > overhead.GOAL)


def main(sizes: list[int]) -> int:
    """Print the tables; 1 where a goal does not hold."""
    observe.ENGINES = ENGINES
    problems: list[str] = []

    def goal(what: str, value: float, most: float, unit: str, digits: int = 1, note: str = "") -> None:
        row(what, f"{value:,.{digits}f} {unit}", f"≤ {most:g} {unit}", note)
        if value > most:
            problems.append(what)

    print(f"following, {ENGINES:,} engines, CPU a task")
    costs: dict[int, float] = {}
    for n in sizes:
        costs[n], bare = followed(n)
        goal(f"{n:,} tasks", 1e6 * costs[n], 5, "µs", 2, f"the futures alone {1e6 * bare:.1f} µs")
    if len(sizes) > 1:
        spread = max(costs.values()) / min(costs.values())
        goal("dearest / cheapest", spread, 1.3, "×", 2)
    n = max(sizes)
    print(f"\nall together, {n:,} tasks in real time, {PACE:,} a second")
    goal("a task in memory", memory(n), 100, "B", 0)
    bare = unfollowed(n)
    seen = together(n)
    sent = seen.kernel.sent
    goal("CPU a task", 1e6 * (seen.cost - bare), 5, "µs", 2, f"the futures alone {1e6 * bare:.1f} µs")
    row("… of it the first display", f"{1e6 * seen.shown / n:.2f} µs", "", f"{seen.shown:.2f} s, once")
    goal("largest message", max(size for _, size, _ in sent) / 1e3, 64, "kB")
    span = sent[-1][0] - sent[0][0]
    goal("messages a second", len(sent) / span, 10, "")
    goal("kB a second", sum(size for _, size, _ in sent) / span / 1e3, 50, "kB")
    goal("latest update", latest(seen.changed, sent), 0.5, "s", 2)
    goal("snapshot()", 1e3 * timed(seen.followed.snapshot), 5, "ms")
    html = bundle(seen.followed.snapshot(), seen.kernel.config, timeline=seen.followed.timeline)["text/html"]
    goal("HTML", len(html.encode()) / 1e3, 200, "kB")
    goal("largest output that a notebook keeps", max(seen.kernel.published) / 1e3, 300, "kB")
    print("\nall goals hold" if not problems else f"\ndoes not hold: {', '.join(problems)}")
    return bool(problems)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--real"]
    numbers = [int(word.replace("_", "")) for word in words]
    sys.exit(real(*numbers) if "--real" in sys.argv else main(numbers or list(SIZES)))
