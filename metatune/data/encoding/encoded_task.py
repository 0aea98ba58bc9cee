"""Encoded task: the matrix and target that algorithms, meta-features and trials work on."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.data.splits.folds import nested_order
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray

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
        Description of the columns of `X`.
    kind : TaskKind
        What is predicted.
    n_classes : int
        Number of classes; 0 for regression.
    """

    X: "FloatArray"
    y: "AnyArray"
    layout: Layout
    kind: TaskKind
    n_classes: int = 0

    def sample(self, max_rows: int, seed: int) -> "IndexArray":
        """Return the positions of a stratified sample of at most `max_rows` rows, ascending."""
        if self.n_rows <= max_rows:
            return np.arange(self.n_rows, dtype=np.intp)
        return np.sort(nested_order(self.y, self.kind, seed)[:max_rows])

    def cut(self, max_rows: int, seed: int) -> "EncodedTask":
        """Return the task with a stratified sample of at most `max_rows` rows, in their order."""
        if self.n_rows <= max_rows:
            return self
        rows = self.sample(max_rows, seed)
        return replace(self, X=self.X[rows], y=self.y[rows])

    @property
    def observed(self) -> "EncodedTask":
        """Task without the columns that were made with the help of the target."""
        if not self.layout.n_predicted:
            return self
        layout = self.layout.observed
        return replace(self, X=self.X[:, : layout.n_columns], layout=layout)

    def with_predictions(self, names: list[str], columns: "AnyArray") -> "EncodedTask":
        """Return the task with columns at the end that predict the target."""
        layout = self.layout
        wider = Layout(
            names=(*layout.names, *names),
            n_levels=(*layout.n_levels, *(0 for _ in names)),
            n_predicted=len(names),
        )
        return replace(self, X=np.hstack([self.X, columns]), layout=wider)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.y)

    @property
    def shape(self) -> Shape:
        """Rows, columns and classes."""
        return Shape(n_rows=self.n_rows, n_columns=self.X.shape[1], n_classes=self.n_classes)
