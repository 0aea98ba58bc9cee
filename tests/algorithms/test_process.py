"""Gaussian processes on more rows than can carry the function."""

import numpy as np
import pytest
from model_files import saved_and_read
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from metatune.algorithms.learners import inducing, process
from metatune.algorithms.learners.inducing import InducedProcess
from metatune.algorithms.learners.process import BoundedProcess
from metatune.algorithms.registry import ALGORITHMS
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind

KERNEL = ConstantKernel(1.0) * RBF(0.7)


def waves(n_rows: int, noise: float = 0.2) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training rows and new ones, these without noise."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, size=(n_rows + 200, 2))
    y = np.sin(2 * X[:, 0]) * np.cos(X[:, 1])
    noisy = y[:n_rows] + noise * rng.normal(size=n_rows)
    return X[:n_rows], noisy, X[n_rows:], y[n_rows:]


def error(model: InducedProcess | BoundedProcess, X: np.ndarray, y: np.ndarray) -> float:
    return float(np.sqrt(np.mean((model.predict(X) - y) ** 2)))


def test_with_all_rows_as_points_it_is_the_exact_process() -> None:
    X, y, X_new, _ = waves(150)
    variance = np.linspace(0.02, 0.5, len(y))
    exact = GaussianProcessRegressor(KERNEL, alpha=variance, optimizer=None).fit(X, y)
    induced = InducedProcess(KERNEL, len(y)).fit(X, y, variance)
    np.testing.assert_allclose(induced.predict(X_new), exact.predict(X_new), atol=2e-3)


def test_the_other_rows_say_something() -> None:
    X, y, X_new, y_new = waves(1_500, noise=0.5)
    variance = np.full(len(y), 0.25)
    induced = InducedProcess(KERNEL, 150).fit(X, y, variance)
    rows = _rows(X, induced.points_)
    alone = InducedProcess(KERNEL, 150).fit(X[rows], y[rows], variance[rows])
    assert error(induced, X_new, y_new) < 0.6 * error(alone, X_new, y_new)


def _rows(X: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.array([np.flatnonzero((point == X).all(axis=1))[0] for point in points])


def test_blocks_only_save_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, X_new, _ = waves(300)
    expected = InducedProcess(KERNEL, 50).fit(X, y, np.full(300, 0.04)).predict(X_new)
    monkeypatch.setattr(inducing, "BLOCK", 37)
    found = InducedProcess(KERNEL, 50).fit(X, y, np.full(300, 0.04)).predict(X_new)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_rows_that_repeat_break_nothing() -> None:
    X, y = np.repeat([[0.0, 1.0], [1.0, 0.0]], 100, axis=0), np.repeat([1.0, -1.0], 100)
    induced = InducedProcess(KERNEL, 80).fit(X, y, np.full(200, 1e-6))
    np.testing.assert_allclose(induced.predict(X[::100]), [1.0, -1.0], atol=1e-2)


def test_small_tables_are_solved_exactly_and_large_ones_in_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "EXACT_ROWS", 400)
    monkeypatch.setattr(process, "INDUCING_ROWS", 300)
    X, y, X_new, y_new = waves(800)
    small = BoundedProcess(max_rows=200).fit(X[:400], y[:400])
    large = BoundedProcess(max_rows=200).fit(X, y)
    assert isinstance(small.model_, GaussianProcessRegressor)
    assert isinstance(large.model_, InducedProcess)
    assert len(large.model_.points_) == 300
    assert error(large, X_new, y_new) < error(small, X_new, y_new)
    loaded = saved_and_read(large)
    np.testing.assert_array_equal(loaded.predict(X_new), large.predict(X_new))


def test_weights_count_in_part_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "EXACT_ROWS", 100)
    X, y, X_new, y_new = waves(600)
    wrong = np.arange(600) % 2 == 0
    y = np.where(wrong, y + 2.0, y)
    weighted = BoundedProcess().fit(X, y, sample_weight=np.where(wrong, 0.05, 1.0))
    assert error(weighted, X_new, y_new) < 0.5 * error(BoundedProcess().fit(X, y), X_new, y_new)


def test_the_family_takes_large_tables() -> None:
    family = ALGORITHMS["gaussian_process"]
    for n_rows, taken in ((3_001, True), (50_000, True), (50_001, False)):
        shape = Shape(n_rows=n_rows, n_columns=200)
        assert (family.refuses(TaskKind.REGRESSION, shape) is None) == taken
    assert family.refuses(TaskKind.REGRESSION, Shape(n_rows=100, n_columns=201)) is not None
