"""Relevance of a table's columns to the target, and the residuals left for crossings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.numeric import LARGEST
from metatune.algorithms.target_encoding import cross_fitting_folds
from metatune.data.row_metadata import RowMetadata

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray, IntArray


__all__ = ["Relevance", "explained_share", "find_relevance"]

_MOST_ROWS = 3000
_MOST_COLUMNS = 100  # that the small model looks at; the others are left aside
_MOST_CLASSES = 8  # told apart; the rarer ones are taken together
_MOST_LEVELS = 100  # of a category that the small model takes as one, and not as a number
_FARTHEST = 6.0  # standard deviations at which a target value is cut
_N_FOLDS = 3
_N_ROUNDS = 8
_LEAVES = 15
_N_BINS = 24
_ROWS_OF_A_BIN = 20
_BLOCK = 256  # columns at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relevance:
    """Relevance of columns, by a small boosted model of a sample of the training rows.

    Attributes
    ----------
    rows : ndarray of shape (n_sampled,)
        Positions of the sampled rows.
    gains : ndarray of shape (n_columns,)
        Total gain of the splits on each column.
    residuals : ndarray of shape (n_sampled, n_targets)
        Out-of-fold residuals of each row's target or indicators of classes.
    shares : ndarray of shape (n_columns,)
        Share of the residuals' variation that each column explains; see `explained_share`.
    chance : float
        Standard deviation of the share of an irrelevant column.
    weights : ndarray of shape (n_sampled,) or None
        Sample weights of these rows.
    """

    rows: "IndexArray"
    gains: "FloatArray"
    residuals: "FloatArray"
    shares: "FloatArray"
    chance: float
    weights: "FloatArray | None"

    def leading(self, columns: "IndexArray", most: int) -> list[int]:
        """Return those of some columns that gained most."""
        ranked = columns[np.argsort(-self.gains[columns], kind="stable")]
        return [int(column) for column in ranked[:most] if self.gains[column] > 0]


def find_relevance(
    X: "FloatArray",
    y: "AnyArray",
    n_levels: "IntArray",
    *,
    classification: bool,
    seed: int,
    row_metadata: RowMetadata,
) -> Relevance:
    """Estimate the relevance of columns to the target, on a sample of the rows.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Numbers, category codes, NaN where missing.
    y : ndarray of shape (n_rows,)
        Labels or target values.
    n_levels : ndarray of shape (n_columns,)
        For each column 0 for a number, else the number of category codes.
    classification : bool
        Whether the target holds classes.
    seed : int
        Seed of the sample and of the folds.
    row_metadata : RowMetadata
        Metadata of these rows: weights count, and groups stay together.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(X))[:_MOST_ROWS])
    row_metadata = row_metadata.take(rows)
    sample = np.clip(X[rows], -LARGEST, LARGEST)
    target: AnyArray = _classes(y[rows]) if classification else _standardised(y[rows])
    indicators = _indicators(target) if classification else target[:, None]
    columns = _promising(sample, indicators, row_metadata.weights)
    categories = np.flatnonzero((n_levels[columns] > 0) & (n_levels[columns] <= _MOST_LEVELS))
    fold = cross_fitting_folds(len(rows), seed, row_metadata.groups, _N_FOLDS)
    residuals, gains = np.empty(indicators.shape), np.zeros(X.shape[1])
    for number in np.unique(fold):
        inside, outside = fold == number, fold != number
        weights = None if row_metadata.weights is None else row_metadata.weights[outside]
        seen = sample[np.ix_(outside, columns)]
        model = small_boosted_model(seen, target[outside], weights, categories, indicators.shape[1])
        expected = np.asarray(model.predict(sample[np.ix_(inside, columns)], num_threads=1))
        residuals[inside] = indicators[inside] - expected.reshape(len(expected), -1)
        gains[columns] += model.feature_importance("gain")
    return Relevance(
        rows=rows,
        gains=gains,
        residuals=residuals,
        shares=explained_share(sample, residuals, row_metadata.weights),
        chance=float(np.sqrt(2.0 * _n_bins(len(rows))) / len(rows)),
        weights=row_metadata.weights,
    )


