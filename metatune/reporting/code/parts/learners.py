"""Parts around learners: what makes them safe, and learners that the libraries lack."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, solve_triangular
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer
from sklearn.tree import DecisionTreeClassifier

from metatune.reporting.code.parts.folds import deal_rows

__all__ = [
    "BoundedRegressor",
    "CalibratedScores",
    "Discriminant",
    "LevelColumns",
    "LogTarget",
    "NetworkClassifier",
    "NetworkRegressor",
    "QuantileTarget",
    "ScaledKernel",
    "SharesOfNeighbours",
    "SmoothedClassifier",
    "SmoothedTree",
    "StandardTarget",
]


class SmoothedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier whose probabilities are mixed with equal ones, so that none is zero.

    They are mixed as if `rows` of the training rows had been spread over all classes.
    """

    def __init__(self, learner: Any, rows: Any = 1.0) -> None:
        self.learner = learner
        self.rows = rows

    def fit(self, X: Any, y: Any) -> Self:
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.share_ = self.rows / (len(y) + self.rows)
        self.learner.fit(X, codes)
        return self

    def predict_proba(self, X: Any) -> Any:
        raw = np.asarray(self.learner.predict_proba(X), dtype=np.float64)
        return (1.0 - self.share_) * raw + self.share_ / len(self.classes_)


class BoundedRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Regressor of a transformed target that hardly leaves the range of the training targets.

    Predictions go at most 15 % of the range beyond it.
    """

    def __init__(self, learner: Any, target: Any) -> None:
        self.learner = learner
        self.target = target

    def fit(self, X: Any, y: Any) -> Self:
        margin = 0.15 * (y.max() - y.min())
        self.low_, self.high_ = y.min() - margin, y.max() + margin
        self.learner.fit(X, self.target.fit(y).transform(y))
        return self

    def predict(self, X: Any) -> Any:
        values = np.asarray(self.learner.predict(X), dtype=np.float64).ravel()
        return np.clip(self.target.inverse_transform(values), self.low_, self.high_)


class StandardTarget(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Target of mean 0 and variance 1."""

    def fit(self, y: Any) -> Self:
        self.unit_ = 2.0 * np.abs(y).max()
        scaled = y / self.unit_
        self.mean_, self.std_ = scaled.mean(), scaled.std()
        return self

    def transform(self, y: Any) -> Any:
        return (y / self.unit_ - self.mean_) / self.std_

    def inverse_transform(self, values: Any) -> Any:
        return (values * self.std_ + self.mean_) * self.unit_


