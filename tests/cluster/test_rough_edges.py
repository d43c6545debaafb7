"""Interruptions at the worst moment, observers that unload, values and clusters that misbehave."""

import threading
import time

import pytest
from gate import hold
from tasks import nap

import ipar_results
from ipar_results.attach import enable as layer
from ipar_results.live import wait
from ipar_results.record.columns import Columns

pytestmark = pytest.mark.cluster


@pytest.fixture(autouse=True)
def off():
    ipar_results.disable()
    yield
    ipar_results.disable()


@pytest.mark.parametrize("value", ["10**5000", "[10**5000]", "b'x' * 50_000_000"])
def test_a_value_that_python_will_not_write_out_is_described(rc, value):
    ar = rc[0].apply_async(eval, value)
    ar.wait(30)
    shown = ipar_results.monitor(ar).snapshot().value
    assert shown and len(shown) < 100


def test_an_error_of_ours_does_not_swallow_ctrl_c(rc, monkeypatch):
    ipar_results.enable()
    monkeypatch.setattr(wait, "print_unfinished", lambda followed: 1 / 0)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(wait, "_condition_met", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rc[:].apply_async(nap, 0.2).wait_interactive()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupt_in_the_middle_of_counting_loses_nothing(rc, monkeypatch, moment):
    """Ctrl-C reaches the thread that waits wherever it is; the next look puts right what it left undone."""
    ar = rc.load_balanced_view().map_async(nap, [0.05] * 12)
    followed = layer.current().followed(ar)
    whole = Columns.end

    def torn(columns, *arguments):
        if moment == "after":
            whole(columns, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(Columns, "end", torn)
    with pytest.raises(KeyboardInterrupt):
        while True:
            followed.drain()
    monkeypatch.setattr(Columns, "end", whole)
    ar.wait(30)
    state = followed.snapshot()
    assert (state.done, state.ok, state.finished) == (12, 12, True)
    assert sum(load.done for load in state.engines) == 12
    version = followed.record.version
    followed.drain()
    assert followed.record.version == version


def test_unloading_during_a_wait_for_the_first_does_not_delay_it(rc, gate):
    """The followed hears nothing any more, and looks for itself."""
    ipar_results.enable()
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(4))
    first = {"return_when": "FIRST_COMPLETED", "widget": False}
    thread = threading.Thread(target=ar.wait_interactive, kwargs=first)
    thread.start()
    ipar_results.disable()
    gate.open(2)
    thread.join(30)
    assert not thread.is_alive() and not ar.ready()
    gate.open()
    ar.wait(30)


def test_an_observer_may_unload_the_layer(rc, until, gate):
    """Neither the thread that draws nor the one that unloads waits for the other."""
    ipar_results.enable()
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(30))
    widget = ipar_results.ResultWidget(ar)
    widget.observe(lambda change: ipar_results.disable(), "done")
    gate.open(2)
    until(lambda: not ipar_results.enabled())
    gate.open()
    ipar_results.enable()
    assert ipar_results.monitor(ar).snapshot().total == 30
    ar.wait(30)


def test_engines_that_leave_after_the_end_did_not_die_on_the_result(start_cluster, connect, until):
    cluster = start_cluster(2)
    rc = connect(cluster)
    ar = rc.load_balanced_view().map_async(nap, [0.05] * 6)
    late = rc[:].apply_async(nap, 0.05)
    monitor = ipar_results.monitor(ar)
    ar.wait(30)
    late.wait(30)
    cluster.stop_engines_sync()
    until(lambda: not rc.ids)
    assert all(load.alive for load in monitor.snapshot().engines)
    assert all(load.alive for load in ipar_results.monitor(late).snapshot().engines)


def test_turning_off_also_forgets_what_was_followed_while_off(rc):
    """A monitor that was asked for without the layer leaves no callback behind either."""
    before = list(rc._registration_callbacks)
    ar = rc[:].apply_async(nap, 0.5)
    ipar_results.monitor(ar).snapshot()
    assert rc._registration_callbacks != before
    ipar_results.enable()
    ipar_results.disable()
    assert rc._registration_callbacks == before
    assert all(not child.iopub_callbacks for child in ar._children)
    ar.wait(30)


def test_a_result_of_the_hub_is_as_old_as_its_tasks(cluster, connect, rc, until):
    ar = rc[:].apply_async(nap, 2)
    until(lambda: time.time() - ar.metadata[0]["submitted"].timestamp() > 1)
    of_hub = connect(cluster).get_result(ar.msg_ids)
    monitor = ipar_results.monitor(of_hub)
    until(lambda: monitor.snapshot().elapsed > 1)
    ar.wait(30)


def test_a_coalesced_reply_names_its_engines_once_and_claims_no_efficiency(rc):
    ar = rc.broadcast_view(is_coalescing=True).apply_async(nap, 0.1)
    ar.wait(30)
    state = ipar_results.monitor(ar).snapshot()
    assert state.efficiency is None
    assert "engine engines" not in ipar_results.monitor(ar).__repr__()
