"""Calibration of the bounds of predictions by out-of-fold predictions.

Errors are those of rows that a model has not learned from. The model of their size is fitted across
folds as well, which keep groups together and follow times, so that scores are those of rows that it
has not seen. It is used as far as it makes intervals better on these rows: by the interval score
(Gneiting and Raftery 2007), the mean width and a penalty for what lies outside.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.folds import inner_folds
from metatune.kinds import TaskKind
from metatune.models.bounds import SetBounds, Spread, ValueBounds

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray, IntArray

__all__ = [
    "LEAST_ROWS",
    "ROW_METADATA",
    "OutOfFold",
    "SpreadRequest",
    "set_bounds_of",
    "spread_in_worker",
    "value_bounds_of",
    "with_spread",
]

LEAST_ROWS = 20
"""So many rows with out-of-fold predictions are needed for any bounds."""

ROW_METADATA = ("weights", "groups", "times")
"""Arrays of a worker's inbox that may be absent."""

_STEPS = 2_000  # quantiles that a model file keeps, at most
_LEAST_SPREAD_ROWS = 100
_N_FOLDS = 5
_STRENGTHS = (0.25, 0.5, 0.75, 1.0)
_LEVEL = 0.9  # by which strengths are compared
_LEAST_GAIN = 0.02
_MOST_CELLS = 1_000_000
_SMALL_ERROR = 0.05  # of the median error: smaller ones are taken as so large
_ROUNDS = 60
_PARAMS = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 20,
    "colsample_bytree": 0.7,
    "subsample": 0.7,
    "subsample_freq": 1,
    "reg_alpha": 0.0,
    "reg_lambda": 5.0,
    "max_bin": 63,
    "extra_trees": True,
    "cat_smooth": 20.0,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfFold:
    """Out-of-fold predictions of a final model, with what is known of their rows.

    Attributes
    ----------
    y : ndarray of shape (n_rows,)
        Codes of labels, or values.
    prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Finite.
    row_metadata : RowMetadata
        Weights, groups and times.
    """

    y: "AnyArray"
    prediction: "FloatArray"
    row_metadata: RowMetadata = PLAIN

    @property
    def n_independent(self) -> int:
        """Number of rows that count as independent: groups, or Kish's size of weighted rows."""
        if self.row_metadata.groups is not None:
            return len(np.unique(self.row_metadata.groups))
        weights = self.row_metadata.weights
        if weights is None:
            return len(self.y)
        return max(1, int(weights.sum() ** 2 / (weights**2).sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRequest:
    """Request for intervals whose width adapts, as a worker gets it.

    Attributes
    ----------
    bounds : ValueBounds
        Intervals that are equally wide.
    categorical : tuple of int
        Positions of category codes.
    seed : int
    """

    bounds: ValueBounds
    categorical: tuple[int, ...]
    seed: int


def set_bounds_of(known: OutOfFold) -> SetBounds:
    """Calibrate sets of labels.

    Parameters
    ----------
    known : OutOfFold
        Probabilities, with codes of labels.
    """
    scores = known.prediction[np.arange(len(known.y)), known.y]
    steps = _steps(scores, known.row_metadata.weights)
    return SetBounds(scores=steps, n_rows=known.n_independent)


def value_bounds_of(known: OutOfFold, low: float | None = None) -> ValueBounds:
    """Calibrate intervals that are equally wide everywhere.

    Parameters
    ----------
    known : OutOfFold
        Values, predicted and true.
    low : float, optional
        Least value that is possible.
    """
    steps = _steps(known.y - known.prediction, known.row_metadata.weights)
    return ValueBounds(scores=steps, n_rows=known.n_independent, low=low)


def with_spread(
    bounds: ValueBounds,
    known: OutOfFold,
    X: "FloatArray",
    categorical: tuple[int, ...],
    seed: int,
) -> ValueBounds:
    """Return intervals whose width follows the size of errors, if that makes them better.

    Parameters
    ----------
    bounds : ValueBounds
        Intervals that are equally wide.
    known : OutOfFold
        The predictions that they come from.
    X : ndarray of shape (n_rows, n_columns)
        Encoded rows, without columns that depend on the target.
    categorical : tuple of int
        Positions of category codes.
    seed : int
        Seed of folds and trees.
    """
    if len(known.y) < _LEAST_SPREAD_ROWS:
        return bounds
    errors = known.y - known.prediction
    usual = float(np.median(np.abs(errors)))
    if usual <= 0.0:
        return bounds
    logs = np.log(np.maximum(np.abs(errors), _SMALL_ERROR * usual))
    columns = _chosen_columns(X, logs)
    rows = _SpreadRows(
        X=np.column_stack([X[:, columns], known.prediction]),
        logs=logs,
        categorical=tuple(i for i, column in enumerate(columns) if column in set(categorical)),
        weights=known.row_metadata.weights,
        seed=seed,
    )
    found = np.full(len(logs), np.nan)
    for fold in inner_folds(logs, TaskKind.REGRESSION, _N_FOLDS, seed, known.row_metadata):
        found[fold.valid] = rows.fit(np.sort(fold.train)).predict(rows.X[fold.valid])
    low, high = float(np.nanmin(found)), float(np.nanmax(found))
    centred = found - float(np.nanmean(found))
    strength = _best_strength(errors, centred, known.row_metadata.weights)
    if not strength:
        return bounds
    spread = Spread(
        model=rows.fit(np.arange(len(logs))),
        columns=columns,
        centre=float(np.nanmean(found)),
        low=low,
        high=high,
        strength=strength,
    )
    steps = _steps(errors / np.exp(strength * centred), known.row_metadata.weights)
    return ValueBounds(scores=steps, n_rows=bounds.n_rows, spread=spread, low=bounds.low)


def spread_in_worker(inbox: str, request: SpreadRequest) -> ValueBounds:
    """Fit the spread on the arrays in `inbox`; the function that worker processes call."""
    folder = Path(inbox)
    paths = {name: folder / f"{name}.npy" for name in ROW_METADATA}
    known = OutOfFold(
        y=np.load(folder / "y.npy"),
        prediction=np.load(folder / "prediction.npy"),
        row_metadata=RowMetadata(
            **{name: np.load(path) for name, path in paths.items() if path.exists()}
        ),
    )
    X = np.load(folder / "X.npy")
    return with_spread(request.bounds, known, X, request.categorical, request.seed)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SpreadRows:
    """Rows that a model of the spread is fitted on."""

    X: "FloatArray"
    logs: "FloatArray"
    categorical: tuple[int, ...]
    weights: "FloatArray | None"
    seed: int

    def fit(self, rows: "IndexArray") -> Any:
        """Return trees that predict the logarithm of an error's size."""
        from metatune.algorithms.learners.lightgbm_model import LightGBMRegressor

        model = LightGBMRegressor(
            dict(_PARAMS), categorical=self.categorical, iterations=_ROUNDS, seed=self.seed
        )
        weights = None if self.weights is None else self.weights[rows]
        return model.fit(self.X[rows], self.logs[rows], RowMetadata(weights=weights))


def _chosen_columns(X: "FloatArray", logs: "FloatArray") -> "IntArray":
    """Return the columns to tell the spread by: of many those that it follows most."""
    most = max(1, _MOST_CELLS // len(logs))
    if X.shape[1] <= most:
        return np.arange(X.shape[1], dtype=np.int64)
    filled = np.where(np.isnan(X), 0.0, X)
    ranks = filled.argsort(axis=0).argsort(axis=0)
    centred = ranks - ranks.mean(axis=0)
    target = logs.argsort().argsort() - 0.5 * (len(logs) - 1)
    strength = np.abs(target @ centred) / np.maximum(1e-12, np.sqrt((centred**2).sum(axis=0)))
    return np.sort(np.argsort(-strength, kind="stable")[:most]).astype(np.int64)


def _best_strength(
    errors: "FloatArray", centred: "FloatArray", weights: "FloatArray | None"
) -> float:
    """Return the power of the spread with the least interval score; 0 where it is of no use."""
    losses = {
        strength: _interval_score(errors, np.exp(strength * centred), weights)
        for strength in (0.0, *_STRENGTHS)
    }
    best = min(losses, key=losses.__getitem__)
    return best if losses[best] < (1.0 - _LEAST_GAIN) * losses[0.0] else 0.0


def _interval_score(
    errors: "FloatArray", spread: "FloatArray", weights: "FloatArray | None"
) -> float:
    """Return the mean interval score of calibrated intervals of one level."""
    outside = 0.5 * (1.0 - _LEVEL)
    steps = _steps(errors / spread, weights)
    below, above = np.quantile(steps, [outside, 1.0 - outside])
    missed = np.maximum(below * spread - errors, 0.0) + np.maximum(errors - above * spread, 0.0)
    return float(np.average((above - below) * spread + missed / outside, weights=weights))


def _steps(scores: "FloatArray", weights: "FloatArray | None") -> "FloatArray":
    """Return the least score, and the quantiles of evenly spaced shares."""
    order = np.argsort(scores, kind="stable")
    ascending = np.asarray(scores, dtype=np.float64)[order]
    n_steps = min(len(scores), _STEPS)
    shares = np.arange(1, n_steps + 1) / n_steps
    counts = np.ones(len(scores)) if weights is None else np.asarray(weights)[order]
    reached = np.cumsum(counts)
    places = np.searchsorted(reached, shares * reached[-1] * (1.0 - 1e-12))
    reached_at = ascending[np.minimum(places, len(scores) - 1)]
    return np.concatenate([ascending[:1], reached_at])
