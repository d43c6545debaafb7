"""Live cards for the results of IPython Parallel."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .attach.enable import disable, enable, enabled, monitor

# These few are all that loading takes. Each of the others comes with its first use: with them come numpy and
# the renderers, which take ten times as long, and a session that only loads us needs none of them.
from .errors import ContactLost, RetryError
from .results.group.group import Group, group
from .results.monitor import Monitor

if TYPE_CHECKING:
    from .comparison import compare
    from .control.cancel import Cancelled
    from .control.retry import Retried
    from .export.load import load
    from .iterate.as_completed import as_completed
    from .iterate.task_result import TaskResult
    from .live.result_widget import ResultWidget
    from .model.snapshot import Advice, EngineLoad, FailureGroup, Snapshot, TaskOutput, TaskRecord, TimeUse
    from .upstream.async_result import TasksCancelled

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


_ROOMS = {
    "control.cancel": ("Cancelled",),
    "iterate.as_completed": ("as_completed",),
    "comparison": ("compare",),
    "export.load": ("load",),
    "live.result_widget": ("ResultWidget",),
    "upstream.async_result": ("TasksCancelled",),
    "control.retry": ("Retried",),
    "model.snapshot": (
        "Advice",
        "EngineLoad",
        "FailureGroup",
        "Snapshot",
        "TaskOutput",
        "TaskRecord",
        "TimeUse",
    ),
    "iterate.task_result": ("TaskResult",),
}


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f".{room}", __name__), name)
            return value
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
