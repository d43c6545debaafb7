"""Frozen overview of a cluster at one moment: the input of the cards of clients, views and clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .snapshot import EngineId

Condition = Literal["up", "empty", "stopped", "closed", "lost"]


@dataclass(frozen=True)
class EngineActivity:
    """Activity of one engine."""

    engine_id: EngineId
    alive: bool = True
    died: bool = False  # it held a task when it vanished; one that is not alive and did not die has left
    busy: bool = False  # it runs a task of any client
    result_name: str | None = None  # of the followed result whose task it runs
    index: int | None = None  # of that task, or of the first of its chunk
    tasks: int = 1  # in that chunk
    seconds: float | None = None  # since that task started
    waiting: int | None = None  # messages of all clients in its queue; None if unknown
    done: int | None = None  # messages of all clients that it has completed; None if unknown


@dataclass(frozen=True)
class ClusterOverview:
    """Overview of a client, a view or a cluster; it holds no secrets. Texts may be empty."""

    kind: str  # name of the type, such as DirectView
    name: str = ""  # cluster id
    condition: Condition = "up"
    engines: tuple[EngineActivity, ...] = ()  # those that are alive first
    unassigned: int | None = None  # messages that no engine has been chosen for; None if unknown
    settings: tuple[str, ...] = ()  # targets, ``blocking`` and others, in words
    profile: str = ""
    controller: str = ""  # its address
    note: str = ""  # warning or hint in plain sentences

    @property
    def alive(self) -> int:
        """Number of engines in the cluster."""
        return sum(engine.alive for engine in self.engines)

    @property
    def busy(self) -> int:
        """Number of engines that run a task."""
        return sum(engine.alive and engine.busy for engine in self.engines)

    @property
    def died(self) -> int:
        """Number of engines that vanished while they held a task."""
        return sum(engine.died for engine in self.engines)

    @property
    def left(self) -> int:
        """Number of engines that left the cluster without a task."""
        return len(self.engines) - self.alive - self.died

    @property
    def waiting(self) -> int | None:
        """Number of queued messages; None if unknown."""
        known = [engine.waiting for engine in self.engines if engine.waiting is not None]
        if self.unassigned is None and not known:
            return None
        return sum(known) + (self.unassigned or 0)

    @property
    def done(self) -> int | None:
        """Number of completed messages; None if unknown."""
        known = [engine.done for engine in self.engines if engine.done is not None]
        return sum(known) if known else None
