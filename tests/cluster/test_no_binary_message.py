"""No message of ours has binary buffers, which kernel gateways cannot forward."""

import pytest
from kernels import Kernel, connect

pytestmark = pytest.mark.cluster

FAILING = """
def fail(i):
    import time; time.sleep(0.2)
    print("step", i)
    if i % 3 == 1: raise ValueError(i)
    return i
"""


@pytest.fixture
def kernel(cluster, tmp_path):
    kernel = Kernel()
    kernel.run(
        connect(cluster)
        + FAILING
        + "import ipar_results\ndv.activate()\n%load_ext ipar_results\n"
        + f"%cd {tmp_path}\n"
        + "settings = get_ipython().configurables[-1]"
    )
    yield kernel
    kernel.run("rc.wait(timeout=60); rc.close()")
    kernel.close()


@pytest.fixture
def ask(kernel):
    """Send a request of a page; returns the content of the reply."""
    numbers = iter(range(100))

    def ask(kind, **keys):
        reply = kernel.ask({"protocol": 1, "request": f"r{next(numbers)}", "type": kind, **keys})
        assert reply["status"] == "ok", reply
        return reply

    return ask


def comm_data(kernel, kind):
    """Data of the messages of a type that were sent on our comm."""
    data = [m["content"]["data"] for _, m in list(kernel.messages) if m["msg_type"] == "comm_msg"]
    return [each for each in data if each.get("type") == kind]


def outcome(kernel, action):
    return any(each["action"] == action for each in comm_data(kernel, "outcome"))


def ids(kernel):
    return {result["id"] for each in comm_data(kernel, "update") for result in each["results"]}


def parts(kernel):
    """Names of the parts of all updates."""
    return {key for each in comm_data(kernel, "update") for result in each["results"] for key in result}


def test_no_view_sends_buffers(kernel):
    """The stock widgets, HTML and text, with and without a waiting cell, groups, streams and overviews."""
    for view in ("auto", "widget", "html", "text"):
        kernel.run(f"settings.view = {view!r}")
        kernel.run("ar = lv.map_async(fail, range(6), chunksize=1)\nar", metadata={"cellId": "x"})
        kernel.run("ar.wait_interactive()", metadata={"cellId": "x"})
        kernel.run("with ipar_results.group('all'):\n    for i in range(3): lv.apply_async(fail, i)")
        kernel.run("%%px\nimport time\nfor i in range(5): print(i); time.sleep(0.1)")
        kernel.run("display(rc, lv, ar)\n%ipar")
    kernel.run("card = ipar_results.ResultWidget(lv.map_async(fail, range(6))); card")
    kernel.run("rc.wait(timeout=60)")
    seen = {m["msg_type"] for _, m in kernel.messages}
    assert {"comm_open", "comm_msg", "display_data", "update_display_data"} <= seen
    assert not kernel.binary


def test_neither_updates_nor_replies_have_buffers(kernel, ask, until):
    """Each part of an update, each reply, each outcome, and the end of the channel."""
    ask("hello", client="page")
    ask("snapshot")
    kernel.run("ar = lv.map_async(fail, range(8), chunksize=1)")
    kernel.run("chunks = lv.map_async(fail, range(8), chunksize=4)")
    kernel.run("display(ar, chunks); rc.wait(timeout=60)")
    expected = {"head", "engines", "loads", "running", "failures", "rows", "chunked_rows"}
    until(lambda: expected <= parts(kernel))
    tracked = ids(kernel)
    assert len(tracked) == 2
    for result in tracked:
        for kind in ("watch", "outputs", "bundle"):
            ask(kind, result=result)
        ask("task", result=result, position=1)
        ask("traceback", result=result, group=0)
        ask("export", result=result, format="csv")
        ask("retry", result=result)
    until(lambda: outcome(kernel, "retry") and outcome(kernel, "export"))
    kernel.run("rc.wait(timeout=60)")
    kernel.run("last = lv.map_async(nap, [1] * 6); display(last)")
    until(lambda: ids(kernel) - tracked)
    (running,) = ids(kernel) - tracked
    ask("cancel", result=running)
    ask("interrupt", result=running)
    until(lambda: outcome(kernel, "cancel") and outcome(kernel, "interrupt"))
    kernel.run("ipar_results.disable()")
    assert comm_data(kernel, "bye")
    assert not kernel.binary
