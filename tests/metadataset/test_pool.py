"""The pool of configurations: sizes, contents, and that it is the same everywhere."""

import hashlib
from collections import Counter

import pytest

from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.metadataset.pool import EVEN_SIZES, POOL_SIZES, draw_pool
from metatune.metadataset.priors import Density, HyperparameterPriors
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import load_metadata
from metatune.space import Configuration

NONE = HyperparameterPriors()

DIGESTS = {
    "classification": "32c410f25624f596",
    "regression": "60f2a30e2bff0456",
}


def shipped_pool(kind: TaskKind) -> list[Configuration]:
    return draw_pool(kind, load_metadata().priors)


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_family_has_its_size_and_its_default_first(kind: TaskKind) -> None:
    pool = shipped_pool(kind)
    assert len({c.key for c in pool}) == len(pool) >= 150
    assert Counter(c.algorithm for c in pool) == POOL_SIZES[pool_of(kind)]
    for name in POOL_SIZES[pool_of(kind)]:
        members = [c for c in pool if c.algorithm == name]
        assert members[0] == ALGORITHMS[name].space(kind).default()
        assert [c.origin for c in members[1:]] == ["pool"] * (len(members) - 1)


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_configuration_lies_in_its_space(kind: TaskKind) -> None:
    for configuration in shipped_pool(kind):
        ALGORITHMS[configuration.algorithm].space(kind).check(configuration)


@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.REGRESSION])
def test_the_pool_never_changes_by_itself(kind: TaskKind) -> None:
    """What was evaluated for the shipped meta-dataset is recognised by these very keys."""
    keys = " ".join(c.key for c in shipped_pool(kind))
    assert hashlib.sha256(keys.encode()).hexdigest().startswith(DIGESTS[pool_of(kind)])


@pytest.mark.parametrize("kind", list(TaskKind))
def test_the_even_part_does_not_depend_on_the_priors(kind: TaskKind) -> None:
    with_priors, without = shipped_pool(kind), draw_pool(kind, NONE)
    for name, size in EVEN_SIZES.items():
        here = [c for c in with_priors if c.algorithm == name]
        there = [c for c in without if c.algorithm == name]
        assert here[:size] == there[:size]


def test_shipped_evaluations_are_of_configurations_in_the_pool() -> None:
    metadata = load_metadata()
    keys = {c.key for kind in TaskKind for c in shipped_pool(kind)}
    assert set(metadata.configurations["key"]) <= keys


def test_binary_and_multiclass_share_a_pool() -> None:
    assert shipped_pool(TaskKind.BINARY) == shipped_pool(TaskKind.MULTICLASS)


def test_added_configurations_follow_the_prior() -> None:
    space = ALGORITHMS["svm"].space(TaskKind.BINARY)
    high = Density(domain=space.domains["C"], weights=(0.0,) * 8 + (0.5, 0.5))
    priors = HyperparameterPriors(densities={("classification", "svm", "C"): high})
    added = [c for c in draw_pool(TaskKind.BINARY, priors) if c.algorithm == "svm"]
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
    pool = [c for c in draw_pool(TaskKind.BINARY, priors) if c.algorithm == "naive_bayes"]
    units = [
        space.domains["var_smoothing"].to_unit(c.params["var_smoothing"])
        for c in pool[EVEN_SIZES["naive_bayes"] :]
    ]
    assert len(units) == 2
    assert abs(units[0] - units[1]) > 0.05
