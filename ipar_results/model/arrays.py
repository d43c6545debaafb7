"""Aliases of the numpy array types that columns, timelines and exports share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