def explained_share(
    values: "FloatArray", residuals: "FloatArray", weights: "FloatArray | None"
) -> "FloatArray":
    """Return the share of the residuals' variation that lies between quantile bins of a column.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Missing cells rank highest.
    residuals : ndarray of shape (n_rows, n_targets)
    weights : ndarray of shape (n_rows,) or None

    Returns
    -------
    ndarray of shape (n_columns,)
    """
    n_rows, n_columns = values.shape
    weights = np.ones(n_rows) if weights is None else weights
    total = float((weights[:, None] * residuals**2).sum())
    if total == 0:
        return np.zeros(n_columns)
    blocks = [
        _between_bins(values[:, start : start + _BLOCK], residuals, weights)
        for start in range(0, n_columns, _BLOCK)
    ]
    return np.asarray(np.concatenate([np.zeros(0), *blocks]) / total)


def _between_bins(
    values: "FloatArray", residuals: "FloatArray", weights: "FloatArray"
) -> "FloatArray":
    n_rows, n_columns = values.shape
    n_bins = _n_bins(n_rows)
    bins = np.empty(values.shape, dtype=np.intp)
    order = np.argsort(values, axis=0, kind="stable")
    np.put_along_axis(bins, order, (np.arange(n_rows) * n_bins // n_rows)[:, None], axis=0)
    places = (bins + np.arange(n_columns) * n_bins).ravel()

    def sums(of_rows: "FloatArray") -> "FloatArray":
        repeated = np.repeat(of_rows, n_columns)
        found = np.bincount(places, weights=repeated, minlength=n_columns * n_bins)
        return np.asarray(found.reshape(n_columns, n_bins), dtype=np.float64)

    sizes = np.maximum(sums(weights), 1e-12)
    squares = [(sums(weights * left) ** 2 / sizes).sum(axis=1) for left in residuals.T]
    return np.asarray(np.sum(squares, axis=0))


def _n_bins(n_rows: int) -> int:
    return int(np.clip(n_rows // _ROWS_OF_A_BIN, 2, _N_BINS))


def _promising(
    sample: "FloatArray", indicators: "FloatArray", weights: "FloatArray | None"
) -> "IndexArray":
    """Return the candidate columns: all, or a part of them in wide tables."""
    if sample.shape[1] <= _MOST_COLUMNS:
        return np.arange(sample.shape[1])
    centred = indicators - np.average(indicators, axis=0, weights=weights)
    shares = explained_share(sample, centred, weights)
    return np.sort(np.argsort(-shares, kind="stable")[:_MOST_COLUMNS])


def _classes(y: "AnyArray") -> "IndexArray":
    """Return class codes, the rarer classes together as the last one."""
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.intp)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.asarray(np.minimum(rank, _MOST_CLASSES)[codes], dtype=np.intp)


def _standardised(y: "AnyArray") -> "FloatArray":
    values = np.asarray(y, dtype=np.float64)
    values = values / (float(np.abs(values).max(initial=0.0)) or 1.0)
    values = values - values.mean()
    return np.asarray(np.clip(values / (float(values.std()) or 1.0), -_FARTHEST, _FARTHEST))


def _indicators(codes: "IndexArray") -> "FloatArray":
    """Return a column of 0 and 1 for every class, or one where there are two."""
    n_classes = int(codes.max()) + 1
    shown = np.arange(n_classes) if n_classes > 2 else np.array([1])
    return np.asarray(codes[:, None] == shown[None, :], dtype=np.float64)


def small_boosted_model(
    X: "FloatArray",
    y: "AnyArray",
    weights: "FloatArray | None",
    categories: "IndexArray",
    n_targets: int,
) -> Any:
    """Return a small boosted model, a classifier where `y` holds integers."""
    import lightgbm  # takes long, and saved models of other families do without

    if np.issubdtype(y.dtype, np.floating):
        objective: dict[str, Any] = {"objective": "regression"}
    elif n_targets == 1:
        objective = {"objective": "binary"}
    else:
        objective = {"objective": "multiclass", "num_class": n_targets}
    params = {
        **objective,
        "num_leaves": _LEAVES,
        "learning_rate": 0.1,
        "max_bin": 63,
        "min_child_samples": int(np.clip(len(y) // 30, 2, 20)),
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(
        X,
        y,
        weight=weights,
        categorical_feature=categories.tolist(),
        params=params,
        free_raw_data=True,
    )
    return lightgbm.train(params, data, num_boost_round=_N_ROUNDS)
