"""Hashes of a run's training rows in its directory, by which they are recognised later."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.files.atomic import replacing

if TYPE_CHECKING:
    from metatune.data.encoding.row_sketch import RowSketch

__all__ = ["ROWS_FILE", "read_rows", "write_rows"]

ROWS_FILE = "rows.npy"
"""Holds hashes of the training rows, by which `metatune evaluate` recognises them."""

_HEADER_BYTES = 1_000  # of a NumPy file, at most


def write_rows(folder: Path, sketch: "RowSketch") -> None:
    """Write hashes of the training rows; a disk without room costs nothing but them.

    Parameters
    ----------
    folder : Path
        Run directory.
    sketch : RowSketch
    """
    import numpy as np

    values = np.concatenate([np.array([sketch.n_rows], dtype=np.uint64), sketch.hashes])
    path = folder / ROWS_FILE
    with contextlib.suppress(OSError), replacing(path) as part, part.open("wb") as file:
        np.save(file, values, allow_pickle=False)


def read_rows(folder: Path) -> "RowSketch | None":
    """Read the hashes of the training rows of a run directory.

    Returns
    -------
    RowSketch or None
        None if there are none, or other content.
    """
    import numpy as np

    from metatune.data.encoding.row_sketch import MOST_HASHES, RowSketch

    path = folder / ROWS_FILE
    try:
        if path.stat().st_size > 8 * MOST_HASHES + _HEADER_BYTES:
            return None
        # Mapped, so that a header that promises more than there is allocates nothing.
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, OverflowError):
        return None
    if not isinstance(values, np.ndarray) or values.dtype != np.uint64:
        return None
    if values.ndim != 1 or len(values) < 2:
        return None
    return RowSketch(n_rows=int(values[0]), hashes=np.sort(values[1:]))
