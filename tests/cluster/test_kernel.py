"""What a front end gets from a real kernel: which messages, when, and what is in the last one."""

import itertools
import time

import pytest
from kernels import Kernel, connect

from ipar_results.upstream.timestamps import to_posix

pytestmark = pytest.mark.cluster

MIME = "application/vnd.ipar-results.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def process(cluster):
    kernel = Kernel()
    kernel.run(connect(cluster) + "import ipar_results\n%load_ext ipar_results")
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(process, until):
    """The kernel with the layer on, its settings as they come, and nothing under way."""
    process.run(
        "ipar_results.disable(); get_ipython().config.pop('IPythonParallelResults', None)\n"
        "ipar_results.enable(); settings = get_ipython().configurables[-1]"
    )
    process.messages.clear()
    yield process
    process.run("ipar_results.disable(); rc.wait(timeout=60)")


@pytest.fixture
def shown(kernel, until):
    """Display results of a cell; gives the id of the display and waits for its end."""

    def shown(code, **how):
        cell = kernel.run(code, **how)
        (first,) = [m for _, m in kernel.of(cell) if m["msg_type"] == "display_data"]
        return first["content"]["transient"]["display_id"]

    return shown


def finals(kernel):
    """The last text of each display."""
    last = {}
    for _, _, display_id, data in kernel.displays():
        last[display_id] = data
    return last


def over(kernel, until):
    """Wait until the layer follows nothing any more: its thread has ended."""
    until(
        lambda: (
            "True"
            in kernel.text(
                kernel.run("print(not any(t.name == 'ipar-results-ticker' for t in threading.enumerate()))")
            )
        ),
        60,
    )


def updates(kernel):
    return [(at, data) for at, kind, _, data in kernel.displays() if kind == "update_display_data"]


def sent_at(kernel, *kinds):
    """When messages of these kinds were sent: they may bunch on their way to us."""
    return [to_posix(m["header"]["date"]) for _, m in kernel.messages if m["msg_type"] in kinds]


def opened_step_by_step(gate, tasks, moved, until):
    """Let tasks end one after the other, and wait after each until `moved()` is another than before."""
    for count in range(1, tasks + 1):
        before = moved()
        gate.open(count)
        until(lambda before=before: moved() != before)


def most_in_a_second(times):
    return max((sum(begin <= t < begin + 1 for t in times) for begin in times), default=0)


def test_a_result_at_the_end_of_a_cell_is_one_display_that_is_only_updated(kernel, shown, until, gate):
    display_id = shown(f"ar = {gate.map(4)}\nar")
    opened_step_by_step(gate, 2, lambda: len(updates(kernel)), until)
    gate.open()
    over(kernel, until)
    kinds = [(kind, shown_id) for _, kind, shown_id, _ in kernel.displays()]
    assert kinds[0] == ("display_data", display_id)
    assert len(kinds) > 2
    assert set(kinds[1:]) == {("update_display_data", display_id)}


def test_the_display_moves_while_the_main_thread_is_busy(kernel, shown, until, gate):
    display_id = shown(f"ar = {gate.map(6)}\nar")
    cell = kernel.start(gate.wait())
    opened_step_by_step(gate, 3, lambda: finals(kernel)[display_id]["text/plain"], until)
    assert not kernel.ended(cell)
    gate.open()
    until(lambda: kernel.ended(cell))


def test_a_display_is_updated_at_most_five_times_a_second(kernel, shown, until, gate):
    kernel.run("settings.rate = settings.html_rate = 5")
    shown(f"ar = {gate.map(400)}\nar")
    counts = itertools.count()
    until(lambda: gate.open(next(counts)) or len(updates(kernel)) > 8)
    gate.open()
    over(kernel, until)
    assert most_in_a_second(sent_at(kernel, "update_display_data")) <= 6  # five, and the end


def test_the_last_bundle_is_plain_html_and_text(kernel, shown, until):
    display_id = shown("ar = lv.map_async(nap, [0.1] * 10)\nar")
    over(kernel, until)
    last = finals(kernel)[display_id]
    assert set(last) == {MIME, "text/html", "text/plain"}
    assert "10 tasks" in last["text/plain"] and "10 ok" in last["text/plain"]
    assert "<script" not in last["text/html"]


def test_after_the_end_nothing_is_sent(kernel, shown, until):
    shown("ar = lv.map_async(nap, [0.1] * 4)\nar")
    over(kernel, until)
    seen = len(kernel.messages)
    time.sleep(3)  # the time in which nothing may come
    assert len(kernel.messages) == seen


def test_a_result_that_is_done_is_displayed_once_and_not_followed(kernel, until):
    kernel.run("ar = lv.map_async(nap, [0]); ar.wait(); ar.wait_for_output(); ar")
    over(kernel, until)
    kernel.messages.clear()
    kernel.run("ar")
    over(kernel, until)
    assert [kind for _, kind, _, _ in kernel.displays()] == ["display_data"]


