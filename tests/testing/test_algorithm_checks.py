"""Checks of algorithms for their authors: good ones pass, each broken promise is found."""

from typing import Any

import numpy as np
import pytest
from own_learners import Forgetful, Median
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.tree import DecisionTreeRegressor

from metatune.algorithms.base import Limits
from metatune.algorithms.own_algorithm import OwnAlgorithm
from metatune.algorithms.registry import ALGORITHMS
from metatune.space import Float, Int
from metatune.testing import AlgorithmChecks, check_algorithm


def test_a_good_family_passes() -> None:
    check_algorithm(
        OwnAlgorithm(
            "boosting",
            HistGradientBoostingClassifier(max_iter=10),
            {"learning_rate": Float(0.05, 0.5, log=True), "max_leaf_nodes": Int(4, 32)},
        )
    )


def test_a_family_of_metatune_passes() -> None:
    check_algorithm(ALGORITHMS["naive_bayes"])


class Shifted(DecisionTreeRegressor):  # type: ignore[misc]
    """Tree that learns the targets of other rows."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Shifted":
        super().fit(X, np.roll(y, 1), sample_weight=sample_weight)
        return self


BROKEN: dict[str, tuple[Any, ...]] = {
    "it learns nothing": (Median(), {"share": Float(0.1, 0.9)}, {}, "beats_the_constant"),
    "it learns other rows": (Shifted(), {"max_depth": Int(1, 9)}, {}, "beats_the_constant"),
    "it draws at random": (Forgetful(), {"power": Float(0.5, 3.0)}, {}, ""),
    "it has no limits": (
        DecisionTreeRegressor(),
        {"max_depth": Int(1, 9)},
        {"limits": Limits()},
        "refuses_what_is_too_large",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_promises_are_found(name: str) -> None:
    estimator, space, options, check = BROKEN[name]
    with pytest.raises(AssertionError) as caught:
        check_algorithm(OwnAlgorithm("mine", estimator, space, **options))
    assert "check of the algorithm 'mine': " + check in " ".join(caught.value.__notes__)


def test_every_check_has_a_name_of_its_own() -> None:
    names = [name for name, _ in AlgorithmChecks(ALGORITHMS["knn"]).all()]
    assert len(set(names)) == len(names) > 90
