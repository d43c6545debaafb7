"""A session in a kernel that is not ipykernel."""

import gc
from types import SimpleNamespace

from fakes import Fed
from ipyparallel import AsyncResult, util
from ipyparallel.client import remotefunction, view
from IPython.core.displaypub import DisplayPublisher
from IPython.utils.capture import capture_output

from ipar_results.attach.extension import Extension
from ipar_results.live.session import Session
from ipar_results.results.group import membership
from ipar_results.results.group.group import Group


class PlainPublisher(DisplayPublisher):
    """As xeus-python's: it has no socket."""

    def publish(self, data, metadata=None, *, transient=None, update=False, **kwargs):
        self.published = [*getattr(self, "published", []), (update, data["text/plain"])]


def test_a_kernel_without_socket_and_control_handlers_has_live_displays_and_logs_nothing(
    shell, monkeypatch, caplog, until
):
    monkeypatch.setattr(shell, "kernel", SimpleNamespace(), raising=False)
    pub = PlainPublisher()
    pub.clear_output = lambda wait=False: None
    monkeypatch.setattr(shell, "display_pub", pub)
    session = Session(shell)
    Extension(session).attach(shell)
    try:
        fed = Fed(2)
        session.show(fed.result)
        with capture_output() as captured:
            session.show(fed.result)
        fed.reply(0)
        fed.reply(1)
        until(lambda: any(update and "2 ok" in text for update, text in pub.published), timeout=20)
    finally:
        session.close()
    assert [output.data["text/plain"][:10] for output in captured.outputs] == ["f: 0 of 2 "]
    assert not caplog.records


def test_what_ipyparallel_itself_submits_is_not_listed(shell):
    feds = [Fed(1, single=True) for _ in range(3)]
    session = Session(shell)
    Extension(session).attach(shell)
    try:
        for fed, function in zip(feds, (util._push, util._pull, lambda _push: 1), strict=True):
            fed.result.owner, fed.result._fname = True, view.getname(function)
            session.add_new(fed.result)
        session.tracker.catch_up()
        assert [entry.followed.record.name for entry in session.tracker.all()] == ["lambda _push: 1"]
    finally:
        session.close()


def test_the_result_of_a_lambda_is_named_by_the_variable_that_holds_it(shell):
    class Hostile:
        def __eq__(self, other):
            raise AssertionError("a variable is compared by identity")

        __hash__ = None

    session = Session(shell)
    fed, named = Fed(1, single=True), Fed(1, single=True)
    fed.result._fname, source = "lambda x: x ** 2", "lambda x: x ** 2"
    shell.user_ns |= {"hostile": Hostile(), "_hidden": fed.result, "other": named.result}
    try:
        entry, other = session.tracker.entry(fed.result), session.tracker.entry(named.result)
        assert (entry.summary().name, other.summary().name) == (source, "f")
        shell.user_ns["squares"] = fed.result
        assert entry.name == entry.summary().name == session.monitor(fed.result).snapshot().name == "squares"
        fed.reply(0)
        entry.poll()
        entry.release()
        assert entry.summary().name == "squares"
        shell.user_ns |= {"squares": None, "_hidden": None}
        fed = None
        gc.collect()
        assert entry.gone
        assert entry.name == entry.summary().name == source
    finally:
        session.close()


def test_a_group_comes_after_the_results_that_were_made_before_it(shell):
    fed = Fed(1, single=True)
    session = Session(shell)
    fed.result.owner = session.enabled = True
    try:
        session.add_new(fed.result)
        with Group("later", lambda: session, quiet=True) as group:
            assert [entry.followed.record.name for entry in session.tracker.all()] == ["f", "later"]
        assert group.snapshot().finished
    finally:
        session.close()


def test_a_message_of_a_map_is_a_part_from_the_beginning(shell, monkeypatch):
    monkeypatch.setattr(remotefunction, "_prepickled_map", remotefunction.PrePickled(remotefunction._map))
    fed, now = Fed(1, chunks=[3]), 1_000.0
    monkeypatch.setattr(membership, "time", SimpleNamespace(monotonic=lambda: now))
    session = Session(shell)
    Extension(session).attach(shell)
    try:
        with Group("map", lambda: session, quiet=True) as group:
            name = view.getname(remotefunction._prepickled_map)
            part = AsyncResult(fed.client, fed.futures[0], fname=name, owner=True)
            now += 60  # the thread is suspended before it marks the part
            assert group.results == ()
            part.owner, fed.result.owner = False, True
            session.add_new(fed.result)
        assert group.results == (fed.result,)
        assert group.snapshot().total == 3
    finally:
        session.close()
