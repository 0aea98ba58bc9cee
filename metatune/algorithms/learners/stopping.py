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

__all__ = ["EarlyStoppingModel", "balanced_weights", "hold_out"]

_FEWEST_ROWS = 40  # below so many rows held-out rows say nothing
_REFIT_ROWS = 5000  # up to so many rows the model is trained again, with the held-out rows


class EarlyStoppingModel(BaseEstimator):  # type: ignore[misc]
    """Base of learners that add iterations until rows held out stop improving.

    On small tables, where every row counts, the model is then trained again on all rows for as
    many iterations; on larger ones it stays as it is. A subclass has the attributes `iterations`
    (int or None: exactly so many, nothing held out), `seed` and `classification`.

    Attributes
    ----------
    n_iterations_ : int
        Iterations of the fitted model.
    """

    classification: bool
    iterations: int | None
    seed: int

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
        split = hold_out(y, self.classification, self.seed)
        if split is None:
            self.n_iterations_ = self._train(X, y, self._few_iterations(), None)
            return self
        train, valid = split
        most = self._max_iterations(X, y)
        self.n_iterations_ = self._train(X[train], y[train], most, (X[valid], y[valid]))
        if len(y) <= _REFIT_ROWS:
            self._train(X, y, self.n_iterations_, None)
        return self


def hold_out(
    y: "FloatArray", classification: bool, seed: int
) -> "tuple[NDArray[np.intp], NDArray[np.intp]] | None":
    """Split rows into about 85 % for training and 15 % held out, stratified.

    Returns
    -------
    tuple of two ndarrays, or None
        Row positions; None where there are too few rows. Classes of fewer than 4 rows are kept
        for training altogether.
    """
    if len(y) < _FEWEST_ROWS:
        return None
    kind = TaskKind.MULTICLASS if classification else TaskKind.REGRESSION
    chosen = np.zeros(len(y), dtype=bool)
    chosen[make_folds(y, kind, 7, seed)[0].valid] = True
    if classification:
        chosen &= np.bincount(y)[y] >= 4
    if not chosen.any():
        return None
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def balanced_weights(y: "FloatArray") -> "NDArray[np.float64]":
    """Return row weights of mean 1 that give every class the same total."""
    counts = np.bincount(y)
    return np.asarray(len(y) / (np.count_nonzero(counts) * counts[y]), dtype=np.float64)
