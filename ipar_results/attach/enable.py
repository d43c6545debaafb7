"""Public functions that turn the layer on and off, and those that need the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..live.session import current, holder

if TYPE_CHECKING:
    from ..results.group.group import Group
    from ..results.monitor import Monitor
    from ..upstream.protocols import ResultLike


def enable() -> None:
    """Turn the layer on: every AsyncResult shows itself.

    Idempotent; also works without IPython, where ``wait_interactive`` gives a bar in the terminal. Where
    IPython was started since the last call, its displays are attached too.
    """
    from IPython import get_ipython

    from .extension import Extension

    shell = get_ipython()
    if enabled() and current().shell is None and shell is not None:
        disable()
    session = current()
    with session.enabling:
        if not session.enabled:
            try:
                Extension(session).attach(shell)
            except BaseException:
                disable()
                raise


def disable() -> None:
    """Turn the layer off: everything is as it was before; cards of running results are updated no more."""
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
    return holder.session is not None and holder.session.enabled


def monitor(result: ResultLike) -> Monitor:
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
    """Show one card for all results that are made inside a block.

    A loop of 1,000 ``apply_async`` is then one bar with 1,000 tasks. Blocks may be nested: results of an
    inner group belong to the outer one too. Several clients may be used. Each message counts once.

    Parameters
    ----------
    label : str
        The name on the card.
    quiet : bool
        Show no card when the block begins; the group is still displayed as the value of a cell.

    Returns
    -------
    Group
        Context manager, to be entered once.

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
    from ..results.group.group import Group

    return Group(label, current, quiet=quiet)
