"""Loading and unloading: unloading restores everything exactly as it was before."""

import importlib
import logging
import subprocess
import sys
import threading
from pathlib import Path

import ipyparallel as ipp
import pytest
from gate import hold
from ipyparallel import util
from ipyparallel.client.view import View
from kernels import Kernel, connect, printed
from tasks import nap

import ipar_results
from ipar_results.attach.extension import Extension
from ipar_results.log import logger

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
CLASSES = (ipp.AsyncResult, ipp.AsyncMapResult, ipp.AsyncHubResult, ipp.Client, View)


@pytest.fixture(autouse=True)
def off():
    ipar_results.disable()
    yield
    ipar_results.disable()


def formatters(shell):
    """Return all formatters of a shell."""
    display = shell.display_formatter
    return {
        **display.formatters,
        "ipython_display": display.ipython_display_formatter,
        "mimebundle": display.mimebundle_formatter,
    }


def state(shell=None, client=None, futures=()):
    """Return copies of everything that loading changes, for comparison."""
    found = {
        **{cls.__name__: dict(vars(cls)) for cls in CLASSES},
        "parse_date": util._parse_date,
        "log handlers": list(logger.handlers) + list(logging.getLogger().handlers),
        "threads": set(threading.enumerate()),
    }
    if shell is not None:
        found["configurables"] = list(shell.configurables)
        found["magics"] = {kind: dict(names) for kind, names in shell.magics_manager.magics.items()}
        completers = shell.strdispatchers.get("complete_command")
        found["completers"] = {key: list(c.chain) for key, c in completers.strs.items()} if completers else {}
        found["events"] = {event: list(calls) for event, calls in shell.events.callbacks.items()}
        for name, formatter in formatters(shell).items():
            by_type = {(kind.__module__, kind.__name__): p for kind, p in formatter.type_printers.items()}
            found[name] = {**formatter.deferred_printers, **by_type}
    if client is not None:
        found["registration"] = list(client._registration_callbacks)
    found["futures"] = [(list(f.iopub_callbacks), list(f._done_callbacks)) for f in futures]
    return found


def test_unloading_restores_every_class_attribute_formatter_and_callback(rc, shell, gate):
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(10))
    before = state(shell, rc, ar._children)
    ipar_results.enable()
    assert ar.monitor.snapshot().total == 10
    assert state(shell, rc, ar._children) != before
    ipar_results.disable()
    ended = {f for f in ar._children if f.done()}
    assert len(ended) < 10
    assert state(shell, rc, ar._children) == before


def user_display(result, *args, **kwargs):
    print("mine")


def test_unloading_restores_the_users_formatters(shell):
    users = {
        name: formatters(shell)[name] for name in ("text/plain", "text/html", "ipython_display", "mimebundle")
    }
    for formatter in users.values():
        formatter.for_type(ipp.AsyncResult, user_display)
    before = state(shell)
    ipar_results.enable()
    assert users["text/plain"].lookup_by_type(ipp.AsyncResult) is not user_display
    ipar_results.disable()
    assert state(shell) == before
    assert all(each.lookup_by_type(ipp.AsyncResult) is user_display for each in users.values())


def test_unloading_restores_a_formatter_that_was_registered_by_name(shell):
    plain = formatters(shell)["text/plain"]
    plain.for_type("ipyparallel.client.asyncresult.AsyncResult", lambda result, p, cycle: p.text("mine"))
    before = state(shell)
    ipar_results.enable()
    ipar_results.disable()
    assert state(shell) == before


def test_unloading_keeps_a_formatter_that_the_user_has_set_meanwhile(shell):
    plain = formatters(shell)["text/plain"]
    ipar_results.enable()
    plain.for_type(ipp.AsyncResult, user_display)
    ipar_results.disable()
    assert plain.type_printers[ipp.AsyncResult] is user_display


def test_loading_and_unloading_are_idempotent(shell):
    before = state(shell)
    ipar_results.enable()
    loaded = state(shell)
    ipar_results.enable()
    assert state(shell) == loaded
    assert ipar_results.enabled()
    ipar_results.disable()
    ipar_results.disable()
    assert state(shell) == before
    assert not ipar_results.enabled()


def test_load_ext_unload_ext_and_reload_ext_work(shell):
    shell.run_line_magic("unload_ext", "ipar_results")  # IPython loads these magics when they are first used
    before = state(shell)
    for line in ("load_ext", "load_ext", "reload_ext"):
        shell.run_line_magic(line, "ipar_results")
        assert ipar_results.enabled()
    shell.run_line_magic("unload_ext", "ipar_results")
    assert not ipar_results.enabled()
    assert state(shell) == before


def test_the_layer_can_be_loaded_repeatedly(rc):
    before = state(client=rc)
    for _ in range(3):
        ipar_results.enable()
        ar = rc[:].apply_async(nap, 0)
        ar.wait_interactive(widget=False)
        assert ar.monitor.snapshot().done == 2
        ipar_results.disable()
    assert state(client=rc) == before


