"""Bounds of an estimator's predictions: sets of labels, or intervals."""

from typing import TYPE_CHECKING, Any

from metatune.estimators.checks import check_rows
from metatune.models.bounds import predict_interval, predict_set

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

__all__ = ["PredictsIntervals", "PredictsSets"]


class PredictsSets:
    """Mixin of classifiers whose fitted pipeline has bounds."""

    pipeline_: "Pipeline"

    def predict_set(self, X: Any, level: float = 0.9) -> "NDArray[np.bool_]":
        """Predict sets of labels that hold the true one in a share of the rows to come.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            With the columns of the fit.
        level : float
            That share; more on it, and errors: see `metatune.predict_set`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes), bool
            True for the labels in the set, in the order of `classes_`.
        """
        return predict_set(self.pipeline_, check_rows(self, X), level)


class PredictsIntervals:
    """Mixin of regressors whose fitted pipeline has bounds."""

    pipeline_: "Pipeline"

    def predict_interval(self, X: Any, level: float = 0.9) -> "NDArray[np.float64]":
        """Predict intervals that hold a share of the values to come.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            With the columns of the fit.
        level : float
            That share; more on it, and errors: see `metatune.predict_interval`.

        Returns
        -------
        ndarray of shape (n_rows, 2)
            Lower and upper ends.
        """
        return predict_interval(self.pipeline_, check_rows(self, X), level)
