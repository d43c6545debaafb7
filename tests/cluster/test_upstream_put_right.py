"""What ipyparallel gets wrong, shown where that is cheap, and right while the layer is on."""

import gc
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION
from pathlib import Path

import ipyparallel as ipp
import pytest
from gate import hold
from ipyparallel.error import TaskAborted
from kernels import connect as connecting
from kernels import printed
from tasks import nap, odd, speak

import ipar_results
from ipar_results.upstream import broadcasts

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def layer():
    ipar_results.enable()
    yield
    ipar_results.disable()


@pytest.fixture
def off():
    ipar_results.disable()


@pytest.fixture
def lview(rc):
    return rc.load_balanced_view()


# times ---------------------------------------------------------------------------------------------


def test_elapsed_never_falls_and_never_raises_while_results_pour_in(lview):
    ar = lview.map_async(nap, [0.01] * 150)
    problems, stop = [], threading.Event()

    def hammer():
        last = 0.0
        while not stop.is_set():
            try:
                now = ar.elapsed
                assert now >= last, (now, last)
                last = now
            except BaseException as error:
                problems.append(error)
                return

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for thread in threads:
        thread.start()
    ar.wait(60)
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems, problems[0]
    # what was asked just after the last answer, before it was known to be the last, is never taken back
    assert ar.wall_time <= ar.elapsed + 1e-6 < ar.wall_time + 5


def test_plain_elapsed_raises_where_an_answer_comes_just_then(off, lview, until, gate):
    ar = lview.map_async(hold, *gate.inputs(4))
    theirs = type(ar)._parse_metadata_dates

    def an_answer_comes(self):
        theirs(self)
        self._metadata[0]["submitted"] = "2026-11-24T11:04:22.739139Z"  # as the client's IO thread leaves it

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(ar), "_parse_metadata_dates", an_answer_comes)
        with pytest.raises(TypeError):
            _ = ar.elapsed


@pytest.mark.parametrize("kind", ["balanced", "direct", "map", "failing"])
def test_times_and_progress_are_upstreams_to_the_microsecond(rc, lview, kind):
    ar = {
        "balanced": lambda: lview.map_async(nap, [0.01] * 20),
        "direct": lambda: rc[:].apply_async(nap, 0.05),
        "map": lambda: rc[:].map_async(nap, [0.01] * 9),
        "failing": lambda: lview.map_async(odd, range(12)),
    }[kind]()
    assert ar.progress <= len(ar)
    ar.wait()
    ours = (ar.serial_time, ar.wall_time, ar.elapsed, ar.progress, len(ar))
    ipar_results.disable()
    theirs = (ar.serial_time, ar.wall_time, ar.elapsed, ar.progress, len(ar))
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_progress_rises_to_the_total(lview, until, gate):
    ar = lview.map_async(hold, *gate.inputs(8))
    for count in range(1, 9):
        assert ar.progress == count - 1
        gate.open(count)
        until(lambda count=count: ar.progress == count)
    assert ar.wait(20) and ar.progress == 8


@pytest.mark.parametrize("name", ["serial_time", "wall_time"])
def test_times_of_what_is_not_ready_are_refused_as_upstream_does(lview, name, gate):
    ar = lview.apply_async(hold, gate.path)
    with pytest.raises(TimeoutError, match="result not ready"):
        getattr(ar, name)


def test_asking_only_for_the_wall_time_after_an_early_look_gives_the_whole(lview):
    ar = lview.map_async(nap, [0.1] * 4)
    assert ar.elapsed >= 0
    ar.wait()
    assert ar.wall_time >= 0.2


def test_waiting_takes_what_upstreams_takes_with_the_same_defaults():
    """What is written, not what a wrapper says of what it wraps."""

    def taken():
        parameters = inspect.signature(ipp.AsyncResult.wait_interactive, follow_wrapped=False).parameters
        return [(each.name, each.kind, each.default) for each in parameters.values()]

    ours = taken()
    ipar_results.disable()
    assert ours == taken()
    assert [name for name, _, _ in ours] == ["self", "interval", "timeout", "widget", "return_when"]


# probing -------------------------------------------------------------------------------------------


def test_a_probe_for_a_missing_attribute_walks_no_metadata(lview, monkeypatch):
    ar = lview.map_async(nap, [0] * 4)
    ar.wait()
    walked = []
    monkeypatch.setattr(ipp.AsyncResult, "_parse_metadata_dates", lambda self: walked.append(self))
    assert not hasattr(ar, "_repr_html_")
    assert not hasattr(ar, "no_such_name")
    assert not walked


def test_upstream_walks_it_for_every_probe(lview, monkeypatch, off):
    ar = lview.map_async(nap, [0] * 4)
    ar.wait()
    walked = []
    monkeypatch.setattr(ipp.AsyncResult, "_parse_metadata_dates", lambda self: walked.append(self))
    assert not hasattr(ar, "_repr_html_")
    assert walked


