"""What following tasks one by one costs: `python tests/bench/follow.py [N ...]`.

`ipar_results.as_completed` beside plain iteration of the result and `concurrent.futures.as_completed` over
`ar.split()`, all in one run, with the layer off. The futures, the metadata and the results are ipyparallel's
own and fed by hand, in a thread, as the client's thread would: what is measured is what the ways of following
add, for the cost of the feeding alone is taken off. A list of single results is followed as well; making that
list is part of its cost, as making the parts is of `split()`.
"""

from __future__ import annotations

import concurrent.futures
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from ipyparallel import AsyncResult
from observe import fed, submit

import ipar_results

REPEATS = {1_000: 5, 10_000: 2}  # split() takes seconds at 10,000


def feed(futures: list[Any], messages: list[Any]) -> None:
    """All replies, one after the other."""
    for future, (_, reply) in zip(futures, messages, strict=True):
        future.output.metadata.update(status="ok", **{k: v for k, v in reply.items() if k != "status"})
        future.set_result([1])
        future.output.set_result(None)


def plain(result: Any) -> Iterable[Any]:
    return iter(result)


def by_futures(result: Any) -> Iterable[Any]:
    return concurrent.futures.as_completed(result.split())


def ours(result: Any) -> Iterable[Any]:
    return ipar_results.as_completed(result, quiet=True)


def ours_of_many(result: Any) -> Iterable[Any]:
    results = [AsyncResult(result._client, future, fname="f", owner=True) for future in result._children]
    return ipar_results.as_completed(results, quiet=True)


def follow(n: int, way: Callable[[Any], Iterable[Any]] | None) -> tuple[float, int]:
    """Seconds of CPU that this process takes to feed and follow n tasks, and how many were given."""
    result, futures = submit(n)
    for i, future in enumerate(futures):
        future.output.metadata["engine_id"] = None
        future.msg_id = result.msg_ids[i]
    messages = fed(n)
    thread = threading.Thread(target=feed, args=(futures, messages))
    gc.collect()
    gc.disable()
    began = time.process_time()
    tasks = way(result) if way is not None else None
    thread.start()
    given = sum(1 for _ in tasks) if tasks is not None else n
    thread.join()
    spent = time.process_time() - began
    gc.enable()
    ipar_results.disable()
    return spent, given


def main(sizes: list[int]) -> int:
    ways = SimpleNamespace(
        **{
            "plain iteration": plain,
            "futures.as_completed(ar.split())": by_futures,
            "ipar_results.as_completed(ar)": ours,
            "ipar_results.as_completed(list)": ours_of_many,
        }
    )
    slow = False
    print(f"{'tasks':>7}  {'way':<34}{'µs a task':>10}{'of split()':>12}")
    for n in sizes:
        repeats = range(REPEATS.get(n, 2))
        bare = min(follow(n, None)[0] for _ in repeats)
        costs = {}
        for name, way in vars(ways).items():
            runs = [follow(n, way) for _ in repeats]
            assert all(given == n for _, given in runs), f"{name} gave {runs} of {n}"
            costs[name] = max(0.0, min(spent for spent, _ in runs) - bare) / n * 1e6
        base = costs["futures.as_completed(ar.split())"]
        for name, cost in costs.items():
            print(f"{n:>7,}  {name:<34}{cost:>10.1f}{cost / base if base else float('nan'):>11.2f}×")
        slow |= costs["ipar_results.as_completed(ar)"] > 20
    return int(slow)


if __name__ == "__main__":
    sys.exit(main([int(n) for n in sys.argv[1:]] or [1_000, 10_000]))
