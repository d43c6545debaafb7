"""Whether the layer is on: the one thing that this package remembers between calls."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..results.group.group import about
from ..results.monitor import Monitor

if TYPE_CHECKING:
    from .extension import Extension

_lock = threading.Lock()
_loaded: Extension | None = None
_idle: Extension | None = None  # what follows results that were asked for while the layer is off


def enable() -> None:
    """Turn the layer on: every AsyncResult shows itself.

    Idempotent; also works without IPython, where ``wait_interactive`` gives a bar in the terminal. Where
    IPython was started since the last call, its displays are attached too.
    """
    global _loaded, _idle
    from IPython import get_ipython

    from .extension import Extension

    shell = get_ipython()
    if _loaded is not None and _loaded.shell is None and shell is not None:
        disable()
    with _lock:
        if _loaded is None:
            extension, _idle = _idle or Extension(), None
            extension.attach(shell)
            _loaded = extension


def disable() -> None:
    """Turn the layer off: everything is as it was before; cards that still move stay as they are."""
    global _loaded, _idle
    with _lock:
        extensions = [extension for extension in (_loaded, _idle) if extension is not None]
        _loaded = _idle = None
    # without the lock: what is frozen may call a user's observers, and they may ask for a monitor
    for extension in extensions:
        extension.detach()


def enabled() -> bool:
    """Whether the layer is on.

    Returns
    -------
    bool
        True between :func:`enable` and :func:`disable`.
    """
    return _loaded is not None


def monitor(result: Any) -> Monitor:
    """The monitor of a result, whether or not the layer is on.

    Parameters
    ----------
    result : AsyncResult

    Returns
    -------
    Monitor

    Raises
    ------
    TypeError
        Where `result` is not an AsyncResult.
    """
    return about(result, current().recorder(result))


def feed(result: Any, widget: Any) -> None:
    """Draw a ResultWidget and keep it up to date, whether or not the layer is on."""
    from ..live.display.following import Feed

    extension = current()
    followed = Feed(result, extension.recorder(result), extension.config, widget)
    followed.send()
    if not followed.over:
        extension.ticker.add(followed)


def current() -> Extension:
    """The layer, or one that is attached to nothing where it is off."""
    global _idle
    with _lock:
        if _loaded is not None:
            return _loaded
        if _idle is None:
            from IPython import get_ipython

            from .extension import Extension

            _idle = Extension()
            _idle.shell = get_ipython()  # shown there, though nothing is attached
        return _idle
