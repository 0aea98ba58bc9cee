"""Samplers that learn from results beat random search on a smooth surface, by a sign test."""

from functools import cache

import pytest
from scipy.stats import binomtest
from surfaces import Play, cold_sampler, situation

from metatune.samplers.catalogue import CATALOGUE, StrategyName

N_SEEDS = 20


@cache
def best_of(name: StrategyName, seed: int, n_trials: int) -> float:
    return min(Play(cold_sampler(name, situation(seed=seed))).run(n_trials).losses)


@pytest.mark.parametrize(
    ("name", "n_trials"),
    [
        (StrategyName.TPE, 30),
        pytest.param(StrategyName.GP, 30, marks=pytest.mark.slow),
        (StrategyName.EVOLUTION, 60),
        (StrategyName.ANNEALING, 60),
        (StrategyName.NARROW, 60),
    ],
)
def test_it_finds_more_than_random_search_in_as_many_trials(
    name: StrategyName, n_trials: int
) -> None:
    for package in CATALOGUE[name].packages:
        pytest.importorskip(package)
    wins = sum(
        best_of(name, seed, n_trials) < best_of(StrategyName.RANDOM, seed, n_trials)
        for seed in range(N_SEEDS)
    )
    assert binomtest(wins, N_SEEDS, alternative="greater").pvalue < 0.05
