"""Promises of every algorithm family, on the tables that break others."""

import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from model_files import saved_and_read
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from metatune.algorithms import forests
from metatune.algorithms.base import Algorithm, BuildContext, Shape
from metatune.algorithms.fitting import fit_pipeline
from metatune.algorithms.learners import network, process, stopping
from metatune.algorithms.registry import ALGORITHMS
from metatune.data.encoding.layout import Layout
from metatune.data.row_metadata import RowMetadata
from metatune.kinds import TaskKind
from metatune.space import Configuration, Value

BINARY, MULTICLASS, REGRESSION = TaskKind.BINARY, TaskKind.MULTICLASS, TaskKind.REGRESSION


@dataclass(frozen=True, kw_only=True)
class Table:
    """Training rows and new rows of an encoded task."""

    kind: TaskKind
    X: np.ndarray
    y: np.ndarray
    X_new: np.ndarray
    n_levels: tuple[int, ...]

    def context(self, **changes: Any) -> BuildContext:
        n_classes = len(np.unique(self.y)) if self.kind.is_classification else 0
        n_rows, n_columns = self.X.shape
        context = BuildContext(
            kind=self.kind,
            layout=Layout(names=tuple(f"c{i}" for i in range(n_columns)), n_levels=self.n_levels),
            shape=Shape(n_rows=n_rows, n_columns=n_columns, n_classes=n_classes),
            seed=3,
        )
        return replace(context, **changes)


