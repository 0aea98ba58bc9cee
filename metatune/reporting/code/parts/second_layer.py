"""Parts of a second layer: what members predict, as columns."""

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["beside", "odds", "shares_as_columns", "values_as_columns"]

PREDICTIONS = ["prediction 1"]


def values_as_columns(said: Any) -> Any:
    """Return the values that members predict as columns."""
    return np.stack(said, axis=1).astype(np.float64)


def log_shares(said: Any) -> Any:
    """Return the logarithms of the probabilities that members predict."""
    return np.log(np.clip(np.stack(said).astype(np.float64), 1e-4, 1.0))


def odds(said: Any) -> Any:
    """Return the logarithms of the odds that members predict as columns."""
    logs = log_shares(said)
    return (logs[:, :, 1] - logs[:, :, 0]).T


def shares_as_columns(said: Any) -> Any:
    """Return the logarithms of probabilities as columns, one for each member and class."""
    logs = log_shares(said)
    logs = logs - logs.mean(axis=2, keepdims=True)
    return logs.transpose(1, 0, 2).reshape(logs.shape[1], -1)


def beside(X: Any, columns: Any, alone: Any) -> Any:
    """Put the columns of members beside those of the table, or return them alone."""
    said = pd.DataFrame(columns, index=X.index, columns=PREDICTIONS)
    return said if alone else pd.concat([X, said], axis=1)
