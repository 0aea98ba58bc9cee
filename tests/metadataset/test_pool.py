"""The pool of configurations: contents, order, and that it is the same everywhere."""

import json
from collections import Counter
from importlib import resources

import pytest

from metatune.algorithms import registry
from metatune.algorithms.registry import ALGORITHMS, FAMILIES, is_optional
from metatune.errors import SpaceError
from metatune.kinds import TaskKind
from metatune.metadataset.pool import POOL_FILE, draw_pool, pool_text
from metatune.metadataset.recipes import RECIPES, STAGES, Recipe
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import load_metadata
from metatune.space import Configuration

KINDS = [TaskKind.BINARY, TaskKind.REGRESSION]


def required(pool: list[Configuration]) -> list[Configuration]:
    return [c for c in pool if not is_optional(c.algorithm)]


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_its_size_and_every_configuration_lies_in_its_space(kind: TaskKind) -> None:
    pool = draw_pool(kind)
    assert len({c.key for c in pool}) == len(pool)
    assert len(required(pool)) == STAGES[-1] == 120
    counts = Counter(c.algorithm for c in pool)
    assert counts["catboost"] == counts["xgboost"] == 6
    for configuration in pool:
        FAMILIES[configuration.algorithm].space(kind).check(configuration)


@pytest.mark.parametrize("kind", KINDS)
def test_the_defaults_of_all_families_come_first(kind: TaskKind) -> None:
    pool = draw_pool(kind)
    families = [a for a in FAMILIES.values() if kind in a.kinds and not is_optional(a.name)]
    first = [a.space(kind).default() for a in families]
    assert pool[: len(first)] == first
    defaults = {c.algorithm for c in pool if c.origin == "default"}
    assert defaults == {a.name for a in FAMILIES.values() if kind in a.kinds}


@pytest.mark.parametrize("kind", KINDS)
def test_stages_are_prefixes_without_optional_families_in_the_count(kind: TaskKind) -> None:
    pool = draw_pool(kind)
    for stage in STAGES:
        part = draw_pool(kind, stage)
        assert len(required(part)) == stage
        assert part == pool[: len(part)]
    first = Counter(c.algorithm for c in draw_pool(kind, STAGES[0]))
    assert first["catboost"] >= 2
    assert max(first.values()) <= STAGES[0] / 4


@pytest.mark.parametrize("kind", KINDS)
def test_every_recipe_has_its_place(kind: TaskKind) -> None:
    for recipe in RECIPES:
        configuration = recipe.configuration(kind)
        if configuration is not None:
            assert configuration in draw_pool(kind, recipe.stage)


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_says_all_hyperparameters(kind: TaskKind) -> None:
    """One that is new since would get its default and, unseen, give every configuration a new key:
    ``scripts/order_pool.py`` writes the file again."""
    text = resources.files("metatune.metadataset").joinpath(POOL_FILE).read_text(encoding="utf-8")
    entries = json.loads(text)[pool_of(kind)]
    stated = [Configuration(algorithm=name, params=params).key for name, params in entries]
    assert stated == [c.key for c in draw_pool(kind)]


def test_it_does_not_depend_on_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = draw_pool(TaskKind.BINARY)
    without = {name: a for name, a in ALGORITHMS.items() if not is_optional(name)}
    monkeypatch.setattr(registry, "ALGORITHMS", without)
    assert draw_pool(TaskKind.BINARY) == expected


def test_most_of_what_has_been_evaluated_stays_of_use() -> None:
    keys = {c.key for kind in KINDS for c in draw_pool(kind)}
    evaluated = load_metadata().configurations["key"]
    assert evaluated.isin(list(keys)).mean() > 0.6


def test_binary_and_multiclass_share_a_pool() -> None:
    assert draw_pool(TaskKind.BINARY) == draw_pool(TaskKind.MULTICLASS)


def test_what_is_written_is_read() -> None:
    pool = draw_pool(TaskKind.REGRESSION)
    written = json.loads(pool_text({"regression": pool[:3], "classification": []}))
    assert written["classification"] == []
    assert [Configuration(algorithm=n, params=p) for n, p in written["regression"]] == pool[:3]


def test_a_recipe_outside_its_space_is_refused() -> None:
    with pytest.raises(SpaceError, match="num_leaves"):
        Recipe(algorithm="lightgbm", changes={"num_leaves": 0}).configuration(TaskKind.BINARY)


def test_a_recipe_belongs_to_the_pools_it_names() -> None:
    recipe = Recipe(algorithm="lightgbm", changes={"num_leaves": 8}, pools=("regression",))
    assert recipe.configuration(TaskKind.BINARY) is None
    found = recipe.configuration(TaskKind.REGRESSION)
    assert found is not None
    assert found.params["num_leaves"] == 8
    assert Recipe(algorithm="gaussian_process").configuration(TaskKind.BINARY) is None
