"""Hypergradient: derivatives of the validation loss by the hyperparameters of a fitted model.

A linear model is where the gradient of its training loss is zero. How that place moves with a
hyperparameter follows from implicit differentiation, without fitting again (Bengio 2000,
"Gradient-based optimization of hyperparameters"): one linear system with the Hessian of the
training loss, solved by conjugate gradients where it is large (Pedregosa 2016, "Hyperparameter
optimization with approximate gradient"). With an l1 penalty the same holds for the coefficients
that are not zero (Bertrand et al. 2022, "Implicit differentiation for fast hyperparameter
selection in non-smooth convex learning"). A fit that ended before it converged gives an
approximate gradient.

The loss is the one that the learner sees: the mean log loss of its probabilities, or the mean
squared error of its transformed target.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.learners.stopping import TrainingRows
from metatune.evaluation.trial import Slope
from metatune.space import Configuration

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray

__all__ = ["hypergradient", "pipeline_slope"]

_MOST_WRITTEN = 300  # coefficients whose Hessian is written down
_MOST_PRODUCTS = 500  # with the Hessian; more hardly make a better gradient
_TOLERANCE = 1e-10


def pipeline_slope(
    model: Any, configuration: Configuration, train: TrainingRows, valid: TrainingRows
) -> Slope | None:
    """Return loss and derivatives on the validation rows of a fold.

    Parameters
    ----------
    model : SafeClassifier or SafeRegressor
        Last step of a pipeline, fitted.
    configuration : Configuration
        Configuration of the pipeline.
    train, valid : TrainingRows
        Rows of the fold, preprocessed, with labels or target values of the task.

    Returns
    -------
    Slope or None
        Derivatives by the configuration's hyperparameters; None for learners that have none.
    """
    learner = getattr(model, "estimator_", None)
    if learner is None or _linear(learner) is None:
        return None
    if hasattr(model, "classes_"):  # labels that training did not see cannot be learned
        valid = valid.take(np.flatnonzero(np.isin(valid.y, model.classes_)))
    slope = hypergradient(learner, model.as_learned(train), model.as_learned(valid))
    if slope is None:
        return None
    by = {}
    for name, derivative in slope.by.items():
        given = configuration.params.get(name)
        if isinstance(given, float | int):
            # The alpha of an elastic net is that of the configuration in other units.
            by[name] = derivative * float(getattr(_linear(learner), name)) / float(given)
    return Slope(loss=slope.loss, by=by)


def hypergradient(learner: Any, train: TrainingRows, valid: TrainingRows) -> Slope | None:
    """Return the loss of validation rows, and its derivatives by the learner's hyperparameters.

    Parameters
    ----------
    learner : estimator
        LogisticRegression, Ridge or ElasticNet of scikit-learn, or an `OneHotLearner` of one,
        fitted on `train`.
    train, valid : TrainingRows
        With labels 0..n_classes-1 or target values as the learner has them.

    Returns
    -------
    Slope or None
        None for other learners, without validation rows, and where a number is not finite.
    """
    model = _linear(learner)
    if model is None or not len(valid.y):
        return None
    design = getattr(learner, "design", np.asarray)
    loss = _Logistic() if hasattr(model, "classes_") else _Squared()
    columns, judged = _Columns(design(train.X)), _Columns(design(valid.X))
    coefficients = np.vstack([np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)])
    weights = _row_weights(model, train)
    place = _optimum(model, coefficients, weights)
    curvature = loss.curvature(columns.times(coefficients))
    free = coefficients != 0.0
    free[-1] = True  # the intercept, which is not penalised

    def product(given: "FloatArray") -> "FloatArray":
        step = np.zeros_like(coefficients)
        step[free] = given
        moved = place.scale * columns.sums(weights[:, None] * curvature(columns.times(step)))
        moved[:-1] += place.ridge * step[:-1]
        return np.asarray(moved[free])

    outputs = judged.times(coefficients)
    shares = np.ones(len(valid.y)) if valid.weights is None else valid.weights
    shares = shares / shares.sum()
    pull = judged.sums(shares[:, None] * loss.gradient(outputs, valid.y))
    solved = _solve(product, pull[free])
    by = {name: -float(solved @ moved[free]) for name, moved in place.moved.items()}
    slope = Slope(loss=float(shares @ loss.values(outputs, valid.y)), by=by)
    return slope if np.isfinite([slope.loss, *by.values()]).all() else None


def _linear(learner: Any) -> Any:
    """Return the linear model of scikit-learn in a learner; None if it is another one."""
    model = learner.estimator_ if type(learner).__name__ == "OneHotLearner" else learner
    known = type(model).__name__ in ("LogisticRegression", "Ridge", "ElasticNet")
    return model if known else None


class _Columns:
    """Dense or sparse columns of a linear model, and one of ones."""

    def __init__(self, X: Any) -> None:
        self._X = X

    def times(self, coefficients: "FloatArray") -> "FloatArray":
        """Return the outputs, (n_rows, n_outputs), of (n_columns + 1, n_outputs) coefficients."""
        return np.asarray(self._X @ coefficients[:-1] + coefficients[-1])

    def sums(self, values: "FloatArray") -> "FloatArray":
        """Return the transposed columns times (n_rows, n_outputs) values."""
        return np.vstack([np.asarray(self._X.T @ values), values.sum(axis=0)])


class _Squared:
    """Squared error of a row."""

    def values(self, outputs: "FloatArray", y: "AnyArray") -> "FloatArray":
        """Return the losses, (n_rows,)."""
        return np.asarray((outputs[:, 0] - y) ** 2)

    def gradient(self, outputs: "FloatArray", y: "AnyArray") -> "FloatArray":
        """Return the derivatives by the outputs, (n_rows, n_outputs)."""
        return np.asarray(2.0 * (outputs - y[:, None]))

    def curvature(self, outputs: "FloatArray") -> "Callable[[FloatArray], FloatArray]":  # noqa: ARG002
        """Return a function that multiplies with the second derivatives by the outputs."""
        return lambda steps: 2.0 * steps


class _Logistic:
    """Log loss of a row: of one output that tells two classes, or of one for each class."""

    def values(self, outputs: "FloatArray", y: "AnyArray") -> "FloatArray":
        """Return the losses, (n_rows,)."""
        from scipy.special import log_softmax

        if outputs.shape[1] == 1:
            outputs = np.hstack([np.zeros_like(outputs), outputs])
        return np.asarray(-log_softmax(outputs, axis=1)[np.arange(len(y)), y])

    def gradient(self, outputs: "FloatArray", y: "AnyArray") -> "FloatArray":
        """Return the derivatives by the outputs, (n_rows, n_outputs)."""
        if outputs.shape[1] == 1:
            return np.asarray(_probabilities(outputs) - y[:, None])
        return np.asarray(_probabilities(outputs) - np.eye(outputs.shape[1])[y])

    def curvature(self, outputs: "FloatArray") -> "Callable[[FloatArray], FloatArray]":
        """Return a function that multiplies with the second derivatives by the outputs."""
        p = _probabilities(outputs)
        if outputs.shape[1] == 1:
            return lambda steps: p * (1.0 - p) * steps
        return lambda steps: p * (steps - (p * steps).sum(axis=1, keepdims=True))


def _probabilities(outputs: "FloatArray") -> "FloatArray":
    from scipy.special import expit, softmax

    return np.asarray(expit(outputs) if outputs.shape[1] == 1 else softmax(outputs, axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Optimum:
    """Place where the gradient of a training loss is zero.

    Attributes
    ----------
    scale : float
        Factor of the rows' losses.
    ridge : float
        Second derivative of the penalty by each coefficient.
    moved : Mapping of str to ndarray of shape (n_columns + 1, n_outputs)
        Derivatives of the gradient by the hyperparameters, at fixed coefficients.
    """

    scale: float
    ridge: float
    moved: "Mapping[str, FloatArray]"


def _optimum(model: Any, coefficients: "FloatArray", weights: "FloatArray") -> _Optimum:
    """Return what scikit-learn's training losses say, in units of rows' losses without a half."""
    w = coefficients.copy()
    w[-1] = 0.0
    signs = np.sign(w)
    kind = type(model).__name__
    if kind == "Ridge":  # sum of squared errors + alpha |w|^2
        return _Optimum(scale=1.0, ridge=2.0 * model.alpha, moved={"alpha": 2.0 * w})
    share = float(model.l1_ratio or 0.0)
    mixed = share * signs + (1.0 - share) * w
    if kind == "ElasticNet":  # mean of squared errors / 2 + alpha (share |w|_1 + ...)
        return _Optimum(
            scale=0.5 / float(weights.sum()),
            ridge=model.alpha * (1.0 - share),
            moved={"alpha": mixed, "l1_ratio": model.alpha * (signs - w)},
        )
    # sum of log losses + (share |w|_1 + (1 - share) |w|^2 / 2) / C
    return _Optimum(
        scale=1.0,
        ridge=(1.0 - share) / model.C,
        moved={"C": -mixed / model.C**2, "l1_ratio": (signs - w) / model.C},
    )


def _row_weights(model: Any, rows: TrainingRows) -> "FloatArray":
    """Return the weights of rows in the training loss."""
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    if getattr(model, "class_weight", None) is None:
        return weights
    totals = np.bincount(rows.y, weights=weights)  # balanced
    return np.asarray(weights * weights.sum() / (len(totals) * totals)[rows.y])


def _solve(product: "Callable[[FloatArray], FloatArray]", right: "FloatArray") -> "FloatArray":
    """Solve a symmetric system that is known by its products."""
    if len(right) <= _MOST_WRITTEN:
        matrix = np.column_stack([product(unit) for unit in np.eye(len(right))])
        # Several classes leave the sum of their intercepts open.
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0])
    from scipy.sparse.linalg import LinearOperator, cg

    system = LinearOperator((len(right), len(right)), matvec=product, dtype=np.float64)
    solved, _ = cg(system, right, rtol=_TOLERANCE, maxiter=_MOST_PRODUCTS)
    return np.asarray(solved)
