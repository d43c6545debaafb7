"""A result that the Hub keeps: its records, and messages of which it keeps none."""

from collections import defaultdict

import pytest
from fakes import Client
from ipyparallel import AsyncHubResult
from ipyparallel.client.client import Metadata
from ipyparallel.error import EngineError, RemoteError

from ipar_results.record.recorders.hub_recorder import HubRecorder
from ipar_results.results.followed import FollowedHubResult
from ipar_results.upstream.connection import Connection


class Hub(Connection):
    """Connection to a Hub with these records; it has ended other messages, and waits for some."""

    def __init__(self, records=(), ended=(), pending=()):
        self.kept = Client()
        self.kept.metadata = defaultdict(Metadata)
        super().__init__(self.kept, lambda: 30.0)
        self.records = {each["msg_id"]: each for each in records}
        self.ended, self.waiting, self.queries = ended, pending, []

    def query_hub(self, kind, content, on_reply):
        self.queries.append(kind)
        if kind == "db_request":
            ids = content["query"]["msg_id"]["$in"]
            reply = {"status": "ok", "records": [self.records[i] for i in ids if i in self.records]}
        else:
            reply = {"status": "ok", "completed": [], "pending": []}
            for msg_id in sorted(content["msg_ids"]):
                if msg_id in self.ended:
                    reply["completed"].append(msg_id)
                elif msg_id in self.waiting:
                    reply["pending"].append(msg_id)
                else:
                    reply = {"status": "error", "ename": "KeyError", "evalue": f"'No such message: {msg_id}'"}
                    break
        on_reply({"content": reply})
        return True


def follow(hub, *msg_ids):
    result = AsyncHubResult(hub.client, list(msg_ids))
    followed = FollowedHubResult(HubRecorder(result, hub), hub)
    followed.kept = result
    followed.poll()
    return followed


def test_a_message_that_the_hub_does_not_know_has_its_error_at_once():
    hub = Hub([{"msg_id": "b", "completed": "2026-11-23T06:00:00.000000Z"}], pending=["a"])
    snapshot = follow(hub, "a", "b", "no-such-id", "nor-this").snapshot()
    assert (snapshot.ok, snapshot.failed, snapshot.queued) == (1, 2, 1)
    assert {group.message for group in snapshot.failures} <= {
        "'No such message: no-such-id'",
        "'No such message: nor-this'",
    }
    assert snapshot.failures[0].type == "KeyError"
    alone = follow(hub, "no-such-id").snapshot()
    assert (alone.finished, alone.wall_time, alone.throughput) == (True, None, None)


def test_messages_that_the_hub_has_forgotten_have_ended_with_an_unknown_outcome():
    hub = Hub([{"msg_id": "b", "completed": "2026-11-23T06:00:00.000000Z"}], ended=["a", "c"])
    followed = follow(hub, "a", "b", "c")
    followed.poll()
    snapshot = followed.snapshot()
    assert "keeps no record" in snapshot.note
    assert (snapshot.done, snapshot.ok, snapshot.failed, snapshot.aborted) == (3, 1, 0, 0)
    assert (snapshot.finished, snapshot.state) == (True, "unknown")
    assert (snapshot.wall_time, snapshot.throughput, snapshot.time_use) == (None, None, None)


def test_the_hub_is_asked_for_no_status_while_it_has_all_records():
    hub = Hub([{"msg_id": "a"}])
    assert follow(hub, "a").snapshot().queued == 1
    assert hub.queries == ["db_request"]


@pytest.mark.parametrize("single", [True, False])
def test_an_error_that_no_engine_has_published_is_that_of_the_result(single):
    hub = Hub()
    error = EngineError("Engine 0 died while running task 'a'")
    result = AsyncHubResult(hub.client, "a" if single else ["a", "b"])
    result._ready, result._raw_results = True, [error, 1]
    result._exception = error
    result._metadata[0]["status"] = "error"
    if not single:
        result._metadata[1]["status"] = "ok"
    (group,) = FollowedHubResult(HubRecorder(result, hub), hub).snapshot().failures
    assert (group.type, group.message) == ("EngineError", "Engine 0 died while running task 'a'")


