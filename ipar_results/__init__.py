"""Live cards for the results of IPython Parallel."""

from __future__ import annotations

from typing import Any

from .layer import disable, enable, enabled, monitor
from .monitor import Monitor
from .snapshot import EngineLoad, FailureGroup, Snapshot, TaskOutput, TaskRecord

__version__ = "0.1.0"

__all__ = [
    "EngineLoad",
    "FailureGroup",
    "Monitor",
    "ResultWidget",
    "Snapshot",
    "TaskOutput",
    "TaskRecord",
    "disable",
    "enable",
    "enabled",
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
    if name == "ResultWidget":
        from .live.widget import ResultWidget

        return ResultWidget
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
