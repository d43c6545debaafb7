"""Results of another client: all that were asked for, and waiting for them."""

from collections import defaultdict
from datetime import datetime, timezone

import pytest
from fakes import Client
from ipyparallel import AsyncHubResult
from ipyparallel import Client as RealClient
from ipyparallel.client.client import Metadata
from ipyparallel.error import CompositeError, EngineError, RemoteError
from ipyparallel.serialize import serialize_object

from ipar_results.attach.replacements.hub_results import wrap_hub_wait, wrap_result_of_jobs, wrap_send_recv

IDS = ["a", "b", "c", "d"]


class HubClient(Client):
    """Client of a Hub that ends one more of the tasks at each query; `errors` holds those that fail."""

    _msg_ids_from_jobs = RealClient._msg_ids_from_jobs
    _asyncresult_from_jobs = wrap_result_of_jobs(RealClient._asyncresult_from_jobs)

    def __init__(self, errors=()):
        super().__init__()
        self.errors, self.history, self.metadata = dict(errors), [], {i: {} for i in IDS}

    def wait(self, jobs, timeout):
        return True

    def result_status(self, msg_ids, status_only):
        first, *others = [i for i in msg_ids if i not in self.results]
        self.results[first] = self.errors.get(first, first.upper())
        if first in self.errors:
            raise self.errors[first]
        return {"pending": others}


@pytest.mark.parametrize("jobs", [IDS, tuple(IDS), (i for i in IDS)])
def test_pieces_that_were_fetched_before_are_part_of_the_whole(jobs):
    client = HubClient()
    client.results["b"] = "B"
    assert client._asyncresult_from_jobs(jobs).msg_ids == IDS


def test_pieces_that_are_still_pending_here_are_part_of_the_whole():
    client = HubClient()
    client._futures["a"] = client._futures["c"] = object()
    client.results["b"] = "B"
    assert client._asyncresult_from_jobs(["a", "b", "c"]).msg_ids == ["a", "b", "c"]


def test_waiting_does_not_raise_the_errors_of_tasks(monkeypatch):
    monkeypatch.setattr(AsyncHubResult, "wait", wrap_hub_wait(AsyncHubResult.wait))
    errors = {"b": RemoteError("ValueError", "b failed", "", {}), "d": EngineError("Engine 1 died")}
    result = AsyncHubResult(HubClient(errors), IDS)
    assert result.wait(60)
    assert not result.successful()
    with pytest.raises(CompositeError, match="b failed"):
        result.get()
    single = AsyncHubResult(HubClient(errors), "d")
    assert single.wait()
    assert single.exception() is errors["d"]


def test_an_error_of_the_controller_is_raised(monkeypatch):
    monkeypatch.setattr(AsyncHubResult, "wait", wrap_hub_wait(AsyncHubResult.wait))
    client = HubClient()

    def refuse(msg_ids, status_only):
        raise RemoteError("KeyError", "No such message: a", "", {})

    client.result_status = refuse
    with pytest.raises(RemoteError, match="No such message"):
        AsyncHubResult(client, IDS).wait()


class ClientOfRecords(Client):
    """Client of a Hub that keeps one value, and tasks whose engine 7 died, without metadata."""

    wait = HubClient.wait
    result_status = RealClient.result_status
    _msg_ids_from_jobs = RealClient._msg_ids_from_jobs
    _extract_metadata = RealClient._extract_metadata
    _unwrap_exception = RealClient._unwrap_exception

    def __init__(self):
        super().__init__()
        self.metadata = defaultdict(Metadata)

    @wrap_send_recv
    def _send_recv(self, stream, kind, content):
        buffers, completed = [], sorted(content["msg_ids"])
        reply = {"status": "ok", "pending": [], "completed": completed}
        for msg_id in completed:
            record = {"header": {"msg_id": msg_id}, "io": {}, "received": None, "result_metadata": None}
            if msg_id == "value":
                buffers = serialize_object(42)
                record["result_metadata"], record["result_content"] = {"engine": "uuid-1"}, {"status": "ok"}
                record["result_header"] = {"msg_type": "apply_reply"}
            else:
                message = f"Engine 7 died while running task {msg_id!r}"
                record["result_header"] = {"engine": "gone", "date": "2026-11-23T06:00:00.000000Z"}
                record["result_content"] = {
                    "status": "error",
                    "ename": "EngineError",
                    "evalue": message,
                    "traceback": [],
                    "engine_info": {},
                }
            reply[msg_id] = record
        return {"content": reply, "buffers": buffers}


def test_a_task_whose_engine_died_can_be_fetched_from_the_hub(monkeypatch):
    monkeypatch.setattr(AsyncHubResult, "wait", wrap_hub_wait(AsyncHubResult.wait))
    alone = AsyncHubResult(ClientOfRecords(), "lost")
    assert alone.wait(60)
    assert isinstance(error := alone.exception(), RemoteError)
    assert (error.ename, error.evalue) == ("EngineError", "Engine 7 died while running task 'lost'")
    client = ClientOfRecords()
    among = AsyncHubResult(client, ["lost", "value", "one more"])
    assert among.wait(60)
    with pytest.raises(CompositeError, match="Engine 7 died while running task 'one more'"):
        among.get()
    assert client.results["value"] == 42
    assert [each["engine_uuid"] for each in among._metadata] == ["gone", "uuid-1", "gone"]
    assert among._metadata[0]["received"] == datetime(2026, 11, 23, 6, tzinfo=timezone.utc)  # not: now


def test_a_reply_without_the_known_parts_is_returned_as_it_is():
    reply = {"content": {"status": "ok", "odd": {"result_metadata": None, "result_header": None}}}
    assert wrap_send_recv(lambda client: reply)(None) is reply
