"""Early stopping on rows held out of the training rows, the same for every iterative learner."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from metatune.data.row_facts import PLAIN, RowFacts
from metatune.data.splits import make_folds
from metatune.data.time_splits import time_blocks
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[Any]
    IndexArray = NDArray[np.intp]

__all__ = ["EarlyStoppingModel", "TrainingRows", "balanced_weights", "held_out_rows"]

_FEWEST_ROWS = 40  # below so many rows held-out rows say nothing
_N_FOLDS = 7
_MOST_HELD_OUT = 0.4  # of the rows may have to be held out because their times are equal
_TRUSTED_ROWS = 300  # so many held-out rows are collected, from several splits if need be
_REFIT_ROWS = 5000  # up to so many rows the model is trained again, with the held-out rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingRows:
    """Rows that a learner trains on or watches.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
        Labels 0..n_classes-1 or target values.
    weights : ndarray of shape (n_rows,) or None
        How much each row counts; None if all count alike.
    """

    X: "FloatArray"
    y: "FloatArray"
    weights: "NDArray[np.float64] | None" = None

    def take(self, rows: "IndexArray") -> "TrainingRows":
        """Return some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return TrainingRows(X=self.X[rows], y=self.y[rows], weights=weights)


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
    def _train(self, rows: TrainingRows, iterations: int, held_out: TrainingRows | None) -> int:
        """Train, store the model in the estimator and return its best number of iterations."""

    def fit(
        self, X: "FloatArray", y: "FloatArray", facts: RowFacts = PLAIN
    ) -> "EarlyStoppingModel":
        """Fit on labels 0..n_classes-1 or on target values."""
        self.n_classes_ = int(y.max()) + 1 if self.classification else 0
        rows = TrainingRows(X=X, y=y, weights=facts.weights)
        if self.iterations is not None:
            self.n_iterations_ = self._train(rows, self.iterations, None)
            return self
        splits = held_out_rows(y, self.classification, self.seed, facts)[: self.max_splits]
        if not splits:
            self.n_iterations_ = self._train(rows, self._few_iterations(), None)
            return self
        most = self._max_iterations(X, y)
        best = [self._train(rows.take(a), most, rows.take(b)) for a, b in splits]
        self.n_iterations_ = round(float(np.median(best)))
        if len(y) <= _REFIT_ROWS:
            self._train(rows, self.n_iterations_, None)
        return self


def held_out_rows(
    y: "FloatArray", classification: bool, seed: int, facts: RowFacts = PLAIN
) -> "list[tuple[IndexArray, IndexArray]]":
    """Split rows into about 86 % for training and 14 % held out, stratified.

    Groups are held out whole; with times the newest rows are held out, once.

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
    if facts.times is not None:
        newest = _newest(facts.times)
        if newest is not None:
            return _bound(newest & common, y, classification, facts.groups)
    folds = make_folds(y, kind, _N_FOLDS, seed, RowFacts(groups=_several(facts.groups)))
    splits = []
    for fold in folds[: _n_splits(len(y))]:
        held_out = np.zeros(len(y), dtype=bool)
        held_out[fold.valid] = common[fold.valid]
        if facts.groups is not None:
            splits += _bound(held_out, y, classification, None)
        elif held_out.any():
            splits.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return splits


def _newest(times: "NDArray[np.int64]") -> "NDArray[np.bool_] | None":
    """Return which rows are the newest, or None where too many have the same time."""
    blocks = time_blocks(times, _N_FOLDS - 2)  # the first block counts for two
    newest = blocks == blocks.max()
    return newest if 0 < newest.sum() <= _MOST_HELD_OUT * len(times) else None


def _several(groups: "NDArray[np.int64] | None") -> "NDArray[np.int64] | None":
    return None if groups is None or (groups == groups[0]).all() else groups


def _bound(
    held_out: "NDArray[np.bool_]",
    y: "FloatArray",
    classification: bool,
    groups: "NDArray[np.int64] | None",
) -> "list[tuple[IndexArray, IndexArray]]":
    """Take care that every class is trained on, and no group of the held-out rows is."""
    train = ~held_out
    if groups is not None:
        train &= ~np.isin(groups, groups[held_out])
    if classification:
        trained = np.bincount(y[train], minlength=int(y.max()) + 1) > 0
        train |= ~trained[y]
        held_out = held_out & trained[y]
    if not held_out.any() or train.sum() < _FEWEST_ROWS // 2:
        return []
    return [(np.flatnonzero(train), np.flatnonzero(held_out))]


def _n_splits(n_rows: int) -> int:
    return int(np.clip(_TRUSTED_ROWS // (n_rows // _N_FOLDS), 1, _N_FOLDS))


def balanced_weights(
    y: "FloatArray", weights: "NDArray[np.float64] | None" = None
) -> "NDArray[np.float64]":
    """Return row weights of mean 1 that give every class the same total.

    Rows of a class share its total in proportion to `weights`.
    """
    if weights is not None:
        totals = np.bincount(y, weights=weights)
        return np.asarray(len(y) * weights / (np.count_nonzero(totals) * totals[y]))
    counts = np.bincount(y)
    return np.asarray(len(y) / (np.count_nonzero(counts) * counts[y]), dtype=np.float64)
