"""Weights, groups and times in the learners that hold rows out or weigh them themselves."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from metatune.algorithms.learners.calibration import CalibratedScores
from metatune.algorithms.learners.gaussian import RegularizedDiscriminant
from metatune.algorithms.learners.neighbours import NeighboursClassifier, NeighboursRegressor
from metatune.algorithms.learners.process import BoundedProcess
from metatune.algorithms.learners.stopping import balanced_weights, held_out_rows
from metatune.algorithms.learners.weighted_fit import fit_learner
from metatune.algorithms.target_encoding import TargetMeanEncoder
from metatune.data.row_metadata import PLAIN, RowMetadata

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
LABELS = (X[:, 0] + RNG.normal(size=60) > 0).astype(np.int64)
COUNTS = RNG.integers(1, 4, size=60)
WEIGHTS = COUNTS.astype(np.float64)
COPIES = np.repeat(np.arange(60), COUNTS)


def test_discriminant_counts_a_weight_as_rows() -> None:
    weighted = RegularizedDiscriminant(0.3, 0.1).fit(X, LABELS, sample_weight=WEIGHTS)
    repeated = RegularizedDiscriminant(0.3, 0.1).fit(X[COPIES], LABELS[COPIES])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X))


def test_target_means_count_a_weight_as_rows() -> None:
    codes = RNG.integers(0, 5, size=(60, 1))
    weighted = TargetMeanEncoder((5,)).fit(codes, LABELS, RowMetadata(weights=WEIGHTS))
    repeated = TargetMeanEncoder((5,)).fit(codes[COPIES], LABELS[COPIES])
    np.testing.assert_allclose(weighted.transform(codes), repeated.transform(codes))


def test_target_means_are_cross_fitted_by_group() -> None:
    """No row learns anything from its own level where that is the group."""
    codes = np.arange(60)[:, None] // 6
    encoded = TargetMeanEncoder((10,)).fit_transform(codes, LABELS, RowMetadata(groups=codes[:, 0]))
    assert all(len(np.unique(encoded[codes[:, 0] == k])) == 1 for k in range(10))
    assert len(np.unique(encoded)) <= 5


def test_process_takes_a_weight_as_less_noise() -> None:
    y = X[:, 0] + RNG.normal(size=60)
    settings: dict[str, Any] = {"noise": 0.5, "seed": 1}
    plain = BoundedProcess(**settings).fit(X, y)
    even = BoundedProcess(**settings).fit(X, y, sample_weight=np.ones(60))
    np.testing.assert_allclose(even.predict(X), plain.predict(X), atol=1e-6)
    one = np.where(np.arange(60) == 7, 1e4, 1.0)
    pulled = BoundedProcess(**settings).fit(X, y, sample_weight=one)
    assert abs(pulled.predict(X[7:8])[0] - y[7]) < 0.01 < abs(plain.predict(X[7:8])[0] - y[7])


@pytest.mark.parametrize("nearness", ["uniform", "distance"])
def test_neighbours_vote_by_weight(nearness: str) -> None:
    line, y = np.arange(4.0)[:, None], np.array([0, 0, 1, 1])
    even = NeighboursClassifier(3, nearness).fit(line, y, sample_weight=np.ones(4))
    plain = NeighboursClassifier(3, nearness).fit(line, y)
    new = np.array([[0.3], [2.0], [9.0]])
    np.testing.assert_allclose(even.predict_proba(new), plain.predict_proba(new))
    loud = NeighboursClassifier(3, nearness).fit(line, y, sample_weight=np.array([1, 1, 9, 1]))
    assert (loud.predict_proba(new[[0, 2]])[:, 1] > plain.predict_proba(new[[0, 2]])[:, 1]).all()
    values = NeighboursRegressor(4).fit(line, y * 1.0, sample_weight=np.array([1.0, 1.0, 3.0, 1.0]))
    np.testing.assert_allclose(values.predict(new[:1]), [4 / 6])


def test_balanced_classes_share_their_total_by_weight() -> None:
    y = np.array([0, 0, 0, 1])
    weights = balanced_weights(y, np.array([1.0, 2.0, 3.0, 0.5]))
    np.testing.assert_allclose(weights, [2 / 6, 4 / 6, 6 / 6, 2.0])


class TestHeldOutRows:
    def test_groups_are_held_out_whole(self) -> None:
        groups = np.arange(140) // 7
        splits = held_out_rows(np.arange(140) % 2, True, 0, RowMetadata(groups=groups))
        assert len(splits) == 7
        for train, held_out in splits:
            assert not set(groups[train]) & set(groups[held_out])
            assert len(train) + len(held_out) == 140

    def test_the_newest_rows_are_held_out(self) -> None:
        times = np.random.default_rng(1).permutation(700)
        ((train, held_out),) = held_out_rows(np.zeros(700), False, 0, RowMetadata(times=times))
        assert times[train].max() < times[held_out].min()
        assert len(held_out) == 100

    def test_a_class_of_the_newest_rows_alone_is_trained_on(self) -> None:
        y = np.where(np.arange(700) >= 650, 1, 0)
        ((train, held_out),) = held_out_rows(y, True, 0, RowMetadata(times=np.arange(700)))
        assert set(y[train]) == {0, 1}
        assert set(y[held_out]) == {0}

    def test_groups_of_the_newest_rows_are_not_trained_on(self) -> None:
        groups = np.arange(700) // 50
        row_metadata = RowMetadata(times=np.arange(700), groups=groups)
        ((train, held_out),) = held_out_rows(np.zeros(700), False, 0, row_metadata)
        assert not set(groups[train]) & set(groups[held_out])

    def test_a_single_group_or_instant_binds_nothing(self) -> None:
        alike = np.zeros(140, dtype=np.int64)
        y = np.arange(140) % 2
        for row_metadata in (RowMetadata(groups=alike), RowMetadata(times=alike)):
            assert len(held_out_rows(y, True, 0, row_metadata)) == 7


def test_calibration_weighs_rows_and_keeps_groups_together() -> None:
    groups = np.arange(60) // 6
    model = CalibratedScores(LogisticRegression())
    plain = model.fit(X, LABELS).predict_proba(X)
    grouped = model.fit(X, LABELS, RowMetadata(groups=groups)).predict_proba(X)
    assert not np.allclose(plain, grouped)
    rare = np.where(LABELS == 1, 0.05, 1.0)
    weighted = model.fit(X, LABELS, RowMetadata(weights=rare)).predict_proba(X)
    assert weighted[:, 1].mean() < 0.3 * plain[:, 1].mean()


def test_no_learner_ignores_weights() -> None:
    class Deaf:
        def fit(self, X: Any, y: Any) -> "Deaf":
            return self

    with pytest.raises(TypeError, match="sample_weight"):
        fit_learner(Deaf(), X, LABELS, RowMetadata(weights=WEIGHTS))
    assert isinstance(fit_learner(Deaf(), X, LABELS, PLAIN), Deaf)
    model = fit_learner(LogisticRegression(), X, LABELS, RowMetadata(groups=LABELS))
    assert model.classes_.tolist() == [0, 1]
