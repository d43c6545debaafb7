"""Describer of task inputs: unpickles the arguments that were sent without running code of their classes."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .describe import ShortRepr
from .formatting import truncate

Buffers: TypeAlias = "Sequence[bytes | memoryview]"

MAX_LENGTH = 200
_MAX_FIELDS = 4
_SAFE_CLASSES = {
    "collections": {"OrderedDict"},
    "builtins": {"range", "slice", "complex", "set", "frozenset"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "uuid": {"UUID"},
    "pathlib": {"PurePosixPath", "PosixPath", "PureWindowsPath", "WindowsPath"},
}
_SAFE_NUMPY_NAMES = {"scalar", "_reconstruct", "ndarray", "dtype", "_frombuffer"}


def describe_input(buffers: Buffers, mapped: bool, inputs: int) -> str | None:
    """Describe the input of one message; return None if it cannot be described.

    `buffers` are the pickled arguments without the function: for a map the chunk of each of its sequences,
    otherwise what ``ipyparallel.serialize.pack_apply_message`` returns. Several inputs make a list.
    """
    try:
        text = _describe_chunk(buffers, inputs) if mapped else _describe_call(buffers)
    except Exception:  # a pickle may hold anything
        return None
    return str(truncate(text, MAX_LENGTH)) or None


def _describe_chunk(buffers: Buffers, inputs: int) -> str:
    parts = [_unpickle(part) for part in buffers]
    each = list(zip(*parts, strict=False)) if len(parts) > 1 else list(parts[0])
    return _repr.repr(each[0] if inputs == 1 else each)


def _describe_call(buffers: Buffers) -> str:
    """Describe the arguments of a call; large ones are never cached, so unpickling all of them is cheap."""
    info, *pickled = buffers
    facts = _unpickle(info)
    values = [_unpickle(each) for each in pickled]
    if len(values) != facts["nargs"] + len(facts["kw_keys"]):
        return ""
    names = [""] * facts["nargs"] + [f"{key}=" for key in facts["kw_keys"]]
    return ", ".join(name + _repr.repr(value) for name, value in zip(names, values, strict=True))


def _unpickle(buffer: bytes | memoryview) -> Any:
    return _SafeUnpickler(io.BytesIO(bytes(buffer))).load()


class _Placeholder:
    """Stand-in for an instance of any class: keeps the pickled arguments and state, and ignores them."""

    args: tuple[object, ...] = ()
    state: object = None

    def __new__(cls, *args: object, **kwargs: object) -> _Placeholder:
        placeholder = object.__new__(cls)
        placeholder.args = args
        return placeholder

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass

    def __call__(self, *args: object) -> _Placeholder:
        return _Placeholder(self, *args)

    def __setstate__(self, state: object) -> None:
        self.state = state

    append = extend = __setitem__ = __init__  # of a pickled subclass of list or dict


class _SafeUnpickler(pickle.Unpickler):
    """Unpickler that imports only safe classes and puts placeholders for all others."""

    def find_class(self, module: str, name: str) -> Any:
        safe_numpy = module.split(".")[0] == "numpy" and name in _SAFE_NUMPY_NAMES
        if safe_numpy or name in _SAFE_CLASSES.get(module, ()):
            return super().find_class(module, name)
        return type(name.rpartition(".")[2], (_Placeholder,), {})

    def persistent_load(self, pid: object) -> _Placeholder:
        return _Placeholder(pid)


class _InputRepr(ShortRepr):
    """Short repr of the objects that :class:`_SafeUnpickler` returns."""

    def repr_instance(self, x: object, level: int) -> str:
        kind = type(x).__name__
        if isinstance(x, np.ndarray):
            return self._repr_array(x, level)
        if isinstance(x, type):  # a function or class pickled by its name
            return f"<{x.__name__}>"
        if not isinstance(x, _Placeholder):
            return repr(x)[: self.maxother]  # dates, paths and the like
        state = x.state[0] if isinstance(x.state, tuple) and x.state else x.state
        state = state if isinstance(state, dict) else {}
        if kind == "CannedArray":  # classes with which ipyparallel pickles
            return self.repr1(_uncan_array(state), level)
        if kind.startswith("Canned"):
            return self._repr_canned(kind, state, level)
        if level <= 0:
            return f"{kind}(…)"
        parts = [self.repr1(value, level - 1) for value in x.args[:_MAX_FIELDS]]
        parts += [f"{name}={self.repr1(v, level - 1)}" for name, v in list(state.items())[:_MAX_FIELDS]]
        more = len(x.args) + len(state) > _MAX_FIELDS
        return f"{kind}({', '.join([*parts[:_MAX_FIELDS], *(['…'] if more else [])])})"

    def _repr_array(self, x: NDArray[np.generic], level: int) -> str:
        shape = " × ".join(map(str, x.shape)) or "scalar"
        values = self.repr1(x.ravel()[: self.maxlist + 1].tolist(), level - 1) if x.dtype != object else "…"
        return f"array({values}, {shape}, {x.dtype})"

    def _repr_canned(self, kind: str, state: dict[str, Any], level: int) -> str:
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
