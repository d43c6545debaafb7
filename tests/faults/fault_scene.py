"""Plays a plan on a real cluster, and says what did not hold."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ipyparallel as ipp
import psutil
from fault_followed import Followed, submit
from fault_plan import ENGINES, TASKS, Plan, Strike

import ipar_results
from ipar_results import RetryError
from ipar_results.control import exhausted_retries

CONTACT = 3.0
STILL = 1.0  # seconds without a further end after which the next strike comes all the same
PATIENCE = 60.0  # seconds in which everything has to end after the last strike

_RELAYS = {
    "task scheduler": "_task_socket",
    "direct scheduler": "_mux_socket",
    "broadcast scheduler": "_broadcast_socket",
    "control scheduler": "_control_socket",
    "iopub scheduler": "_iopub_socket",
}


class Log(logging.Handler):
    """What ipar_results says of its own troubles."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.troubles: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "ipar_results failed while" in record.getMessage():
            text = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            self.troubles.append(f"{record.getMessage()}\n{text}")


class Stage:
    """A cluster with its parts by name, and a client."""

    def __init__(self) -> None:
        self.cluster = ipp.Cluster(n=ENGINES, log_level=logging.CRITICAL)
        self.client = self.cluster.start_and_connect_sync()
        self.client.wait_for_engines(ENGINES, timeout=60, interactive=False)
        self.engines = {
            i: psutil.Process(pid) for i, pid in self.client[:].apply_async(os.getpid).get_dict().items()
        }
        self.processes = psutil.Process().children(recursive=True)
        hub = psutil.Process(self.cluster.controller.pid)
        self.parts = {"hub": [hub]}
        left = {child: _listens(child) for child in hub.children(recursive=True)}
        for name, attribute in _RELAYS.items():
            port = int(getattr(self.client, attribute).LAST_ENDPOINT.decode().rpartition(":")[2])
            self.parts[name] = [child for child, ports in left.items() if port in ports]
        named = {process for part in self.parts.values() for process in part}
        self.parts["controller"] = [*left, hub]
        # the last that the controller starts; what else is left are the leaves of the broadcast's tree
        self.parts["heartmonitor"] = sorted(left.keys() - named, key=lambda process: process.pid)[-1:]

    def kill(self, what: str, pick: float) -> None:
        """Kill a part as the kernel would, or close the client."""
        if what == "client closed":
            self.client.close()
        elif what in ("engine", "all engines"):
            alive = [process for process in self.engines.values() if process.is_running()]
            for process in alive if what == "all engines" else alive[int(pick * len(alive)) :][:1]:
                _kill(process)
        elif what == "new engines":
            self.cluster.start_engines_sync(n=2)
            self.client.wait_for_engines(2, timeout=60, interactive=False)
            known = set(self.processes)
            now = psutil.Process().children(recursive=True)
            self.processes += [each for each in now if each not in known]
        else:
            assert self.parts[what], f"the test did not find the {what}"
            for process in self.parts[what]:
                _kill(process)

    def strike_down(self) -> None:
        """Leave nothing behind."""
        self.client.close()
        for process in self.processes:
            _kill(process)
        psutil.wait_procs(self.processes, timeout=10)
        with suppress(Exception):
            self.cluster.stop_cluster_sync()


def _listens(process: psutil.Process) -> set[int]:
    return {c.laddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.Error):
        process.send_signal(signal.SIGKILL)


def play(plan: Plan) -> tuple[list[str], str]:
    """Play a plan to its end; what did not hold, and a line of figures."""
    if any(strike.what == "client killed" for strike in plan.strikes):
        from fault_orphans import play_orphans

        return play_orphans(plan)
    log = Log()
    logging.getLogger("ipar_results").addHandler(log)
    ipar_results.enable()
    ipar_results.live.session.current().config.contact_timeout = CONTACT
    exhausted_retries.LAST_RETRY_TIMEOUT = 2.0
    stage = Stage()
    try:
        results = submit(stage.client, plan)
        problems = _act(plan, stage, results)
        if not problems:
            for followed in results:
                problems += followed.verdict()
        told = _told(results)
    finally:
        stage.strike_down()
        ipar_results.disable()
    return [*problems, *log.troubles], told


def _told(results: list[Followed]) -> str:
    states = [followed.state() for followed in results]
    ok, failed, aborted = (sum(getattr(s, name) for s in states) for name in ("ok", "failed", "aborted"))
    total, lost = sum(s.total for s in states), sum(s.total - s.done for s in states)
    return f"{total} = {ok} ok + {failed} failed + {aborted} aborted + {lost} not heard of"


def _act(plan: Plan, stage: Stage, results: list[Followed]) -> list[str]:
    if sum(followed.submission.inputs for followed in results) != TASKS:
        return [f"the plan is not of {TASKS} tasks"]
    problems: list[str] = []
    strikes = list(plan.strikes)
    watcher = Watcher(results) if plan.watched else None
    arrived, moved_at = -1, time.monotonic()
    while True:
        for followed in results:
            followed.listen()
        now = sum(followed.ended for followed in results)
        if now != arrived:
            arrived, moved_at = now, time.monotonic()
        over = all(followed.over for followed in results)
        if strikes and (arrived >= strikes[0].at or over or time.monotonic() - moved_at > STILL):
            problems += _strike(strikes.pop(0), stage, results)
            moved_at = time.monotonic()
        elif over and not strikes:
            break
        elif not strikes and time.monotonic() - moved_at > PATIENCE:
            problems += [f"hangs: {followed.describe()}" for followed in results if not followed.over]
            break
        time.sleep(0.03)
    if watcher is not None:
        problems += watcher.stop()
    return problems


def _strike(strike: Strike, stage: Stage, results: list[Followed]) -> list[str]:
    if strike.what == "nothing":
        return []
    if strike.what == "retry":
        return _limited("retry", 40.0, lambda: _retry(results))
    if strike.what in ("cancel", "interrupt"):
        pending = [followed for followed in results if not followed.over] or results
        ar = pending[int(strike.pick * len(pending))].ar
        return _limited(
            "cancel", 7.0, lambda: ar.monitor.cancel(interrupt=strike.what == "interrupt", timeout=3.0)
        )
    stage.kill(strike.what, strike.pick)
    return []


def _retry(results: list[Followed]) -> None:
    for followed in results:
        if followed.ar.monitor.snapshot().failures or followed.ar.monitor.snapshot().aborted:
            with suppress(RetryError):  # it says why not
                followed.ar.monitor.retry()
            followed.listen()


def _limited(what: str, seconds: float, do: Callable[[], Any]) -> list[str]:
    begin = time.monotonic()
    do()
    took = time.monotonic() - begin
    return [f"{what} took {took:.1f} s"] if took > seconds else []


class Watcher:
    """Thread that reads all results again and again."""

    def __init__(self, results: list[Followed]) -> None:
        self._results = results
        self._problems: list[str] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(0.05):
            for followed in self._results:
                try:
                    self._problems += followed.look()
                except Exception as error:
                    self._problems.append(f"{followed.describe()}: {error!r}")

    def stop(self) -> list[str]:
        """What did not hold while it looked, the first few."""
        self._stopped.set()
        self._thread.join(20)
        return self._problems[:5]
