"""Array types of annotations, imported under TYPE_CHECKING only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

AnyArray = NDArray[Any]
"""Array of any dtype."""

BoolArray = NDArray[np.bool_]
"""Mask."""

Float32Array = NDArray[np.float32]
"""Out-of-fold predictions and other values kept in single precision."""

FloatArray = NDArray[np.float64]
"""Numbers in double precision."""

IndexArray = NDArray[np.intp]
"""Positions of rows, columns or members."""

Int32Array = NDArray[np.int32]
"""Integers kept in 32 bits."""

IntArray = NDArray[np.int64]
"""Integers: codes, counts, ranks."""
