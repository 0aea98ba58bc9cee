"""Linear models on categories of many levels."""

import numpy as np
import pytest
from model_files import saved_and_read
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from metatune.algorithms.base import BuildContext
from metatune.algorithms.categories import CategoryEncoder
from metatune.algorithms.learners.wide import OneHotLearner
from metatune.algorithms.registry import ALGORITHMS
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.space import Value

N_LEVELS = 300


def towns(n_rows: int = 1_500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows of a number, a town of many and a constant category, and each town's effect."""
    rng = np.random.default_rng(0)
    effects = rng.normal(size=N_LEVELS)
    X = np.column_stack(
        [rng.normal(size=n_rows), rng.integers(0, N_LEVELS, n_rows), np.ones(n_rows)]
    ).astype(float)
    return X, X[:, 0] + 2.0 * effects[X[:, 1].astype(int)], effects


def fitted(
    kind: TaskKind, X: np.ndarray, y: np.ndarray, levels: int = N_LEVELS, **changes: Value
) -> Pipeline:
    space = ALGORITHMS["linear"].space(kind)
    n_classes = 2 if kind.is_classification else 0
    context = BuildContext(
        kind=kind,
        layout=Layout(names=("x", "town", "land"), n_levels=(0, levels, 3)),
        shape=Shape(n_rows=len(y), n_columns=3, n_classes=n_classes),
        seed=0,
    )
    configuration = space.from_values({**space.defaults, **changes}, "test")
    return ALGORITHMS["linear"].build(configuration, context).fit(X, y)


def test_every_level_has_an_effect_of_its_own() -> None:
    X, y, effects = towns()
    pipeline = fitted(TaskKind.REGRESSION, X, y)
    new = np.column_stack([np.zeros(N_LEVELS), np.arange(N_LEVELS), np.ones(N_LEVELS)])
    seen = np.isin(np.arange(N_LEVELS), X[:, 1])
    found = pipeline.predict(new.astype(float))
    assert np.corrcoef(found[seen], effects[seen])[0, 1] > 0.97
    by_target = fitted(TaskKind.REGRESSION, X, y, encoding="target").predict(X)
    assert np.square(pipeline.predict(X) - y).mean() < np.square(by_target - y).mean()


def test_levels_unseen_are_like_rare_ones() -> None:
    X, y, _ = towns()
    rare = X[:, 1] == 7
    keep = ~rare | (np.cumsum(rare) == 1)
    pipeline = fitted(TaskKind.REGRESSION, X[keep], y[keep], levels=N_LEVELS + 5)
    new = [[0.0, town, 1.0] for town in (N_LEVELS + 1, N_LEVELS + 2, 7.0)]
    found = pipeline.predict(np.array([*new, [np.nan, np.nan, np.nan]]))
    assert found[0] == found[1]
    assert abs(found[2] - found[0]) < 0.5  # the mean of its only target counts a little
    assert np.isfinite(found).all()


@pytest.mark.parametrize("penalty", ["l2", "elastic_net"])
@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.REGRESSION])
def test_saved_and_loaded(kind: TaskKind, penalty: str) -> None:
    X, y, _ = towns()
    target = (y > 0).astype(int) if kind.is_classification else y
    pipeline = fitted(kind, X, target, penalty=penalty)
    loaded = saved_and_read(pipeline)
    np.testing.assert_array_equal(loaded.predict(X), pipeline.predict(X))
    found = pipeline.predict(X)
    if kind.is_classification:
        assert (found == target).mean() > 0.85
    else:
        assert np.corrcoef(found, y)[0, 1] > 0.9


def test_only_where_there_are_many_levels() -> None:
    X, y, _ = towns()
    few = X.copy()
    few[:, 1] %= 30
    wide, narrow = fitted(TaskKind.REGRESSION, X, y), fitted(TaskKind.REGRESSION, few, y, levels=30)
    assert isinstance(wide.steps[-1][1].estimator, OneHotLearner)
    assert isinstance(narrow.steps[-1][1].estimator, Ridge)


def test_weights_reach_the_learner() -> None:
    X, y, _ = towns(400)
    learner = OneHotLearner(Ridge(), n_codes=2, max_columns=1_000)
    weights = np.arange(400) % 2 + 1e-9
    weighted = learner.fit(X, y, sample_weight=weights).predict(X)
    half = OneHotLearner(Ridge(), n_codes=2, max_columns=1_000).fit(
        X, np.where(weights > 0.5, y, y + 50.0)
    )
    again = half.fit(X, np.where(weights > 0.5, y, y + 50.0), sample_weight=weights)
    np.testing.assert_allclose(again.predict(X), weighted, atol=1e-3)


def test_the_width_is_bounded() -> None:
    X, y, _ = towns()
    narrow = OneHotLearner(Ridge(), n_codes=2, max_columns=100).fit(X, y)
    wide = OneHotLearner(Ridge(), n_codes=2, max_columns=1_000).fit(X, y)
    assert narrow.estimator_.n_features_in_ <= 101 < wide.estimator_.n_features_in_
    assert np.isfinite(narrow.predict(X)).all()


def test_codes_are_kept_in_their_places() -> None:
    X, y, _ = towns()
    codes = X[:, 1:]
    codes[0, 0], codes[1, 0] = np.nan, 10_000
    encoder = CategoryEncoder(n_levels=(N_LEVELS, 3), encoding="levels", classification=False)
    found = encoder.fit_transform(codes, y)
    assert found.shape == (len(codes), 3)  # the means of the town's target come before the codes
    assert found[0, 1] == found[1, 1] == -1
    np.testing.assert_array_equal(found[2:, 1:], codes[2:])
    np.testing.assert_array_equal(encoder.transform(codes)[:, 1:], found[:, 1:])
