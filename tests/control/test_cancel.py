"""Cancellations, with messages of the engines fed by hand in various orders."""

from concurrent.futures import Future
from datetime import timedelta

import pytest
from fakes import START, Client, Fed, follow

from ipar_results.control.cancel import Cancelled


def after(seconds):
    return START + timedelta(seconds=seconds)


class ReplyingClient(Client):
    """Client whose engines reply to control requests, after which `then` is called."""

    _control_stream = None

    def __init__(self, engines=2):
        super().__init__(engines)
        self.interrupted = []
        self.aborted = 10.0  # when engines confirm, by their clock
        self.silent = set()
        self.then = lambda kind, uuid: None

    def _send(self, stream, kind, content, ident):
        uuid, future = ident.decode(), Future()
        if kind == "signal_request":
            self.interrupted.append(uuid)
        if uuid not in self.silent:
            future.set_result({"content": {"status": "ok"}, "header": {"date": after(self.aborted)}})
        self.then(kind, uuid)
        return future


@pytest.fixture
def work():
    """Return six tasks, of which each of two engines runs one, and their facade."""
    fed = Fed(6, client=ReplyingClient())
    followed = follow(fed)
    fed.busy(0, date=after(1))
    fed.busy(1, date=after(1))
    return fed, followed


def stop(work, **how):
    _, followed = work
    return followed.cancel(interrupt=True, **{"timeout": 0.5, **how})


def test_running_tasks_are_interrupted_once(work):
    assert stop(work) == Cancelled(cancelled=4, interrupted=2)
    assert sorted(work[0].client.interrupted) == ["uuid-0", "uuid-1"]


def test_a_cancelled_task_that_an_engine_aborts_on_arrival_is_not_interrupted(work):
    fed, _ = work

    def then(kind, uuid):
        if kind == "signal_request" and uuid == "uuid-0":  # the engine takes the next task from its queue
            fed.fail(0, kind="KeyboardInterrupt")
            fed.busy(2, engine=0, date=after(11))

    fed.client.then = then
    assert stop(work) == Cancelled(cancelled=4, interrupted=2)
    assert fed.client.interrupted.count("uuid-0") == 1  # a second one would interrupt a task of others


def test_a_task_that_started_just_before_the_abort_request_is_interrupted(work):
    fed, _ = work

    def then(kind, uuid):
        if kind == "abort_request" and uuid == "uuid-0":
            fed.reply(0)
            fed.busy(2, engine=0, date=after(9.9))

    fed.client.then = then
    assert stop(work) == Cancelled(cancelled=3, interrupted=2, already_done=1)


def test_tasks_of_an_engine_without_an_abort_reply_count_as_unreachable(work):
    fed, _ = work
    fed.client.silent = {"uuid-0"}

    def then(kind, uuid):
        if kind == "abort_request" and uuid == "uuid-0":
            fed.reply(0)
            fed.busy(2, engine=0, date=after(5))

    fed.client.then = then
    outcome = stop(work)
    assert fed.client.interrupted == ["uuid-1"]
    assert outcome == Cancelled(interrupted=1, already_done=1, unreachable=4)
