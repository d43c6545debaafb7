"""The input of a task in a few words, read from what was sent without running any code of its classes."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from .describe import ShortRepr
from .formatting import truncate

MAX_LENGTH = 200
_MAX_FIELDS = 4
_SAFE_CLASSES = {
    "builtins": {"range", "slice", "complex", "set", "frozenset"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "uuid": {"UUID"},
    "pathlib": {"PurePosixPath", "PosixPath", "PureWindowsPath", "WindowsPath"},
}
_SAFE_NUMPY_NAMES = {"scalar", "_reconstruct", "ndarray", "dtype", "_frombuffer"}


def describe_input(buffers: Sequence[bytes | memoryview], mapped: bool, inputs: int) -> str | None:
    """Describe the input of one message.

    Parameters
    ----------
    buffers : sequence of bytes
        Pickled arguments, without the function: for a map the chunk of each of its sequences, otherwise what
        ``ipyparallel.serialize.pack_apply_message`` returns.
    mapped : bool
        True for a message of a map.
    inputs : int
        How many inputs it carries.

    Returns
    -------
    str or None
        At most :data:`LONGEST` characters; for a chunk of a map it starts with ``one of``, as nobody knows at
        which of its inputs it failed. None where it can't be told.
    """
    try:
        text = _describe_chunk(buffers, inputs) if mapped else _describe_call(buffers)
    except Exception:  # a pickle may hold anything, and what can't be read is not shown
        return None
    return str(truncate(text, MAX_LENGTH)) or None


def _describe_chunk(buffers: Sequence[bytes | memoryview], inputs: int) -> str:
    parts = [_unpickle(part) for part in buffers]
    each = list(zip(*parts, strict=False)) if len(parts) > 1 else list(parts[0])
    return _repr.repr(each[0]) if inputs == 1 else f"one of {_repr.repr(each)}"


def _describe_call(buffers: Sequence[bytes | memoryview]) -> str:
    """The arguments of a call; those that ipyparallel split off are small, or we would not have them."""
    info, *pickled = buffers
    facts = _unpickle(info)
    values = [_unpickle(each) for each in pickled]
    if len(values) != facts["nargs"] + len(facts["kw_keys"]):
        return ""
    named = [f"{key}=" for key in facts["kw_keys"]]
    names = [""] * facts["nargs"] + named
    return ", ".join(name + _repr.repr(value) for name, value in zip(names, values, strict=True))


def _unpickle(buffer: bytes | memoryview) -> Any:
    return _SafeUnpickler(io.BytesIO(bytes(buffer))).load()


class _Placeholder:
    """Stands for an object of any class: it keeps what was pickled, and does nothing with it."""

    given: tuple[Any, ...] = ()
    state: Any = None

    def __new__(cls, *args: Any, **kwargs: Any) -> _Placeholder:
        made = object.__new__(cls)
        made.given = args
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any) -> _Placeholder:
        return _Placeholder(self, *args)

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def append(self, item: Any) -> None:
        """Nobody asks for the items of a foreign list."""

    def extend(self, items: Any) -> None:
        """Nor for these."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


class _SafeUnpickler(pickle.Unpickler):
    """Makes plain values and numpy's; every other class is replaced by one that does nothing."""

    def find_class(self, module: str, name: str) -> Any:
        if name in _SAFE_CLASSES.get(module, ()) or (
            module.split(".")[0] == "numpy" and name in _SAFE_NUMPY_NAMES
        ):
            return super().find_class(module, name)
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        return type(name.rpartition(".")[2], (_Placeholder,), {})

    def persistent_load(self, pid: Any) -> Any:
        return _Placeholder(pid)


class _InputRepr(ShortRepr):
    """Short texts of what a :class:`_Reader` makes."""

    def repr_instance(self, x: Any, level: int) -> str:
        kind = type(x).__name__
        if isinstance(x, np.ndarray):
            return self._array(x, level)
        if isinstance(x, type):  # a function or class that was sent by its name
            return f"<{x.__name__}>"
        if not isinstance(x, _Placeholder):
            return repr(x)[: self.maxother]  # dates, paths and the like
        state = x.state[0] if isinstance(x.state, tuple) and x.state else x.state
        state = state if isinstance(state, dict) else {}
        if kind == "CannedArray":  # ipyparallel's own ways of pickling
            return self.repr1(_uncan_array(state), level)
        if kind.startswith("Canned"):
            return self._canned(kind, state, level)
        if level <= 0:
            return f"{kind}(…)"
        parts = [self.repr1(value, level - 1) for value in x.given[:_MAX_FIELDS]]
        parts += [f"{name}={self.repr1(v, level - 1)}" for name, v in list(state.items())[:_MAX_FIELDS]]
        more = len(x.given) + len(state) > _MAX_FIELDS
        return f"{kind}({', '.join([*parts[:_MAX_FIELDS], *(['…'] if more else [])])})"

    def _array(self, x: np.ndarray[Any, Any], level: int) -> str:
        shape = " × ".join(map(str, x.shape)) or "scalar"
        values = self.repr1(x.ravel()[: self.maxlist + 1].tolist(), level - 1) if x.dtype != object else "…"
        return f"array({values}, {shape}, {x.dtype})"

    def _canned(self, kind: str, state: dict[str, Any], level: int) -> str:
        if kind == "CannedBytes":
            return self.repr1(bytes(state["buffers"][0]), level)
        name = state.get("__name__") or state.get("name")
        kind = kind.removeprefix("Canned").lower() or "object"
        return f"<{kind} {name}>" if isinstance(name, str) else f"<{kind}>"


def _uncan_array(state: dict[str, Any]) -> Any:
    (buffer,) = state["buffers"]
    if state["pickled"]:
        return _unpickle(buffer)
    return np.frombuffer(buffer, dtype=state["dtype"]).reshape(state["shape"])


_repr = _InputRepr()