def test_two_displays_of_one_result_are_updated_together_and_both_end(kernel, until):
    kernel.run("ar = lv.map_async(nap, [0.2] * 6)\ndisplay(ar, ar)")
    over(kernel, until)
    assert [kind for _, kind, _, _ in kernel.displays()].count("display_data") == 2
    (last,) = finals(kernel).values()
    assert "6 ok" in last["text/plain"]


@pytest.mark.parametrize("metadata", [None, {"cellId": "x"}], ids=["html", "widgets first"])
def test_two_hundred_displays_stay_within_ten_messages_a_second_and_all_end(kernel, until, metadata):
    """Opening a widget is the displaying cell's own; moving and closing it belong to the budget."""
    code = "ars = [lv.apply_async(nap, 0.05) for i in range(200)]\nfor each in ars: display(each)"
    kernel.run(code, metadata=metadata)
    until(lambda: sum("→ 0.05" in data["text/plain"] for data in finals(kernel).values()) == 200, 120)
    over(kernel, until)
    assert len(finals(kernel)) == 200
    kinds = ("update_display_data", "comm_msg", "comm_close")
    sent = sent_at(kernel, *kinds)
    # a round may be a moment late, and a widget's parts are sent or closed a few at a time: the budget itself
    # is shown in test_ticker
    assert most_in_a_second(sent) <= (12 if metadata is None else 16)
    opened = sum(message["msg_type"] == "comm_open" for _, message in kernel.messages)
    closed = sum(message["msg_type"] == "comm_close" for _, message in kernel.messages)
    assert opened == closed
    assert (opened > 0) == (metadata is not None)


def test_captured_output_holds_one_static_display(kernel, until):
    kernel.run("%%capture seen\nar = lv.map_async(nap, [0.2] * 8)\ndisplay(ar)")
    assert kernel.displays() == []
    kernel.run("ar.wait(); ar.wait_for_output();")
    over(kernel, until)
    cell = kernel.run("print(len(seen._outputs), sorted(seen._outputs[0]['data']))")
    assert kernel.text(cell) == "1 ['text/html', 'text/plain']\n"
    assert kernel.displays() == []


def test_captured_waiting_ends_with_the_last_state(kernel, until):
    kernel.run("%%capture seen\nar = lv.map_async(nap, [0.2] * 8)\nar.wait_interactive()")
    over(kernel, until)
    assert kernel.displays() == []
    cell = kernel.run("print(seen._outputs[-1]['data']['text/plain'])")
    assert "8 ok" in kernel.text(cell)


CONSOLE = """\
ar = lv.map_async(nap, [0.1] * 8)
with ipar_results.group("batch") as batch:
    lv.apply_async(nap, 0.1)
ar.wait_interactive()
wrote = dv.apply_async(lambda: [print(n, "from an engine", flush=True) for n in range(3)])
with wrote.stream_output():
    wrote.get(); wrote.wait_for_output()
display(batch)
ar
"""


def test_a_console_which_ignores_updates_gets_a_bar_and_true_last_lines(kernel, until):
    """By what jupyter console, qtconsole and euporie send: `matrix` plays them."""
    cell = kernel.run(CONSOLE, stdin=True)
    over(kernel, until)
    assert "| 8/8 [" in kernel.text(cell)
    shown = [(kind, data["text/plain"]) for _, kind, _, data in kernel.displays()]
    assert [kind for kind, _ in shown] == ["display_data", "display_data", "execute_result"]
    assert shown[0][1].count("2 from an engine") == 2
    assert "batch" in shown[1][1] and "8 ok" in shown[2][1]


def test_nothing_of_ours_is_ever_printed(kernel, shown, until):
    """An error in our thread, of all things, must not end up in whichever cell runs."""
    kernel.run("import logging\nlogging.basicConfig()")
    kernel.run("from ipar_results.render import html\ncard, html.card = html.card, lambda *a, **k: 1 / 0")
    shown("ar = lv.map_async(nap, [0.1] * 10)\nar")
    over(kernel, until)
    kernel.run("html.card = card")
    streams = [m["content"]["text"] for _, m in kernel.messages if m["msg_type"] == "stream"]
    assert set("".join(streams).split()) <= {"True", "False"}  # what the test itself printed
    assert all("text/plain" in data for data in finals(kernel).values())


