"""Second layer of an ensemble: pipelines that learn from what the members predict.

Wolpert 1992, "Stacked generalization": what the members predict for rows that they were not fitted
on becomes columns beside those of the table.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from metatune.models.prediction import predict_array

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray

__all__ = ["SecondLayer", "n_prediction_columns", "prediction_columns"]

_LEAST_PROBABILITY = 1e-4  # beyond it a logarithm tells apart what does not matter


class SecondLayer(BaseEstimator):  # type: ignore[misc]
    """Weighted sum of pipelines on the columns of a matrix and the predictions of members.

    Parameters
    ----------
    pipelines : list of Pipeline
        Pipelines fitted on the matrix with `prediction_columns` beside it.
    blind : list of bool
        Whether each of them sees the predictions alone, without the columns of the matrix.
    weights : list of float
        Weight of each in the ensemble's mean.
    members : list of int
        For each model of the first layer, which column of predictions it belongs to; -1 for none.
    shares : list of float
        Share of each model in that column; those of a column sum to 1.
    """

    def __init__(
        self,
        pipelines: list[Any],
        blind: list[bool],
        weights: list[float],
        members: list[int],
        shares: list[float],
    ) -> None:
        self.pipelines = pipelines
        self.blind = blind
        self.weights = weights
        self.members = members
        self.shares = shares

    def total(self, X: "FloatArray", predictions: "Sequence[FloatArray]") -> "FloatArray":
        """Return the weighted sum of what the pipelines predict.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
            Encoded matrix.
        predictions : sequence of ndarray of shape (n_rows,) or (n_rows, n_classes)
            Predictions of each model of the first layer.
        """
        n_classes = predictions[0].shape[1] if predictions[0].ndim == 2 else 0
        joined = np.zeros((max(self.members) + 1, *predictions[0].shape))
        for member, share, prediction in zip(self.members, self.shares, predictions, strict=True):
            if member >= 0:
                joined[member] += share * prediction
        columns = prediction_columns(joined)
        whole = np.column_stack([np.asarray(X), columns])
        parts = [
            weight * predict_array(pipeline, columns if blind else whole, n_classes)
            for pipeline, blind, weight in zip(
                self.pipelines, self.blind, self.weights, strict=True
            )
        ]
        return np.asarray(np.sum(parts, axis=0))


def prediction_columns(predictions: "AnyArray") -> "FloatArray":
    """Return predictions as columns: values, or logarithms of odds.

    Parameters
    ----------
    predictions : ndarray of shape (n_members, n_rows) or (n_members, n_rows, n_classes)
        Predictions of members.

    Returns
    -------
    ndarray of shape (n_rows, n_predictions)
        One column of each member for regression and two classes, one for each class for more.
    """
    if predictions.ndim == 2:
        return np.asarray(predictions.T, dtype=np.float64)
    logs = np.log(np.clip(np.asarray(predictions, dtype=np.float64), _LEAST_PROBABILITY, 1.0))
    if logs.shape[2] == 2:
        return np.asarray((logs[:, :, 1] - logs[:, :, 0]).T)
    logs = logs - logs.mean(axis=2, keepdims=True)
    return np.asarray(logs.transpose(1, 0, 2).reshape(logs.shape[1], -1))


def n_prediction_columns(n_members: int, n_classes: int) -> int:
    """Count the columns that `prediction_columns` returns."""
    return n_members * (n_classes if n_classes > 2 else 1)
