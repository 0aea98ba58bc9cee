"""Spaces that a user narrows: what is allowed, what becomes of defaults, what is refused."""

from typing import Any

import numpy as np
import pytest

from metatune.algorithms.narrowed_space import check_space, described, narrow, narrowed_spaces
from metatune.algorithms.registry import ALGORITHMS, FAMILIES
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metadataset.pool import draw_pool
from metatune.space import Choice, Condition, Float, Int, SearchSpace

SPACE = SearchSpace(
    algorithm="toy",
    domains={
        "method": Choice(("plain", "ridge")),
        "size": Int(4, 256, log=True),
        "rate": Float(0.01, 0.3, log=True),
        "strength": Float(0.0, 1.0),
        "bins": Choice((63, 255, 1023)),
        "extra": Choice(("none", "some")),
    },
    defaults={
        "method": "plain",
        "size": 31,
        "rate": 0.1,
        "strength": 0.5,
        "bins": 255,
        "extra": "none",
    },
    conditions={"strength": Condition("method", ("ridge",))},
    neutral={"extra": "none"},
)


def narrowed(**changes: Any) -> SearchSpace:
    return narrow(SPACE, changes, "space")


def test_a_value_fixes_a_hyperparameter_whatever_draws_it() -> None:
    space, rng = narrowed(size=8, rate=0.2, method="ridge"), np.random.default_rng(0)
    drawn = [space.default(), *(space.sample(rng) for _ in range(20))]
    drawn += [space.mutate(c, rng) for c in drawn]
    assert {(c.params["size"], c.params["rate"], c.params["method"]) for c in drawn} == {
        (8, 0.2, "ridge")
    }
    assert len({c.params["strength"] for c in drawn}) > 10


def test_numbers_are_narrowed_and_defaults_follow() -> None:
    space = narrowed(size={"high": 16}, rate={"low": 0.2})
    assert space.domains["size"] == Int(4, 16, log=True)
    assert space.domains["rate"] == Float(0.2, 0.3, log=True)
    assert (space.defaults["size"], space.defaults["rate"]) == (16, 0.2)
    assert narrowed(rate={"default": 0.05}).defaults["rate"] == 0.05
    assert narrowed(rate={"log": False}).domains["rate"] == Float(0.01, 0.3)


def test_choices_are_listed_excluded_and_added() -> None:
    assert narrowed(size=[8, 16]).domains["size"] == Choice((8, 16))
    assert narrowed(bins={"exclude": [255]}).domains["bins"] == Choice((63, 1023))
    assert narrowed(bins={"exclude": [255]}).defaults["bins"] == 63
    between = narrowed(bins=[63, 127, 511])
    assert between.domains["bins"] == Choice((63, 127, 511))
    assert between.defaults["bins"] == 127  # the nearest to 255


def test_a_whole_number_may_stand_for_a_number() -> None:
    assert narrowed(strength=1).domains["strength"] == Choice((1.0,))


def test_configurations_are_brought_to_the_nearest_inside() -> None:
    space = narrowed(size={"high": 16}, method="ridge", extra="some")
    outside = SPACE.from_values({**SPACE.defaults, "size": 100, "rate": 0.05}, "pool")
    inside = space.nearest(outside)
    space.check(inside)
    assert inside.params == {
        "method": "ridge",
        "size": 16,
        "rate": 0.05,
        "strength": 0.5,
        "bins": 255,
        "extra": "some",
    }
    assert inside.origin == "pool"
    assert space.nearest(inside) is inside


@pytest.mark.parametrize("kind", list(TaskKind), ids=str)
def test_the_pool_lies_in_the_spaces_as_they_are(kind: TaskKind) -> None:
    """So a run without a space of its own is what it was."""
    pool = draw_pool(kind)
    spaces = {name: a.space(kind) for name, a in FAMILIES.items() if kind in a.kinds}
    assert [c for c in pool if spaces[c.algorithm].nearest(c) is not c] == []


def test_a_neutral_hyperparameter_that_is_not_named_counts() -> None:
    space = narrowed(extra="some")
    silent = SPACE.default()
    assert "extra" not in silent.params
    with pytest.raises(ValueError, match="extra='none' is outside"):
        space.check(silent)


def test_families_that_are_not_named_stay_unless_it_says_only() -> None:
    usable = {name: ALGORITHMS[name] for name in ("knn", "svm", "linear")}
    changes = {"knn": {"n_neighbors": 3}}
    spaces = narrowed_spaces(usable, TaskKind.BINARY, changes)
    assert list(spaces) == ["knn", "svm", "linear"]
    assert spaces["svm"] == ALGORITHMS["svm"].space(TaskKind.BINARY)
    assert spaces["knn"].domains["n_neighbors"] == Choice((3,))
    assert list(narrowed_spaces(usable, TaskKind.BINARY, {"only": True, **changes})) == ["knn"]


def test_hyperparameters_of_other_kinds_of_tasks_do_not_count() -> None:
    given = check_space({"linear": {"C": 2.0, "alpha": 0.5}}, "space")
    usable = {"linear": ALGORITHMS["linear"]}
    classes = narrowed_spaces(usable, TaskKind.BINARY, given)["linear"]
    numbers = narrowed_spaces(usable, TaskKind.REGRESSION, given)["linear"]
    assert classes.domains["C"] == Choice((2.0,))
    assert numbers.domains["alpha"] == Choice((0.5,))


def test_only_families_that_cannot_be_used_are_refused() -> None:
    given = check_space({"only": True, "naive_bayes": {}}, "space")
    usable = {"knn": ALGORITHMS["knn"]}
    with pytest.raises(OptionError, match="naive_bayes only, and none of them can be used"):
        narrowed_spaces(usable, TaskKind.REGRESSION, given)


def test_domains_stand_for_tables() -> None:
    given = {
        "svm": {"C": Float(0.1, 10.0, log=True), "scaling": Choice(("robust",))},
        "lightgbm": {"num_leaves": (Int(4, 16), 8), "subsample": np.float64(0.75)},
    }
    assert check_space(given, "space") == {
        "svm": {
            "C": {"low": 0.1, "high": 10.0, "log": True},
            "scaling": {"choices": ["robust"]},
        },
        "lightgbm": {
            "num_leaves": {"low": 4, "high": 16, "log": False, "default": 8},
            "subsample": 0.75,
        },
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sise": 3}, "toy.sise is no hyperparameter: did you mean 'size'"),
        ({"size": 3}, "toy.size = 3 is not allowed: give a whole number from 4 to 256"),
        ({"size": {"low": 32, "high": 16}}, "low = 32 is above high = 16"),
        ({"rate": {"default": 0.5}}, "default = 0.5 is outside what is allowed"),
        ({"method": {"low": 1}}, "low = 1 is for numbers, and this is one of 'plain', 'ridge'"),
        ({"rate": {"exclude": [0.1]}}, "exclude takes out choices"),
        ({"bins": {"exclude": [63, 255, 1023]}}, "exclude leaves nothing"),
        ({"strength": {"log": True}}, "log = true needs low above 0"),
        ({"bins": True}, "bins = true is not allowed: give a whole number from 63 to 1023"),
        ({"rate": float("nan")}, "rate = nan is not allowed"),
    ],
)
def test_what_is_not_allowed_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError) as caught:
        narrow(SPACE, changes, "space")
    assert words in str(caught.value)


def test_domains_are_told_in_words() -> None:
    assert described(Int(1, 5)) == "a whole number from 1 to 5"
    assert described(Float(1e-8, 10.0)) == "a number from 1e-08 to 10"
    assert described(Choice((False, "a", 2))) == "one of false, 'a', 2"
