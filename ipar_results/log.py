"""Logger of the package, which logs each kind of error once and never raises to the user."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

logger = logging.getLogger("ipar_results")

_MOST_KEYS = 200


@contextmanager
def drop_repeats() -> Iterator[None]:
    """Log each record with a ``once`` key only once until the context ends, and no more than 200 keys.

    Records without such a key are always logged.
    """
    logged: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        key = getattr(record, "once", None)
        if key is None:
            return True
        if key in logged or len(logged) >= _MOST_KEYS:
            return False
        logged.add(key)
        return True

    logger.addFilter(is_new)
    try:
        yield
    finally:
        logger.removeFilter(is_new)


def log_error(doing: str, *args: object) -> None:
    """Log the exception being handled; one line for each activity and exception type.

    `doing` tells what failed, as a gerund with ``%`` placeholders for `args`: "reading a reply".
    """
    logger.warning(
        "ipar_results failed while " + doing + "; your results are not affected",
        *args,
        exc_info=True,
        extra={"once": f"{doing} {sys.exc_info()[0]}"},
    )


@contextmanager
def log_errors(doing: str, *args: object) -> Iterator[None]:
    """Log an error of the block instead of raising it, as :func:`log_error` does."""
    try:
        yield
    except Exception:
        log_error(doing, *args)


def warn_once(message: str) -> None:
    """Log a warning about a mistake made outside this package; one line for each message."""
    logger.warning("%s", message, extra={"once": message})


def open_kernel_stderr() -> TextIO | None:
    """Open the kernel's original standard error, which goes to its log and not to the running cell."""
    copy = getattr(sys.stderr, "_original_stdstream_copy", None)
    return sys.__stderr__ if copy is None else open(copy, "w", closefd=False)
