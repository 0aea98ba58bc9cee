"""Hypergradients: what implicit differentiation tells is what fitting again shows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from metatune.algorithms.base import BuildContext
from metatune.algorithms.learners.process import BoundedProcess
from metatune.algorithms.learners.stopping import TrainingRows
from metatune.algorithms.learners.wide import OneHotLearner
from metatune.algorithms.registry import get_algorithm
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.evaluation.hypergradient import hypergradient, pipeline_slope
from metatune.evaluation.trial import Slope
from metatune.kinds import TaskKind

TIGHT: dict[str, Any] = {"tol": 1e-13, "max_iter": 100_000}
TOLERANCE = 1e-4  # relative
STEP = 1e-4  # of the logarithm of a hyperparameter


def rows(seed: int, n_classes: int, n_rows: int = 120, *, weighted: bool = False) -> TrainingRows:
    """Rows whose target depends on three of eight columns; the last holds codes of levels."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 8))
    X[:, 7] = rng.integers(0, 12, n_rows)
    signal = X[:, 0] - 0.7 * X[:, 1] + 0.4 * X[:, 2] + 0.5 * np.sin(X[:, 7])
    signal = signal + rng.normal(0.0, 0.8, n_rows)
    cuts = {0: None, 2: [0.2], 3: [-0.5, 0.6]}[n_classes]
    y = signal if cuts is None else np.digitize(signal, cuts)
    return TrainingRows(X=X, y=y, weights=rng.uniform(0.3, 2.0, n_rows) if weighted else None)


def logistic(**given: Any) -> LogisticRegression:
    return LogisticRegression(**{"solver": "newton-cholesky", **TIGHT, **given})


def mixed(**given: Any) -> LogisticRegression:
    return LogisticRegression(**{"solver": "saga", "l1_ratio": 0.4, "C": 0.1, **TIGHT, **given})


CASES: dict[str, tuple[Any, int]] = {
    "ridge": (Ridge(alpha=3.0), 0),
    "elastic net": (ElasticNet(alpha=0.05, l1_ratio=0.6, **TIGHT), 0),
    "lasso": (ElasticNet(alpha=0.05, l1_ratio=1.0, **TIGHT), 0),
    "logistic": (logistic(C=0.3), 2),
    "balanced logistic": (logistic(C=0.3, class_weight="balanced"), 2),
    "several classes": (logistic(C=0.3), 3),
    "logistic elastic net": (mixed(), 2),
    "elastic net of several classes": (mixed(), 3),
    "levels": (OneHotLearner(logistic(C=0.3), n_codes=1, max_columns=100), 3),
    "levels by ridge": (OneHotLearner(Ridge(alpha=3.0, **TIGHT), n_codes=1, max_columns=100), 0),
}


def slope_of(learner: Any, train: TrainingRows, valid: TrainingRows) -> Slope:
    slope = hypergradient(learner.fit(train.X, train.y, sample_weight=train.weights), train, valid)
    assert slope is not None
    return slope


def by_differences(learner: Any, name: str, train: TrainingRows, valid: TrainingRows) -> float:
    """Derivative by a hyperparameter, by fitting twice."""
    value = learner.get_params()[name]
    losses = [
        slope_of(learner.set_params(**{name: value * np.exp(step)}), train, valid).loss
        for step in (-STEP, STEP)
    ]
    learner.set_params(**{name: value})
    return float((losses[1] - losses[0]) / (2.0 * STEP * value))


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("case", CASES)
def test_hypergradients_match_finite_differences(case: str, weighted: bool) -> None:
    learner, n_classes = CASES[case]
    train, valid = (rows(seed, n_classes, weighted=weighted) for seed in (1, 2))
    slope = slope_of(learner, train, valid)
    for name, derivative in slope.by.items():
        place = f"estimator__{name}" if isinstance(learner, OneHotLearner) else name
        if learner.get_params()[place] in (0.0, 1.0):
            continue  # at the end of its range
        expected = by_differences(learner, place, train, valid)
        assert derivative == pytest.approx(expected, rel=TOLERANCE, abs=1e-9), name
        assert expected != 0.0


