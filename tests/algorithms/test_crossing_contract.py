"""The families that take crossings promise with them what they promise without."""

from importlib.util import find_spec
from typing import ClassVar

import pytest

from metatune.algorithms.crossings import choosing
from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.space import Configuration, Value
from metatune.testing.tables import easy
from tests.algorithms.test_contract import (
    AlgorithmContract,
    _small_models,  # noqa: F401
    pytest_generate_tests,  # noqa: F401
)

CROSSED = sorted(
    name
    for name, algorithm in ALGORITHMS.items()
    if any(
        "crossing" in algorithm.space(kind).domains for kind in TaskKind if kind in algorithm.kinds
    )
)


@pytest.fixture(autouse=True)
def _useless_crossings_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or there would be none in most of these small tables."""
    monkeypatch.setattr(choosing, "LEAST", -1e9)


class CrossingContract(AlgorithmContract):
    changes: ClassVar[dict[str, Value]] = {"crossing": "arithmetic"}

    def test_a_configuration_that_does_not_name_it_has_none(self, kind: TaskKind) -> None:
        table = easy(kind)
        silent = self.algorithm.space(kind).default()
        assert "crossing" not in silent.params
        named = Configuration(algorithm=self.name, params={**silent.params, "crossing": "none"})
        steps = [
            type(self.algorithm.build(c, table.context()).steps[0][1]).__name__
            for c in (silent, named, self.default(kind))
        ]
        assert steps[0] == steps[1] != "CrossingPreprocessor"
        assert steps[2] == "CrossingPreprocessor"

    def test_crossings_are_there(self, kind: TaskKind) -> None:
        step = self.fitted(easy(kind), **self.quick()).steps[0][1]
        assert len(step.terms_) > 0


def test_which_families_take_them() -> None:
    trees = {"lightgbm", "random_forest", "extra_trees", "xgboost", "catboost"}
    assert set(CROSSED) == trees & set(ALGORITHMS)


class TestCrossedLightGBM(CrossingContract):
    name = "lightgbm"


class TestCrossedExtraTrees(CrossingContract):  # random forests are built by the same code
    name = "extra_trees"


@pytest.mark.skipif(find_spec("xgboost") is None, reason="xgboost is not installed")
class TestCrossedXGBoost(CrossingContract):
    name = "xgboost"


@pytest.mark.skipif(find_spec("catboost") is None, reason="catboost is not installed")
class TestCrossedCatBoost(CrossingContract):
    name = "catboost"
