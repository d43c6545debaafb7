"""Results of another client: all that were asked for, and waiting for them."""

import pytest
from fakes import Client
from ipyparallel import AsyncHubResult
from ipyparallel import Client as RealClient
from ipyparallel.error import CompositeError, EngineError, RemoteError

from ipar_results.attach.replacements.hub_results import wrap_hub_wait, wrap_result_of_jobs

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
