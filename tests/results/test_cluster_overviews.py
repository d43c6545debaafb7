"""Engines as the card of a client lists them."""

from types import SimpleNamespace

from fakes import Client

from ipar_results.results.cluster_overviews import ClusterOverviews
from ipar_results.upstream.connection import Connection


def test_nothing_waits_for_an_engine_that_has_left():
    client = Client()
    link = Connection(client, lambda: 30.0)
    client._ids.remove(1)
    tracker = SimpleNamespace(catch_up=lambda: None, all=lambda: [])
    queues = {str(engine): {"queue": 2, "tasks": 0, "completed": 5} for engine in (0, 1)}
    here, left = ClusterOverviews(lambda _: link, tracker, lambda: ())._engines(link, None, queues, {})
    assert (here.alive, here.busy, here.waiting, here.done) == (True, True, 1, 5)
    assert (left.alive, left.busy, left.waiting) == (False, False, None)


class Hub(Connection):
    """Connection to a Hub that lists these tasks on engines 0 and 1."""

    def __init__(self, client, *lists):
        super().__init__(client, lambda: 30.0)
        self.lists, self.queries = dict(enumerate(lists)), []
        self.records = {"moved": "uuid-1", "failed": "uuid-0", "moved back": "uuid-0"}

    def query_hub(self, kind, content, on_reply):
        self.queries.append((kind, content.get("targets")))
        number = list if content.get("verbose") else len
        reply = {"unassigned": 1} | {
            str(i): {"queue": 0, "tasks": number(ids), "completed": 0} for i, ids in self.lists.items()
        }
        if kind == "result_request":
            reply = {"completed": ["ended", "ran here"]}
        elif kind == "db_request":
            asked = content["query"]["msg_id"]["$in"]
            errors = {"failed": {"ename": "ValueError"}}
            records = [(i, self.records[i], errors.get(i)) for i in asked]
            reply = {
                "records": [dict(zip(("msg_id", "engine_uuid", "error"), r, strict=True)) for r in records]
            }
        on_reply({"content": {"status": "ok"} | reply})
        return True


def overview(hub, client):
    tracker = SimpleNamespace(catch_up=lambda: None, all=lambda: [])
    overviews = ClusterOverviews(lambda _: hub, tracker, lambda: ())
    return overviews._engines(hub, None, queues := overviews._query_queues(client, hub, ())[0], {}), queues


def test_a_retried_task_counts_on_the_engine_that_has_it_now():
    client = Client()
    hub = Hub(client, ["ended", "moved", "failed", "moved back"], ["moved", "moved back", "ran here"])
    engines, queues = overview(hub, client)
    assert [(each.busy, each.waiting) for each in engines] == [(True, 0), (True, 0)]
    assert queues["unassigned"] == 2  # "failed" waits for an engine on which it has not failed


def test_an_engine_that_only_keeps_the_names_of_ended_tasks_is_idle():
    client = Client()
    hub = Hub(client, ["ended"], [])
    engines, _ = overview(hub, client)
    assert [(each.busy, each.waiting) for each in engines] == [(False, 0), (False, 0)]
    assert hub.queries == [("queue_request", None), ("queue_request", [0]), ("result_request", None)]
