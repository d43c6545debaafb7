"""What would have made a run shorter: what the rules found, most gain first."""

from __future__ import annotations

from collections.abc import Callable

from ...model.snapshot import Advice, TimeUse
from . import rules
from .run_metrics import FinishedRun, RunMetrics
from .time_use import Executions

MOST = 3
SHORTEST = 0.5  # seconds: nobody waits for what is shorter

_RULES: tuple[Callable[[RunMetrics], Advice | None], ...] = (
    rules.tiny_tasks,
    rules.large_messages,
    rules.submission_bound,
    rules.slow_engine,
    rules.uneven_end,
    rules.engine_lost,
)


def advise(run: FinishedRun, executions: Executions, use: TimeUse) -> tuple[Advice, ...]:
    """At most three pieces of advice, most gain first.

    Parameters
    ----------
    executions : Executions
        Of its run.
    use : TimeUse
        Of its run.
    """
    if run.tasks.length < SHORTEST or run.messages < 2:
        return ()
    metrics = RunMetrics(run, executions, use)
    given = [advice for rule in _RULES if (advice := rule(metrics)) is not None]
    return tuple(sorted(given, key=lambda advice: -advice.gain)[:MOST])
