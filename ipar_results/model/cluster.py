"""The frozen facts about a cluster at one moment: what the cards of a client, a view and a cluster draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .snapshot import EngineId

Condition = Literal["up", "empty", "stopped", "closed", "lost"]


@dataclass(frozen=True)
class EngineActivity:
    """One engine.

    Attributes
    ----------
    engine_id : int or str
    alive : bool
        False once it has left the cluster.
    busy : bool
        Whether it works, for whomever.
    result_name : str or None
        The name of the followed result that it works for.
    index : int or None
        The input of that result.
    seconds : float or None
        For how long.
    waiting : int or None
        Tasks of all clients that wait for it; None where nobody has said.
    done : int or None
        Tasks of all clients that it has ended.
    """

    engine_id: EngineId
    alive: bool = True
    busy: bool = False
    result_name: str | None = None
    index: int | None = None
    seconds: float | None = None
    waiting: int | None = None
    done: int | None = None


@dataclass(frozen=True)
class ClusterOverview:
    """A client, a view or a cluster; nothing in it is secret.

    Attributes
    ----------
    kind : str
        The type's name.
    name : str
        The cluster's id; may be empty.
    condition : {'up', 'empty', 'stopped', 'closed', 'lost'}
    engines : tuple of EngineNow
        Those that are there first.
    unassigned : int or None
        Tasks that wait for any engine; None where nobody has said.
    settings : tuple of str
        What is set: targets and the like, in words.
    profile, controller : str
        Name of the profile, and address of the controller; may be empty.
    note : str
        What a person must know beside that, in plain sentences.
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
        """Engines that are there."""
        return sum(engine.alive for engine in self.engines)

    @property
    def busy(self) -> int:
        """Engines that work."""
        return sum(engine.alive and engine.busy for engine in self.engines)

    @property
    def died(self) -> int:
        """Engines that have left."""
        return len(self.engines) - self.alive

    @property
    def waiting(self) -> int | None:
        """Tasks that wait, all together; None where nobody has said."""
        known = [engine.waiting for engine in self.engines if engine.waiting is not None]
        if self.unassigned is None and not known:
            return None
        return sum(known) + (self.unassigned or 0)

    @property
    def done(self) -> int | None:
        """Tasks that have ended, all together; None where nobody has said."""
        known = [engine.done for engine in self.engines if engine.done is not None]
        return sum(known) if known else None