def test_the_last_state_is_sent_before_the_cell_that_waits_is_idle(kernel, until, gate):
    cell = kernel.start(f"{gate.map(10)}.wait_interactive()")
    until(kernel.displays)
    gate.open()
    until(lambda: kernel.ended(cell))
    kinds = [(m["msg_type"], m["content"]) for _, m in kernel.of(cell)]
    assert kinds[-1][0] == "status"
    last = [content for kind, content in kinds if kind == "update_display_data"][-1]
    assert "10 ok" in last["data"]["text/plain"]


def test_waiting_shows_one_display_and_no_tqdm(kernel):
    cell = kernel.run("lv.map_async(nap, [0.1] * 10).wait_interactive()")
    assert [m["msg_type"] for _, m in kernel.of(cell)].count("display_data") == 1
    assert kernel.text(cell, "stderr") == kernel.text(cell) == ""


def test_a_wait_that_times_out_leaves_a_display_that_goes_on(kernel, until, gate):
    cell = kernel.run(f"ar = {gate.map(20)}\nar.wait_interactive(timeout=0.5)")
    assert "20 ok" not in kernel.displays()[-1][3]["text/plain"]
    assert kernel.ended(cell)
    gate.open()
    over(kernel, until)
    assert "20 ok" in kernel.displays()[-1][3]["text/plain"]


def test_the_stop_button_ends_the_wait_and_says_what_still_runs(kernel, until, gate):
    cell = kernel.start(f"ar = {gate.map(10)}\nar.wait_interactive()")
    until(lambda: any(" running" in data["text/plain"] for _, data in updates(kernel)))
    kernel.interrupt()
    until(lambda: kernel.ended(cell))
    assert any(
        m["content"]["ename"] == "KeyboardInterrupt" for _, m in kernel.of(cell) if m["msg_type"] == "error"
    )
    assert "of 10 tasks are not done" in kernel.text(cell, "stderr")
    gate.open()
    over(kernel, until)
    assert "10 ok" in kernel.displays()[-1][3]["text/plain"]


@pytest.mark.parametrize("view", ["html", "widget"])
def test_unloading_in_mid_run_freezes_the_display_in_its_last_true_state(kernel, shown, until, gate, view):
    kernel.run(f"settings.view = '{view}'")
    kernel.messages.clear()
    display_id = shown(f"ar = {gate.map(30)}\nar")
    gate.open(4)
    kernel.run("import time\nwhile ar.progress < 4: time.sleep(0.05)")
    cell = kernel.run("before = ar.progress\nipar_results.disable()\nprint(before, ar.progress)")
    printed = "".join(m["content"]["text"] for _, m in kernel.of(cell) if m["msg_type"] == "stream")
    before, after = map(int, printed.split())
    last = finals(kernel)[display_id]
    assert "no longer followed" in last["text/plain"]
    assert set(last) == {MIME, "text/html", "text/plain"}
    frozen = last[MIME]
    assert (frozen["state"], frozen["total"]) == ("frozen", 30)
    assert before <= frozen["done"] <= after < 30
    assert (
        f"{frozen['ok']} ok" in last["text/plain"] and f"aria-valuenow={frozen['done']} " in last["text/html"]
    )
    seen = len(updates(kernel))
    gate.open()
    kernel.run("rc.wait(timeout=60)\n%load_ext ipar_results")
    assert len(updates(kernel)) == seen


@pytest.mark.parametrize("view", ["html", "text"])
def test_the_view_that_was_set_is_the_one_that_is_shown(kernel, shown, until, view):
    kernel.run(f"%config IPythonParallelResults.view = '{view}'")
    display_id = shown("ar = lv.map_async(nap, [0.1] * 6)\nar", metadata={"cellId": "x"})
    over(kernel, until)
    expected = {"text/plain", "text/html"} if view == "html" else {"text/plain"}
    bundles = [data for _, _, shown_id, data in kernel.displays() if shown_id == display_id]
    assert all(set(data) - {MIME} == expected for data in bundles)
    assert not [m for _, m in kernel.messages if m["msg_type"].startswith("comm_")]


def test_a_widget_moves_by_its_own_messages_and_leaves_static_html(kernel, shown, until, gate):
    kernel.run("settings.view = 'widget'")
    kernel.messages.clear()
    display_id = shown(f"ar = {gate.map(20)}\nar")
    opened_step_by_step(gate, 12, lambda: len(sent_at(kernel, "comm_msg")), until)
    gate.open()
    over(kernel, until)
    kinds = [m["msg_type"] for _, m in kernel.messages]
    assert WIDGET in kernel.displays()[0][3]
    assert kinds.count("comm_msg") > 3
    opened = [m["content"]["comm_id"] for _, m in kernel.messages if m["msg_type"] == "comm_open"]
    closed = [m["content"]["comm_id"] for _, m in kernel.messages if m["msg_type"] == "comm_close"]
    assert sorted(opened) == sorted(closed)
    assert set(finals(kernel)[display_id]) == {MIME, "text/html", "text/plain"}
    times, ending = sent_at(kernel, "comm_msg", "update_display_data"), min(sent_at(kernel, "comm_close"))
    assert most_in_a_second([at for at in times if at < ending - 0.3]) <= 14


