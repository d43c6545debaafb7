"""Public functions that turn the layer on and off, and those that need the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..live.session import current, holder
from ..results.group.group import Group

if TYPE_CHECKING:
    from ..results.monitor import Monitor


def enable() -> None:
    """Turn the layer on: every AsyncResult shows itself.

    Idempotent; also works without IPython, where ``wait_interactive`` gives a bar in the terminal. Where
    IPython was started since the last call, its displays are attached too.
    """
    from IPython import get_ipython

    from .extension import Extension

    shell = get_ipython()
    session = current()
    if session.enabled and session.shell is None and shell is not None:
        disable()
        session = current()
    with session.enabling:
        if not session.enabled:
            try:
                Extension(session).attach(shell)
            except BaseException:
                holder.take()
                raise


def disable() -> None:
    """Turn the layer off: everything is as it was before; cards that still move stay as they are."""
    session = holder.take()
    if session is not None:
        session.close()


def enabled() -> bool:
    """Return whether the layer is on.

    Returns
    -------
    bool
        True between :func:`enable` and :func:`disable`.
    """
    return holder.enabled


def monitor(result: Any) -> Monitor:
    """Return the monitor of a result, whether or not the layer is on.

    Parameters
    ----------
    result : AsyncResult or Group
        The result to follow.

    Returns
    -------
    Monitor
        As ``ar.monitor``, which needs the layer.

    Raises
    ------
    TypeError
        Where `result` is not an AsyncResult.
    """
    return current().monitor(result)


def group(label: str = "group", *, quiet: bool = False) -> Group:
    """One card for all results that are made inside a block.

    A loop of 1,000 ``apply_async`` is then one bar with 1,000 tasks. Blocks may be nested: what an inner
    group counts, the outer one counts too. Several clients may be used. Each message counts once.

    Parameters
    ----------
    label : str
        The name on the card.
    quiet : bool
        Show no card by itself; the group still displays when it is the value of a cell.

    Returns
    -------
    Group
        To be entered, once, with ``with``.

    Raises
    ------
    TypeError
        Where `label` is not a text.

    Examples
    --------
    >>> with ipar_results.group("climate") as climate:
    ...     for year in years:
    ...         view.apply_async(simulate, year)
    >>> climate.wait_interactive()
    """
    return Group(label, current, quiet=quiet)