def test_an_engine_that_left_before_the_client_was_connected_is_named_as_by_the_hub():
    content = {"status": "error", "ename": "EngineError", "evalue": "Engine 7 died while running task 'a'"}
    record = {"msg_id": "a", "completed": "2026-11-23T06:00:00.000000Z", "engine_uuid": "gone"}
    snapshot = follow(Hub([{**record, "result_content": content}]), "a").snapshot()
    assert [(load.engine_id, load.failed) for load in snapshot.engines] == [(7, 1)]
    assert snapshot.failures[0].engines == (7,)


def test_an_engine_that_left_is_named_also_after_ipyparallel_has_fetched_its_error():
    hub = Hub()
    result = AsyncHubResult(hub.client, "a")
    result._ready = True
    result._exception = RemoteError("EngineError", "Engine 7 died while running task 'a'", "", {})
    result._metadata[0].update(status="error", engine_uuid="gone")
    snapshot = FollowedHubResult(HubRecorder(result, hub), hub).snapshot()
    (group,) = snapshot.failures
    assert (group.message, group.engines) == ("Engine 7 died while running task 0", (7,))


def test_a_task_whose_engine_left_does_not_run_while_the_hub_keeps_it_pending():
    hub = Hub([{"msg_id": "a", "engine_uuid": "uuid-0"}, {"msg_id": "b", "engine_uuid": "uuid-1"}])
    followed = follow(hub, "a", "b")
    assert (followed.snapshot().running, followed.snapshot().queued) == (2, 0)
    hub.kept._ids.remove(1)
    del hub.kept._engines[1]
    followed.source._queried_at -= 10
    followed.poll()
    snapshot = followed.snapshot()
    assert (snapshot.running, snapshot.queued) == (1, 1)
    assert [(load.engine_id, load.alive) for load in snapshot.engines] == [(0, True), (1, False)]


def at(second):
    return f"2026-11-23T06:00:{second:02}.000000Z"


def test_an_engine_that_left_before_the_client_was_connected_died_during_the_run():
    """The Hub keeps neither when it left nor when the task was received, but when it gave the task up."""
    content = {"status": "error", "ename": "EngineError", "evalue": "Engine 7 died while running task 'c'"}
    times = {"submitted": at(0), "started": at(0), "completed": at(2), "received": at(2)}
    records = [
        {"msg_id": "a", "engine_uuid": "uuid-0", **times},
        {"msg_id": "b", "engine_uuid": "gone", **times},
        {"msg_id": "c", "engine_uuid": "gone", "submitted": at(0), "completed": at(33)},
    ]
    snapshot = follow(Hub([*records[:2], records[2] | {"result_content": content}]), "a", "b", "c").snapshot()
    assert (snapshot.wall_time, snapshot.elapsed) == (33, 33)
    assert [(load.engine_id, load.alive) for load in snapshot.engines] == [(0, True), (7, False)]
    assert snapshot.time_use.lost == 31
    (advice,) = snapshot.advice
    assert advice.message.startswith("Engine 7 died during the run. 1 task failed. With it")


def test_rates_of_a_result_that_was_seen_to_end_late_are_those_of_its_time():
    record = {"msg_id": "a", "engine_uuid": "uuid-0", "submitted": at(0), "started": at(0)}
    followed = follow(Hub([record]), "a")
    assert followed.snapshot().elapsed > 100
    record.update(completed=at(2), received=at(2))
    followed.source._queried_at -= 10
    followed.poll()
    snapshot = followed.snapshot()
    assert (snapshot.wall_time, snapshot.throughput) == (2, 0.5)
    assert (snapshot.speedup, snapshot.efficiency) == (1, 1)
