"""Live cards for the results of IPython Parallel."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .attach.enable import disable, enable, enabled, group, monitor

# All that `%load_ext` needs. The other public names are loaded at their first use: they import numpy and the
# renderers, which takes ten times as long.
from .errors import ContactLost, RetryError
from .results.group.group import Group
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


_LAZY_NAMES = {
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
    for module, names in _LAZY_NAMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f".{module}", __name__), name)
            return value
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
