"""Gaussian processes on many rows, by inducing points."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from metatune._typing import AnyArray


__all__ = ["InducedProcess"]

BLOCK = 2_000  # rows whose covariances are held at once
_JITTER = 1e-6  # of the signal's variance; keeps points that nearly coincide apart


class InducedProcess(BaseEstimator):  # type: ignore[misc]
    """Mean of a Gaussian process with a subset of the rows as inducing points.

    All rows are explained by the covariances with the inducing ones: the subset of regressors
    (Quinonero-Candela and Rasmussen, 2005). Time grows with rows x points squared, memory with
    points squared.

    Parameters
    ----------
    kernel : sklearn.gaussian_process.kernels.Kernel
        Covariance of the signal, without noise; its hyperparameters stay as they are.
    n_points : int
        Inducing rows, drawn at random.
    seed : int
        Seed of the draw.
    """

    def __init__(self, kernel: Any, n_points: int, seed: int = 0) -> None:
        self.kernel = kernel
        self.n_points = n_points
        self.seed = seed

    def fit(self, X: "AnyArray", y: "AnyArray", noise: "AnyArray") -> "InducedProcess":
        """Fit on target values of mean 0.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows,)
        noise : ndarray of shape (n_rows,)
            Variance of each row's noise.
        """
        drawn = np.random.default_rng(self.seed).permutation(len(y))[: self.n_points]
        self.points_ = X[drawn]
        own = self.kernel(self.points_)
        own[np.diag_indices_from(own)] += _JITTER * own.diagonal().mean()
        root = cholesky(own, lower=True, overwrite_a=True)
        precision, pull = np.eye(len(drawn)), np.zeros(len(drawn))
        for start in range(0, len(y), BLOCK):
            rows = slice(start, start + BLOCK)
            seen = solve_triangular(root, self.kernel(self.points_, X[rows]), lower=True)
            seen /= np.sqrt(noise[rows])
            precision += seen @ seen.T
            pull += seen @ (y[rows] / np.sqrt(noise[rows]))
        solved = cho_solve((cholesky(precision, lower=True), True), pull)
        self.coefficients_ = solve_triangular(root.T, solved, lower=False)
        return self

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return values of shape (n_rows,)."""
        blocks = [X[start : start + BLOCK] for start in range(0, len(X), BLOCK)]
        return np.concatenate([self.kernel(b, self.points_) @ self.coefficients_ for b in blocks])
