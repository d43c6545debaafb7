"""One log line for each thing that goes wrong in our own code, and never an exception for the user."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

logger = logging.getLogger("ipar_results")

_SAID_AT_MOST = 200
_said: set[str] = set()


def forget() -> None:
    """Say again what was said before."""
    _said.clear()


def trouble(doing: str, *args: object) -> None:
    """Log the exception being handled, once for each place and exception type."""
    kind = sys.exc_info()[0]
    if _first(f"{doing} {kind}"):
        logger.warning(
            "ipar_results failed while " + doing + "; your results are not affected", *args, exc_info=True
        )


def remark(message: str) -> None:
    """Log one line about what somebody else did wrong, once."""
    if _first(message):
        logger.warning("%s", message)


def _first(key: str) -> bool:
    if key in _said or len(_said) >= _SAID_AT_MOST:
        return False
    _said.add(key)
    return True


def tell(message: str, *args: object) -> None:
    """Log one line about the cluster's condition."""
    logger.warning(message, *args)


def terminal() -> TextIO | None:
    """Where a kernel's log goes: what is written to its standard error is shown in whichever cell runs."""
    copy = getattr(sys.stderr, "_original_stdstream_copy", None)
    return sys.__stderr__ if copy is None else open(copy, "w", closefd=False)
