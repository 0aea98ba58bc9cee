"""Parts of Gaussian processes."""

from typing import Any, Self

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from sklearn.base import BaseEstimator
from sklearn.gaussian_process import GaussianProcessRegressor

__all__ = ["GaussianProcess", "SparseGaussianProcess", "learn_kernel"]


def few_steps(objective: Any, start: Any, bounds: Any) -> Any:
    """Minimise as scikit-learn does, in at most 60 steps."""
    options = {"maxiter": 60}
    found = minimize(objective, start, method="L-BFGS-B", jac=True, bounds=bounds, options=options)
    return found.x, found.fun


def learn_kernel(kernel: Any, X: Any, y: Any, seed: Any) -> Any:
    """Learn the parameters of a kernel from 400 rows."""
    rows = np.random.default_rng(seed).permutation(len(y))[:400]
    return GaussianProcessRegressor(kernel, optimizer=few_steps).fit(X[rows], y[rows]).kernel_


class GaussianProcess(BaseEstimator):  # type: ignore[misc]
    """Gaussian process whose kernel is learned from 400 rows and then applied to all of them."""

    def __init__(self, kernel: Any, seed: Any) -> None:
        self.kernel = kernel
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        kernel = learn_kernel(self.kernel, X, y, self.seed)
        self.process_ = GaussianProcessRegressor(kernel, optimizer=None).fit(X, y)
        return self

    def predict(self, X: Any) -> Any:
        return self.process_.predict(X)


class SparseGaussianProcess(BaseEstimator):  # type: ignore[misc]
    """Gaussian process with 1,500 rows as inducing points (subset of regressors)."""

    def __init__(self, kernel: Any, seed: Any) -> None:
        self.kernel = kernel
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        learned = learn_kernel(self.kernel, X, y, self.seed)
        self.signal_, noise = learned.k1, np.sqrt(learned.k2.noise_level)
        self.points_ = X[np.random.default_rng(self.seed).permutation(len(y))[:1500]]
        own = self.signal_(self.points_)
        own[np.diag_indices_from(own)] += 1e-6 * own.diagonal().mean()
        root = cholesky(own, lower=True)
        precision, pull = np.eye(len(own)), np.zeros(len(own))
        for start in range(0, len(y), 2000):
            rows = slice(start, start + 2000)
            seen = solve_triangular(root, self.signal_(self.points_, X[rows]), lower=True) / noise
            precision += seen @ seen.T
            pull += seen @ (y[rows] / noise)
        solved = cho_solve((cholesky(precision, lower=True), True), pull)
        self.coefficients_ = solve_triangular(root.T, solved, lower=False)
        return self

    def predict(self, X: Any) -> Any:
        blocks = [X[start : start + 2000] for start in range(0, len(X), 2000)]
        parts = [self.signal_(block, self.points_) @ self.coefficients_ for block in blocks]
        return np.concatenate(parts)
