"""The encoded task: what algorithms, meta-features and trials work on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metatune.data.layout import Layout
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EncodedTask"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedTask:
    """A task as numbers only.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_columns), float64
        Numbers as they are, categories as codes, NaN where missing; never infinite.
    y : ndarray of shape (n_rows,)
        Encoded labels 0..n_classes-1 (int64) or target values (float64).
    layout : Layout
        What the columns of `X` hold.
    kind : TaskKind
        What is predicted.
    n_classes : int
        Number of classes; 0 for regression.
    """

    X: "NDArray[np.float64]"
    y: "NDArray[Any]"
    layout: Layout
    kind: TaskKind
    n_classes: int = 0

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.y)
