"""Probabilities from scores, learned on rows that the scoring model has not seen."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression

from metatune.data.splits import make_folds
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[Any]

__all__ = ["CalibratedScores"]

_N_FOLDS = 3
_FEWEST_ROWS = 12
_LIMIT = 30.0  # scores in units of their spread


class CalibratedScores(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Turn a classifier's scores into probabilities (Platt, 1999), for any number of classes.

    Scores of cross-fitted models are the input of one logistic regression for each class against
    the others, whose probabilities are normalised; the learner itself is then fitted on all rows.
    Classes of one or two rows, which cannot be held out, are scored by the model of all rows.

    Parameters
    ----------
    estimator : classifier
        Fitted on labels 0..n_classes-1; has `decision_function`, or `predict_log_proba` where
        `scores` says so.
    scores : {"decision_function", "predict_log_proba"}
        The method that gives the scores.
    seed : int
        Seed of the folds.
    """

    def __init__(self, estimator: Any, scores: str = "decision_function", seed: int = 0) -> None:
        self.estimator = estimator
        self.scores = scores
        self.seed = seed

    def fit(self, X: "FloatArray", y: "FloatArray") -> "CalibratedScores":
        """Fit on labels 0..n_classes-1."""
        self.n_classes_ = int(y.max()) + 1
        self.estimator_ = clone(self.estimator).fit(X, y)
        scores = self._scores(self.estimator_, X)
        scores = self._cross_fitted(X, y, scores)
        self.centre_ = scores.mean(axis=0)
        self.spread_ = np.maximum(scores.std(axis=0), 1e-12)
        inputs = self._inputs(scores)
        columns = [1] if self.n_classes_ == 2 else range(self.n_classes_)
        slopes, offsets = zip(
            *(_sigmoid(inputs[:, min(k, inputs.shape[1] - 1)], y == k) for k in columns),
            strict=True,
        )
        self.slopes_, self.offsets_ = np.array(slopes), np.array(offsets)
        return self

    def predict_proba(self, X: "FloatArray") -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        inputs = self._inputs(self._scores(self.estimator_, X))
        positive = 1.0 / (1.0 + np.exp(-(inputs * self.slopes_ + self.offsets_)))
        if self.n_classes_ == 2:
            return np.hstack([1.0 - positive, positive])
        total = np.maximum(positive.sum(axis=1, keepdims=True), 1e-300)
        return np.asarray(positive / total)

    def _scores(self, estimator: Any, X: "FloatArray") -> "FloatArray":
        """Return scores of shape (n_rows, n_classes), or (n_rows, 1) for two classes."""
        raw = np.asarray(getattr(estimator, self.scores)(X), dtype=np.float64)
        raw = np.clip(np.nan_to_num(raw), -1e6, 1e6)
        if raw.ndim == 1:
            return raw[:, None]
        return np.asarray(raw[:, 1:] - raw[:, :1] if raw.shape[1] == 2 else raw)

    def _inputs(self, scores: "FloatArray") -> "FloatArray":
        return np.asarray(np.clip((scores - self.centre_) / self.spread_, -_LIMIT, _LIMIT))

    def _cross_fitted(self, X: "FloatArray", y: "FloatArray", scores: "FloatArray") -> "FloatArray":
        counts = np.bincount(y)
        if len(y) < _FEWEST_ROWS or np.count_nonzero(counts >= _N_FOLDS) < 2:
            return scores
        scores = scores.copy()
        rare = counts[y] < _N_FOLDS
        for fold in make_folds(y, TaskKind.MULTICLASS, _N_FOLDS, self.seed):
            held_out = fold.valid[~rare[fold.valid]]
            train = np.setdiff1d(np.arange(len(y)), held_out)
            # Every class keeps a row: so the scores of all folds have the same columns.
            scores[held_out] = self._scores(
                clone(self.estimator).fit(X[train], y[train]), X[held_out]
            )
        return scores


def _sigmoid(score: "FloatArray", positive: "NDArray[np.bool_]") -> tuple[float, float]:
    """Fit slope and offset; the penalty stands in for Platt's softened targets."""
    model = LogisticRegression(C=10.0).fit(score[:, None], positive)
    return max(0.0, float(model.coef_[0, 0])), float(model.intercept_[0])
