"""What IPython shows of a result, a snapshot and their parts: cards and sentences, not a dump of fields."""

from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import ipywidgets
import pytest
import samples
from fakes import Fed
from ipyparallel import AsyncResult
from traitlets.config import Config

from ipar_results.attach.extension import Extension
from ipar_results.export.load import parse_snapshot
from ipar_results.live.formatters import Formatters
from ipar_results.live.session import Session
from ipar_results.model.snapshot import Snapshot
from ipar_results.results.monitor import Monitor


@pytest.fixture
def session(shell):
    session = Session(shell)
    Extension(session).attach(shell)
    yield session
    session.close()


@pytest.fixture
def format_(shell, session):
    """Format an object as IPython does at the end of a cell."""
    return lambda thing: shell.display_formatter.format(thing)[0]


@pytest.mark.parametrize("name", samples.ALL)
def test_a_snapshot_is_one_line_as_text_and_a_card_as_display(format_, name):
    snapshot = samples.ALL[name]
    assert len(repr(snapshot)) < 200
    assert "\n" not in repr(snapshot)
    shown = format_(snapshot)
    assert snapshot.name[:20] in shown["text/plain"]
    assert 'class="ipar-card' in shown["text/html"]


def test_the_line_of_a_snapshot_has_its_counts():
    assert repr(samples.failed) == "<Snapshot of 'simulate': 1,000 of 1,000 tasks done, 14 failed, failed>"


def test_a_snapshot_that_was_read_from_a_file_is_shown_as_a_card_too(format_):
    assert 'class="ipar-card' in format_(parse_snapshot(samples.failed.to_json()))["text/html"]


def test_a_snapshot_follows_the_configured_view(shell):
    shell.config.merge(Config(IPythonParallelResults={"view": "text"}))
    session = Session(shell)
    Extension(session).attach(shell)
    shown = shell.display_formatter.format(samples.failed)[0]
    session.close()
    assert set(shown) == {"text/plain"}


@pytest.mark.parametrize("kind", [Snapshot, AsyncResult])
@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("used", [False, True])
def test_closing_the_session_gives_back_the_users_formatter(shell, kind, by_name, used):
    def users(thing, **_):
        return {"text/plain": "mine"}

    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type(f"{kind.__module__}.{kind.__name__}" if by_name else kind, users)
    session = Session(shell)
    Extension(session).attach(shell)
    thing = samples.failed if kind is Snapshot else Fed(1).result
    if used:
        shell.display_formatter.format(thing)
    session.close()
    assert shell.display_formatter.format(thing)[0]["text/plain"] == "mine"


@pytest.mark.parametrize(
    ("finished", "advice", "failures"),
    [
        (False, "no advice before the end", "no failures yet"),
        (True, "no advice: nothing found that would have made this run much shorter", "no failures"),
    ],
)
def test_missing_advice_and_failures_are_described_in_words(format_, finished, advice, failures):
    state = replace(samples.done, finished=finished, advice=(), failures=())
    monitor = Monitor(None, SimpleNamespace(poll=lambda: None, snapshot=lambda: state))
    assert monitor.advice == monitor.failures == ()
    assert format_(monitor.advice)["text/plain"] == advice
    assert format_(monitor.failures)["text/plain"] == failures


def test_failures_are_printed_without_their_tracebacks(format_, session):
    fed = Fed(1)
    fed.fail(0, message="no", traceback="x" * 5_000)
    printed = format_(session.monitor(fed.result).failures)["text/plain"]
    assert "ValueError" in printed
    assert len(printed) < 500


@pytest.fixture
def in_kernel(shell, session):
    """IPython with what a kernel registers, and a result `ar`; gives what is displayed live."""
    shown = []
    session.show = shown.append
    ours = Formatters(session)
    shell.display_formatter.ipython_display_formatter.for_type(AsyncResult, ours.display)
    shell.user_ns["ar"] = Fed(2).result
    return shown


@pytest.mark.parametrize("code", ["ar", "display(ar)", "from IPython.display import display as d; d(ar)"])
def test_a_result_that_is_displayed_is_live(shell, in_kernel, code):
    shell.run_cell(code)
    assert in_kernel == [shell.user_ns["ar"]]


def inspect_as_user_expression(shell):
    return shell.user_expressions({"v": "ar"})["v"]["data"]


def inspect_as_debugger(shell):
    return eval("shell.display_formatter.format(ar)[0]", {"shell": shell, **shell.user_ns})


def update_display(shell):
    shown = []
    with patch.object(
        shell.display_pub, "publish", lambda data, *_, **how: shown.append((data, how["update"]))
    ):
        shell.run_cell("from IPython.display import update_display; update_display(ar, display_id='mine')")
    ((data, update),) = shown
    assert update
    return data


def append_to_output(shell):
    output = ipywidgets.Output()
    output.append_display_data(shell.user_ns["ar"])
    return output.outputs[0]["data"]


@pytest.mark.parametrize(
    "inspect", [inspect_as_user_expression, inspect_as_debugger, append_to_output, update_display]
)
def test_a_result_that_is_inspected_is_a_static_bundle(shell, in_kernel, inspect):
    found = inspect(shell)
    assert in_kernel == []
    assert "0 of 2" in found["text/plain"]
    assert 'class="ipar-card' in found["text/html"]


@pytest.mark.parametrize("captures", [False, True])
def test_output_that_an_output_widget_captures_is_streamed_at_the_end_only(shell, session, captures):
    shell.kernel, shell.get_parent = object(), lambda: {"header": {"msg_id": "request"}}
    shell.display_pub.pub_socket = "socket"
    output = ipywidgets.Output()
    output.msg_id = "request" if captures else ""
    streams = session.streams(Fed(1).result)
    output.close()
    del shell.kernel, shell.get_parent
    streams.on_output(0, "message_0", "stdout", {"stdout": "x"})
    assert (streams.urgency(1e9) is None) == captures
    streams.over = True
