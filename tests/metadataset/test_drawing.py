"""Candidates for the pool: sizes, contents, and that they follow the priors."""

from collections import Counter

import pytest

from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.metadataset.drawing import EVEN_SIZES, SIZES, draw_candidates
from metatune.metadataset.priors import Density, HyperparameterPriors
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import load_metadata
from metatune.space import Configuration

NONE = HyperparameterPriors()


def shipped_candidates(kind: TaskKind) -> list[Configuration]:
    return draw_candidates(kind, load_metadata().priors)


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_family_has_its_size_and_its_default_first(kind: TaskKind) -> None:
    pool = shipped_candidates(kind)
    assert len({c.key for c in pool}) == len(pool) >= 150
    assert Counter(c.algorithm for c in pool) == SIZES[pool_of(kind)]
    for name in SIZES[pool_of(kind)]:
        members = [c for c in pool if c.algorithm == name]
        assert members[0] == ALGORITHMS[name].space(kind).default()
        assert [c.origin for c in members[1:]] == ["pool"] * (len(members) - 1)


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_configuration_lies_in_its_space(kind: TaskKind) -> None:
    for configuration in shipped_candidates(kind):
        ALGORITHMS[configuration.algorithm].space(kind).check(configuration)


@pytest.mark.parametrize("kind", list(TaskKind))
def test_the_even_part_does_not_depend_on_the_priors(kind: TaskKind) -> None:
    with_priors, without = shipped_candidates(kind), draw_candidates(kind, NONE)
    for name, size in EVEN_SIZES.items():
        here = [c for c in with_priors if c.algorithm == name]
        there = [c for c in without if c.algorithm == name]
        assert here[:size] == there[:size]


def test_binary_and_multiclass_share_a_pool() -> None:
    assert shipped_candidates(TaskKind.BINARY) == shipped_candidates(TaskKind.MULTICLASS)


def test_added_configurations_follow_the_prior() -> None:
    space = ALGORITHMS["svm"].space(TaskKind.BINARY)
    high = Density(domain=space.domains["C"], weights=(0.0,) * 8 + (0.5, 0.5))
    priors = HyperparameterPriors(densities={("classification", "svm", "C"): high})
    added = [c for c in draw_candidates(TaskKind.BINARY, priors) if c.algorithm == "svm"]
    added = added[EVEN_SIZES["svm"] :]
    units = [space.domains["C"].to_unit(c.params["C"]) for c in added]
    assert len(units) == 15
    assert min(units) >= 0.799
    gammas = [space.domains["gamma"].to_unit(c.params["gamma"]) for c in added]
    assert min(gammas) < 0.2  # silent hyperparameters stay even
    assert max(gammas) > 0.8


def test_no_two_configurations_are_nearly_the_same() -> None:
    """A prior with all its mass in one region still gives distinct configurations."""
    space = ALGORITHMS["naive_bayes"].space(TaskKind.BINARY)
    narrow = {
        ("classification", "naive_bayes", "var_smoothing"): (0.0,) * 9 + (1.0,),
        ("classification", "naive_bayes", "calibrate"): (1.0, 0.0),
        ("classification", "naive_bayes", "scaling"): (1.0, 0.0, 0.0),
        ("classification", "naive_bayes", "encoding"): (1.0, 0.0),
    }
    priors = HyperparameterPriors(
        densities={
            key: Density(domain=space.domains[key[2]], weights=weights)
            for key, weights in narrow.items()
        }
    )
    pool = [c for c in draw_candidates(TaskKind.BINARY, priors) if c.algorithm == "naive_bayes"]
    units = [
        space.domains["var_smoothing"].to_unit(c.params["var_smoothing"])
        for c in pool[EVEN_SIZES["naive_bayes"] :]
    ]
    assert len(units) == 2
    assert abs(units[0] - units[1]) > 0.05