def test_a_widget_moves_while_the_main_thread_is_busy(kernel, shown, until, gate):
    kernel.run("settings.view = 'widget'")
    shown(f"ar = {gate.map(6)}\nar")
    cell = kernel.start(gate.wait())
    opened_step_by_step(gate, 2, lambda: len(sent_at(kernel, "comm_msg")), until)
    assert not kernel.ended(cell)
    gate.open()
    until(lambda: kernel.ended(cell))


def test_a_notebook_that_names_its_cell_gets_the_widget_and_others_html(kernel, gate):
    code = f"display({gate.map(4)})"
    named = kernel.run(code, metadata={"cellId": "x"})
    plain = kernel.run(code)
    first = {
        cell: next(m["content"]["data"] for _, m in kernel.of(cell) if m["msg_type"] == "display_data")
        for cell in (named, plain)
    }
    assert set(first[named]) == {WIDGET, "text/html", "text/plain"}
    assert set(first[plain]) == {"text/html", "text/plain"}


def test_a_bad_setting_is_refused_with_the_allowed_ones_and_nothing_changes(kernel):
    cell = kernel.run("%config IPythonParallelResults.rate = 99", check=False)
    said = kernel.text(cell) + kernel.text(cell, "stderr")
    said += "".join(m["content"]["evalue"] for _, m in kernel.of(cell) if m["msg_type"] == "error")
    assert "expected a number from 0.1 to 5" in said
    assert kernel.text(kernel.run("print(settings.rate)")) == "5.0\n"


def test_settings_are_read_from_ipythons_configuration_file(tmp_path, monkeypatch):
    profile = tmp_path / "profile_default"
    profile.mkdir()
    (profile / "ipython_config.py").write_text(
        "c.IPythonParallelResults.rate = 1.5\nc.IPythonParallelResults.view = 'html'\n"
    )
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    process = Kernel()
    try:
        process.run("%load_ext ipar_results\nsettings = get_ipython().configurables[-1]")
        process.run("assert (settings.rate, settings.view) == (1.5, 'html'), (settings.rate, settings.view)")
    finally:
        process.close()


def test_config_lists_the_settings(kernel):
    assert "IPythonParallelResults" in kernel.text(kernel.run("%config"))


def test_a_bad_value_that_was_refused_does_not_keep_the_layer_from_loading_again(kernel):
    kernel.run("%config IPythonParallelResults.rate = 99", check=False)
    cell = kernel.run("%reload_ext ipar_results\nprint(get_ipython().configurables[-1].rate)")
    assert kernel.text(cell) == "5.0\n"
    assert kernel.text(cell, "stderr") == ""


def test_a_display_goes_on_when_its_failed_tasks_are_run_again(kernel, shown, until):
    flaky = (
        "def flaky(i, path):\n"
        "    import os\n"
        "    if i == 3 and not os.path.exists(path):\n"
        "        open(path, 'w').close()\n"
        "        raise ValueError('not yet')\n"
        "    return i\n"
        "import tempfile, os\n"
        "path = os.path.join(tempfile.mkdtemp(), 'once')\n"
        "ar = lv.map_async(flaky, range(6), [path] * 6)\nar"
    )
    display_id = shown(flaky)
    over(kernel, until)
    assert "1 failed" in finals(kernel)[display_id]["text/plain"]
    kernel.run("done = ar.monitor.retry()")
    over(kernel, until)
    last = finals(kernel)[display_id]
    assert "6 ok" in last["text/plain"]
    assert last[MIME]["ok"] == 6 and last[MIME]["state"] == "done"


def test_a_result_that_is_inspected_publishes_nothing(kernel):
    kernel.run("ar = lv.map_async(nap, [0.01] * 2); ar.wait();")
    cell = kernel.run("print(*get_ipython().user_expressions({'v': 'ar'})['v']['data'])")
    assert "text/html" in kernel.text(cell)
    assert kernel.displays() == []


@pytest.mark.parametrize(("between", "cards"), [("", 1), ("\nclear_output()", 2)])
def test_what_a_cell_shows_already_is_not_shown_again_by_waiting(kernel, between, cards):
    kernel.run(
        "from IPython.display import clear_output\n"
        "with ipar_results.group('both') as both:\n    for _ in range(4): lv.apply_async(nap, 0.01)"
        f"{between}\nboth.wait_interactive()"
    )
    assert [kind for _, kind, _, _ in kernel.displays()].count("display_data") == cards
    assert all("4 ok" in data["text/plain"] for data in finals(kernel).values())