def easy(kind: TaskKind, n_rows: int = 90, n_columns: int = 4) -> Table:
    """Numbers only; the target depends on the first column."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows + 40, n_columns))
    signal = X[:, 0] + 0.1 * rng.normal(size=len(X))
    y: np.ndarray = {
        BINARY: (signal > 0).astype(np.int64),
        MULTICLASS: np.digitize(signal, [-0.5, 0.5]).astype(np.int64),
        REGRESSION: 100.0 + 5.0 * signal,
    }[kind]
    if kind.is_classification:  # a sample of three rows, or one, may lack a class otherwise
        y[: y.max() + 1] = np.arange(y.max() + 1)
    return Table(kind=kind, X=X[:n_rows], y=y[:n_rows], X_new=X[n_rows:], n_levels=(0,) * n_columns)


def missing_values(kind: TaskKind) -> Table:
    table = easy(kind)
    holes = np.random.default_rng(1).random(table.X.shape) < 0.2
    return replace(table, X=np.where(holes, np.nan, table.X))


def missing_only_in_new_rows(kind: TaskKind) -> Table:
    table = easy(kind)
    X_new = table.X_new.copy()
    X_new[::2, 1] = np.nan
    X_new[0] = np.nan
    return replace(table, X_new=X_new)


def categories(kind: TaskKind) -> Table:
    """Few and many levels; the new rows hold levels unseen, unknown and missing."""
    table = easy(kind)
    rng = np.random.default_rng(2)
    X, X_new = table.X.copy(), table.X_new.copy()
    X[:, 1] = rng.integers(0, 4, len(X))
    X[:, 2] = rng.integers(0, 2000, len(X))
    X[::7, 1:3] = np.nan
    X_new[:, 1] = rng.integers(0, 6, len(X_new))
    X_new[:, 2] = rng.integers(-1, 2500, len(X_new))
    X_new[::5, 1:3] = np.nan
    return replace(table, X=X, X_new=X_new, n_levels=(0, 6, 2500, 0))


def only_categories(kind: TaskKind) -> Table:
    table = easy(kind)
    rng = np.random.default_rng(2)
    X = rng.integers(0, 3, table.X.shape).astype(np.float64)
    X_new = rng.integers(0, 5, table.X_new.shape).astype(np.float64)
    return replace(table, X=X, X_new=X_new, n_levels=(3, 3, 3, 3))


def useless_columns(kind: TaskKind) -> Table:
    """A constant column, an empty one, an empty category and a constant one beside a useful one."""
    table = easy(kind, n_columns=6)
    X, X_new = table.X.copy(), table.X_new.copy()
    X[:, 1], X[:, 2], X[:, 3], X[:, 4] = 7.0, np.nan, np.nan, 1.0
    X_new[:, 3], X_new[:, 4] = 2.0, 0.0
    return replace(table, X=X, X_new=X_new, n_levels=(0, 0, 0, 3, 3, 0))


def nothing_useful(kind: TaskKind) -> Table:
    table = easy(kind)
    X = np.ones_like(table.X)
    X[:, 2] = np.nan
    return replace(table, X=X, n_levels=(0, 3, 0, 2))


def twenty_rows(kind: TaskKind) -> Table:
    return easy(kind, n_rows=20)


def three_rows(kind: TaskKind) -> Table:
    return easy(kind, n_rows=3)


def one_row(kind: TaskKind) -> Table:
    return easy(kind, n_rows=1)


def wide(kind: TaskKind) -> Table:
    return easy(kind, n_rows=60, n_columns=300)


def one_column(kind: TaskKind) -> Table:
    return easy(kind, n_columns=1)


def absurd_numbers(kind: TaskKind) -> Table:
    """Values at the ends of float64, in a feature and in the target."""
    table = easy(kind)
    X, y = table.X.copy(), table.y.copy()
    X[3, 1], X[4, 1], X[5, 2] = 1e300, -1e300, 1e-300
    X[:, 3] += 1e12
    if kind is REGRESSION:
        y[0], y[1] = 1e306, -1e306
    return replace(table, X=X, y=y)


def rare_class_of_two(kind: TaskKind) -> Table:
    return _with_rare_class(kind, 2)


def rare_class_of_one(kind: TaskKind) -> Table:
    return _with_rare_class(kind, 1)


def _with_rare_class(kind: TaskKind, n_rare: int) -> Table:
    table = easy(kind)
    if kind is REGRESSION:
        return replace(table, y=np.where(np.arange(len(table.y)) < n_rare, 1e3, 0.0))
    y = np.where(table.X[:, 0] > 0, table.y.max() - 1, 0)
    y[np.arange(n_rare) + 10] = table.y.max()
    return replace(table, y=y)


def one_target_value(kind: TaskKind) -> Table:
    table = easy(kind)
    return replace(table, y=np.full_like(table.y, 1))


TABLES: tuple[Callable[[TaskKind], Table], ...] = (
    easy,
    missing_values,
    missing_only_in_new_rows,
    categories,
    only_categories,
    useless_columns,
    nothing_useful,
    twenty_rows,
    three_rows,
    one_row,
    wide,
    one_column,
    absurd_numbers,
    rare_class_of_two,
    rare_class_of_one,
    one_target_value,
)


@pytest.fixture(autouse=True)
def _small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer trees and splits: the promises do not depend on their number."""
    monkeypatch.setattr(forests, "MOST_TREES", 20)
    monkeypatch.setattr(forests, "FEWEST_TREES", 20)
    monkeypatch.setattr(stopping.EarlyStoppingModel, "max_splits", 2)
    monkeypatch.setattr(network, "MAX_EPOCHS", 20)
    monkeypatch.setattr(network, "FEW_EPOCHS", 20)
    monkeypatch.setattr(process, "MAX_STEPS", 10)
    if find_spec("catboost") is not None:
        catboost_model = import_module("metatune.algorithms.learners.catboost_model")
        monkeypatch.setattr(catboost_model, "MAX_ROUNDS", 10)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", metafunc.cls.kinds, ids=str)
    if "make_table" in metafunc.fixturenames:
        metafunc.parametrize("make_table", TABLES, ids=lambda make: make.__name__)


