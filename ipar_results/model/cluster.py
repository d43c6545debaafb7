"""Frozen overview of a cluster at one moment: the input of the cards of clients, views and clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .snapshot import EngineId

Condition = Literal["up", "empty", "stopped", "closed", "lost"]


@dataclass(frozen=True)
class EngineActivity:
    """Activity of one engine.

    Attributes
    ----------
    alive : bool
        False once it is no longer in the cluster.
    died : bool
        True if it held a task when it vanished; one that is not alive and did not die has left.
    busy : bool
        True while it runs a task of any client.
    result_name : str or None
        Name of the followed result whose task it runs.
    index : int or None
        Index of the task that it runs, or of the first of its chunk.
    tasks : int
        Number of tasks in that chunk; 1 for a task.
    seconds : float or None
        Seconds since that task started.
    waiting : int or None
        Messages of all clients in its queue; None if unknown.
    done : int or None
        Messages of all clients that it has completed; None if unknown.
    """

    engine_id: EngineId
    alive: bool = True
    died: bool = False
    busy: bool = False
    result_name: str | None = None
    index: int | None = None
    tasks: int = 1
    seconds: float | None = None
    waiting: int | None = None
    done: int | None = None


@dataclass(frozen=True)
class ClusterOverview:
    """Overview of a client, a view or a cluster; it holds no secrets.

    Attributes
    ----------
    kind : str
        Name of the type: ``Client``, ``DirectView``, ...
    name : str
        Cluster id; may be empty.
    condition : {'up', 'empty', 'stopped', 'closed', 'lost'}
    engines : tuple of EngineActivity
        Engines that are alive come first.
    unassigned : int or None
        Messages that no engine has been chosen for; None if unknown.
    settings : tuple of str
        Targets, ``blocking`` and other settings, in words.
    profile, controller : str
        Profile name and address of the controller; may be empty.
    note : str
        Warning or hint in plain sentences; may be empty.
    """

    kind: str
    name: str = ""
    condition: Condition = "up"
    engines: tuple[EngineActivity, ...] = ()
    unassigned: int | None = None
    settings: tuple[str, ...] = ()
    profile: str = ""
    controller: str = ""
    note: str = ""

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
