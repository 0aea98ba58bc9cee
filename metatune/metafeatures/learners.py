"""Out-of-fold scores of very simple learners, for the landmarkers.

A score is accuracy for classification and the coefficient of determination R2, clipped to
[-1, 1], for regression.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.data.splits.folds import Fold, make_folds
from metatune.kinds import TaskKind
from metatune.metafeatures.sample import Points

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray


__all__ = [
    "Learner",
    "estimator",
    "folds_of",
    "kernel_ridge_score",
    "marginal_regression",
    "neighbor_scores",
    "out_of_fold_score",
    "ridge",
    "score",
    "squared_distances",
]

Learner = Callable[[Points, "IndexArray", "IndexArray"], "FloatArray"]
"""``learner(points, train, valid)`` returns predictions of shape (n_valid, n_outputs)."""


def folds_of(points: Points, n_folds: int, seed: int) -> tuple[Fold, ...]:
    """Split points into folds stratified by label."""
    return make_folds(points.labels, TaskKind.MULTICLASS, min(n_folds, len(points.labels)), seed)


def score(truth: "FloatArray", prediction: "FloatArray") -> float:
    """Score predictions of shape (n_rows, n_outputs) against `Points.Y`."""
    if truth.shape[1] > 1:
        return float(np.mean(truth.argmax(axis=1) == prediction.argmax(axis=1)))
    total = float(((truth - truth.mean()) ** 2).sum())
    if total == 0.0 or not np.isfinite(prediction).all():
        return np.nan
    return float(np.clip(1.0 - ((truth - prediction) ** 2).sum() / total, -1.0, 1.0))


def out_of_fold_score(points: Points, folds: Sequence[Fold], learner: Learner) -> float:
    """Return the score of a learner over the rows of all folds together.

    Rows of training parts that hold one class only are predicted as that class. NaN where the
    learner fails on the numbers (singular matrices, no spread within any class).
    """
    rows = np.concatenate([fold.valid for fold in folds])
    # LinearDiscriminantAnalysis warns of collinear columns, which are no concern here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parts = [_fold_prediction(points, fold, learner) for fold in folds]
        except (np.linalg.LinAlgError, ValueError, IndexError):
            return np.nan
    return score(points.Y[rows], np.vstack(parts))


def _fold_prediction(points: Points, fold: Fold, learner: Learner) -> "FloatArray":
    known = points.Y[fold.train]
    if np.ptp(known, axis=0).any():
        return learner(points, fold.train, fold.valid)
    return np.repeat(known[:1], len(fold.valid), axis=0)


def estimator(make: Callable[[], Any]) -> Learner:
    """Wrap a scikit-learn classifier or regressor as a learner."""

    def learner(points: Points, train: "IndexArray", valid: "IndexArray") -> "FloatArray":
        n_outputs = points.Y.shape[1]
        if n_outputs > 1:
            model = make().fit(points.Z[train], points.labels[train])
            indicators: FloatArray = np.eye(n_outputs)[model.predict(points.Z[valid])]
            return indicators
        model = make().fit(points.Z[train], points.Y[train, 0])
        return np.asarray(model.predict(points.Z[valid]), dtype=np.float64)[:, None]

    return learner


def ridge(penalty: float) -> Learner:
    """Make a linear least-squares learner with a penalty on the squared weights.

    Classes are learned as indicators and told by the largest output. Penalty 0 gives the
    least-squares solution of smallest norm.
    """

    def learner(points: Points, train: "IndexArray", valid: "IndexArray") -> "FloatArray":
        Z, Y = points.Z[train], points.Y[train]
        z0, y0 = Z.mean(axis=0), Y.mean(axis=0)
        gram = (Z - z0).T @ (Z - z0)
        target = (Z - z0).T @ (Y - y0)
        if penalty:
            weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), target)
        else:
            weights = np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ target
        predicted: FloatArray = (points.Z[valid] - z0) @ weights + y0
        return predicted

    return learner


def marginal_regression(points: Points, train: "IndexArray", valid: "IndexArray") -> "FloatArray":
    """Regress on the one direction of largest covariance with the target.

    Each column is weighted by its own covariance with the target, as if columns were independent
    of each other: naive Bayes' assumption. It is partial least squares with one component.
    """
    Z, y = points.Z[train], points.Y[train]
    z0, y0 = Z.mean(axis=0), y.mean(axis=0)
    direction = (Z - z0).T @ (y - y0)
    along = (Z - z0) @ direction
    slope = float((along * (y - y0)).sum()) / max(float((along**2).sum()), 1e-300)
    predicted: FloatArray = ((points.Z[valid] - z0) @ direction) * slope + y0
    return predicted


def squared_distances(A: "FloatArray", B: "FloatArray") -> "FloatArray":
    """Return squared Euclidean distances of the rows of `A` (n, d) and `B` (m, d), shape (n, m)."""
    product = A @ B.T
    lengths = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1)[None, :]
    distances: FloatArray = lengths - 2.0 * product
    # What rounding leaves of a zero distance must not look like a near neighbour, and ties (the
    # rule on grids) must not be broken by it.
    distances[distances < 1e-11 * lengths] = 0.0
    return np.round(distances, 10, out=distances)


def neighbor_scores(
    points: Points, folds: Sequence[Fold], distances: "FloatArray", sizes: Sequence[int]
) -> list[float]:
    """Return out-of-fold scores of k nearest neighbours for each k in `sizes`."""
    predictions: list[list[FloatArray]] = [[] for _ in sizes]
    most = max(sizes)
    for fold in folds:
        train = np.sort(fold.train)
        near = nearest(distances[np.ix_(fold.valid, train)], min(most, len(train)))
        votes = points.Y[train][near]
        for kept, size in zip(predictions, sizes, strict=True):
            kept.append(votes[:, :size].mean(axis=1))
    truth = points.Y[np.concatenate([fold.valid for fold in folds])]
    return [score(truth, np.vstack(kept)) for kept in predictions]


def nearest(distances: "FloatArray", k: int) -> "IndexArray":
    """Return the columns of the k smallest entries of each row, ascending, shape (n_rows, k)."""
    if k < distances.shape[1]:
        some = np.argpartition(distances, k - 1, axis=1)[:, :k]
    else:
        some = np.broadcast_to(np.arange(k), distances.shape)
    order = np.argsort(np.take_along_axis(distances, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def kernel_ridge_score(points: Points, distances: "FloatArray", penalty: float) -> float:
    """Return the leave-one-out score of kernel ridge regression with a Gaussian kernel.

    The width is the median distance. Leave-one-out predictions come in closed form from the inverse
    A of the penalised kernel matrix: the residual of row i is (A Y)_i / A_ii.
    """
    positive = distances[distances > 0.0]
    if not positive.size:
        return np.nan
    kernel = np.exp(-distances / np.median(positive))
    kernel[np.diag_indices_from(kernel)] += penalty
    inverse = np.linalg.inv(kernel)
    centred = points.Y - points.Y.mean(axis=0)
    residual = (inverse @ centred) / np.diag(inverse)[:, None]
    return score(points.Y, points.Y - residual)
