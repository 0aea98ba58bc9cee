"""Samplers that learn from results beat random search on a smooth surface, by a sign test."""

from functools import cache

import pytest
from scipy.stats import binomtest
from surfaces import Play, cold_sampler, situation

from metatune.samplers.catalogue import CATALOGUE, StrategyName


@cache
def best_of(name: StrategyName, seed: int, n_trials: int) -> float:
    return min(Play(cold_sampler(name, situation(seed=seed))).run(n_trials).losses)


@pytest.mark.parametrize(
    ("name", "n_trials", "n_seeds"),
    [
        (StrategyName.TPE, 30, 20),
        (StrategyName.GP, 30, 8),  # the dearest proposals by far
        (StrategyName.EVOLUTION, 60, 20),
        (StrategyName.ANNEALING, 60, 20),
        (StrategyName.NARROW, 60, 20),
    ],
)
def test_it_finds_more_than_random_search_in_as_many_trials(
    name: StrategyName, n_trials: int, n_seeds: int
) -> None:
    for package in CATALOGUE[name].packages:
        pytest.importorskip(package)
    wins = sum(
        best_of(name, seed, n_trials) < best_of(StrategyName.RANDOM, seed, n_trials)
        for seed in range(n_seeds)
    )
    assert binomtest(wins, n_seeds, alternative="greater").pvalue < 0.05