class AlgorithmContract:
    """Inherit, and name the family and its task kinds."""

    name: str
    kinds: tuple[TaskKind, ...] = (BINARY, MULTICLASS, REGRESSION)
    changes: ClassVar[dict[str, Value]] = {}
    """Hyperparameters in which the configuration under test differs from the default."""

    @property
    def algorithm(self) -> Algorithm:
        return ALGORITHMS[self.name]

    def default(self, kind: TaskKind) -> Configuration:
        space = self.algorithm.space(kind)
        return space.from_values({**space.defaults, **self.changes}, "default")

    def fitted(
        self, table: Table, configuration: Configuration | None = None, **changes: Any
    ) -> Pipeline:
        configuration = configuration or self.default(table.kind)
        pipeline = self.algorithm.build(configuration, table.context(**changes))
        return pipeline.fit(table.X, table.y)

    def quick(self, **changes: Any) -> dict[str, Any]:
        """Spare iterative learners the search for the best iteration where it is not the point."""
        return {"iterations": 8, **changes} if self.algorithm.iterative else changes

    def fitted_with(self, table: Table, row_metadata: RowMetadata, **changes: Any) -> Pipeline:
        pipeline = self.algorithm.build(self.default(table.kind), table.context(**changes))
        return fit_pipeline(pipeline, table.X, table.y, row_metadata)

    def check_predictions(self, pipeline: Pipeline, table: Table) -> np.ndarray:
        predicted = np.asarray(pipeline.predict(table.X_new))
        assert predicted.shape == (len(table.X_new),)
        if not table.kind.is_classification:
            assert predicted.dtype == np.float64
            assert np.isfinite(predicted).all()
            return predicted
        proba = np.asarray(pipeline.predict_proba(table.X_new))
        assert np.array_equal(pipeline.classes_, np.unique(table.y))
        assert proba.shape == (len(table.X_new), len(pipeline.classes_))
        assert proba.dtype == np.float64
        assert (proba > 0).all()
        np.testing.assert_allclose(proba.sum(axis=1), 1.0, atol=1e-12)
        assert np.isin(predicted, pipeline.classes_).all()
        return proba

    def test_every_table(self, kind: TaskKind, make_table: Callable[[TaskKind], Table]) -> None:
        table = make_table(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.check_predictions(self.fitted(table), table)

    def test_states_what_it_learns(self) -> None:
        assert {k for k in TaskKind if k in self.algorithm.kinds} == set(self.kinds)
        for kind in TaskKind:
            refusal = self.algorithm.refuses(kind, Shape(n_rows=50, n_columns=4, n_classes=2))
            assert (refusal is None) == (kind in self.kinds)

    def test_refuses_what_is_too_large(self, kind: TaskKind) -> None:
        n_classes = 2 if kind.is_classification else 0
        huge = Shape(n_rows=10_000_000, n_columns=5_000, n_classes=n_classes)
        assert "exceed" in str(self.algorithm.refuses(kind, huge))

    def test_default_lies_in_space(self, kind: TaskKind) -> None:
        space = self.algorithm.space(kind)
        space.check(space.default())
        assert set(space.defaults) == set(space.domains)
        assert all(space.domains[name].contains(v) for name, v in space.defaults.items())

    def test_random_configurations_work(self, kind: TaskKind) -> None:
        space, rng, table = self.algorithm.space(kind), np.random.default_rng(5), categories(kind)
        for _ in range(20):
            configuration = space.sample(rng)
            space.check(configuration)
            pipeline = self.fitted(table, configuration, **self.quick())
            self.check_predictions(pipeline, table)

    def test_mutations_stay_in_space(self, kind: TaskKind) -> None:
        space, rng = self.algorithm.space(kind), np.random.default_rng(6)
        configuration = space.default()
        seen = set()
        for _ in range(50):
            configuration = space.mutate(configuration, rng)
            space.check(configuration)
            seen.add(configuration.key)
        assert len(seen) > 20

    def test_beats_the_constant(self, kind: TaskKind, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()  # this promise does depend on the size of the model
        table = easy(kind, n_rows=240)
        X_valid, y_valid = table.X[160:], table.y[160:]
        pipeline = self.fitted(replace(table, X=table.X[:160], y=table.y[:160]))
        if kind.is_classification:
            right = pipeline.predict_proba(X_valid)[np.arange(80), y_valid]
            shares = np.bincount(table.y[:160]) / 160
            assert -np.log(right).mean() < -0.7 * np.log(shares[y_valid]).mean()
        else:
            error = np.square(pipeline.predict(X_valid) - y_valid).mean()
            assert error < 0.5 * np.square(table.y[:160].mean() - y_valid).mean()

    def test_two_steps_that_clone(self, kind: TaskKind) -> None:
        table = categories(kind)
        pipeline = self.algorithm.build(self.default(kind), table.context(**self.quick()))
        assert [name for name, _ in pipeline.steps] == ["preprocess", "model"]
        copy = clone(pipeline)
        first = self.check_predictions(pipeline.fit(table.X, table.y), table)
        second = self.check_predictions(copy.fit(table.X, table.y), table)
        np.testing.assert_array_equal(first, second)

    def test_deterministic_and_alone(self, kind: TaskKind) -> None:
        table = categories(kind)
        python_state = random.getstate()
        numpy_state = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
        first = self.check_predictions(self.fitted(table), table)
        assert random.getstate() == python_state
        state = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002
        assert np.array_equal(state, numpy_state)
        np.random.default_rng().random()
        second = self.check_predictions(self.fitted(table), table)
        np.testing.assert_array_equal(first, second)

    def test_order_of_memory_and_read_only_input(self, kind: TaskKind, tmp_path: Path) -> None:
        table = categories(kind)
        expected = self.check_predictions(self.fitted(table, **self.quick()), table)
        np.save(tmp_path / "X.npy", table.X)
        mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
        y = table.y.copy()
        y.setflags(write=False)
        before = table.X.copy()
        for X in (mapped, np.asfortranarray(table.X)):
            found = self.fitted(replace(table, X=X, y=y), **self.quick())
            np.testing.assert_array_equal(self.check_predictions(found, table), expected)
        np.testing.assert_array_equal(table.X, before)

    def test_labels_of_any_type(self, kind: TaskKind) -> None:
        if not kind.is_classification:
            shifted = replace(easy(kind), y=np.round(easy(kind).y).astype(np.int64))
            self.check_predictions(self.fitted(shifted, **self.quick()), shifted)
            return
        table = categories(kind)
        names = np.array(["ant", "bee", "cow"])
        named = replace(table, y=names[table.y])
        codes = self.check_predictions(self.fitted(table, **self.quick()), table)
        pipeline = self.fitted(named, **self.quick())
        np.testing.assert_array_equal(self.check_predictions(pipeline, named), codes)
        assert set(pipeline.predict(table.X_new)) <= set(names)

    def test_saved_and_loaded(self, kind: TaskKind) -> None:
        table = categories(kind)
        space, rng = self.algorithm.space(kind), np.random.default_rng(8)
        for configuration in (self.default(kind), *(space.sample(rng) for _ in range(5))):
            pipeline = self.fitted(table, configuration, **self.quick())
            expected = self.check_predictions(pipeline, table)
            loaded = saved_and_read(pipeline)
            np.testing.assert_array_equal(self.check_predictions(loaded, table), expected)

    def test_rows_of_weight_zero_are_absent(self, kind: TaskKind) -> None:
        table, counts = categories(kind), np.arange(90) % 3 > 0
        there = replace(table, X=table.X[counts], y=table.y[counts])
        context = self.quick(shape=table.context().shape)
        row_metadata = RowMetadata(weights=np.where(counts, 1.0 + np.arange(90) / 90, 0.0))
        found = self.check_predictions(self.fitted_with(table, row_metadata, **context), table)
        pipeline = self.fitted_with(there, row_metadata.take(counts), **context)
        np.testing.assert_array_equal(found, self.check_predictions(pipeline, table))

    def test_weights_pull_where_repeated_rows_would(self, kind: TaskKind) -> None:
        """Every row is there twice and contradicts itself; who weighs more has its way."""
        table = easy(kind, n_rows=80)
        opposite = table.y.max() - table.y if kind.is_classification else 200 - table.y
        X, y = np.vstack([table.X, table.X]), np.concatenate([table.y, opposite])
        mixed, first = replace(table, X=X, y=y), np.arange(160) < 80

        def agreement(pipeline: Pipeline) -> float:
            """Return the correlation of predictions with the first half."""
            if kind.is_classification:
                found = pipeline.predict_proba(table.X) @ pipeline.classes_
            else:
                found = pipeline.predict(table.X)
            return float(np.corrcoef(found, table.y)[0, 1])

        row_metadata = RowMetadata(weights=np.where(first, 1.6, 0.4))
        against = RowMetadata(weights=np.where(first, 0.4, 1.6))
        repeated = np.repeat(np.arange(160), np.where(first, 4, 1))
        copies = self.fitted(replace(mixed, X=X[repeated], y=y[repeated]), **self.quick())
        assert agreement(copies) > 0.3
        assert agreement(self.fitted_with(mixed, row_metadata, **self.quick())) > 0.3
        assert agreement(self.fitted_with(mixed, against, **self.quick())) < -0.3

    @pytest.mark.parametrize("bound", ["groups", "times"])
    def test_every_way_to_bind_rows(self, kind: TaskKind, bound: str) -> None:
        """Few groups or instants, one of which holds all of a class; and none to tell apart."""
        for table in (categories(kind), one_row(kind)):
            codes = np.arange(len(table.y)) * 6 // 90
            if kind.is_classification:
                codes = np.where(table.y == 1, 5, codes)
            row_metadata = RowMetadata(weights=np.linspace(0.5, 1.5, len(codes)), **{bound: codes})
            self.check_predictions(self.fitted_with(table, row_metadata), table)

    def test_iterations(self, kind: TaskKind) -> None:
        table = easy(kind)
        if not self.algorithm.iterative:
            assert self.algorithm.iterations_used(self.fitted(table)) is None
            return
        stopped = self.algorithm.iterations_used(self.fitted(table))
        assert stopped is not None
        assert stopped >= 1
        exact = self.fitted(table, iterations=7)
        assert self.algorithm.iterations_used(exact) == 7
        self.check_predictions(exact, table)


class TestLightGBM(AlgorithmContract):
    name = "lightgbm"


class TestRandomForest(AlgorithmContract):
    name = "random_forest"


class TestExtraTrees(AlgorithmContract):
    name = "extra_trees"


class TestLinear(AlgorithmContract):
    name = "linear"


class TestSVM(AlgorithmContract):
    name = "svm"


class TestKNN(AlgorithmContract):
    name = "knn"


class TestMLP(AlgorithmContract):
    name = "mlp"


class TestDiscriminant(AlgorithmContract):
    name = "discriminant"
    kinds = (BINARY, MULTICLASS)


class TestNaiveBayes(AlgorithmContract):
    name = "naive_bayes"
    kinds = (BINARY, MULTICLASS)


class TestGaussianProcess(AlgorithmContract):
    name = "gaussian_process"
    kinds = (REGRESSION,)


class TestDecisionTree(AlgorithmContract):
    name = "decision_tree"


@pytest.mark.skipif(find_spec("xgboost") is None, reason="xgboost is not installed")
class TestXGBoost(AlgorithmContract):
    name = "xgboost"


@pytest.mark.skipif(find_spec("catboost") is None, reason="catboost is not installed")
class TestCatBoost(AlgorithmContract):
    name = "catboost"
