"""What a seed stands for: which work is submitted, and what breaks or is asked for in the middle of it."""

from __future__ import annotations

import random
from dataclasses import dataclass

TASKS = 500
ENGINES = 3

# what may be killed; each takes its turn to be first, so that a run of seeds has them all
VICTIMS = (
    "engine",
    "task scheduler",
    "hub",
    "direct scheduler",
    "controller",
    "client closed",
    "broadcast scheduler",
    "all engines",
    "heartmonitor",
    "client killed",
    "iopub scheduler",
    "control scheduler",
    "nothing",
)
REQUESTS = ("cancel", "interrupt", "retry")
KINDS = (
    "balanced",
    "chunked",
    "retries",
    "unordered",
    "direct map",
    "direct",
    "broadcast",
    "broadcast map",
    "together",
)


@dataclass(frozen=True)
class Submission:
    """One result: how it is made, and of how many inputs."""

    kind: str
    inputs: int
    chunksize: int = 1
    retries: int = 0


@dataclass(frozen=True)
class Strike:
    """Something that happens once so many inputs have ended; `pick` chooses among engines or results."""

    at: int
    what: str
    pick: float


@dataclass(frozen=True)
class Plan:
    """All that is known before a run begins; the same seed gives the same plan."""

    seed: int
    submissions: tuple[Submission, ...]
    strikes: tuple[Strike, ...]
    watched: bool
    nap: float

    @classmethod
    def of(cls, seed: int) -> Plan:
        """The plan of a seed."""
        chance = random.Random(seed)
        first = VICTIMS[seed % len(VICTIMS)]
        kinds = list(KINDS)
        chance.shuffle(kinds)
        submissions = [_submission(kind, chance) for kind in kinds]
        rest = TASKS - sum(each.inputs for each in submissions)
        submissions.append(Submission("balanced", rest))
        # broadcasts and direct tasks are over sooner than the rest
        early = first in ("broadcast scheduler", "direct scheduler")
        strikes = [Strike(chance.randrange(20 if early else TASKS * 3 // 4), first, chance.random())]
        for _ in range(chance.randrange(3)):
            what = chance.choice((*REQUESTS, *REQUESTS, "engine", "heartmonitor"))
            strikes.append(Strike(chance.randrange(TASKS * 3 // 4), what, chance.random()))
        # in any case, what has failed or was cancelled is run again where it can be
        strikes.append(Strike(chance.randrange(TASKS // 2, TASKS), "retry", chance.random()))
        if first == "all engines":  # until others come, what is queued waits for them: that is no hang
            strikes.append(Strike(strikes[0].at + 1, "new engines", 0.0))
        strikes.sort(key=lambda strike: strike.at)
        return cls(
            seed, tuple(submissions), tuple(strikes), chance.random() < 0.5, chance.choice((0.0, 0.01, 0.02))
        )

    def __str__(self) -> str:
        return ", ".join(f"{strike.what} at {strike.at}" for strike in self.strikes)


def _submission(kind: str, chance: random.Random) -> Submission:
    if kind == "chunked":
        return Submission("balanced", chance.randrange(40, 90), chunksize=chance.randrange(2, 12))
    if kind == "retries":
        return Submission("balanced", chance.randrange(20, 60), retries=chance.randrange(1, 3))
    if kind in ("balanced", "unordered", "direct map", "broadcast map"):
        return Submission(kind, chance.randrange(20, 60))
    return Submission(kind, 1 if kind == "together" else ENGINES)
