"""Bounds of predictions: intervals for numbers and sets of labels, by conformal calibration.

Errors of out-of-fold predictions are taken as the errors of predictions to come: of new rows that
are drawn like those of the training, at least the share that is asked for lies within the bounds
(Vovk 2015, "Cross-conformal predictors"; Barber et al. 2021, "Predictive inference with the
jackknife+", where this is the interval called CV, of the model that is fitted on all rows).
Intervals are as wide as a model of the size of errors says (normalised scores: Lei et al. 2018;
Romano et al. 2019, "Conformalized quantile regression", aims at the same).
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.errors import BundleError, OptionError

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from metatune._typing import BoolArray, FloatArray, IntArray

__all__ = [
    "BOUNDS",
    "SetBounds",
    "Spread",
    "ValueBounds",
    "bounded_labels",
    "bounded_values",
    "bounds_of",
    "check_level",
    "has_bounds",
    "predict_interval",
    "predict_set",
    "set_bounds",
]

BOUNDS = "metatune_bounds"
"""Attribute of a saved model that holds the bounds of its predictions."""

_ROUNDING = 1e-9  # of a rank, which is a product of a level and a number of rows


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: a model file sets the attributes
class Spread:
    """Model of the size of errors.

    Attributes
    ----------
    model : LightGBMRegressor
        Predicts the logarithm of an error's size from columns of the encoded matrix and the
        prediction, which is the last column.
    columns : ndarray of shape (n_chosen,), int64
        Positions of these columns in the encoded matrix.
    centre : float
        Its mean prediction, where the spread is 1.
    low, high : float
        Range of the predictions that are believed.
    strength : float
        Power of the spread, from 0 (the same everywhere) to 1.
    """

    model: Any
    columns: "IntArray"
    centre: float
    low: float
    high: float
    strength: float

    def of(self, X: "FloatArray", prediction: "FloatArray") -> "FloatArray":
        """Return factors of the usual size of errors, (n_rows,)."""
        if len(self.columns) and self.columns.max() >= X.shape[1]:
            raise BundleError("the bounds of the model belong to another table: fit it again")
        known = np.column_stack([X[:, self.columns], prediction])
        logs = np.clip(self.model.predict(known), self.low, self.high)
        return np.asarray(np.exp(self.strength * (logs - self.centre)))


@dataclass(frozen=True, kw_only=True, eq=False)
class ValueBounds:
    """Calibration of intervals for numbers.

    Attributes
    ----------
    scores : ndarray of shape (n_steps + 1,), float64
        Quantiles of the signed errors of out-of-fold predictions, each divided by its spread: the
        least, and those of the shares 1 / n_steps, ..., 1.
    n_rows : int
        Number of independent errors that they come from.
    spread : Spread or None
        None where intervals are equally wide everywhere.
    low : float or None
        Least value that is possible.
    """

    scores: "FloatArray"
    n_rows: int
    spread: Spread | None = None
    low: float | None = None

    def interval(self, level: float, X: "FloatArray", prediction: "FloatArray") -> "FloatArray":
        """Return lower and upper ends of intervals around predictions, (n_rows, 2).

        Parameters
        ----------
        level : float
            Share of the values that shall lie within.
        X : ndarray of shape (n_rows, n_columns)
            Encoded rows.
        prediction : ndarray of shape (n_rows,)

        Raises
        ------
        OptionError
            If there are too few errors to tell that level.
        """
        outside = 0.5 * (1.0 - level)
        _check_reach(level, outside, self.n_rows)
        n_steps, place = len(self.scores) - 1, _place(self.scores, self.n_rows, outside)
        below, above = self.scores[place], self.scores[min(n_steps, n_steps - place + 1)]
        spread = np.ones(len(prediction)) if self.spread is None else self.spread.of(X, prediction)
        ends = prediction[:, None] + spread[:, None] * np.array([below, above])
        return np.asarray(ends if self.low is None else np.maximum(ends, self.low))


@dataclass(frozen=True, kw_only=True, eq=False)
class SetBounds:
    """Calibration of sets of labels.

    The score of a row is the probability of its true label (Sadinle, Lei and Wasserman 2019,
    "Least ambiguous set-valued classifiers with bounded error levels").

    Attributes
    ----------
    scores : ndarray of shape (n_steps + 1,), float64
        Quantiles of the out-of-fold probabilities of true labels, as in `ValueBounds`.
    n_rows : int
        Number of independent rows that they come from.
    """

    scores: "FloatArray"
    n_rows: int

    def members(self, level: float, probabilities: "FloatArray") -> "BoolArray":
        """Return a mask of the labels that are probable enough, (n_rows, n_classes).

        Parameters
        ----------
        level : float
            Share of the rows whose true label shall be in its set.
        probabilities : ndarray of shape (n_rows, n_classes)

        Raises
        ------
        OptionError
            If there are too few rows to tell that level.
        """
        _check_reach(level, 1.0 - level, self.n_rows)
        place = _place(self.scores, self.n_rows, 1.0 - level)
        return np.asarray(probabilities >= self.scores[place])


def bounds_of(model: "Pipeline") -> ValueBounds | SetBounds:
    """Return the bounds of a model's predictions.

    Raises
    ------
    OptionError
        If it has none.
    """
    bounds = getattr(model, BOUNDS, None)
    if not isinstance(bounds, ValueBounds | SetBounds):
        raise OptionError(
            "the model has no bounds for its predictions: it was saved without out-of-fold "
            "predictions of all folds to calibrate them by; fit it again, with more time"
        )
    return bounds


def has_bounds(model: "Pipeline") -> bool:
    """Return True if a model has bounds for its predictions."""
    return isinstance(getattr(model, BOUNDS, None), ValueBounds | SetBounds)


def set_bounds(model: "Pipeline", bounds: ValueBounds | SetBounds) -> None:
    """Attach bounds to a fitted pipeline; they are saved with it."""
    setattr(model, BOUNDS, bounds)


def check_level(level: Any) -> float:
    """Return a level that bounds can have.

    Raises
    ------
    OptionError
        If it is no number between 0 and 1.
    """
    try:
        value = float(level)
    except (TypeError, ValueError):
        value = math.nan
    if not 0.0 < value < 1.0:
        raise OptionError(f"level {level!r} is not between 0 and 1: give a share such as 0.9")
    return value


def predict_interval(
    model: "Pipeline", X: "pd.DataFrame | FloatArray", level: float = 0.9
) -> "FloatArray":
    """Predict intervals that hold a share of the values to come.

    Parameters
    ----------
    model : Pipeline
        Model of numbers, as `metatune.load` returns it.
    X : DataFrame or array-like of shape (n_rows, n_columns)
        Rows with the columns of the fit.
    level : float
        That share, between 0 and 1. It holds on average over rows like those of the training, not
        for each kind of row.

    Returns
    -------
    ndarray of shape (n_rows, 2)
        Lower and upper ends, in the unit of the target.

    Raises
    ------
    OptionError
        If the model has no intervals, or too few rows to tell this level.
    """
    return bounded_values(model, X, level)[1]


def predict_set(
    model: "Pipeline", X: "pd.DataFrame | FloatArray", level: float = 0.9
) -> "BoolArray":
    """Predict sets of labels that hold the true one in a share of the rows to come.

    The label that the model decides for is always among them, so that no set is empty.

    Parameters
    ----------
    model : Pipeline
        Model of labels, as `metatune.load` returns it.
    X : DataFrame or array-like of shape (n_rows, n_columns)
        Rows with the columns of the fit.
    level : float
        That share, between 0 and 1. Sets of a model that is right more often hold the true label
        more often.

    Returns
    -------
    ndarray of shape (n_rows, n_classes), bool
        True for the labels in the set, in the order of ``classes_``.

    Raises
    ------
    OptionError
        If the model has no sets, or too few rows to tell this level.
    """
    return bounded_labels(model, X, level)[2]


def bounded_values(
    model: "Pipeline", X: "pd.DataFrame | FloatArray", level: float
) -> "tuple[FloatArray, FloatArray]":
    """Predict values, (n_rows,), and their intervals; see `predict_interval`."""
    level, bounds = check_level(level), bounds_of(model)
    if not isinstance(bounds, ValueBounds):
        raise OptionError("the model predicts labels: ask for sets of them (predict_set)")
    encoded = np.asarray(model[0].transform(X))
    prediction = np.asarray(model[1:].predict(encoded), dtype=np.float64)
    return prediction, bounds.interval(level, encoded, prediction)


def bounded_labels(
    model: "Pipeline", X: "pd.DataFrame | FloatArray", level: float
) -> "tuple[FloatArray, IntArray, BoolArray]":
    """Predict probabilities, the codes of labels, (n_rows,), and their sets; see `predict_set`."""
    level, bounds = check_level(level), bounds_of(model)
    if not isinstance(bounds, SetBounds):
        raise OptionError("the model predicts numbers: ask for intervals (predict_interval)")
    probabilities = np.asarray(model.predict_proba(X), dtype=np.float64)
    members = bounds.members(level, probabilities)
    factors = getattr(model.steps[-1][1], "decision", None) or np.ones(probabilities.shape[1])
    decided = np.asarray((probabilities * np.asarray(factors)).argmax(axis=1))
    members[np.arange(len(members)), decided] = True
    return probabilities, decided, members


def _check_reach(level: float, outside: float, n_rows: int) -> None:
    """Refuse a level whose tail holds less than one of the rows, the new one included."""
    if outside * (n_rows + 1) >= 1.0 - _ROUNDING:
        return
    n_tails = (1.0 - level) / outside
    most = 1.0 - n_tails / (n_rows + 1)
    raise OptionError(
        f"level {level:g} cannot be told from {n_rows:,} out-of-fold predictions: "
        f"give at most {math.floor(1000 * most) / 1000:g}"
    )


def _place(scores: "FloatArray", n_rows: int, share: float) -> int:
    """Return the place of the score that at most a share is below, a new row's score included."""
    rank = math.floor((n_rows + 1) * share + _ROUNDING)
    return math.floor(rank / n_rows * (len(scores) - 1) + _ROUNDING)
