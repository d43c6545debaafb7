"""What the kernel of the endurance run does, round after round, and the figures that must stay flat."""

import ctypes
import dataclasses
import gc
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import suppress

import ipyparallel as ipp
import psutil
from IPython import get_ipython
from IPython.display import display

import ipar_results

ENGINES = 2
LOSE_EVERY = 12  # rounds between the deaths of engines
RELOAD_EVERY = 30  # rounds between unloading and loading
# a page opens it to ask for widgets, and one that goes may not close it
PASSING = "jupyter.widget.control"


def work(number, place):
    """Fail the first time for some numbers, write now and then."""
    import pathlib

    if number % 10 == 0:
        print("number", number)
    seen = pathlib.Path(place, str(number))
    if number % 6 == 1 and not seen.exists():
        seen.touch()
        raise ValueError(f"{number} is new")
    return number


def nap(seconds):
    """Sleep that long."""
    import time

    time.sleep(seconds)
    return seconds


def _trim():
    """Return free memory to the system: glibc keeps some for each thread that ever ran, one page each."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


class Rounds:
    """A user who never stops: a cluster, a client, and one round of work after another."""

    def __init__(self):
        ipar_results.enable()
        self.cluster = ipp.Cluster(n=ENGINES, log_level=logging.CRITICAL)
        self.client = self.cluster.start_and_connect_sync(activate=False)
        self.directory = tempfile.TemporaryDirectory(prefix="ipar-soak-")
        self.started = []
        self.count = self.tasks = self.engines_lost = 0
        self.wrong = ""

    def one(self):
        """One round; raises where a count is wrong, and again at every later question for figures."""
        self.count += 1
        try:
            self._work()
        except BaseException:
            self.wrong = traceback.format_exc()  # the page may have been loaded anew meanwhile
            raise

    def _work(self):
        self._map_fail_retry()
        self._cancel()
        self._everywhere()
        if self.count % LOSE_EVERY == 0:
            self._lose_an_engine()
        if self.count % RELOAD_EVERY == 0:
            ipar_results.disable()
            ipar_results.enable()
        self.client.purge_everything()

    def close(self):
        """Stop the engines."""
        self.client.close()
        self.cluster.stop_cluster_sync()
        for engine in self.started:
            engine.terminate()
            engine.wait()
        self.directory.cleanup()

    def figures(self):
        """What must stay flat; memory in MB."""
        assert not self.wrong, self.wrong
        ipython = get_ipython()
        deadline = time.monotonic() + 120
        layer = ipar_results.live.session.current()
        while layer.ticker.updatables() and time.monotonic() < deadline:
            time.sleep(0.05)  # what has ended is sent when there is room, and then let go of
        gc.collect()
        _trim()
        process = psutil.Process()
        threads = [each.name for each in threading.enumerate()]
        subshells = sum(name.startswith("subshell") for name in threads)
        return {
            "rounds": self.count,
            "tasks": self.tasks,
            "memory": process.memory_info().rss / 1e6,
            "objects": len(gc.get_objects()),
            "threads": len(threads) - subshells,
            "subshells": subshells,
            "files": process.num_fds(),
            "comms": sum(each.target_name != PASSING for each in ipython.kernel.comm_manager.comms.values()),
            "handlers": len(ipython.kernel.control_handlers),
            "followed": len(layer.ticker.updatables()),
            "engines lost": self.engines_lost,
        }

    # what a round consists of ------------------------------------------------------------------------

    def _map_fail_retry(self):
        place = tempfile.mkdtemp(dir=self.directory.name)
        ar = self.client.load_balanced_view().map_async(work, range(60), [place] * 60)
        display(ar)
        ar.wait_interactive(timeout=60)
        self._counts(ar, ok=50, failed=10)
        told = ar.monitor.retry()
        assert told.retried == 10, told
        assert ar.get(60) == list(range(60))
        self._counts(ar, ok=60)

    def _cancel(self):
        ar = self.client.load_balanced_view().map_async(nap, [0.3] * 24, chunksize=2)
        display(ar)
        while not ar.monitor.snapshot().running:
            time.sleep(0.01)
        told = ar.monitor.cancel(interrupt=True)
        assert sum(dataclasses.astuple(told)) == 24, told
        assert ar.wait(60)
        state = ar.monitor.snapshot()
        assert state.aborted and state.ok + state.failed + state.aborted == state.done == 24, state
        self.tasks += 24

    def _everywhere(self):
        views = self.client[:], self.client.broadcast_view()
        results = [view.apply_async(nap, 0.01) for view in views]
        results.append(self.client[:].map_async(nap, [0.01] * 12))
        display(*results)
        for ar in results:
            ar.wait(60)
            self._counts(ar, ok=len(ar))

    def _lose_an_engine(self):
        pids = self.client[:].apply_async(os.getpid).get_dict()
        ar = self.client.load_balanced_view().map_async(nap, [0.1] * 20)
        while ar.progress < 4:
            time.sleep(0.01)
        os.kill(pids[min(pids)], signal.SIGKILL)
        assert ar.wait(60)
        state = ar.monitor.snapshot()
        assert state.ok + state.failed == state.total == 20 and state.failed <= 2, state
        self._start_an_engine()
        deadline = time.monotonic() + 60
        while len(self.client.ids) < ENGINES:  # wait_for_engines() minds that all of an older set are dead
            assert time.monotonic() < deadline, "no engine came"
            time.sleep(0.05)
        ar.monitor.retry()
        assert ar.get(60) == [0.1] * 20
        self.tasks += 20
        self.engines_lost += 1

    def _start_an_engine(self):
        """As a batch system does: a launcher in this process would keep what each dead engine wrote."""
        place = self.cluster
        where = [f"--cluster-id={place.cluster_id}", f"--profile-dir={place.profile_dir}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.started = [each for each in self.started if each.poll() is None]
        self.started.append(subprocess.Popen([sys.executable, "-m", "ipyparallel.engine", *where], **quiet))

    def _counts(self, ar, ok, failed=0):
        state = ar.monitor.snapshot()
        assert (state.ok, state.failed, state.aborted) == (ok, failed, 0), state
        assert state.finished and state.done == state.total == len(ar), state
        if not failed:
            self.tasks += state.total
