"""Pauses before retries, which are no part of a run: its times are as if they had not been."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import Floats


def cut_pauses(moments: Floats | float, pauses: Sequence[tuple[float, float]]) -> Floats:
    """Return POSIX seconds as if there had been no pauses; a moment within one becomes its begin.

    `pauses` are the begin of each (POSIX seconds) and its seconds, in order.
    """
    cut = np.asarray(moments, np.float64)
    for begin, length in reversed(pauses):
        cut = np.where(cut > begin, np.maximum(cut - length, begin), cut)
    return cut
