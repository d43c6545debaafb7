"""Lets a thread that answers have its turn soon, though a cell computes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_INTERVAL = 0.0005


@contextmanager
def fast_switching() -> Iterator[None]:
    """Have threads take turns ten times as often, for the few milliseconds that an answer takes.

    Each part of a message that is sent gives Python's lock away, and a cell that computes keeps it for the
    whole interval: 5 ms each time, and a reply has seven parts. An interval that is set meanwhile stays.
    """
    before = sys.getswitchinterval()
    if before <= _INTERVAL:
        yield
        return
    sys.setswitchinterval(_INTERVAL)
    ours = sys.getswitchinterval()
    try:
        yield
    finally:
        if sys.getswitchinterval() == ours:
            sys.setswitchinterval(before)
