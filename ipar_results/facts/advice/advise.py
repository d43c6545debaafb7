"""What would have made a run shorter: what the rules found, most gain first."""

from __future__ import annotations

from collections.abc import Callable

from ...model.snapshot import Advice, TimeUse
from . import rules
from .run_metrics import Past, Work
from .time_use import Account

MOST = 3
SHORTEST = 0.5  # seconds: nobody waits for what is shorter

_RULES: tuple[Callable[[Work], Advice | None], ...] = (
    rules.tiny_tasks,
    rules.large_messages,
    rules.submission_bound,
    rules.slow_engine,
    rules.uneven_end,
    rules.engine_lost,
)


def advise(past: Past, ordered: Account, used: TimeUse) -> tuple[Advice, ...]:
    """At most three pieces of advice, most gain first.

    Parameters
    ----------
    ordered : Account
        Of its run.
    used : TimeUse
        Of its run.
    """
    if past.run.length < SHORTEST or past.messages < 2:
        return ()
    work = Work(past, ordered, used)
    given = [advice for rule in _RULES if (advice := rule(work)) is not None]
    return tuple(sorted(given, key=lambda advice: -advice.gain)[:MOST])
