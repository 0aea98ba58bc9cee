"""Calibration: probabilities from scores, fitted on cross-fitted scores."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression

from metatune.algorithms.learners.weighted_fit import fit_learner
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.folds import inner_folds
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray


__all__ = ["CalibratedScores"]

_N_FOLDS = 3
_FEWEST_ROWS = 12
_LEAST_SLOPE = 1e-3
_LOWEST_LOG = 50.0  # beyond it a class is out of the question, by how much does not matter
_LIMIT = 30.0  # scores in units of their spread


class CalibratedScores(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Calibrate a classifier's scores to probabilities (Platt, 1999), for any number of classes.

    Scores of cross-fitted models are the input of a logistic regression, multinomial where there
    are more than two classes; the learner itself is fitted on all rows. Classes of one or two rows,
    which cannot be held out, are scored by the model of all rows. Groups of rows, and rows that
    follow each other in time, are held out together.

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

    def fit(
        self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "CalibratedScores":
        """Fit on labels 0..n_classes-1."""
        self.n_classes_ = int(y.max()) + 1
        self.estimator_ = fit_learner(clone(self.estimator), X, y, row_metadata)
        scores = self._cross_fitted(X, y, self._scores(self.estimator_, X), row_metadata)
        self.centre_ = scores.mean(axis=0)
        self.spread_ = np.maximum(scores.std(axis=0), 1e-12)
        calibrator = LogisticRegression(max_iter=300)
        self.calibrator_ = calibrator.fit(
            self._inputs(scores), y, sample_weight=row_metadata.weights
        )
        if self.n_classes_ == 2:
            # On a few rows without signal the slope may come out negative; the order of the
            # learner's scores is kept all the same.
            self.calibrator_.coef_ = np.maximum(self.calibrator_.coef_, _LEAST_SLOPE)
        return self

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        inputs = self._inputs(self._scores(self.estimator_, X))
        return np.asarray(self.calibrator_.predict_proba(inputs))

    def _scores(self, estimator: Any, X: "AnyArray") -> "AnyArray":
        """Return scores of shape (n_rows, n_classes), or (n_rows, 1) for two classes."""
        raw = np.asarray(getattr(estimator, self.scores)(X), dtype=np.float64)
        raw = np.clip(np.nan_to_num(raw), -1e6, 1e6)
        if raw.ndim == 1:
            return raw[:, None]
        if raw.shape[1] == 2:
            return np.asarray(raw[:, 1:] - raw[:, :1])
        if self.scores != "decision_function":
            # Log densities share a large part over all classes; what tells is the difference.
            raw = np.maximum(raw - raw.max(axis=1, keepdims=True), -_LOWEST_LOG)
        return raw

    def _inputs(self, scores: "AnyArray") -> "AnyArray":
        return np.asarray(np.clip((scores - self.centre_) / self.spread_, -_LIMIT, _LIMIT))

    def _cross_fitted(
        self, X: "AnyArray", y: "AnyArray", scores: "AnyArray", row_metadata: RowMetadata
    ) -> "AnyArray":
        counts = np.bincount(y)
        if len(y) < _FEWEST_ROWS or np.count_nonzero(counts >= _N_FOLDS) < 2:
            return scores
        scores = scores.copy()
        rare = counts[y] < _N_FOLDS
        for fold in inner_folds(y, TaskKind.MULTICLASS, _N_FOLDS, self.seed, row_metadata):
            # Every class keeps a row: so the scores of all folds have the same columns.
            gone = np.bincount(y[fold.train], minlength=len(counts)) == 0
            held_out = fold.valid[~(rare | gone[y])[fold.valid]]
            if not len(held_out):
                continue
            train = np.setdiff1d(np.arange(len(y)), held_out)
            model = fit_learner(clone(self.estimator), X[train], y[train], row_metadata.take(train))
            scores[held_out] = self._scores(model, X[held_out])
        return scores