def test_a_failure_while_loading_leaves_nothing_attached(shell, monkeypatch):
    before = state(shell)
    monkeypatch.setattr(Extension, "_register_formatters", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ipar_results.enable()
    assert not ipar_results.enabled()
    assert state(shell) == before


def test_the_only_new_attribute_is_monitor(rc):
    before = set(dir(ipp.AsyncResult))
    ipar_results.enable()
    assert {name for name in set(dir(ipp.AsyncResult)) - before if not name.startswith("_")} == {"monitor"}


def test_loading_during_a_run_follows_running_and_ended_tasks(rc, until, gate):
    gate.open(2)
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(6))
    until(lambda: ar.progress >= 2)
    until(lambda: sum(md["engine_id"] is not None for md in ar._metadata) >= 4)
    ipar_results.enable()
    snapshot = ar.monitor.snapshot()
    assert snapshot.ok >= 2
    assert snapshot.running == 2
    assert {load.engine_id for load in snapshot.engines if load.running} == {0, 1}
    gate.open()
    ar.wait_interactive(widget=False)
    assert ar.monitor.snapshot().ok == 6


def test_a_wait_ends_after_unloading_during_it(rc, until, gate):
    ipar_results.enable()
    gate.open(1)
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(8))
    thread = threading.Thread(target=ar.wait_interactive, kwargs={"widget": False}, daemon=True)
    thread.start()
    until(lambda: ar.progress >= 1)
    ipar_results.disable()
    gate.open()
    thread.join(30)
    assert not thread.is_alive()
    assert ar.ready()


def test_a_monitor_works_without_the_layer(rc):
    ar = rc[:].apply_async(nap, 0)
    ar.wait()
    assert ipar_results.monitor(ar).snapshot().ok == 2
    assert "ok" in repr(ipar_results.monitor(ar))


def test_a_script_without_ipython_waits_and_prints_a_summary(cluster):
    script = connect(cluster) + (
        "import ipar_results\n"
        "from ipar_results import monitor\n"
        "ipar_results.enable()\n"
        "ar = lv.map_async(nap, [0.1] * 8)\n"
        "ar.wait_interactive()\n"
        "print(ar.monitor)\n"
        "ipar_results.disable()\n"
        "print(ar)\n"
        "print([t.name for t in threading.enumerate() if 'ipar' in t.name])\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = printed(done.stdout)
    assert "8 ok" in lines[0]
    assert lines[1:] == ["<AsyncMapResult(nap): finished>", "[]"]
    assert "8/8" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_terminal_ipython_prints_a_summary_and_a_bar(cluster):
    cells = [*connect(cluster).splitlines(), ""]
    script = "\n".join(
        [
            *cells,
            "%load_ext ipar_results",
            "ar = lv.map_async(nap, [0.1] * 4)",
            "ar.wait_interactive()",
            "ar",
            "%unload_ext ipar_results",
            "ar",
        ]
    )
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"]
    done = subprocess.run(command, input=script, cwd=ROOT, capture_output=True, text=True, timeout=90)
    assert "4 tasks" in done.stdout and "4 ok" in done.stdout
    assert "<AsyncMapResult(nap): finished>" in done.stdout
    assert "4/4" in done.stderr + done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_unloading_restores_a_real_kernel(cluster, until, gate):
    kernel = Kernel()
    try:
        kernel.run(
            connect(cluster)
            + "import sys, logging; from ipykernel.comm import Comm\n"
            + "from ipywidgets.widgets import widget\n"
            + "shell = get_ipython()\n"
            + "def state():\n"
            + "    f = shell.display_formatter\n"
            + "    every = [*f.formatters.values(), f.ipython_display_formatter, f.mimebundle_formatter]\n"
            + "    return (dict(vars(ipp.AsyncResult)), [dict(x.type_printers) for x in every],\n"
            + "        list(shell.configurables), set(shell.kernel.comm_manager.comms),\n"
            + "        set(widget._instances),\n"
            + "        list(logging.getLogger('ipar_results').handlers), list(rc._registration_callbacks),\n"
            + "        {t.name for t in threading.enumerate()}, dict(shell.kernel.shell_handlers),\n"
            + "        dict(shell.kernel.control_handlers), sys.stdout, sys.stderr, shell.display_pub)\n"
            + "%unload_ext ipar_results\n"
            + "shell.display_formatter.ipython_display_formatter.for_type(ipp.AsyncResult, print)\n"
            + "shell.display_formatter.formatters['text/html'].for_type(ipp.AsyncResult, repr)\n"
            + "before = state()"
        )
        kernel.run(f"%load_ext ipar_results\nar = {gate.map(20)}\nar", metadata={"cellId": "x"})
        until(lambda: any(m["msg_type"] == "comm_msg" for _, m in kernel.messages))
        cell = kernel.run("%unload_ext ipar_results\nafter = state()\nprint(after == before)")
        assert kernel.text(cell) == "True\n", kernel.text(
            kernel.run("print([(a, b) for a, b in zip(after, before) if a != b])")
        )
    finally:
        kernel.close()


def test_reloading_the_module_keeps_the_layer_on(shell):
    ipar_results.enable()
    importlib.reload(ipar_results)
    assert ipar_results.enabled()
    ipar_results.disable()
    assert "monitor" not in vars(ipp.AsyncResult)
