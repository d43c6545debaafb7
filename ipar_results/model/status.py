"""Status of a message by name, and its code in numpy columns."""

from __future__ import annotations

from typing import Literal

Status = Literal["queued", "running", "ok", "failed", "aborted", "unknown"]

QUEUED, RUNNING, OK, FAILED, ABORTED, UNKNOWN = range(6)  # UNKNOWN: ended, with an unknown outcome
STATUSES: tuple[Status, ...] = ("queued", "running", "ok", "failed", "aborted", "unknown")
"""Name by code."""
