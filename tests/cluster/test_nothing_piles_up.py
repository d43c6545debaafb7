"""In a real kernel on real engines nothing is left of a result that its user has dropped."""

import pytest
from kernels import Kernel, connect

pytestmark = pytest.mark.cluster

CODE = """
import asyncio, contextlib, gc, time, weakref
from IPython.display import display
import ipar_results
%load_ext ipar_results
settings = get_ipython().configurables[-1]
settings.messages = 100.0
bv = rc.broadcast_view()
together = rc.broadcast_view(is_coalescing=True)

def odd(number):
    if number % 2 == 0:
        raise ValueError(number)
    print(number)
    return number

WAYS = {
    "map": lambda: lv.map_async(odd, range(6)),
    "chunks": lambda: lv.map_async(odd, range(6), chunksize=2),
    "one task": lambda: lv.apply_async(odd, 1),
    "one engine": lambda: rc[0].apply_async(odd, 1),
    "all engines": lambda: dv.apply_async(odd, 1),
    "direct map": lambda: dv.map_async(odd, range(6)),
    "code": lambda: dv.execute("print(1)"),
    "broadcast": lambda: bv.apply_async(odd, 1),
    "broadcast code": lambda: bv.execute("print(1)"),
    "failing broadcast": lambda: bv.apply_async(odd, 2),
    "coalesced": lambda: together.apply_async(odd, 1),
}

def seen(ar):
    display(ar)
    ar.wait(30)

def followed(ar):
    list(ipar_results.as_completed(ar))

async def awaited(ar):
    with contextlib.suppress(Exception):
        await ar

def retried(ar):
    ar.wait(30)
    with contextlib.suppress(ipar_results.RetryError):
        ar.monitor.retry()
    ar.wait(30)

def exported(ar):
    ar.wait(30)
    ar.monitor.failures, ar.monitor.advice, ar.monitor.to_dataframe(), repr(ar)

USES = {
    "wait": lambda ar: ar.wait(30),
    "display": seen,
    "wait_interactive": lambda ar: ar.wait_interactive(timeout=30),
    "first": lambda ar: (ar.wait_interactive(timeout=30, return_when="FIRST_COMPLETED"), ar.wait(30)),
    "follow": followed,
    "retry": retried,
    "cancel": lambda ar: (ar.monitor.cancel(interrupt=True), ar.wait(30)),
    "export": exported,
}

TABLES = ("outstanding", "results", "metadata", "_futures", "_output_futures")

def kept():
    return {name: set(getattr(rc, name)) - {"submitted"} for name in TABLES}

def begin(way, use):
    ar = WAYS[way]()
    USES[use](ar)
    followed = ar.monitor._followed
    parts = ar, followed, followed.record.columns, ar._children[0]
    return {f"{way}, {use}, {type(each).__name__}": weakref.ref(each) for each in parts}

def group(use):
    with ipar_results.group("group") as made:
        for way in WAYS:
            WAYS[way]()
    if use == "display":
        display(made)
    made.wait_interactive(timeout=30)
    parts = made, made.followed, *made.results
    return {f"group, {use}, {n}": weakref.ref(each) for n, each in enumerate(parts)}

def left(gone, before):
    "What is still there of what was dropped, once everything has come."
    deadline = time.monotonic() + 30
    while True:
        gc.collect()
        there = [name for name, ref in gone.items() if ref() is not None]
        there += [f"{name}: {ids - before[name]}" for name, ids in kept().items() if ids - before[name]]
        if not there or time.monotonic() > deadline:
            return there
        time.sleep(0.05)

def check(uses):
    gone, before = {}, kept()
    for use in uses:
        for way in WAYS:
            gone.update(begin(way, use))
    return left(gone, before)
"""


@pytest.fixture(scope="module")
def kernel(cluster):
    kernel = Kernel()
    kernel.run(connect(cluster) + CODE)
    yield kernel
    kernel.close()


def told(kernel, code, **how):
    cell = kernel.run(f"print('left:', {code})", **how)
    return next(line for line in kernel.text(cell).splitlines() if line.startswith("left:"))


@pytest.mark.parametrize("view", ["html", "text", "widget"])
def test_what_was_displayed_is_freed(kernel, view):
    kernel.run(f"settings.view = {view!r}")
    assert told(kernel, "check(['display', 'wait_interactive'])", metadata={"cellId": "a"}) == "left: []"


def test_what_a_labextension_draws_is_freed(kernel):
    hello = "{'protocol': 1, 'type': 'hello', 'request': 'r', 'client': 'tab'}"
    kernel.run(
        "settings.view = 'auto'; channel = ipar_results.live.session.current().channel; "
        f"channel.answer({hello})"
    )
    assert told(kernel, "check(['display', 'wait_interactive'])", metadata={"cellId": "a"}) == "left: []"
    kernel.run("channel.connected = False")


def test_a_result_whose_last_picture_waits_for_room_is_freed_and_the_picture_is_sent(kernel):
    kernel.run("settings.view = 'html'; shown = ipar_results.live.session.current().ticker")
    kernel.run("bytes_sent = shown._bytes; before = kept()")
    sent = "[time.sleep(0.1) for _ in range(600) if shown.updatables()].clear(), len(shown.updatables())"
    assert told(kernel, sent, timeout=90) == "left: None 0"
    kernel.run("room, bytes_sent.rate = bytes_sent.rate, 0")
    kernel.messages.clear()
    kernel.run(
        "ar = lv.map_async(odd, range(6)); display(ar); ar.wait(30); time.sleep(0.5)\n"
        "gone = {'result': weakref.ref(ar), 'task': weakref.ref(ar._children[0])}; del ar"
    )
    assert told(kernel, "[*left(gone, before), len(shown.updatables())]") == "left: [1]"
    assert "3 failed" not in kernel.displays()[-1][3]["text/plain"]
    kernel.run("bytes_sent.rate = room")
    assert told(kernel, sent, timeout=90) == "left: None 0"
    assert "3 failed" in kernel.displays()[-1][3]["text/plain"]


def test_what_was_waited_for_followed_retried_cancelled_or_exported_is_freed(kernel):
    kernel.run("settings.view = 'html'")
    uses = ["wait", "first", "follow", "retry", "cancel", "export"]
    assert told(kernel, f"check({uses})") == "left: []"


def test_what_was_awaited_is_freed(kernel):
    kernel.run("before, gone = kept(), {}")
    kernel.run(
        "for way in WAYS:\n"
        "    ar = WAYS[way]()\n"
        "    await awaited(ar)\n"
        "    gone[way] = weakref.ref(ar)\n"
        "del ar"
    )
    assert told(kernel, "left(gone, before)") == "left: []"


@pytest.mark.parametrize("use", ["display", "wait_interactive"])
def test_a_group_is_freed_with_its_members(kernel, use):
    assert told(kernel, f"(lambda before: left(group({use!r}), before))(kept())") == "left: []"


def test_waiting_for_all_work_of_a_client_ends_after_a_broadcast(kernel):
    kernel.run("bv.apply_async(odd, 1).wait(30)")
    assert told(kernel, "rc.wait(timeout=20)") == "left: True"


def test_without_the_layer_ipyparallel_keeps_every_broadcast(kernel):
    kernel.run("%unload_ext ipar_results\nbefore = kept()")
    kernel.run("ar = bv.apply_async(odd, 1)\nar.wait(30)\ngone = weakref.ref(ar)\ndel ar\ngc.collect()")
    assert told(kernel, "gone() is not None and not rc.wait(timeout=0.2)") == "left: True"
    kernel.run("%load_ext ipar_results")