def test_the_loss_is_that_of_the_predictions() -> None:
    train, valid = rows(1, 3, weighted=True), rows(2, 3, weighted=True)
    model = logistic(C=0.3)
    slope = slope_of(model, train, valid)
    chosen = model.predict_proba(valid.X)[np.arange(len(valid.y)), valid.y]
    assert slope.loss == pytest.approx(np.average(-np.log(chosen), weights=valid.weights))


def test_many_columns_are_solved_by_conjugate_gradients() -> None:
    rng = np.random.default_rng(0)
    train, valid = (replace(rows(seed, 0), X=rng.normal(size=(120, 350))) for seed in (1, 2))
    model = Ridge(alpha=30.0)
    slope = slope_of(model, train, valid)
    expected = by_differences(model, "alpha", train, valid)
    assert slope.by["alpha"] == pytest.approx(expected, rel=TOLERANCE)


def test_other_learners_have_none() -> None:
    train, valid = rows(1, 0), rows(2, 0)
    assert hypergradient(KNeighborsRegressor().fit(train.X, train.y), train, valid) is None


def test_no_rows_have_none() -> None:
    train = rows(1, 0)
    model = Ridge().fit(train.X, train.y)
    assert hypergradient(model, train, train.take(np.arange(0))) is None


@pytest.mark.filterwarnings("ignore:The optimal value:sklearn.exceptions.ConvergenceWarning")
def test_the_marginal_likelihood_of_a_gaussian_process_has_the_gradient_that_is_followed() -> None:
    train = rows(1, 0, n_rows=60)
    fitted = BoundedProcess(ard=True).fit(train.X, (train.y - train.y.mean()) / train.y.std())
    learned = GaussianProcessRegressor(fitted.model_.kernel_, optimizer=None)
    learned.fit(train.X, (train.y - train.y.mean()) / train.y.std())
    place = learned.kernel_.theta + 0.3

    def likelihood(theta: Any) -> float:
        return float(learned.log_marginal_likelihood(theta))

    _, gradient = learned.log_marginal_likelihood(place, eval_gradient=True)
    numeric = approx_fprime(place, likelihood, 1e-6)
    np.testing.assert_allclose(gradient, numeric, rtol=TOLERANCE, atol=1e-3)
    # The kernel that was learned is where the gradient is zero, or at a bound.
    end, (low, high) = learned.kernel_.theta, learned.kernel_.bounds.T
    inside = (end > low + 1e-3) & (end < high - 1e-3)
    _, at_end = learned.log_marginal_likelihood(end, eval_gradient=True)
    assert inside.any()
    assert np.abs(at_end[inside]).max() < 0.05


@pytest.mark.parametrize("penalty", ["l2", "elastic_net"])
@pytest.mark.parametrize("kind", list(TaskKind))
def test_derivatives_are_by_the_hyperparameters_of_the_configuration(
    kind: TaskKind, penalty: str
) -> None:
    """The family's own pipeline, whose solvers end a little earlier."""
    n_classes = {TaskKind.REGRESSION: 0, TaskKind.BINARY: 2, TaskKind.MULTICLASS: 3}[kind]
    train, valid = rows(1, n_classes, 400), rows(2, n_classes, 400)
    family = get_algorithm("linear")
    space = family.space(kind)
    strength = "alpha" if n_classes == 0 else "C"

    def slope(value: float) -> Slope:
        given = {**space.defaults, "penalty": penalty, strength: value}
        configuration = space.from_values(given, "")
        context = BuildContext(
            kind=kind,
            layout=Layout(names=tuple("abcdefgh"), n_levels=(0,) * 8),
            shape=Shape(n_rows=400, n_columns=8, n_classes=n_classes),
            seed=0,
        )
        pipeline = family.build(configuration, context).fit(train.X, train.y)
        model = pipeline.steps[-1][1]
        step = pipeline.steps[0][1]
        seen, unseen = (replace(part, X=step.transform(part.X)) for part in (train, valid))
        found = pipeline_slope(model, configuration, seen, unseen)
        assert found is not None
        return found

    middle = 20.0 if n_classes == 0 else 0.05
    low, high = slope(middle * 0.98), slope(middle * 1.02)
    found = slope(middle)
    assert set(found.by) == ({strength} if penalty == "l2" else {strength, "l1_ratio"})
    assert found.by[strength] == pytest.approx((high.loss - low.loss) / (0.04 * middle), rel=0.05)
