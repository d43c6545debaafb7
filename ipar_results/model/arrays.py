"""Aliases for the numpy array types that columns, timelines and exports share."""

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
Slots = NDArray[np.int32]
Codes = NDArray[np.int8]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
