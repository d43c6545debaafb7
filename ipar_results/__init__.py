"""Live cards for the results of IPython Parallel."""

from __future__ import annotations

from typing import Any

from .actions import Cancelled
from .arrivals import as_completed
from .errors import ContactLost, RetryError
from .group import Group, group
from .layer import disable, enable, enabled, monitor
from .monitor import Monitor
from .retry import Retried
from .snapshot import Advice, EngineLoad, FailureGroup, Snapshot, TaskOutput, TaskRecord, TimeUse
from .task_result import TaskResult

__version__ = "0.1.0"

__all__ = [
    "Advice",
    "Cancelled",
    "ContactLost",
    "EngineLoad",
    "FailureGroup",
    "Group",
    "Monitor",
    "ResultWidget",
    "Retried",
    "RetryError",
    "Snapshot",
    "TaskOutput",
    "TaskRecord",
    "TaskResult",
    "TasksCancelled",
    "TimeUse",
    "as_completed",
    "compare",
    "disable",
    "enable",
    "enabled",
    "group",
    "load",
    "monitor",
]


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext ipar_results``."""
    enable()


def unload_ipython_extension(ipython: Any) -> None:
    """``%unload_ext ipar_results``."""
    disable()


def __getattr__(name: str) -> Any:
    # ipywidgets takes a while to import, and terminals never need it
    if name in ("compare", "load"):  # what only a few need
        from .export import compare, load

        return {"compare": compare.compare, "load": load.load}[name]
    if name == "ResultWidget":
        from .live.widget import ResultWidget

        return ResultWidget
    if name == "TasksCancelled":  # an ipyparallel error: with it, ipyparallel
        from .resolve import TasksCancelled

        return TasksCancelled
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
