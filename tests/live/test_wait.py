"""wait() in a thread, on a fake result that the test feeds."""

import logging
import threading
import time
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION

import pytest
from fakes import Fed

from ipar_results.live.wait import View as SilentView
from ipar_results.live.wait import validate_return_when, wait
from ipar_results.record.recorders.writer import RecordWriter
from ipar_results.results.registry import Registry


class View:
    """View that counts its updates."""

    def __init__(self, error=None):
        self.updates = self.ends = 0
        self.error = error

    def update(self):
        self.updates += 1
        if self.error:
            raise self.error

    def end(self):
        self.ends += 1
        if self.error:
            raise self.error


@pytest.fixture
def registry(log_once):
    registry = Registry(lambda: 1.0)
    yield registry
    registry.close()


@pytest.fixture
def waiting(registry, until):
    """Wait in a thread; return the thread and its view."""

    def start(result, view=None, timeout=-1, when=ALL_COMPLETED):
        view = view or View()
        followed = registry.followed(result)
        thread = threading.Thread(
            target=wait, args=(result, followed, view, 0.01, timeout, when), daemon=True
        )
        thread.start()
        until(lambda: view.updates or not thread.is_alive())
        return thread, view

    return start


@pytest.mark.parametrize("when", [ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION])
def test_each_return_when_waits_for_its_condition(waiting, until, when):
    fed = Fed(3)
    thread, view = waiting(fed.result, when=when)
    fed.reply(0)
    if when != FIRST_COMPLETED:
        seen = view.updates
        until(lambda: view.updates > seen + 3)
        assert thread.is_alive()
        fed.fail(1)
    if when == ALL_COMPLETED:
        seen = view.updates
        until(lambda: view.updates > seen + 3)
        assert thread.is_alive()
        fed.reply(2)
    thread.join(10)
    assert not thread.is_alive()
    assert view.ends == 1


def test_first_exception_returns_at_the_end_if_nothing_fails(waiting):
    fed = Fed(2)
    thread, _ = waiting(fed.result, when=FIRST_EXCEPTION)
    fed.reply(0)
    fed.reply(1)
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_a_timeout_ends_the_wait_and_nothing_else(registry, timeout):
    fed = Fed(1)
    view = View()
    begin = time.monotonic()
    wait(fed.result, registry.followed(fed.result), view, 0.01, timeout, ALL_COMPLETED)
    assert timeout <= time.monotonic() - begin < 5
    assert view.ends == 1
    assert not fed.result.done()


@pytest.mark.parametrize("timeout", [-1, None])
def test_no_timeout_waits_to_the_end(waiting, timeout):
    fed = Fed(1)
    thread, _ = waiting(fed.result, timeout=timeout)
    assert thread.is_alive()
    fed.reply(0)
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("bad", ["FIRST", 3, "all_completed"])
def test_an_unknown_return_when_raises_and_names_the_known_ones(bad):
    with pytest.raises(ValueError, match="expected ALL_COMPLETED, FIRST_COMPLETED or FIRST_EXCEPTION"):
        validate_return_when(bad)


def test_none_means_all():
    assert validate_return_when(None) == ALL_COMPLETED


def test_a_view_that_fails_is_logged_once_and_the_wait_goes_on(waiting, caplog):
    fed = Fed(1)
    with caplog.at_level(logging.WARNING, "ipar_results"):
        thread, _ = waiting(fed.result, View(RuntimeError("ours")))
        fed.reply(0)
        thread.join(10)
    assert not thread.is_alive()
    assert len(caplog.records) == 1


def test_a_silent_controller_ends_the_wait_and_is_logged_once(registry, monkeypatch, caplog):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    asked = []
    monkeypatch.setattr(
        followed.record.connection, "query_hub", lambda *question: asked.append(question) or True
    )
    with caplog.at_level(logging.WARNING, "ipar_results"):
        wait(fed.result, followed, SilentView(), 0.01, None, ALL_COMPLETED)
    assert len(asked) == 1
    assert followed.snapshot().state == "lost"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not answered" in caplog.text


def test_a_long_idle_connection_does_not_end_the_wait_at_once(waiting, registry, monkeypatch, until):
    fed = Fed(1)
    followed = registry.followed(fed.result)
    monkeypatch.setattr(followed.record.connection, "query_hub", lambda *question: True)
    followed.record.connection._last_contact -= 3600
    thread, view = waiting(fed.result)
    until(lambda: view.updates > 5)
    assert thread.is_alive()
    fed.reply(0)
    thread.join(10)
    assert not thread.is_alive()


def test_a_result_that_never_resolves_after_its_messages_ended_is_not_waited_for(registry, monkeypatch):
    monkeypatch.setattr("ipar_results.live.wait._RESOLVE_SECONDS", 0.05)
    fed = Fed(1)
    monkeypatch.setattr(fed.result, "_ready_event", threading.Event())
    followed = registry.followed(fed.result)
    fed.futures[0].output.metadata.update(status="ok")
    RecordWriter(followed.record).add_metadata([0], [fed.futures[0].output.metadata], fed.futures)
    wait(fed.result, followed, SilentView(), 0.01, None, ALL_COMPLETED)
    assert followed.record.finished
    assert not fed.result._ready


def test_ctrl_c_prints_what_still_runs_and_how_to_cancel_it(registry, capsys):
    class Interrupts(View):
        def update(self):
            raise KeyboardInterrupt

    fed = Fed(5)
    followed = registry.followed(fed.result)
    fed.reply(0)
    fed.busy(1)
    fed.busy(2)
    view = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        wait(fed.result, followed, view, 0.01, None, ALL_COMPLETED)
    printed = capsys.readouterr().err
    assert "4 of 5 tasks are not done (2 running, 2 queued)" in printed
    assert "ar.monitor.cancel()" in printed
    assert "ar.monitor.cancel(interrupt=True)" in printed
    assert view.ends == 1
