"""Shorter thread switch interval, for replies from a kernel whose main thread computes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_INTERVAL = 0.0005


@contextmanager
def fast_switching() -> Iterator[None]:
    """Switch threads ten times as often while the context is open, for a few milliseconds.

    Sending each part of a message releases the GIL, and a busy main thread then keeps it for the whole switch
    interval: 5 ms for each of the seven parts of a reply. A value that other code sets meanwhile stays.
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
