"""Parts that choose a number of iterations by rows held out."""

from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from metatune.reporting.code.parts.folds import deal_rows, deal_values

__all__ = ["best_iterations_by_log_loss", "best_iterations_by_squares"]

CHOICES = (25, 50, 100, 200, 400, 800)


def best_iterations_by_log_loss(make: Any, X: Any, y: Any) -> Any:
    """Choose the number of iterations with the least log loss on a seventh of the rows."""
    held_out = deal_rows(y, 7, seed=0) == 0
    losses = {}
    for iterations in CHOICES:
        model = make(iterations).fit(X[~held_out], y[~held_out])
        known = held_out & np.isin(y, model.classes_)
        shares = model.predict_proba(X[known])
        losses[iterations] = log_loss(y[known], shares, labels=model.classes_)
    return min(losses, key=lambda iterations: losses[iterations])


def best_iterations_by_squares(make: Any, X: Any, y: Any) -> Any:
    """Choose the number of iterations with the least squared error on a seventh of the rows."""
    held_out = deal_values(y, 7, seed=0) == 0
    losses = {}
    for iterations in CHOICES:
        model = make(iterations).fit(X[~held_out], y[~held_out])
        losses[iterations] = np.mean((model.predict(X[held_out]) - y[held_out]) ** 2)
    return min(losses, key=lambda iterations: losses[iterations])
