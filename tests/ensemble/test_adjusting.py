"""Calibration and decisions: found where they help, left alone where they do not."""

import numpy as np
import pytest

from metatune._typing import FloatArray, IntArray
from metatune.ensemble.calibration import choose_calibration, fit_calibration
from metatune.evaluation.guard import Gain, cross_fitted_gain, parts_of_rows
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment

LOG_LOSS = resolve_metric("log_loss", TaskKind.BINARY)


def make_probabilities(
    n_rows: int = 2_000, share: float = 0.5, seed: int = 0
) -> tuple[IntArray, FloatArray]:
    """Calibrated probabilities of two classes, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(size=n_rows) * 1.5 + np.log(share / (1 - share))
    p = 1.0 / (1.0 + np.exp(-logit))
    y = (rng.uniform(size=n_rows) < p).astype(np.int64)
    return y, np.column_stack([1 - p, p])


def sharpened(p: np.ndarray, power: float, shift: float = 0.0) -> np.ndarray:
    raised = p**power * np.array([1.0, np.exp(shift)])
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def parts(y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(parts_of_rows(y, TaskKind.BINARY, 0))


def test_too_certain_probabilities_become_doubtful_again() -> None:
    y, p = make_probabilities()
    found = fit_calibration(y, sharpened(p, 3.0))
    assert found.temperature == pytest.approx(3.0, rel=0.15)
    np.testing.assert_allclose(found.probabilities(sharpened(p, 3.0)), p, atol=0.05)


def test_shifted_probabilities_are_shifted_back() -> None:
    y, p = make_probabilities()
    wrong = sharpened(p, 1.0, shift=1.0)
    chosen = choose_calibration(LOG_LOSS, y, wrong, parts(y))
    assert chosen.shifts[1] - chosen.shifts[0] == pytest.approx(-1.0, abs=0.25)
    before, after = LOG_LOSS.score(y, wrong), LOG_LOSS.score(y, chosen.probabilities(wrong))
    assert after < before - 0.05


def test_good_probabilities_are_left_alone() -> None:
    y, p = make_probabilities()
    assert choose_calibration(LOG_LOSS, y, p, parts(y)) == NO_ADJUSTMENT


def test_metrics_of_ranks_and_labels_need_no_calibration() -> None:
    y, p = make_probabilities()
    for name in ("roc_auc", "accuracy"):
        metric = resolve_metric(name, TaskKind.BINARY)
        assert choose_calibration(metric, y, sharpened(p, 4.0), parts(y)) == NO_ADJUSTMENT


def test_weighted_rows_count_in_a_calibration() -> None:
    y, p = make_probabilities()
    wrong = np.where(np.arange(len(y))[:, None] % 2, sharpened(p, 4.0), p)
    odd = np.where(np.arange(len(y)) % 2, 1.0, 1e-6)
    assert fit_calibration(y, wrong, odd).temperature > 3.0
    assert fit_calibration(y, wrong, 1.0 - odd + 1e-6).temperature < 1.3


def test_a_decision_leaves_probabilities_as_they_are() -> None:
    adjusted = Adjustment(decision=(0.1, 1.0))
    p = np.array([[0.8, 0.2]])
    np.testing.assert_array_equal(adjusted.probabilities(p), p)
    assert adjusted.decide(p) == 1


def test_gains_have_to_stand_out() -> None:
    some = [(np.arange(3), np.arange(3))] * 5
    gains = iter([0.1, 0.2, 0.1, 0.2, float("nan")])
    gain = cross_fitted_gain(some, lambda fit, mixture: next(gains))
    assert gain.mean == pytest.approx(0.15)
    assert gain.exceeds(2.0)
    assert not Gain(mean=0.1, error=0.2).exceeds(1.0)
    assert Gain(mean=-0.1, error=0.2).is_no_loss(1.0)
    assert not Gain(mean=-0.3, error=0.2).is_no_loss(1.0)
    assert not Gain(mean=float("nan"), error=float("inf")).is_no_loss(1.0)
    assert not Gain(mean=-0.1, error=0.0).exceeds(0.0)
    assert not cross_fitted_gain([], lambda fit, mixture: 1.0).exceeds(0.0)
