"""Predictions of estimators, by the pipeline that they have fitted."""

from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.estimators.checks import check_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

__all__ = ["Predicts", "PredictsProbabilities"]


class Predicts:
    """Mixin of estimators with a fitted pipeline that takes tables."""

    pipeline_: "Pipeline"

    def predict(self, X: Any) -> "NDArray[Any]":
        """Predict rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            With the columns of the fit.

        Returns
        -------
        ndarray of shape (n_rows,)
            Labels or values.
        """
        rows = check_rows(self, X)
        return np.asarray(self.pipeline_.predict(rows))


class PredictsProbabilities(Predicts):
    """Mixin of classifiers with such a pipeline."""

    def predict_proba(self, X: Any) -> "NDArray[np.float64]":
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            With the columns of the fit.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
            In the order of `classes_`.
        """
        rows = check_rows(self, X)
        return np.asarray(self.pipeline_.predict_proba(rows))
