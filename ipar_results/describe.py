"""Short reprs of values that run no foreign code, as ``__repr__`` of an unknown class may do anything."""

from __future__ import annotations

import reprlib

import numpy as np

_MAX_INT_BITS = 200


class ShortRepr(reprlib.Repr):
    """Repr of plain values in full, and of any other object by its type alone."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60

    def repr_instance(self, x: object, level: int) -> str:
        return f"<{type(x).__name__}>"

    def repr1(self, x: object, level: int) -> str:
        if isinstance(x, int) and x.bit_length() > _MAX_INT_BITS:
            return f"<int of {x.bit_length():,} bits>"  # str() of a very long int raises
        if isinstance(x, bytes):
            x = x[: self.maxother]
        if isinstance(x, bool | float | complex | bytes | range | np.generic) or x is None:
            text = repr(x)
            return text if len(text) <= self.maxother else text[: self.maxother - 1] + "…"
        return super().repr1(x, level)


short_repr = ShortRepr().repr
