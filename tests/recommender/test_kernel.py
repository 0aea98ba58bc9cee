"""Posterior for configurations outside the pool."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from metatune.recommender.kernel import kriging_weights
from metatune.space import Choice, Condition, Configuration, Float, Int, SearchSpace

FOREST = SearchSpace(
    algorithm="forest",
    domains={
        "depth": Int(1, 20),
        "criterion": Choice(("gini", "entropy", "loss")),
        "sample": Choice((True, False)),
        "share": Float(0.01, 1.0, log=True),
    },
    defaults={"depth": 10, "criterion": "gini", "sample": True, "share": 0.5},
    conditions={"share": Condition("sample", (True,))},
)
BARE = SearchSpace(algorithm="bare", domains={}, defaults={})
SPACES = {"forest": FOREST, "bare": BARE}
RNG = np.random.default_rng(0)
FORESTS = [FOREST.sample(RNG) for _ in range(12)]
POOL = [*FORESTS, BARE.default(), Configuration(algorithm="lost", params={"x": 1})]


def forest(depth: int, criterion: str = "gini", share: float | None = None) -> Configuration:
    sample = {"sample": False} if share is None else {"sample": True, "share": share}
    return Configuration(
        algorithm="forest", params={"depth": depth, "criterion": criterion, **sample}
    )


def shares(asked: Configuration, pool: Sequence[Configuration]) -> np.ndarray:
    return np.asarray(kriging_weights([asked], pool, SPACES).shares[0])


def test_rows_add_up_to_one_within_the_family() -> None:
    asked = [FOREST.sample(RNG) for _ in range(20)]
    found = kriging_weights(asked, POOL, SPACES)
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0)
    np.testing.assert_array_equal(found.shares[:, 12:], 0.0)
    assert (found.rest > 0).all()
    assert (found.rest <= 1).all()


def test_a_member_of_the_pool_is_its_own_nearest_relative() -> None:
    pool = [forest(d, c, s) for d in (2, 18) for c in ("gini", "loss") for s in (None, 0.01, 1.0)]
    found = kriging_weights(pool, pool, SPACES)
    own = np.diag(found.shares)
    assert (own > 0.75).all()
    assert (found.shares - np.diag(own) < 0.2).all()
    stranger = kriging_weights([forest(10, "entropy", 0.1)], pool, SPACES)
    assert (found.rest < stranger.rest).all()


def test_one_relative_by_hand() -> None:
    found = kriging_weights([forest(10)], [forest(10)], SPACES)
    np.testing.assert_allclose(found.shares, [[1.0]])
    # a nugget of 0.1: 1 + 0.1 - 1 / 1.1
    np.testing.assert_allclose(found.rest, [1.1 - 1 / 1.1])


def test_nearer_relatives_count_more() -> None:
    pool = [forest(4), forest(16)]
    near, far = shares(forest(6), pool)
    assert near > 0.5 > far
    np.testing.assert_allclose(shares(forest(10), [forest(6), forest(14)]), [0.5, 0.5])


def test_far_from_all_it_is_the_mean_of_the_family_that_is_expected() -> None:
    pool = [forest(1), forest(2), forest(3)]
    found = kriging_weights([forest(20, "loss", 0.01)], pool, SPACES)
    np.testing.assert_allclose(found.shares[0], 1 / 3, atol=0.1)
    assert found.rest[0] > 0.5


def test_options_are_equally_far_from_each_other() -> None:
    pool = [forest(10, "gini"), forest(10, "entropy")]
    np.testing.assert_allclose(shares(forest(10, "loss"), pool), [0.5, 0.5])
    assert shares(forest(10, "gini"), pool)[0] > 0.6


def test_what_is_inactive_lies_in_the_middle() -> None:
    # without sampling, the share says nothing: the two extremes are equally far
    pool = [forest(10, "gini", 0.01), forest(10, "gini", 1.0)]
    np.testing.assert_allclose(shares(forest(10, "gini"), pool), [0.5, 0.5])
    middle = forest(10, "gini", 0.1)
    assert shares(forest(10, "gini"), [middle, pool[0]])[0] > 0.5


@pytest.mark.parametrize(
    "asked",
    [
        Configuration(algorithm="unheard of", params={}),
        Configuration(algorithm="lost", params={"x": 2}),  # in the pool, its space is not known
    ],
)
def test_an_unknown_family_is_expected_to_do_as_all_do(asked: Configuration) -> None:
    found = kriging_weights([asked], POOL, SPACES)
    np.testing.assert_allclose(found.shares, 1 / len(POOL))
    np.testing.assert_array_equal(found.rest, 1.0)


def test_a_family_without_hyperparameters_has_one_member() -> None:
    found = kriging_weights([BARE.default()], POOL, SPACES)
    assert found.shares[0].argmax() == 12
    assert found.shares[0, 12] == pytest.approx(1.0)


def test_nobody_asked_nothing_answered() -> None:
    found = kriging_weights([], POOL, SPACES)
    assert found.shares.shape == (0, 14)
    assert found.rest.shape == (0,)


def test_a_hyperparameter_that_joined_later_counts_where_it_is_not_neutral() -> None:
    later = replace(
        FOREST,
        domains={**FOREST.domains, "crossing": Choice(("none", "some"))},
        defaults={**FOREST.defaults, "crossing": "none"},
        neutral={"crossing": "none"},
    )
    silent = forest(10)
    named, some = (
        Configuration(algorithm="forest", params={**silent.params, "crossing": value})
        for value in ("none", "some")
    )
    found = kriging_weights([silent, named, some], [silent, forest(2)], {"forest": later})
    np.testing.assert_array_equal(found.shares[0], found.shares[1])
    assert found.rest[0] == found.rest[1] < found.rest[2]
