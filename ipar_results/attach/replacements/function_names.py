"""Names of submitted functions, which become those of their results."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import Any

from ipyparallel import util
from ipyparallel.client import remotefunction

from ...upstream.async_result import InternalName, MapPartName

_INTERNAL = [getattr(util, name, None) for name in ("_push", "_pull", "_execute")]


class BatchName(str):
    """Name of a batch of calls that joblib submits together.

    Attributes
    ----------
    call : object
        The same for all batches of one call of ``joblib.Parallel``.
    size : int
        Number of the user's calls in the batch.
    """

    call: object
    size: int


def _name_batch(batch: Any) -> str:
    name = BatchName("joblib")
    try:
        name.call, name.size = batch._pickle_cache, len(batch.items)
    except Exception:  # of another version of joblib
        return str(name)
    return name


def name_function(function: object) -> str:
    """Return the name of a function: that of a partial's own function, ``joblib`` for a batch of joblib.

    Of a lambda it is the first words of its source, and of another object without a name that of its type, as
    its repr may be long or contain an address.
    """
    while isinstance(function, partial):
        function = function.func
    if function is remotefunction._prepickled_map:
        return MapPartName("map")
    if any(function is each for each in _INTERNAL):
        return InternalName(getattr(function, "__name__", ""))
    kind = type(function)
    if kind.__module__ == "joblib.parallel" and kind.__name__ == "BatchedCalls":
        return _name_batch(function)
    if isinstance(function, FunctionType) and function.__name__ == "<lambda>":
        from .lambda_names import name_lambda

        return name_lambda(function.__code__)
    for attribute in ("__name__", "name"):
        try:
            return str(getattr(function, attribute))
        except Exception:
            continue
    return kind.__name__
