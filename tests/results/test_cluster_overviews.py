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
    here, left = ClusterOverviews(lambda _: link, tracker, lambda: ())._engines(link, None, queues)
    assert (here.alive, here.busy, here.waiting, here.done) == (True, True, 1, 5)
    assert (left.alive, left.busy, left.waiting) == (False, False, None)
