"""Status of a message by name, and its code in numpy columns."""

from __future__ import annotations

from typing import Literal

Status = Literal["queued", "running", "ok", "failed", "aborted"]

QUEUED, RUNNING, OK, FAILED, ABORTED = range(5)
STATUSES: tuple[Status, ...] = ("queued", "running", "ok", "failed", "aborted")
"""Name by code."""
