"""Early stopping on rows held out of the training rows, the same for every iterative learner."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from metatune.data.splits import make_folds
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[Any]
    IndexArray = NDArray[np.intp]

__all__ = ["EarlyStoppingModel", "balanced_weights", "held_out_rows"]

_FEWEST_ROWS = 40  # below so many rows held-out rows say nothing
_N_FOLDS = 7
_TRUSTED_ROWS = 300  # so many held-out rows are collected, from several splits if need be
_REFIT_ROWS = 5000  # up to so many rows the model is trained again, with the held-out rows


class EarlyStoppingModel(BaseEstimator):  # type: ignore[misc]
    """Base of learners that add iterations until rows held out stop improving.

    On small tables, where every row counts and a few held-out rows say little, the median over
    several splits decides, and the model is then trained again on all rows for as many iterations;
    on larger ones it stays as it is. A subclass has the attributes `iterations`
    (int or None: exactly so many, nothing held out), `seed` and `classification`.

    Attributes
    ----------
    n_iterations_ : int
        Iterations of the fitted model.
    """

    classification: bool
    iterations: int | None
    seed: int
    max_splits = 5  # more of them cost more than they tell

    @abstractmethod
    def _max_iterations(self, X: "FloatArray", y: "FloatArray") -> int:
        """Return the most iterations that the size of the table affords."""

    @abstractmethod
    def _few_iterations(self) -> int:
        """Return the iterations for tables that are too small to hold rows out."""

    @abstractmethod
    def _train(
        self,
        X: "FloatArray",
        y: "FloatArray",
        iterations: int,
        held_out: "tuple[FloatArray, FloatArray] | None",
    ) -> int:
        """Train, store the model in the estimator and return its best number of iterations."""

    def fit(self, X: "FloatArray", y: "FloatArray") -> "EarlyStoppingModel":
        """Fit on labels 0..n_classes-1 or on target values."""
        self.n_classes_ = int(y.max()) + 1 if self.classification else 0
        if self.iterations is not None:
            self.n_iterations_ = self._train(X, y, self.iterations, None)
            return self
        splits = held_out_rows(y, self.classification, self.seed)[: self.max_splits]
        if not splits:
            self.n_iterations_ = self._train(X, y, self._few_iterations(), None)
            return self
        most = self._max_iterations(X, y)
        best = [self._train(X[a], y[a], most, (X[b], y[b])) for a, b in splits]
        self.n_iterations_ = round(float(np.median(best)))
        if len(y) <= _REFIT_ROWS:
            self._train(X, y, self.n_iterations_, None)
        return self


def held_out_rows(
    y: "FloatArray", classification: bool, seed: int
) -> "list[tuple[IndexArray, IndexArray]]":
    """Split rows into about 86 % for training and 14 % held out, stratified.

    Returns
    -------
    list of (train, held_out)
        Row positions. Empty where there are too few rows; several disjoint choices of held-out
        rows where a single one would be too small to trust. Classes of fewer than 4 rows are kept
        for training altogether.
    """
    if len(y) < _FEWEST_ROWS:
        return []
    kind = TaskKind.MULTICLASS if classification else TaskKind.REGRESSION
    common = np.bincount(y)[y] >= 4 if classification else np.ones(len(y), dtype=bool)
    splits = []
    for fold in make_folds(y, kind, _N_FOLDS, seed)[: _n_splits(len(y))]:
        held_out = np.zeros(len(y), dtype=bool)
        held_out[fold.valid] = common[fold.valid]
        if held_out.any():
            splits.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return splits


def _n_splits(n_rows: int) -> int:
    return int(np.clip(_TRUSTED_ROWS // (n_rows // _N_FOLDS), 1, _N_FOLDS))


def balanced_weights(y: "FloatArray") -> "NDArray[np.float64]":
    """Return row weights of mean 1 that give every class the same total."""
    counts = np.bincount(y)
    return np.asarray(len(y) / (np.count_nonzero(counts) * counts[y]), dtype=np.float64)
