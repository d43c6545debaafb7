"""Live cards for the results of IPython Parallel."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .attach.enable import disable, enable, enabled, group, monitor

# `%load_ext` needs no more. The other public names are imported at first use: numpy and the renderers alone
# take ten times as long.
from .version import __version__ as __version__

if TYPE_CHECKING:
    from .comparison import compare
    from .control.cancel import Cancelled
    from .control.retry import Retried
    from .errors import ContactLost, RetryError
    from .export.load import load
    from .iterate.as_completed import as_completed
    from .iterate.task_result import TaskResult
    from .live.installation import check
    from .live.result_widget import ResultWidget
    from .model.snapshot import Advice, EngineLoad, FailureGroup, Snapshot, TaskOutput, TaskRecord, TimeUse
    from .results.group.group import Group
    from .results.monitor import Monitor
    from .upstream.async_result import TasksCancelled

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
    "check",
    "compare",
    "disable",
    "enable",
    "enabled",
    "group",
    "load",
    "monitor",
]


def load_ipython_extension(ipython: object) -> None:
    """``%load_ext ipar_results``."""
    enable()


def unload_ipython_extension(ipython: object) -> None:
    """``%unload_ext ipar_results``."""
    disable()


_LAZY_NAMES = {
    "Advice": "model.snapshot",
    "Cancelled": "control.cancel",
    "ContactLost": "errors",
    "EngineLoad": "model.snapshot",
    "FailureGroup": "model.snapshot",
    "Group": "results.group.group",
    "Monitor": "results.monitor",
    "ResultWidget": "live.result_widget",
    "Retried": "control.retry",
    "RetryError": "errors",
    "Snapshot": "model.snapshot",
    "TaskOutput": "model.snapshot",
    "TaskRecord": "model.snapshot",
    "TaskResult": "iterate.task_result",
    "TasksCancelled": "upstream.async_result",
    "TimeUse": "model.snapshot",
    "as_completed": "iterate.as_completed",
    "check": "live.installation",
    "compare": "comparison",
    "load": "export.load",
}
"""By public name: its module."""


def __getattr__(name: str) -> object:
    module = _LAZY_NAMES.get(name)
    if module is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
