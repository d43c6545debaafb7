"""Replacements for results that were sent by another client: fetch all of them, and wait without raising."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from ipyparallel.error import KernelError

from ...log import log_errors

if TYPE_CHECKING:
    from ...upstream.protocols import AsyncResultLike, ClientLike, Message


def wrap_result_of_jobs(original: Callable[..., AsyncResultLike]) -> Callable[..., AsyncResultLike]:
    """Return all the results that were asked for: the original drops those that the client has already."""
    from ipyparallel import AsyncHubResult

    @wraps(original)
    def _asyncresult_from_jobs(self: ClientLike, jobs: Any = None, owner: bool = False) -> AsyncResultLike:
        if isinstance(jobs, (list, tuple, set, GeneratorType)):
            jobs = list(jobs)
            if len({_place(self, job) for job in jobs}) > 1:
                result: AsyncResultLike = AsyncHubResult(self, self._msg_ids_from_jobs(jobs), owner=owner)
                return result
        return original(self, jobs, owner=owner)

    return _asyncresult_from_jobs


def _place(client: ClientLike, job: Any) -> str:
    """Return where the result of a job is: the original mixes the places up."""
    if isinstance(job, int):
        job = client.history[job]
    if not isinstance(job, str):
        return "cached" if getattr(job, "_children", None) else "hub"
    return "pending" if job in client._futures else "cached" if job in client.results else "hub"


def wrap_send_recv(original: Callable[..., Message]) -> Callable[..., Message]:
    """Complete the Hub's records of tasks whose engine died: the original cannot do without metadata."""

    @wraps(original)
    def _send_recv(self: ClientLike, *args: object, **kwargs: object) -> Message:
        reply = original(self, *args, **kwargs)
        with log_errors("reading the records of the Hub"):
            for record in reply["content"].values():
                if isinstance(record, dict) and record.get("result_metadata", record) is None:
                    header = record["result_header"]
                    record["result_metadata"] = {"engine": header["engine"]}
                    record["received"] = header["date"]
        return reply

    return _send_recv


def wrap_hub_wait(original: Callable[..., bool]) -> Callable[..., bool]:
    """Wait also if tasks failed: the original raises their errors, each time that it has fetched some."""

    @wraps(original)
    def wait(self: AsyncResultLike, timeout: float | None = -1, return_when: object = None) -> bool:
        if timeout is not None and timeout < 0:
            timeout = None
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            fetched = _count_fetched(self)
            try:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                return original(self, left, return_when)
            except KernelError:
                if _count_fetched(self) == fetched:
                    raise  # an error of the controller itself

    return wait


def _count_fetched(result: AsyncResultLike) -> int:
    return sum(msg_id in result._client.results for msg_id in result.msg_ids)
