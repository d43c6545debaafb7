"""The channel sends all changes within its budget, answers every request, and refuses malformed ones."""

import json
import logging
from types import SimpleNamespace

import numpy as np
import pytest
import zmq
from fakes import Client, Comm, Fed
from front import FrontEnd
from ipyparallel.serialize import pack_apply_message

from ipar_results.config import IPythonParallelResults
from ipar_results.live.channel import channel as channels
from ipar_results.live.channel.channel import Channel
from ipar_results.live.display.mime import MIME
from ipar_results.results.registry import Registry
from ipar_results.results.tracker import Tracker


class Scene:
    """Channel over fake results, with a fake front end and clock."""

    def __init__(self, monkeypatch):
        self.now = 1_000.0
        monkeypatch.setattr(channels, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.registry = Registry()
        self.tracker = Tracker(self.registry.followed, lambda: None)
        self.kernel = SimpleNamespace(control_handlers={}, session=None)
        self.channel = Channel(self.kernel, self.tracker, IPythonParallelResults(), lambda: None)
        self.sent, self.front, self.n = [], FrontEnd(), 0
        self.channel._open_comm = self._open_comm

    def _open_comm(self):
        self.channel._comm = self.channel._comm or Comm(self.sent)

    def ask(self, kind, **keys):
        self.n += 1
        return self.channel.answer({"protocol": 1, "request": f"r{self.n}", "type": kind, **keys})

    def hello(self):
        return self.ask("hello", client="tab")

    def track(self, fed, shown=True):
        entry = self.tracker.entry(fed.result)
        if shown:
            self.channel.watch(entry)
        return entry

    def tick(self, seconds=0.25):
        """Advance the clock and send what is due; return what was sent."""
        self.now += seconds
        self.tracker.round()
        before = len(self.sent)
        if self.channel.urgency(self.now) is not None:
            self.channel.send()
        for data in self.sent[before:]:
            self.front.take(data)
        return self.sent[before:]

    def settle(self, most=2_000):
        while self.channel.do_housekeeping():
            most -= 1
            assert most, "the channel never stops sending"
            self.tick()


@pytest.fixture
def scene(monkeypatch, log_once):
    scene = Scene(monkeypatch)
    yield scene
    scene.tracker.close()
    scene.registry.close()


def test_nothing_is_sent_before_a_hello(scene):
    scene.track(Fed(2, chunks=[1, 1]))
    scene._open_comm()
    assert scene.tick() == []


def test_a_reply_is_flushed_before_its_handler_returns(scene):
    """Otherwise the kernel sends it only after it has flushed printed output."""
    done = []
    stream = SimpleNamespace(flush=lambda flag: done.append(("flush", flag)))
    scene.kernel.session = SimpleNamespace(
        send=lambda to, kind, content, parent, ident: done.append((kind, content["status"], to, ident))
    )
    content = {"protocol": 1, "request": "r", "type": "hello", "client": "tab"}
    scene.channel._on_request(stream, b"page", {"content": content})
    assert done == [("ipar_reply", "ok", stream, b"page"), ("flush", zmq.POLLOUT)]


def test_a_front_end_gets_the_full_state_and_then_the_changes(scene):
    fed = Fed(4, chunks=[1] * 4)
    entry = scene.track(fed)
    scene.hello()
    scene.tick()
    seen = scene.front.results[entry.id]
    assert (seen.head["total"], seen.head["done"], seen.rows) == (4, 0, {})
    fed.busy(2)
    fed.reply(0)
    fed.fail(1)
    scene.tick()
    assert (seen.head["ok"], seen.head["failed"], seen.head["running"]) == (1, 1, 1)
    assert {position: row["status"] for position, row in seen.rows.items()} == {0: 2, 1: 3}
    assert list(seen.running) == [2]
    assert seen.failures[0]["type"] == "ValueError" and "Traceback" in seen.failures[0]["traceback"]
    assert seen.loads[0]["done"] == 1 and seen.loads[1]["failed"] == 1
    changed = scene.sent[-1]["results"][0]["head"]
    assert "name" not in changed and changed["done"] == 2


@pytest.mark.parametrize("seen_between", [True, False])
def test_the_error_of_a_retry_that_fails_again_is_sent(scene, seen_between):
    fed = Fed(2, chunks=[1] * 2)
    entry = scene.track(fed)
    scene.hello()
    fed.reply(0)
    fed.fail(1, "first")
    scene.settle()
    entry.reopen(fed.result, entry.followed)
    fed.resend(1, entry.followed.source)
    if seen_between:
        scene.tick()
        assert scene.front.results[entry.id].failures[0]["count"] == 0
        assert scene.front.results[entry.id].head["failure_groups"] == 0
    fed.fail(1, "second")
    entry.followed.drain()
    scene.settle()
    group = scene.front.results[entry.id].failures[0]
    assert (group["count"], group["type"], group["message"]) == (1, "ValueError", "second")
    assert "solve" in group["where"] and "second" in group["traceback"]


def test_the_value_of_a_task_that_ended_before_it_was_displayed_is_sent(scene):
    fed = Fed(1, single=True)
    fed.reply(0, 42)
    entry = scene.track(fed)
    scene.hello()
    scene.settle()
    assert scene.front.results[entry.id].head["value"] == "42"


def test_the_row_of_a_chunk_has_its_inputs(scene):
    fed = Fed(3, chunks=[5, 5, 2])
    entry = scene.track(fed)
    scene.hello()
    fed.reply(2)
    scene.settle()
    row = scene.front.results[entry.id].rows[2]
    assert (row["first"], row["inputs"], row["status"]) == (10, 2, 2)


def test_nothing_is_sent_without_a_change(scene):
    fed = Fed(2, chunks=[1, 1])
    scene.track(fed)
    scene.hello()
    scene.settle()
    assert [scene.tick() for _ in range(4)] == [[]] * 4


def test_a_name_that_is_wrong_after_the_end_is_sent_anew(scene):
    fed = Fed(1, single=True)
    fed.result._fname = "lambda: 1"
    entry = scene.track(fed)
    variables = {"one" * 50: fed.result}
    entry.followed.namespace = lambda: variables
    fed.reply(0)
    scene.hello()
    scene.settle()
    seen = scene.front.results[entry.id]
    assert seen.head["name"].startswith("oneone")
    assert [scene.tick() for _ in range(2)] == [[]] * 2
    variables.clear()
    scene.settle()
    assert seen.head["name"] == "lambda: 1"
    assert [scene.tick() for _ in range(2)] == [[]] * 2


def test_at_most_five_messages_a_second_are_sent(scene):
    fed = Fed(100, chunks=[1] * 100)
    scene.track(fed)
    scene.hello()
    sent = 0
    for i in range(100):
        fed.reply(i)
        sent += len(scene.tick(0.01))
    assert 3 <= sent <= 5


def test_a_large_result_is_sent_within_the_budget_as_an_evenly_spread_sample_that_grows(scene):
    n = 20_000
    fed = Fed(n, chunks=[1] * n)
    entry = scene.track(fed)
    for i in range(n):
        fed.reply(i)
    scene.hello()
    spent, first = [], None
    while scene.channel.do_housekeeping():
        for data in scene.tick():
            size = len(json.dumps(data))
            assert size <= 64_000
            spent.append((scene.now, size))
            rows = scene.front.results[entry.id].rows
            if first is None and len(rows) > 1_000:
                first = np.sort(list(rows))
    assert len(scene.front.results[entry.id].rows) == n
    assert np.diff(first).max() <= 20 * n / len(first)  # spread over the whole
    for at, _ in spent:
        assert sum(size for when, size in spent if at - 1 < when <= at) <= 110_000


def test_with_a_thousand_engines_no_message_delays_the_next(scene):
    n = 1_024
    fed = Fed(3 * n, chunks=[1] * (3 * n), client=Client(engines=n))
    entry = scene.track(fed)
    scene.hello()
    last_done, late = 0, 0.0
    for i in range(n):
        fed.busy(i)
        fed.busy(n + i)
        fed.reply(i, engine_id=i, engine_uuid=f"uuid-{i}")
        if i % 64 == 0:
            for data in scene.tick(0.25):
                assert len(json.dumps(data)) <= 25_000
            seen = scene.front.results[entry.id].head["done"]
            late = 0.0 if seen > last_done else late + 0.25
            last_done = seen
            assert late <= 0.5
    for i in range(n, 3 * n):
        fed.reply(i, engine_id=i % n, engine_uuid=f"uuid-{i % n}")
    scene.settle()
    seen = scene.front.results[entry.id]
    assert {load["done"] for load in seen.loads.values()} == {3} and len(seen.loads) == n
    assert len(seen.rows) == 3 * n and not seen.running


def test_a_second_hello_gets_a_full_state(scene):
    fed = Fed(3, chunks=[1] * 3)
    entry = scene.track(fed)
    scene.hello()
    fed.reply(0)
    fed.fail(1)
    scene.settle()
    scene.front = FrontEnd()
    scene.hello()
    scene.settle()
    seen = scene.front.results[entry.id]
    assert (seen.head["ok"], seen.head["failed"], sorted(seen.rows)) == (1, 1, [0, 1])
    assert seen.failures[0]["message"] == "no"


def test_messages_are_numbered_without_a_gap(scene):
    fed = Fed(50, chunks=[1] * 50)
    scene.track(fed)
    scene.hello()
    for i in range(50):
        fed.reply(i)
        scene.tick()
    assert [data["seq"] for data in scene.sent] == list(range(1, len(scene.sent) + 1))
    assert scene.front.gaps == 0


def test_many_results_are_all_sent_and_ended_ones_first(scene):
    client = Client()
    many = [Fed(2, chunks=[1, 1], client=client) for _ in range(200)]
    entries = [scene.track(fed, shown=False) for fed in many]
    scene.hello()
    scene.settle()
    assert len(scene.front.results) == 200
    for fed in many:
        fed.reply(0)
    many[150].reply(1)
    data = scene.tick(1.0)[0]
    assert data["results"][0]["id"] == entries[150].id
    scene.settle()
    assert {seen.head["done"] for seen in scene.front.results.values()} == {1, 2}


def test_rows_are_sent_only_of_watched_results(scene):
    fed = Fed(3, chunks=[1] * 3)
    entry = scene.track(fed, shown=False)
    scene.hello()
    for i in range(3):
        fed.reply(i)
    scene.settle()
    assert (scene.front.results[entry.id].head["done"], scene.front.results[entry.id].rows) == (3, {})
    assert scene.ask("watch", result=entry.id)["status"] == "ok"
    scene.settle()
    assert len(scene.front.results[entry.id].rows) == 3


def test_hostile_text_is_sent_unchanged_but_truncated(scene):
    hostile = "<script>\x00\ud800\u202e\x1b[31m" + "x" * 1_000_000
    fed = Fed(1, chunks=[1])
    fed.result._fname = hostile
    entry = scene.track(fed)
    fed.fail(0, message=hostile, traceback=hostile)
    scene.hello()
    scene.settle()
    seen = scene.front.results[entry.id]
    assert seen.head["name"].startswith("<script>\x00?") and len(seen.head["name"]) <= 120
    assert (
        len(seen.failures[0]["traceback"]) < 8_200 and "characters left out" in seen.failures[0]["traceback"]
    )


def test_a_result_that_is_no_longer_tracked_is_sent_as_gone(scene):
    entry = scene.track(Fed(1, chunks=[1]))
    scene.hello()
    scene.settle()
    del scene.tracker._tracked[entry.id]
    scene.tick()
    assert scene.front.results == {}


# requests ---------------------------------------------------------------------------------------------


def test_a_task_request_gets_its_error_and_the_tail_of_its_output(scene):
    fed = Fed(2, chunks=[1, 1])
    entry = scene.track(fed)
    fed.fail(1, stdout="x" * 10_000, stderr="oh\x00")
    reply = scene.ask("task", result=entry.id, position=1, limit=1_000)["task"]
    assert (reply["status"], reply["engine_id"], reply["error"]["type"]) == ("failed", 1, "ValueError")
    assert (len(reply["stdout"]["text"]), reply["stdout"]["total"]) == (1_000, 10_000)
    assert reply["stderr"]["text"] == "oh\x00"
    assert reply["duration"] == 1.0


def test_a_rich_output_that_is_too_large_is_left_out(scene):
    fed = Fed(1, chunks=[1])
    entry = scene.track(fed)
    figure = {"data": {"image/png": "A" * 5_000_000, "text/plain": "<Figure>"}, "metadata": {}}
    fed.reply(0, outputs=[figure, figure])
    reply = scene.ask("task", result=entry.id, position=0)["task"]
    assert reply["outputs_total"] == 2
    assert reply["outputs"][0]["data"] == {"text/plain": "<Figure>"} or "left out" in str(reply["outputs"])
    assert len(json.dumps(reply)) < 100_000


@pytest.mark.parametrize("keys", [{"position": 2}, {"position": 10**9}])
def test_a_missing_task_gets_an_error_reply(scene, keys):
    entry = scene.track(Fed(2, chunks=[1, 1]))
    reply = scene.ask("task", result=entry.id, **keys)
    assert (reply["status"], reply["error"]["code"]) == ("error", "bad-request")
    assert "has no message" in reply["error"]["message"]


def test_the_inputs_of_shown_tasks_can_be_requested(scene):
    client = Client()
    fed = Fed(3, chunks=[1] * 3, client=client)
    for future, value in zip(fed.futures[:2], (b"x" * 300, (1, "<b>")), strict=True):
        scene.registry.add_request(client, future, None, pack_apply_message(len, (value,), {}))
    entry = scene.track(fed)
    fed.reply(1)
    shown, chosen, unknown = scene.ask("inputs", result=entry.id, positions=[0, 1, 2])["inputs"]
    assert shown.startswith("b'xxx") and len(shown) < 100
    assert (chosen, unknown) == ("(1, '<b>')", None)
    assert scene.ask("inputs", result=entry.id, positions=[3])["error"]["code"] == "bad-request"


def test_the_whole_traceback_of_a_failure_can_be_requested(scene):
    fed = Fed(1, chunks=[1])
    entry = scene.track(fed)
    fed.fail(0, traceback="first\n" + "x" * 20_000 + "\nlast")
    assert len(scene.ask("traceback", result=entry.id, group=0)["traceback"]) > 20_000
    assert scene.ask("traceback", result=entry.id, group=1)["error"]["code"] == "bad-request"


def test_a_page_can_request_the_bundle_to_save(scene):
    fed = Fed(2)
    entry = scene.track(fed)
    fed.reply(0)
    fed.fail(1, message="<b>no bed</b>")
    data = scene.ask("bundle", result=entry.id)["data"]
    assert data[MIME]["finished"] is True and data[MIME]["id"] == entry.id
    assert "&lt;b&gt;no bed" in data["text/html"] and "1 failed" in data["text/plain"]
    assert len(json.dumps(data)) < 200_000


def test_an_unknown_result_gets_an_error_reply(scene):
    for kind in ("watch", "outputs", "bundle", "cancel"):
        assert scene.ask(kind, result="unknown")["error"]["code"] == "unknown-result"


def test_an_action_that_is_sent_again_is_accepted_again_and_runs_once(scene, until):
    fed = Fed(1, chunks=[1])
    entry = scene.track(fed)
    scene.hello()
    command = {"protocol": 1, "request": "once", "type": "export", "result": entry.id, "format": "exe"}
    assert scene.channel.answer(command)["error"]["code"] == "bad-request"
    command["format"] = "csv"
    done = []
    scene.channel._actions.add = lambda *args: done.append(args) or True
    replies = [scene.channel.answer(command) for _ in range(2)]
    assert replies[0] == replies[1] and replies[0]["accepted"] is True
    assert len(done) == 1


def test_a_malformed_request_is_answered_and_logged_once(scene, caplog):
    with caplog.at_level(logging.WARNING, "ipar_results"):
        for _ in range(3):
            assert scene.ask("shutdown")["error"]["code"] == "bad-request"
    assert len(caplog.records) == 1


@pytest.mark.parametrize("content", [None, [], "x", 7, {}, {"request": {}}, {"request": "x" * 10_000_000}])
def test_any_content_gets_a_reply(scene, content):
    reply = scene.channel.answer(content)
    assert reply["status"] == "error" and len(reply["request"]) <= 64
