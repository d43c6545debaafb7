"""Runner of the advice rules: collects what would have made a run shorter, largest gain first."""

from __future__ import annotations

from collections.abc import Callable

from ...model.snapshot import Advice, TimeUse
from . import rules
from .run_metrics import FinishedRun, RunMetrics
from .time_use import Executions

MOST = 3
SHORTEST = 0.5  # seconds: no advice on shorter runs

_RULES: tuple[Callable[[RunMetrics], Advice | None], ...] = (
    rules.tiny_tasks,
    rules.large_messages,
    rules.submission_bound,
    rules.slow_engine,
    rules.uneven_end,
    rules.engine_lost,
)


def advise(run: FinishedRun, executions: Executions, use: TimeUse) -> tuple[Advice, ...]:
    """Return at most three pieces of advice on a run, largest gain first.

    `executions` and `use` belong to the same run.
    """
    if run.tasks.length < SHORTEST or run.messages < 2:
        return ()
    metrics = RunMetrics(run, executions, use)
    given = [advice for rule in _RULES if (advice := rule(metrics)) is not None]
    return tuple(sorted(given, key=lambda advice: -advice.gain)[:MOST])