class LogTarget(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Logarithm of the target, smoothly through zero, of mean 0 and variance 1."""

    def fit(self, y: Any) -> Self:
        self.unit_ = 2.0 * np.abs(y).max()
        scaled = y / self.unit_
        self.centre_ = 0.0 if scaled.min() >= 0 else np.median(scaled)
        distance = np.abs(scaled - self.centre_)
        self.distance_ = np.median(distance) or distance.mean()
        logs = self._log(y)
        self.mean_, self.std_ = logs.mean(), logs.std()
        return self

    def transform(self, y: Any) -> Any:
        return (self._log(y) - self.mean_) / self.std_

    def inverse_transform(self, values: Any) -> Any:
        logs = np.clip(values * self.std_ + self.mean_, -700.0, 700.0)
        return (self.centre_ + self.distance_ * np.sinh(logs)) * self.unit_

    def _log(self, y: Any) -> Any:
        return np.arcsinh((y / self.unit_ - self.centre_) / self.distance_)


class QuantileTarget(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Target whose ranks are mapped to a normal distribution."""

    def fit(self, y: Any) -> Self:
        self.log_ = LogTarget().fit(y)
        logs = self.log_._log(y)[:, None]
        self.quantiles_ = QuantileTransformer(
            n_quantiles=min(1000, len(y)), output_distribution="normal", subsample=None
        ).fit(logs)
        ranks = self.quantiles_.transform(logs)[:, 0]
        self.mean_, self.std_ = ranks.mean(), ranks.std()
        return self

    def transform(self, y: Any) -> Any:
        ranks = self.quantiles_.transform(self.log_._log(y)[:, None])[:, 0]
        return (ranks - self.mean_) / self.std_

    def inverse_transform(self, values: Any) -> Any:
        ranks = values * self.std_ + self.mean_
        logs = self.quantiles_.inverse_transform(ranks[:, None])[:, 0]
        log = self.log_
        return (log.centre_ + log.distance_ * np.sinh(np.clip(logs, -700.0, 700.0))) * log.unit_


class CalibratedScores(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier whose scores become probabilities by a logistic regression (Platt, 1999).

    The regression learns from scores of rows that were held out, a third at a time; rows of classes
    with fewer than three of them stay in.
    """

    def __init__(self, learner: Any, scores: Any, seed: Any) -> None:
        self.learner = learner
        self.scores = scores
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        self.learner.fit(X, y)
        scores = self._held_out_scores(X, y)
        self.centre_ = scores.mean(axis=0)
        self.spread_ = np.maximum(scores.std(axis=0), 1e-12)
        self.regression_ = LogisticRegression(max_iter=300).fit(self._scaled(scores), y)
        if len(self.regression_.classes_) == 2:  # the order of the scores is kept in any case
            self.regression_.coef_ = np.maximum(self.regression_.coef_, 1e-3)
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.regression_.predict_proba(self._scaled(self._scores(self.learner, X)))

    def _scaled(self, scores: Any) -> Any:
        return np.clip((scores - self.centre_) / self.spread_, -30.0, 30.0)

    def _held_out_scores(self, X: Any, y: Any) -> Any:
        scores = self._scores(self.learner, X).copy()
        fold, counts = deal_rows(y, 3, self.seed), np.bincount(y)
        for k in range(3):
            learned = np.bincount(y[fold != k], minlength=len(counts)) > 0
            rows = (fold == k) & (counts[y] >= 3) & learned[y]
            learner = clone(self.learner).fit(X[~rows], y[~rows])
            scores[rows] = self._scores(learner, X[rows])
        return scores

    def _scores(self, learner: Any, X: Any) -> Any:
        raw = np.asarray(getattr(learner, self.scores)(X), dtype=np.float64)
        raw = np.clip(np.nan_to_num(raw), -1e6, 1e6)
        if raw.ndim == 1:
            return raw[:, None]
        if raw.shape[1] == 2:
            return raw[:, 1:] - raw[:, :1]
        if self.scores != "decision_function":
            return np.maximum(raw - raw.max(axis=1, keepdims=True), -50.0)
        return raw


class ScaledKernel(BaseEstimator):  # type: ignore[misc]
    """Support vector machine whose kernel width is a multiple of scikit-learn's "scale"."""

    def __init__(self, machine: Any, width: Any) -> None:
        self.machine = machine
        self.width = width

    def fit(self, X: Any, y: Any) -> Self:
        gamma = self.width / (X.shape[1] * float(np.var(X)))
        self.machine.set_params(gamma=gamma).fit(X, y)
        return self

    def decision_function(self, X: Any) -> Any:
        return self.machine.decision_function(X)

    def predict(self, X: Any) -> Any:
        return self.machine.predict(X)


class SharesOfNeighbours(KNeighborsClassifier):  # type: ignore[misc]
    """Shares of the classes among the neighbours, mixed with those of all rows as one more."""

    def fit(self, X: Any, y: Any) -> Self:
        self.shares_ = np.bincount(y) / len(y)
        super().fit(X, y)
        return self

    def predict_proba(self, X: Any) -> Any:
        votes = super().predict_proba(X) * self.n_neighbors
        return (votes + self.shares_) / (self.n_neighbors + 1.0)


class SmoothedTree(DecisionTreeClassifier):  # type: ignore[misc]
    """Decision tree whose leaves are mixed with the shares of the classes, as two rows more."""

    def predict_proba(self, X: Any) -> Any:
        n_rows = self.tree_.n_node_samples[self.apply(X)][:, None]
        return (super().predict_proba(X) * n_rows + 2.0 * self.tree_.value[0]) / (n_rows + 2.0)


class NetworkClassifier(BaseEstimator):  # type: ignore[misc]
    """Multi-layer perceptron that is trained for a number of epochs."""

    def __init__(self, epochs: Any, seed: Any, params: Any) -> None:
        self.epochs = epochs
        self.seed = seed
        self.params = params

    def fit(self, X: Any, y: Any) -> Self:
        self.network_ = MLPClassifier(**self.params, random_state=np.random.RandomState(self.seed))
        for _ in range(self.epochs):
            self.network_.partial_fit(X, y, classes=np.unique(y))
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.network_.predict_proba(X)


class NetworkRegressor(BaseEstimator):  # type: ignore[misc]
    """Multi-layer perceptron that is trained for a number of epochs."""

    def __init__(self, epochs: Any, seed: Any, params: Any) -> None:
        self.epochs = epochs
        self.seed = seed
        self.params = params

    def fit(self, X: Any, y: Any) -> Self:
        self.network_ = MLPRegressor(**self.params, random_state=np.random.RandomState(self.seed))
        for _ in range(self.epochs):
            self.network_.partial_fit(X, y)
        return self

    def predict(self, X: Any) -> Any:
        return self.network_.predict(X)


class LevelColumns(BaseEstimator):  # type: ignore[misc]
    """Linear model with a sparse column for each level of the last `n_codes` columns.

    Levels of fewer than `min_rows` rows share a column.
    """

    def __init__(self, model: Any, n_codes: Any, min_rows: Any) -> None:
        self.model = model
        self.n_codes = n_codes
        self.min_rows = min_rows

    def fit(self, X: Any, y: Any) -> Self:
        self.levels_ = OneHotEncoder(
            min_frequency=self.min_rows, handle_unknown="infrequent_if_exist"
        ).fit(self._codes(X))
        self.model.fit(self._design(X), y)
        return self

    def predict(self, X: Any) -> Any:
        return self.model.predict(self._design(X))

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(self._design(X))

    def _codes(self, X: Any) -> Any:
        return X[:, -self.n_codes :].astype(np.int64)

    def _design(self, X: Any) -> Any:
        levels = self.levels_.transform(self._codes(X))
        return sparse.hstack([sparse.csr_matrix(X[:, : -self.n_codes]), levels], format="csr")


class Discriminant(BaseEstimator):  # type: ignore[misc]
    """Regularised discriminant analysis (Friedman, 1989).

    The covariance of a class is drawn towards that of all classes by `pooling` (more where it has
    few rows), and towards a multiple of the identity by `shrinkage`.
    """

    def __init__(self, pooling: Any, shrinkage: Any) -> None:
        self.pooling = pooling
        self.shrinkage = shrinkage

    def fit(self, X: Any, y: Any) -> Self:
        counts, n_columns = np.bincount(y), X.shape[1]
        self.means_ = np.stack([X[y == k].mean(axis=0) for k in range(len(counts))])
        self.log_shares_ = np.log(counts / len(y))
        centred = X - self.means_[y]
        pooled = centred.T @ centred / max(1, len(y) - len(counts))
        self.factors_ = []
        for k, count in enumerate(counts):
            own = centred[y == k]
            scatter = own.T @ own / max(1, count - 1)
            weight = max(self.pooling, np.clip(1.0 - (count - 1) / n_columns, 0.0, 1.0))
            self.factors_.append(self._factor((1.0 - weight) * scatter + weight * pooled))
        return self

    def predict_log_proba(self, X: Any) -> Any:
        scores = []
        for mean, factor in zip(self.means_, self.factors_, strict=True):
            white = solve_triangular(factor, (X - mean).T, lower=True)
            log_determinant = 2.0 * np.log(np.diag(factor)).sum()
            scores.append(-0.5 * ((white**2).sum(axis=0) + log_determinant))
        return np.column_stack(scores) + self.log_shares_

    def predict_proba(self, X: Any) -> Any:
        scores = self.predict_log_proba(X)
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def _factor(self, covariance: Any) -> Any:
        identity = np.eye(len(covariance))
        size = np.trace(covariance) / len(covariance) or 1.0
        shrunken = (1.0 - self.shrinkage) * covariance + self.shrinkage * size * identity
        factor, _ = cho_factor(shrunken + 1e-3 * size * identity, lower=True)
        return np.tril(factor)
