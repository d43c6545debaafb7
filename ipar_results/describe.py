"""Values in a few characters, without running anybody's code: a foreign object's repr may do anything."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

_MAX_INT_BITS = 200


def short_repr(value: Any) -> str:
    """A short text of a value made of plain parts; other objects are named by their type."""
    return _repr.repr(value)


class ShortRepr(reprlib.Repr):
    """Writes plain values in full, and of everything else no more than its type."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60

    def repr_instance(self, x: Any, level: int) -> str:
        """The type alone."""
        return f"<{type(x).__name__}>"

    def repr1(self, x: Any, level: int) -> str:
        """One value, `level` deep."""
        if isinstance(x, int) and x.bit_length() > _MAX_INT_BITS:
            return f"<int of {x.bit_length():,} bits>"  # Python refuses to write it out
        if isinstance(x, bytes):
            x = x[: self.maxother]
        if isinstance(x, bool | float | complex | bytes | range | np.generic) or x is None:
            text = repr(x)
            return text if len(text) <= self.maxother else text[: self.maxother - 1] + "…"
        return super().repr1(x, level)


_repr = ShortRepr()
