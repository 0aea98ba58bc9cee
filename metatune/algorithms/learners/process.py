"""Gaussian process regression at a bounded cost."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, WhiteKernel

from metatune.algorithms.learners.inducing import InducedProcess

if TYPE_CHECKING:
    from metatune._typing import AnyArray


__all__ = ["MAX_ARD_COLUMNS", "BoundedProcess"]

EXACT_ROWS = 3_000  # up to so many all rows carry the function
INDUCING_ROWS = 1_500  # beyond; twice as many cost four times as much and tell no more
MAX_STEPS = 60
MAX_ARD_COLUMNS = 20
_LEAST_WEIGHT = 1e-6  # of a row; the noise of the others stays finite in comparison


class BoundedProcess(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Gaussian process whose kernel is learned on a subsample and then applied to all rows.

    Learning the kernel costs rows cubed for every step; solving once for all rows costs that once.
    Beyond 3,000 rows that is too much as well: then a part of the rows are inducing points
    (`InducedProcess`).

    Parameters
    ----------
    kernel : {"rbf", "matern32", "matern52"}
        Shape of the covariance.
    ard : bool
        One length for every column (up to 20 columns) instead of a common one.
    linear : bool
        Whether a linear trend is added.
    noise : float
        Initial value of the noise variance, in units of the target's variance.
    max_rows : int
        Rows on which the kernel is learned.
    seed : int
        Seed of the subsample.
    """

    def __init__(
        self,
        kernel: str = "rbf",
        ard: bool = False,
        linear: bool = False,
        noise: float = 0.1,
        max_rows: int = 400,
        seed: int = 0,
    ) -> None:
        self.kernel = kernel
        self.ard = ard
        self.linear = linear
        self.noise = noise
        self.max_rows = max_rows
        self.seed = seed

    def fit(
        self, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None" = None
    ) -> "BoundedProcess":
        """Fit on target values of mean 0 and variance 1.

        A row's weight divides the variance of its noise; the kernel is learned from rows that
        count alike.
        """
        kernel = self._start(X.shape[1])
        rows = np.random.default_rng(self.seed).permutation(len(y))[: self.max_rows]
        learned = GaussianProcessRegressor(kernel, optimizer=_few_steps).fit(X[rows], y[rows])
        signal, noise = learned.kernel_.k1, learned.kernel_.k2.noise_level
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        variance = noise / np.maximum(weights, _LEAST_WEIGHT)
        if len(y) > EXACT_ROWS:
            induced = InducedProcess(signal, INDUCING_ROWS, self.seed)
            self.model_ = induced.fit(X, y, variance)
        elif sample_weight is None:
            self.model_ = GaussianProcessRegressor(learned.kernel_, optimizer=None).fit(X, y)
        else:
            self.model_ = GaussianProcessRegressor(signal, alpha=variance, optimizer=None).fit(X, y)
        # Rows x rows that only a standard deviation needs.
        self.model_.__dict__.pop("L_", None)
        return self

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return values of shape (n_rows,)."""
        return np.asarray(self.model_.predict(X))

    def _start(self, n_columns: int) -> Any:
        lengths: Any = float(np.sqrt(n_columns))
        if self.ard and 1 < n_columns <= MAX_ARD_COLUMNS:
            lengths = np.full(n_columns, lengths)
        bounds = (1e-2, 1e4)
        if self.kernel == "rbf":
            shape = RBF(lengths, bounds)
        else:
            shape = Matern(lengths, bounds, nu=1.5 if self.kernel == "matern32" else 2.5)
        kernel = ConstantKernel(1.0, (1e-3, 1e3)) * shape
        if self.linear:
            kernel = kernel + ConstantKernel(0.1, (1e-4, 1e2)) * DotProduct(1.0, (1e-3, 1e3))
        return kernel + WhiteKernel(self.noise, (1e-6, 10.0))


def _few_steps(objective: Any, start: "AnyArray", bounds: "AnyArray") -> "tuple[AnyArray, float]":
    """Minimise like scikit-learn, within a bounded number of steps."""
    found = minimize(
        objective,
        start,
        method="L-BFGS-B",
        jac=True,
        bounds=bounds,
        options={"maxiter": MAX_STEPS},
    )
    return found.x, float(found.fun)
