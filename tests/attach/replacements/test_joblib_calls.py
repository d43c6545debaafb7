"""The first batch of a call of joblib waits for earlier results, without the lock and off the IO thread."""

import threading

from fakes import Fed

from ipar_results.attach.replacements.function_names import BatchName
from ipar_results.attach.replacements.joblib_calls import JoblibCalls
from ipar_results.live.session import Session


def batch(call):
    fed = Fed(1, single=True)
    fed.result._fname = name = BatchName("joblib")
    name.call, name.size = call, 3
    return fed


def test_only_the_first_batch_waits_and_no_lock_is_held_meanwhile(monkeypatch):
    session, call, locked = Session(), {}, []
    calls = JoblibCalls(session, setattr)
    calls._patched = True
    monkeypatch.setattr(session.tracker, "catch_up", lambda: locked.append(calls._lock.locked()))
    try:
        batches = [batch(call) for _ in range(3)]
        for each in batches:
            calls.add_new(each.result)
        assert locked == [False]
        assert [entry.name for entry in session.tracker.all()] == ["joblib"]
        calls._newest.close()  # as the block of a user's group that ends before its call
        last = batch(call)
        last.result._client._io_thread = threading.current_thread()
        calls.add_new(last.result)
        assert locked == [False]
        assert len(session.tracker.all()) == 2
    finally:
        session.close()
