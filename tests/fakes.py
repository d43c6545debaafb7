"""ipyparallel's own futures and results, fed by hand instead of by a cluster."""

from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import datetime, timedelta, timezone

from ipyparallel import AsyncMapResult, AsyncResult
from ipyparallel.client.client import Metadata
from ipyparallel.client.futures import MessageFuture
from ipyparallel.client.map import Map
from ipyparallel.error import RemoteError, TaskAborted

from ipar_results.record.recorders.recorder import Recorder
from ipar_results.results.followed import FollowedResult
from ipar_results.upstream.async_result import connect_futures, reopen, replace_children
from ipar_results.upstream.connection import Connection

START = datetime(2026, 11, 23, 6, 0, 0, 123456, tzinfo=timezone.utc)


class Client:
    """The parts of a Client that an AsyncResult and its followed read."""

    def __init__(self, engines=2):
        self._ids = list(range(engines))
        self._engines = {i: f"uuid-{i}" for i in self._ids}
        self._registration_callbacks = []
        self._closed = False
        self.outstanding = set()
        self.results = {}
        self.metadata = {}
        self._futures = {}
        self._output_futures = {}
        self._queue_handlers = {}
        self._outstanding_dict = {}
        self._query_stream = self._control_stream = None

    def _send(self, stream, kind, **how):
        """Reply at once, as an idle controller does: a test that takes long sends it heartbeat queries."""
        reply = Future()
        reply.set_result({"content": {}})
        return reply


class Fed:
    """A result whose messages do what the test says.

    Parameters
    ----------
    n : int
        Messages.
    chunks : list of int, optional
        Inputs of each message; makes it a map.
    """

    def __init__(self, n, chunks=None, single=False, client=None):
        self.client = client or Client()
        self.futures = [self._sent(f"message_{i}", START + timedelta(milliseconds=i)) for i in range(n)]
        if chunks is not None:
            sizes = {future.msg_id: size for future, size in zip(self.futures, chunks, strict=True)}
            self.result = AsyncMapResult(self.client, self.futures, Map(), fname="f", chunk_sizes=sizes)
        elif single:
            self.result = AsyncResult(self.client, self.futures[0], fname="f", targets=0)
        else:
            self.result = AsyncResult(self.client, self.futures, fname="f", targets=list(range(n)))

    def _sent(self, msg_id, submitted):
        """A message on its way."""
        future = MessageFuture(msg_id)
        future.output = MessageFuture(msg_id)
        future.output.metadata = Metadata(msg_id=msg_id, submitted=submitted)
        self.client.outstanding.add(msg_id)
        return future

    def send_again(self, followed, positions):
        """Messages are sent again, as a retry does."""

        def replace():
            for i in positions:
                self.futures[i] = self._sent(f"again_{i}", START + timedelta(seconds=len(self.futures)))
            replace_children(self.result, list(self.futures))

        followed.source.reopen(positions, replace)

    def iopub(self, i, kind, engine=None, date=START, **content):
        """One iopub message about a task, as the client hands it on; from engine ``i % 2`` if not given."""
        message = {
            "header": {"msg_type": kind, "date": date},
            "content": content,
            "metadata": {"engine": f"uuid-{i % 2 if engine is None else engine}"},
            "parent_header": {"msg_id": self.futures[i].msg_id},
        }
        for callback in list(self.futures[i].iopub_callbacks):
            callback(message)

    def busy(self, i, **when_and_where):
        """A task begins."""
        self.iopub(i, "status", execution_state="busy", **when_and_where)

    def reply(self, i, value=0, status="ok", seconds=1.0, **metadata):
        """A task ends, `i` seconds after the first; on engine ``i % 2`` unless `metadata` says otherwise."""
        begin = START + timedelta(seconds=i)
        future = self.futures[i]
        future.output.metadata.update(
            {
                "engine_id": i % 2,
                "engine_uuid": f"uuid-{i % 2}",
                "status": status,
                "started": begin,
                "completed": begin + timedelta(seconds=seconds),
                "received": (begin + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z"),
                **metadata,
            }
        )
        self.client.outstanding.discard(future.msg_id)
        future.set_result(value)
        future.output.set_result(None)

    def fail(self, i, message="no", kind="ValueError", traceback=None, **metadata):
        """A task ends with an error of the engine."""
        if traceback is None:
            traceback = f"Traceback\nFile <string>:13, in solve(x)\n\n{kind}: {message}"
        info = {"engine_id": i % 2, "engine_uuid": f"uuid-{i % 2}", "method": "apply"}
        self.reply(i, RemoteError(kind, message, traceback, info), "error", **metadata)

    def left(self, engine, when=None):
        """The client is notified that an engine has left, now or at `when`."""
        for callback in self.client._registration_callbacks:
            callback({"event": "unregister", "id": engine})
            if when is not None:
                callback.__self__.left_at[engine] = when.timestamp()

    def resend(self, i, source):
        """Send a task of an ended result again, as a retry does."""
        future = MessageFuture(f"{self.futures[i].msg_id}_again")
        future.output = MessageFuture(future.msg_id)
        future.output.metadata = Metadata(msg_id=future.msg_id, submitted=START + timedelta(minutes=1))
        self.futures[i] = future
        reopen(self.result)
        source.reopen([i], lambda: replace_children(self.result, list(self.futures)))
        self.result.add_done_callback(self.result._finalize_result)
        connect_futures(self.result)

    def abort(self, i, **metadata):
        """A task is refused by its engine, which gives the time of the refusal as that of a task."""
        self.reply(i, TaskAborted(self.futures[i].msg_id), "aborted", **{"seconds": 0.00001, **metadata})


def follow(fed, contact_timeout=30.0):
    """The facade of a fed result, without a registry."""
    link = Connection(fed.client, lambda: contact_timeout)
    return FollowedResult(Recorder.follow(fed.result, link), link)


class Session:
    """What a group needs of the session; called, it gives itself."""

    enabled = True

    def __init__(self, registry):
        self.registry = registry

    def __call__(self):
        return self

    def begin_group(self, group, show):
        pass

    def wake(self):
        pass


class Comm:
    """Comm that records what is sent."""

    _closed = False
    comm_id = "comm"

    def __init__(self, sent):
        self.sent = sent

    def send(self, data):
        self.sent.append(json.loads(json.dumps(data, allow_nan=False)))

    def close(self):
        self._closed = True
