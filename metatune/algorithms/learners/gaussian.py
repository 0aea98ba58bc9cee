"""Gaussian classifiers that stay defined for classes of a single row."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, solve_triangular
from sklearn.base import BaseEstimator, ClassifierMixin

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IndexArray


__all__ = ["RegularizedDiscriminant"]

_RIDGE = 1e-3


class RegularizedDiscriminant(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Regularised discriminant analysis (Friedman, 1989).

    The covariance of a class is drawn towards the one of all classes, and that towards a multiple
    of the identity. Between the extremes lie quadratic (0, 0) and linear (1, 0) discriminant
    analysis. Classes with fewer rows than columns lean on the pooled covariance by themselves.

    Parameters
    ----------
    pooling : float
        Weight of the pooled covariance, in [0, 1].
    shrinkage : float
        Weight of the identity, in [0, 1].
    """

    def __init__(self, pooling: float = 0.0, shrinkage: float = 0.0) -> None:
        self.pooling = pooling
        self.shrinkage = shrinkage

    def fit(
        self, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None" = None
    ) -> "RegularizedDiscriminant":
        """Fit on labels 0..n_classes-1; a row of weight 2 is counted like two rows."""
        if sample_weight is not None:
            return self._fit_weighted(X, y, np.asarray(sample_weight, dtype=np.float64))
        n_classes, n_columns = int(y.max()) + 1, X.shape[1]
        counts = np.bincount(y, minlength=n_classes)
        self.means_ = np.stack([X[y == k].mean(axis=0) for k in range(n_classes)])
        self.log_prior_ = np.log(counts / len(y))
        centred = X - self.means_[y]
        pooled = centred.T @ centred / max(1, len(y) - n_classes)
        scatters = []
        for k, count in enumerate(counts):
            own = centred[y == k]
            scatters.append(own.T @ own / max(1, count - 1))
        self._regularise(scatters, pooled, counts, n_columns)
        return self

    def _fit_weighted(
        self, X: "AnyArray", y: "AnyArray", weights: "AnyArray"
    ) -> "RegularizedDiscriminant":
        n_classes, n_columns = int(y.max()) + 1, X.shape[1]
        totals = np.bincount(y, weights=weights, minlength=n_classes)
        self.means_ = np.stack(
            [np.average(X[y == k], axis=0, weights=weights[y == k]) for k in range(n_classes)]
        )
        self.log_prior_ = np.log(totals / totals.sum())
        centred = (X - self.means_[y]) * np.sqrt(weights)[:, None]
        pooled = centred.T @ centred / max(1.0, totals.sum() - n_classes)
        scatters = [
            centred[y == k].T @ centred[y == k] / max(1.0, total - 1.0)
            for k, total in enumerate(totals)
        ]
        # How far a class can stand on its own is a matter of its rows, not of their weight.
        counts = np.bincount(y, minlength=n_classes)
        self._regularise(scatters, pooled, counts, n_columns)
        return self

    def _regularise(
        self,
        scatters: "list[AnyArray]",
        pooled: "AnyArray",
        counts: "IndexArray",
        n_columns: int,
    ) -> None:
        """Mix the scatter of each class with the pooled one, and keep its Cholesky factor."""
        factors, log_determinants = [], []
        for scatter, count in zip(scatters, counts, strict=True):
            weight = max(self.pooling, float(np.clip(1.0 - (count - 1) / n_columns, 0.0, 1.0)))
            factor = _factor((1.0 - weight) * scatter + weight * pooled, self.shrinkage)
            factors.append(factor)
            log_determinants.append(2.0 * float(np.log(np.diag(factor)).sum()))
        self.factors_ = np.stack(factors)
        self.log_determinants_ = np.array(log_determinants)

    def predict_log_proba(self, X: "AnyArray") -> "AnyArray":
        """Return log densities plus log priors, up to a constant, (n_rows, n_classes)."""
        scores = np.empty((len(X), len(self.means_)))
        for k, (mean, factor) in enumerate(zip(self.means_, self.factors_, strict=True)):
            whitened = solve_triangular(factor, (X - mean).T, lower=True, check_finite=False)
            scores[:, k] = -0.5 * ((whitened**2).sum(axis=0) + self.log_determinants_[k])
        return scores + self.log_prior_

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        scores = self.predict_log_proba(X)
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _factor(covariance: "AnyArray", shrinkage: float) -> "AnyArray":
    """Return the lower Cholesky factor of a shrunken covariance, made regular where it is not."""
    identity = np.eye(len(covariance))
    size = float(np.trace(covariance)) / len(covariance) or 1.0
    shrunken = (1.0 - shrinkage) * covariance + shrinkage * size * identity
    factor, _ = cho_factor(shrunken + _RIDGE * size * identity, lower=True, check_finite=False)
    return np.tril(factor)
