"""Callbacks on futures are removed while the IO thread may be calling them."""

from concurrent.futures import Future

import pytest
from fakes import Fed

from ipar_results.upstream.events import EarlyEvents, EventListener
from ipar_results.upstream.futures import remove_done_callback


def test_a_callback_is_removed_from_a_pending_future():
    future, called = Future(), []
    future.add_done_callback(called.append)
    remove_done_callback(future, called.append)
    future.set_result(0)
    remove_done_callback(future, called.append)
    assert called == []


def test_a_callback_that_removes_itself_keeps_no_other_from_being_called():
    future, called = Future(), []

    def once(each):
        remove_done_callback(each, once)

    future.add_done_callback(once)
    future.add_done_callback(called.append)
    future.set_result(0)
    assert called == [future]
    assert future._done_callbacks == [called.append]


def test_a_listener_that_takes_over_misses_no_message():
    fed, early, listener = Fed(1), EarlyEvents(), EventListener()
    future = fed.futures[0]
    early.attach([future])
    listener.attach_first([future])
    callbacks = iter(future.iopub_callbacks)
    next(callbacks)  # the IO thread is calling the first one
    early.hand_over([future], listener)
    assert list(callbacks) == [listener.on_iopub]
    assert future.iopub_callbacks == [listener.on_iopub]


@pytest.mark.parametrize("attach", [EventListener.attach, EventListener.attach_first])
def test_an_attempt_that_fails_while_a_listener_takes_over_is_counted(attach):
    fed, early, listener = Fed(1), EarlyEvents(), EventListener()
    future = fed.futures[0]
    parent = {"msg_id": future.msg_id}
    early.attach([future])

    def publish(kind, content):
        for callback in future.iopub_callbacks:
            callback(
                dict(
                    header={"msg_type": kind}, parent_header=parent, content=content, metadata={"engine": "e"}
                )
            )

    publish("error", {})
    attach(listener, [future])
    early.hand_over([future], listener)
    publish("status", {"execution_state": "idle"})
    assert listener.take().failed_attempts == [(future.msg_id, "e")]