def test_metadata_is_still_reached_by_attribute_and_the_error_names_the_type(lview):
    ar = lview.map_async(nap, [0] * 4)
    ar.wait()
    assert set(ar.engine_id) <= {0, 1}
    assert len(ar.submitted) == 4
    with pytest.raises(AttributeError, match="'AsyncMapResult' object has no attribute 'nonsense'"):
        ar.nonsense  # noqa: B018


# waiting -------------------------------------------------------------------------------------------


def fail_then_hold(path, number):
    if number == 0:
        raise ValueError("zero")
    return hold(path, number)


@pytest.mark.parametrize("when", [ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, None])
def test_every_return_when_returns_when_it_should_and_splits_nothing(lview, monkeypatch, until, gate, when):
    monkeypatch.setattr(ipp.AsyncResult, "split", lambda self: pytest.fail("split() was called"))
    ar = lview.map_async(fail_then_hold, [gate.path] * 3, range(3))
    how = {"widget": False, "return_when": when}
    thread = threading.Thread(target=ar.wait_interactive, kwargs=how, daemon=True)
    thread.start()
    waits_for_all = when in (ALL_COMPLETED, None)
    if waits_for_all:
        until(lambda: ar.monitor.snapshot().failed)
        assert thread.is_alive()
        gate.open()
    thread.join(30)
    assert not thread.is_alive() and ar.ready() == waits_for_all


def test_upstream_splits_for_every_other_return_when(lview, monkeypatch, off):
    calls = []
    split = ipp.AsyncResult.split
    monkeypatch.setattr(ipp.AsyncResult, "split", lambda self: calls.append(self) or split(self))
    ar = lview.map_async(nap, [0.2] * 4)
    ar.wait_interactive(widget=False, return_when=FIRST_COMPLETED)
    assert calls
    ar.wait()


def test_an_unknown_return_when_is_refused_at_once(lview, capsys):
    ar = lview.map_async(nap, [0.2] * 2)
    with pytest.raises(ValueError, match=r"Unrecognized return_when='SOON'.*expected ALL_COMPLETED"):
        ar.wait_interactive(widget=False, return_when="SOON")
    assert capsys.readouterr().err == ""
    ar.wait()


@pytest.mark.parametrize("timeout", [0, 0.3])
def test_a_timeout_returns_without_an_error(lview, gate, timeout):
    ar = lview.map_async(hold, *gate.inputs(2))
    begin = time.monotonic()
    assert ar.wait_interactive(widget=False, timeout=timeout) is None
    assert timeout <= time.monotonic() - begin < 20
    assert not ar.ready()


def test_a_failed_result_is_waited_for_without_raising(lview):
    ar = lview.map_async(odd, range(6))
    ar.wait_interactive(widget=False)
    assert not ar.successful()


def test_no_result_is_kept_by_a_cache_after_waiting(lview, until):
    ar = lview.map_async(nap, [0.05] * 4)
    ar.wait_interactive(widget=False, return_when=FIRST_COMPLETED)
    ar.split()
    ar.wait_interactive(widget=False)
    ar.wait_for_output()
    assert len(ar) == 4
    gone = weakref.ref(ar)
    del ar
    until(lambda: gc.collect() is not None and gone() is None, 10)


def test_upstream_keeps_it(lview, off):
    ar = lview.map_async(nap, [0.05] * 4)
    ar.wait_interactive(widget=False, return_when=FIRST_COMPLETED)
    ar.wait()
    ar.wait_for_output()
    gone = weakref.ref(ar)
    del ar
    gc.collect()
    assert gone() is not None
    ipp.AsyncResult.split.cache_clear()


@pytest.mark.parametrize("together", [False, True])
def test_a_client_keeps_nothing_of_a_broadcast_that_ends_before_its_sender_goes_on(
    rc, until, monkeypatch, together
):
    original = broadcasts.forget_broadcast_when_done

    def late(*args):  # as on a busy machine
        time.sleep(1)
        original(*args)

    def kept():
        return {name: set(getattr(rc, name)) - {"submitted"} for name in ("metadata", "_output_futures")}

    monkeypatch.setattr(broadcasts, "forget_broadcast_when_done", late)
    before = kept()
    assert rc.broadcast_view(is_coalescing=together).apply_async(nap, 0).get(30) == [0, 0]
    until(lambda: kept() == before)


def test_splitting_gives_upstreams_parts(lview):
    ar = lview.map_async(nap, [0.01] * 3)
    parts = ar.split()
    assert parts is ar.split()
    assert [part.msg_ids for part in parts] == [[msg_id] for msg_id in ar.msg_ids]
    single = lview.apply_async(nap, 0)
    assert single.split() == (single,)
    ar.wait()
    assert all(part.ready() for part in parts)


