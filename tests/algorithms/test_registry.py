import math
import subprocess
import sys

import pytest

from metatune.algorithms import registry
from metatune.algorithms.base import Limits
from metatune.algorithms.registry import (
    ALGORITHMS,
    FAMILIES,
    eligible,
    get_algorithm,
    is_optional,
    refusals,
    select_algorithms,
)
from metatune.data.encoding.shape import Shape
from metatune.errors import OptionError
from metatune.kinds import TaskKind

ALWAYS = tuple(name for name in FAMILIES if not is_optional(name))


def test_names_and_order() -> None:
    assert tuple(ALGORITHMS)[: len(ALWAYS)] == ALWAYS
    assert set(ALGORITHMS) - set(ALWAYS) <= {"xgboost", "catboost"}
    assert all(name == algorithm.name for name, algorithm in ALGORITHMS.items())
    assert len({algorithm.title for algorithm in ALGORITHMS.values()}) == len(ALGORITHMS)


@pytest.mark.parametrize(
    ("limits", "n_columns", "n_classes", "most"),
    [
        ({}, 10, 2, math.inf),
        ({"max_rows": 700}, 10, 0, 700),
        ({"max_rows": 700, "max_cells": 6_009}, 10, 0, 600),
        ({"max_cells": 6_000, "max_work": 6_000}, 10, 3, 200),
        ({"max_columns": 9, "max_rows": 700}, 10, 0, 0),
        ({"max_classes": 2, "max_rows": 700}, 10, 3, 0),
        ({"max_cells": 5}, 10, 0, 0),
    ],
)
def test_so_many_rows_and_no_more_are_accepted(
    limits: dict[str, int], n_columns: int, n_classes: int, most: float
) -> None:
    found = Limits(**limits)
    assert found.most_rows(n_columns, n_classes) == most
    if most < math.inf:
        more = Shape(n_rows=int(most) + 1, n_columns=n_columns, n_classes=n_classes)
        assert found.refusal(more) is not None
    if most:
        fitting = Shape(n_rows=int(min(most, 10**6)), n_columns=n_columns, n_classes=n_classes)
        assert found.refusal(fitting) is None


def test_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ALGORITHMS["mine"] = ALGORITHMS["svm"]  # type: ignore[index]


def test_listing_imports_no_learning_library() -> None:
    code = (
        "import sys; from metatune.algorithms.registry import ALGORITHMS;"
        "[a.space(k) for a in ALGORITHMS.values() for k in a.kinds];"
        "print(*({'numpy', 'pandas', 'sklearn', 'lightgbm', 'xgboost', 'catboost'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(("wrong", "meant"), [("lightbgm", "lightgbm"), ("Linear", "linear")])
def test_suggests_the_nearest_name(wrong: str, meant: str) -> None:
    with pytest.raises(OptionError, match=f"did you mean '{meant}'"):
        get_algorithm(wrong)


def test_names_all_where_nothing_is_near() -> None:
    with pytest.raises(OptionError, match=r"choose from lightgbm, random_forest"):
        get_algorithm("12345")


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ALGORITHMS", {n: ALGORITHMS[n] for n in ALWAYS})
    with pytest.raises(OptionError, match=r"metatune\[boosting\]"):
        get_algorithm("xgboost")
    assert tuple(select_algorithms(exclude=["xgboost"])) == ALWAYS


def test_selection_keeps_the_registry_order() -> None:
    assert list(select_algorithms()) == list(ALGORITHMS)
    assert list(select_algorithms(["svm", "lightgbm"])) == ["lightgbm", "svm"]
    assert "knn" not in select_algorithms(exclude=["knn"])
    assert list(select_algorithms(["svm", "knn"], ["knn"])) == ["svm"]


def test_selection_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="leave no algorithm"):
        select_algorithms(["svm"], ["svm"])
    with pytest.raises(OptionError, match="no algorithm 'nothing'"):
        select_algorithms(exclude=["nothing"])


def test_eligible_and_refused_share_out_all_families() -> None:
    shape = Shape(n_rows=100_000, n_columns=10, n_classes=2)
    refused = refusals(TaskKind.BINARY, shape)
    assert {*eligible(TaskKind.BINARY, shape), *refused} == set(ALGORITHMS)
    assert refused["gaussian_process"] == "it does not learn binary tasks"
    assert refused["svm"] == "100,000 rows exceed its limit of 12,000"
    assert "lightgbm" in eligible(TaskKind.BINARY, shape)
