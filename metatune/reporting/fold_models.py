"""Models of folds as one: each row is predicted by the one that has not seen it."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["FoldModels"]


class FoldModels:
    """Models of folds, each of which predicts the rows that it was not fitted on.

    Parameters
    ----------
    models : list of estimator
        Fitted on encoded matrices; rows name theirs by its place, in a last column of the matrix.
    """

    def __init__(self, models: list[Any]) -> None:
        self._models = models

    def predict(self, X: "FloatArray") -> "FloatArray":
        """Return values of shape (n_rows,)."""
        return self._joined(X, "predict")

    def predict_proba(self, X: "FloatArray") -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        return self._joined(X, "predict_proba")

    def _joined(self, X: "FloatArray", method: str) -> "FloatArray":
        found: FloatArray | None = None
        for number in np.unique(X[:, -1]):
            rows = X[:, -1] == number
            own = np.asarray(getattr(self._models[int(number)], method)(X[rows, :-1]))
            if found is None:
                found = np.empty((len(X), *own.shape[1:]))
            found[rows] = own
        assert found is not None, "there are rows to predict"
        return found
