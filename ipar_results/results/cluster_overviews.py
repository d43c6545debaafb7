"""Overviews of clusters: what this kernel follows there, and the queues by queries to the Hub."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ..formatting import plural
from ..model.cluster import ClusterOverview, Condition, EngineActivity
from ..model.snapshot import EngineId, engine_order
from ..record.state import running_by_slot
from ..render import words
from ..upstream.connection import Connection
from ..upstream.protocols import ClientLike, ClusterLike, JSONObject, Message, ViewLike
from .tracker import Tracker

HUB_TIMEOUT = 1.0  # seconds
_SILENT_HUB_TIMEOUT = 0.2  # after a query that was not answered
_MAX_LISTED = 200_000  # ids of completed tasks, which the Hub lists with those that it still assigns


class ClusterOverviews:
    """Maker of the overviews of clients, views and clusters."""

    def __init__(
        self,
        connection_of: Callable[[ClientLike], Connection],
        tracker: Tracker,
        known_clients: Callable[[], Iterable[ClientLike]],
    ) -> None:
        self._connection_of = connection_of
        self._tracker = tracker
        self._known_clients = known_clients
        self._silent: weakref.WeakSet[ClientLike] = weakref.WeakSet()

    def client(self, client: ClientLike) -> ClusterOverview:
        """Return the overview of a client, with all its engines."""
        return self._overview(client, type(client).__name__, None, ())

    def view(self, view: ViewLike) -> ClusterOverview:
        """Return the overview of a view, with the engines that it uses."""
        targets = _targets(view)
        settings = ["all engines" if targets is None else words.engines(targets) or "no engines"]
        settings += ["blocking"] if view.block else []
        retries = getattr(view, "retries", 0)
        settings += [f"retries {retries}"] if retries else []
        settings += ["coalescing"] if getattr(view, "is_coalescing", False) else []
        return self._overview(view.client, type(view).__name__, targets, tuple(settings))

    def cluster(self, cluster: ClusterLike) -> ClusterOverview:
        """Return the overview of a cluster, by a client that is connected to it if there is one."""
        kind, name, profile = type(cluster).__name__, str(cluster.cluster_id), _profile(cluster.profile_dir)
        state = None if cluster.controller is None else cluster.controller.state
        if state in (None, "before"):
            note = "The controller has not been started: cluster.start_cluster_sync()."
            return ClusterOverview(kind, name, "stopped", profile=profile, note=note)
        if state != "running":
            return ClusterOverview(kind, name, "stopped", profile=profile, note="The controller stopped.")
        engine_sets = tuple(
            f"{plural(int(each.n), 'engine')} {'started' if each.state == 'running' else each.state}"
            for each in cluster.engines.values()
        )
        for client in self._known_clients():
            if client.cluster is cluster and not client._closed:
                return self._overview(client, kind, None, engine_sets, name)
        note = "No client is connected: cluster.connect_client_sync() shows what the engines do."
        settings = engine_sets or ("no engines started",)
        return ClusterOverview(kind, name, settings=settings, profile=profile, note=note)

    def _overview(
        self,
        client: ClientLike,
        kind: str,
        targets: list[int] | None,
        settings: tuple[str, ...],
        name: str = "",
    ) -> ClusterOverview:
        link = self._connection_of(client)
        overview = ClusterOverview(
            kind,
            name or str(getattr(client.cluster, "cluster_id", "") or ""),
            "closed",
            settings=settings,
            profile=_profile(getattr(client._profile_dir, "location", "")),
            controller=address(client),
            note="The connection to the cluster is closed.",
        )
        if link.closed:
            return overview
        running = self._running(link)
        queues, note = self._query_queues(client, link, running)
        engines = self._engines(link, targets, queues, running)
        condition: Condition = "up" if any(engine.alive for engine in engines) else "empty"
        if condition == "empty":
            whose = "The cluster has" if targets is None else "This view has"
            note = note or f"{whose} no engines now: what is submitted fails, or waits for one."
        if queues is None and note:
            condition = "lost"
        unassigned = None if queues is None else int(queues.get("unassigned", 0))
        return replace(overview, condition=condition, engines=engines, unassigned=unassigned, note=note)

    def _query_queues(
        self, client: ClientLike, connection: Connection, running: Container[EngineId]
    ) -> tuple[JSONObject | None, str]:
        """Return the queues that the Hub reports, and a note for the user where it does not."""
        if connection.lost:
            return None, connection.describe_problem()
        if connection.on_io_thread:  # the reply would arrive on this thread
            return None, ""
        deadline = time.monotonic() + (_SILENT_HUB_TIMEOUT if client in self._silent else HUB_TIMEOUT)

        def query(kind: str, content: dict[str, object]) -> JSONObject | None:
            replies: list[JSONObject] = []
            replied = threading.Event()

            def on_reply(reply: Message) -> None:
                replies.append(reply["content"])
                self._silent.discard(client)
                replied.set()

            if connection.query_hub(kind, content, on_reply):
                replied.wait(deadline - time.monotonic())
            return replies[0] if replies else None

        queues = query("queue_request", {"targets": None, "verbose": False})
        if queues is None:
            self._silent.add(client)
            return None, "The controller has not answered within 1 s: queues and counts are not known."
        if queues.get("status") != "ok":
            return None, "The controller would not tell its queues."
        doubtful = {
            engine: queue
            for engine in sorted(connection.alive_engines())
            if (queue := queues.get(str(engine)))
            and queue["tasks"]
            and queue["tasks"] + queue["queue"] > (engine in running)
        }
        if doubtful and sum(queue["completed"] for queue in doubtful.values()) <= _MAX_LISTED:
            _leave_out_moved(connection, queues, list(doubtful), query)
        return queues, ""

    def _engines(
        self,
        link: Connection,
        targets: list[int] | None,
        queues: JSONObject | None,
        running: Mapping[EngineId, EngineActivity],
    ) -> tuple[EngineActivity, ...]:
        alive = link.alive_engines()
        ids: set[EngineId] = set(link.known_engines() | alive) if targets is None else set(targets)
        engines = []
        for engine_id in ids:
            is_alive = engine_id in alive
            activity = running.get(engine_id) if is_alive else None
            queue = None if queues is None else queues.get(str(engine_id))
            # the Hub keeps the queue of an engine that has left for a while
            assigned = int(queue["queue"]) + int(queue["tasks"]) if queue and is_alive else None
            busy = activity is not None or bool(assigned)
            engines.append(
                replace(
                    activity or EngineActivity(engine_id),
                    alive=is_alive,
                    died=not is_alive and engine_id in link.died,
                    busy=busy,
                    waiting=None if assigned is None else max(0, assigned - busy),
                    done=None if queue is None else int(queue["completed"]),
                )
            )
        return tuple(sorted(engines, key=lambda e: (not e.alive, engine_order(e.engine_id))))

    def _running(self, connection: Connection) -> dict[EngineId, EngineActivity]:
        """Return, by engine, the task of a followed result that it began last and runs now."""
        found: dict[EngineId, EngineActivity] = {}
        began: dict[EngineId, float] = {}
        if not connection.on_io_thread:  # a new result is followed only a moment after it was submitted
            self._tracker.catch_up()
        for entry in self._tracker.all():
            followed = entry.followed
            if followed is None or entry.over:
                continue
            record = followed.record
            if any(each is not connection for each in record.connection.each):
                continue
            followed.update()
            with record.lock:
                for slot, (position, since) in running_by_slot(record.running).items():
                    engine_id = record.engines.ids[slot]
                    if engine_id not in found or since > began[engine_id]:
                        began[engine_id] = since
                        found[engine_id] = EngineActivity(
                            engine_id,
                            result_name=followed.name,
                            index=record.columns.first_input_index(position),
                            tasks=record.columns.input_count(position),
                            seconds=max(0.0, record.clock.now - since),
                        )
        return found


def _leave_out_moved(
    connection: Connection,
    queues: JSONObject,
    engines: list[int],
    query: Callable[[str, dict[str, object]], JSONObject | None],
) -> None:
    """Correct the numbers of tasks of load-balanced views that engines have.

    A task that is retried stays on the Hub's list of each engine that it has left, even when it has ended.
    """
    listed = query("queue_request", {"targets": engines, "verbose": True}) or {}
    lists = {engine: set(listed[str(engine)]["tasks"]) for engine in engines if str(engine) in listed}
    ids = sorted({task for tasks in lists.values() for task in tasks})
    status = query("result_request", {"msg_ids": ids, "status_only": True}) or {}
    pending = set(ids).difference(status.get("completed", ()))
    selected = {"msg_id": {"$in": sorted(pending)}}
    content: dict[str, object] = {"query": selected, "keys": ["msg_id", "engine_uuid", "error"]}
    records = (query("db_request", content) if pending else None) or {}
    # a task is tried once on each engine: after an error there it waits for another one
    engine_of = {
        r["msg_id"]: None if r["error"] else connection.engine_id(r["engine_uuid"])
        for r in records.get("records", ())
    }
    for engine, tasks in lists.items():
        queues[str(engine)]["tasks"] = sum(engine_of.get(task, engine) == engine for task in tasks & pending)
    queues["unassigned"] += list(engine_of.values()).count(None)


def address(client: ClientLike) -> str:
    """Return where a client finds its controller; no other part of its connection file is read."""
    url = str(client._config.get("registration", ""))
    return f"{url} over SSH" if url and client._ssh else url


def _targets(view: ViewLike) -> list[int] | None:
    """Return the ids of a view's engines; None where it uses all."""
    targets = view.targets
    if targets is None or isinstance(targets, str):
        return None
    return [targets] if isinstance(targets, int) else [int(target) for target in targets]


def _profile(folder: object) -> str:
    return Path(str(folder)).name.removeprefix("profile_") if folder else ""
