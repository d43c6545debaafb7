"""What a cluster does now: what this kernel knows, and what the Hub answers to one question in a second."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ..formatting import plural
from ..model.cluster import ClusterOverview, Condition, EngineActivity
from ..model.snapshot import EngineId
from ..record.state import Record, running_by_slot
from ..render import words
from ..upstream.connection import Connection
from ..upstream.protocols import Message
from .tracker import Tracker

PATIENCE = 1.0
_AGAIN = 0.2
_PROFILE = "profile_"


class _Work(NamedTuple):
    name: str
    task: int
    since: float


class Survey:
    """Looks at clients, views and clusters.

    Parameters
    ----------
    connection : callable
        Gives the connection of a client.
    tracker : Tracker
        The results that are followed.
    clients : callable
        Gives the clients that there are.
    """

    def __init__(
        self,
        connection: Callable[[Any], Connection],
        tracker: Tracker,
        clients: Callable[[], Iterable[Any]],
    ) -> None:
        self._connection = connection
        self._tracker = tracker
        self._clients = clients
        self._silent: weakref.WeakSet[Any] = weakref.WeakSet()

    def client(self, client: Any) -> ClusterOverview:
        """All engines of a client."""
        return self._of(client, type(client).__name__, None, ())

    def view(self, view: Any) -> ClusterOverview:
        """The engines that a view uses."""
        client, targets = view.client, _targets(view)
        facts = ["all engines" if targets is None else words.engines(targets) or "no engines"]
        facts += ["blocking"] if view.block else []
        if getattr(view, "retries", 0):
            facts.append(f"retries {view.retries}")
        if getattr(view, "is_coalescing", False):
            facts.append("coalescing")
        return self._of(client, type(view).__name__, targets, tuple(facts))

    def cluster(self, cluster: Any) -> ClusterOverview:
        """A cluster, by a client that is connected to it where there is one."""
        kind, name, profile = type(cluster).__name__, str(cluster.cluster_id), _profile(cluster.profile_dir)
        controller = cluster.controller
        state = None if controller is None else controller.state
        if state != "running":
            what = (
                "has not been started: cluster.start_cluster_sync()"
                if state in (None, "before")
                else "stopped"
            )
            return ClusterOverview(kind, name, "stopped", profile=profile, note=f"The controller {what}.")
        sets = tuple(
            f"{plural(int(each.n), 'engine')} {'started' if each.state == 'running' else each.state}"
            for each in cluster.engines.values()
        )
        client = next(
            (each for each in self._clients() if each.cluster is cluster and not each._closed), None
        )
        if client is None:
            note = "No client is connected: cluster.connect_client_sync() shows what the engines do."
            return ClusterOverview(
                kind, name, settings=sets or ("no engines started",), profile=profile, note=note
            )
        return self._of(client, kind, None, sets, name)

    # one client ------------------------------------------------------------------------------------

    def _of(
        self, client: Any, kind: str, targets: list[int] | None, facts: tuple[str, ...], name: str = ""
    ) -> ClusterOverview:
        link = self._connection(client)
        about: dict[str, Any] = {
            "kind": kind,
            "name": name or str(getattr(client.cluster, "cluster_id", "") or ""),
            "settings": facts,
            "profile": _profile(getattr(client._profile_dir, "location", "")),
            "controller": address(client),
        }
        if link.closed:
            return ClusterOverview(
                **about, condition="closed", note="The connection to the cluster is closed."
            )
        told, note = self._ask(client, link)
        engines = self._engines(link, targets, told)
        condition: Condition = "up" if any(engine.alive for engine in engines) else "empty"
        if condition == "empty":
            whose = "The cluster has" if targets is None else "This view has"
            note = note or f"{whose} no engines now: what is submitted fails, or waits for one."
        if told is None and note:
            condition = "lost"
        unassigned = None if told is None else int(told.get("unassigned", 0))
        return ClusterOverview(
            **about, condition=condition, engines=engines, unassigned=unassigned, note=note
        )

    def _ask(self, client: Any, connection: Connection) -> tuple[dict[str, Any] | None, str]:
        """The Hub's word on the queues, and what is to be said where there is none."""
        if connection.lost:
            return None, connection.describe_problem()
        if connection.on_io_thread:  # the answer would come on this thread
            return None, ""
        patience = _AGAIN if client in self._silent else PATIENCE
        answer: list[dict[str, Any]] = []
        answered = threading.Event()

        def take(reply: Message) -> None:
            answer.append(reply["content"])
            self._silent.discard(client)
            answered.set()

        if connection.query_hub("queue_request", {"targets": None, "verbose": False}, take):
            answered.wait(patience)
        if answer and answer[0].get("status") == "ok":
            return answer[0], ""
        if answer:
            return None, "The controller would not tell its queues."
        self._silent.add(client)
        return None, "The controller has not answered within 1 s: queues and counts are not known."

    def _engines(
        self, link: Connection, targets: list[int] | None, told: dict[str, Any] | None
    ) -> tuple[EngineActivity, ...]:
        alive = link.alive_engines()
        ids: set[EngineId] = set(link.known_engines() | alive) if targets is None else set(targets)
        works = self._works(link)
        now = time.time()
        engines = []
        for engine_id in ids:
            here = engine_id in alive
            work = works.get(engine_id) if here else None
            queues = None if told is None else told.get(str(engine_id))
            held = None if queues is None else int(queues["queue"]) + int(queues["tasks"])
            busy = here and (work is not None or bool(held))
            engines.append(
                EngineActivity(
                    engine_id=engine_id,
                    alive=here,
                    busy=busy,
                    result_name=work.name if work else None,
                    index=work.task if work else None,
                    seconds=max(0.0, now - work.since) if work else None,
                    waiting=None if held is None else max(0, held - busy),
                    done=None if queues is None else int(queues["completed"]),
                )
            )
        return tuple(sorted(engines, key=lambda e: (not e.alive, isinstance(e.engine_id, str), e.engine_id)))

    def _works(self, connection: Connection) -> dict[EngineId, _Work]:
        """What the engines of a connection do for the results that are followed."""
        works: dict[EngineId, _Work] = {}
        if not connection.on_io_thread:  # what was submitted just now is followed a moment later
            self._tracker.catch_up()
        for entry in self._tracker.all():
            followed = entry.followed
            if followed is None or entry.over:
                continue
            record = followed.record
            if any(each is not connection for each in _connections(record)):
                continue
            followed.drain()
            with record.lock:
                for slot, (position, since) in running_by_slot(record.running).items():
                    engine_id = record.engines.ids[slot]
                    if engine_id not in works or since > works[engine_id].since:
                        works[engine_id] = _Work(
                            record.name, record.columns.first_input_index(position), since
                        )
        return works


def address(client: Any) -> str:
    """Where a client finds its controller: nothing else of its connection file is ever read here."""
    url = str(client._config.get("registration", ""))
    return f"{url} over SSH" if url and client._ssh else url


def _connections(record: Record) -> list[Connection]:
    """Return the connection of a result, or those of a group."""
    return list(getattr(record.connection, "each", (record.connection,)))


def _targets(view: Any) -> list[int] | None:
    """The ids of a view's engines; None where they are all there are."""
    targets = view.targets
    if targets is None or isinstance(targets, str):
        return None
    return [targets] if isinstance(targets, int) else [int(target) for target in targets]


def _profile(folder: object) -> str:
    return Path(str(folder)).name.removeprefix(_PROFILE) if folder else ""
