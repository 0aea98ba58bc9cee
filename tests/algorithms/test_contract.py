"""Promises of every algorithm family, on the tables that break others."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

import pytest
from sklearn.pipeline import Pipeline

from metatune.algorithms import forests
from metatune.algorithms.base import Algorithm
from metatune.algorithms.learners import network, process, stopping
from metatune.algorithms.registry import ALGORITHMS, FAMILIES
from metatune.kinds import TaskKind
from metatune.space import Configuration, Value
from metatune.testing import AlgorithmChecks
from metatune.testing.tables import TABLES, Table

BINARY, MULTICLASS, REGRESSION = TaskKind.BINARY, TaskKind.MULTICLASS, TaskKind.REGRESSION


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

    @property
    def checks(self) -> AlgorithmChecks:
        return AlgorithmChecks(self.algorithm, self.changes)

    def default(self, kind: TaskKind) -> Configuration:
        return self.checks.default(kind)

    def fitted(self, table: Table, **changes: Any) -> Pipeline:
        return self.checks.fitted(table, **changes)

    def quick(self, **changes: Any) -> dict[str, Any]:
        return self.checks.quick(**changes)

    def test_every_table(self, kind: TaskKind, make_table: Callable[[TaskKind], Table]) -> None:
        self.checks.every_table(kind, make_table)

    def test_states_what_it_learns(self) -> None:
        assert {k for k in TaskKind if k in self.algorithm.kinds} == set(self.kinds)
        self.checks.states_what_it_learns()

    def test_refuses_what_is_too_large(self, kind: TaskKind) -> None:
        self.checks.refuses_what_is_too_large(kind)

    def test_default_lies_in_space(self, kind: TaskKind) -> None:
        self.checks.default_lies_in_its_space(kind)

    def test_random_configurations_work(self, kind: TaskKind) -> None:
        self.checks.random_configurations_work(kind)

    def test_mutations_stay_in_space(self, kind: TaskKind) -> None:
        self.checks.mutations_stay_in_space(kind)

    def test_beats_the_constant(self, kind: TaskKind, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()  # this promise does depend on the size of the model
        self.checks.beats_the_constant(kind)

    def test_two_steps_that_clone(self, kind: TaskKind) -> None:
        self.checks.two_steps_that_clone(kind)

    def test_deterministic_and_alone(self, kind: TaskKind) -> None:
        self.checks.deterministic_and_alone(kind)

    def test_order_of_memory_and_read_only_input(self, kind: TaskKind) -> None:
        self.checks.order_of_memory_and_read_only_input(kind)

    def test_labels_of_any_type(self, kind: TaskKind) -> None:
        self.checks.labels_of_any_type(kind)

    def test_saved_and_loaded(self, kind: TaskKind) -> None:
        self.checks.saved_and_loaded(kind)

    def test_rows_of_weight_zero_are_absent(self, kind: TaskKind) -> None:
        self.checks.rows_of_weight_zero_are_absent(kind)

    def test_weights_pull_where_repeated_rows_would(self, kind: TaskKind) -> None:
        """Every row is there twice and contradicts itself; who weighs more has its way."""
        self.checks.weights_pull_where_repeated_rows_would(kind)

    @pytest.mark.parametrize("bound", ["groups", "times"])
    def test_every_way_to_bind_rows(self, kind: TaskKind, bound: str) -> None:
        """Few groups or instants, one of which holds all of a class; and none to tell apart."""
        self.checks.every_way_to_bind_rows(kind, bound)

    def test_iterations(self, kind: TaskKind) -> None:
        self.checks.iterations(kind)


def test_every_family_is_held_to_the_contract() -> None:
    here = [one for one in AlgorithmContract.__subclasses__() if one.__module__ == __name__]
    assert {contract.name for contract in here} == set(FAMILIES)


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