def interrupted(cluster, code):
    """Run a script, send it a real SIGINT once it has said "go"; returns what it printed."""
    # a shell that starts the tests in the background has them and all their children ignore SIGINT
    handler = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script = handler + connecting(cluster) + "import ipar_results\nipar_results.enable()\n" + code
    command, pipe = [sys.executable, "-u", "-c", script], subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
    try:
        assert any(line == "go\n" for line in process.stdout)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return printed(out), err


WAIT = (
    "import os, sys\n"
    "ar = lv.map_async(nap, [30.0] * 8)\n"  # so that none ends while a busy machine is late
    "while ar.monitor.snapshot().running < 2: time.sleep(0.01)\n"
    "def say_go():\n"  # once the main thread is in its wait
    "    where, main = [], threading.main_thread().ident\n"
    "    while where[:2] != ['threading.py', 'wait.py']:\n"
    "        time.sleep(0.05)\n"
    "        where, frame = [], sys._current_frames()[main]\n"
    "        while frame:\n"
    "            name, frame = os.path.basename(frame.f_code.co_filename), frame.f_back\n"
    "            where += [name] if name not in where[-1:] else []\n"
    "    print('\\ngo')\n"  # the bar does not end its line
    "threading.Thread(target=say_go, daemon=True).start()\n"
    "try:\n    ar.wait_interactive()\n"
    "except KeyboardInterrupt:\n    print('raised')\n"
)


def test_ctrl_c_stops_waiting_says_what_still_runs_and_raises(cluster):
    then = "print(ar.ready())\nar.monitor.cancel(interrupt=True)"
    out, err = interrupted(cluster, WAIT + then)
    assert out == ["raised", "False"]
    assert "8 of 8 tasks are not done (2 running, 6 queued) and go on" in err
    assert "ar.monitor.cancel()." in err and "ar.monitor.cancel(interrupt=True)" in err
    assert "Traceback" not in err


def test_what_is_said_after_ctrl_c_really_cancels_everything(cluster, rc):
    code = WAIT + (
        "begin = time.monotonic()\n"
        "print(ar.monitor.cancel(interrupt=True))\n"
        "ar.wait_interactive(timeout=20)\n"
        "s = ar.monitor.snapshot()\n"
        "print(s.finished, s.aborted, s.failed, ar.ready(), time.monotonic() - begin < 20)\n"
        "try:\n    ar.get(5)\nexcept Exception as e:\n    print(type(e).__name__)\n"
    )
    out, _ = interrupted(cluster, code)
    assert out[1].startswith("Cancelled(cancelled=6, interrupted=2,")
    assert out[2:] == ["True 6 2 True True", "TasksCancelled"]
    assert len(rc[:].apply_sync(os.getpid)) == 2  # both engines are as well as before


def test_an_aborted_map_resolves(lview, until, gate):
    ar = lview.map_async(hold, *gate.inputs(6))
    until(lambda: ar.monitor.snapshot().running == 2)
    ar.abort()
    gate.open()
    ar.wait_interactive(widget=False, timeout=20)
    assert ar.ready()
    with pytest.raises(TaskAborted):
        ar.get(1)
    snapshot = ar.monitor.snapshot()
    assert snapshot.aborted == 4
    assert snapshot.state == "failed"


# streaming -----------------------------------------------------------------------------------------


def test_output_of_a_map_can_be_streamed(lview, capsys, until):
    ar = lview.map_async(speak, ["one", "two"])
    with ar.stream_output():
        ar.wait()
        ar.wait_for_output()
    out, err = capsys.readouterr()
    assert "one" in out and "two" in out
    assert "[stdout:" in out and "[stderr:" in err
    assert ar._targets is None


def test_upstream_cannot_stream_a_map(lview, off):
    ar = lview.map_async(speak, ["one"])
    with pytest.raises(TypeError), ar.stream_output():
        pass
    ar.wait()


def test_streaming_takes_its_callbacks_off_again(lview):
    ar = lview.map_async(nap, [0.1] * 3)
    before = [list(child.iopub_callbacks) for child in ar._children]
    with ar.stream_output():
        assert all(child.iopub_callbacks for child in ar._children)
    assert [child.iopub_callbacks for child in ar._children] == before
    ar.wait()


def test_streaming_that_fails_does_not_stall_the_client(lview, monkeypatch):
    monkeypatch.setattr(ipp.AsyncResult, "_display_stream", lambda *args, **kwargs: 1 / 0)
    ar = lview.map_async(speak, ["one", "two"])
    with ar.stream_output():
        ar.wait()
        assert ar.wait_for_output(20)
    assert lview.apply_sync(nap, 0) == 0
