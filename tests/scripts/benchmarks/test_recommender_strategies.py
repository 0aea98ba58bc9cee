"""Every baseline keeps to the rules, and does what it is known for."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.recommenders.boosted import BoostedRanker, BoostedRegressor
from benchmarks.recommenders.greedy import portfolio_order, relative_costs
from benchmarks.recommenders.harness import run_session, run_strategy
from benchmarks.recommenders.matrix import Matrix, regrets
from benchmarks.recommenders.oboe_method import Oboe
from benchmarks.recommenders.registry import COST, GROUPS, OURS, STRATEGIES, TITLES
from benchmarks.recommenders.results import Results
from benchmarks.recommenders.simple import AverageRank, GreedyPortfolio
from benchmarks.recommenders.strategy import Strategy
from benchmarks.recommenders.weighted import ForestGreedy, NearestGreedy

BASELINES = GROUPS["baselines"]


@pytest.mark.parametrize("name", BASELINES)
def test_every_configuration_is_proposed_once(name: str, matrix: Matrix) -> None:
    train, unseen = matrix.select(matrix.folds != 0), matrix.select(matrix.folds == 0)
    loss, seconds = unseen.loss[1].copy(), unseen.seconds[1]
    loss[[0, 5, 6]] = np.nan  # whatever comes first may fail
    session = STRATEGIES[name]().fit(train).start(unseen.features[1], 1e9)
    tried = run_session(session, loss, seconds, 1e9)
    assert sorted(tried) == list(range(80))


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "random"])
def test_baselines_are_deterministic(name: str, matrix: Matrix) -> None:
    train = matrix.select(matrix.folds != 0)
    first, second = (
        run_session(
            STRATEGIES[name]().fit(train).start(matrix.features[0], None),
            matrix.loss[0],
            matrix.seconds[0],
        )
        for _ in range(2)
    )
    assert first.tolist() == second.tolist()


def test_every_baseline_has_a_title() -> None:
    assert set(STRATEGIES) == set(TITLES)
    assert not [name for name in BASELINES if name.startswith(OURS)]
    assert {name.removesuffix(COST) for name in BASELINES if name.endswith(COST)} == {
        *("average-rank", "greedy", "nearest", "forest", "oboe", "regressor", "ranker")
    }


@pytest.mark.parametrize(
    "strategy", [NearestGreedy(n_nearest=8), ForestGreedy(), BoostedRegressor(), BoostedRanker()]
)
def test_meta_features_choose_the_right_half(strategy: Strategy, matrix: Matrix) -> None:
    fitted = strategy.fit(matrix.select(matrix.folds != 0))
    rows = np.flatnonzero(matrix.folds == 0)
    firsts = [
        run_session(fitted.start(matrix.features[row], None), matrix.loss[row], matrix.seconds[row])
        for row in rows
    ]
    right = [first[0] % 2 == (row % 3 == 2) for first, row in zip(firsts, rows, strict=True)]
    assert np.mean(right) > 0.8  # two thirds without meta-features


@pytest.mark.parametrize(
    "make", [AverageRank, GreedyPortfolio, NearestGreedy, ForestGreedy, Oboe, BoostedRanker]
)
def test_cost_forms_try_cheap_configurations_first(
    make: Callable[..., Strategy], matrix: Matrix
) -> None:
    fitted = make(per_cost=True).fit(matrix.select(matrix.folds != 0))
    session = fitted.start(matrix.features[0], None)
    first = run_session(session, matrix.loss[0], matrix.seconds[0])[:5]
    assert (first < 40).all()


def test_portfolio_order_adds_what_the_first_lacks() -> None:
    regret = np.array([[0.0, 0.1, 2.0], [0.0, 0.1, 2.0], [3.0, 1.0, 0.0]])
    weights = np.full(3, 1 / 3)
    # the second is the best on average; then the third adds 1/3, the first 0.2/3
    assert list(portfolio_order(regret, weights)) == [1, 2, 0]
    assert list(portfolio_order(regret, np.array([0.5, 0.5, 0.0]))) == [0, 1, 2]
    assert next(portfolio_order(regret, weights, np.array([0.1, 1.0, 1.0]))) == 0


def test_relative_costs_are_geometric_means_within_datasets(matrix: Matrix) -> None:
    seconds = np.tile([1.0, 2.0, 8.0], (2, 1))
    seconds[1] *= 100
    seconds[1, 2] = 3200.0
    part = replace(matrix.select(np.arange(48) < 2), seconds=seconds)
    assert relative_costs(part) == pytest.approx([0.5, 1.0, 8.0])
    assert relative_costs(part, np.array([1.0, 0.0])) == pytest.approx([0.5, 1.0, 4.0])


@pytest.mark.parametrize("unit", [1.0, 1e4])
def test_oboe_finds_the_best_of_a_low_rank_matrix_right_after_its_probes(
    matrix: Matrix, unit: float
) -> None:
    rng = np.random.default_rng(1)
    loss = rng.uniform(0.5, 1.5, size=(48, 3)) @ rng.uniform(size=(3, 80))
    units = np.where(np.arange(48) % 2 == 0, 1.0, unit)
    low_rank = replace(matrix, loss=loss * units[:, None])
    results = Results.empty(low_rank)
    run_strategy(Oboe(ranks=(3,)), low_rank, results, np.arange(4), lambda found: None)
    assert results.evaluations[:, 3].max() < 1e-6
    assert results.evaluations[:, 0].mean() > 0.1


def test_oboe_chooses_a_rank_that_the_matrix_has(matrix: Matrix) -> None:
    rng = np.random.default_rng(1)
    loss = rng.normal(size=(48, 5)) @ rng.normal(size=(5, 80))
    train = replace(matrix, loss=loss)
    assert len(Oboe(ranks=(1, 5, 8)).fit(train).latent) == 5
    assert len(Oboe(ranks=(1,)).fit(train).latent) == 1


def test_oboe_survives_that_all_probes_fail(matrix: Matrix) -> None:
    fitted = Oboe(ranks=(3,)).fit(matrix)
    loss = matrix.loss[0].copy()
    loss[fitted.probes] = np.nan
    tried = run_session(fitted.start(matrix.features[0], None), loss, matrix.seconds[0])
    assert tried[:3].tolist() == fitted.probes.tolist()
    assert len(set(tried)) == 64


def test_configurations_without_results_come_last(matrix: Matrix) -> None:
    loss = matrix.loss.copy()
    loss[:, 4] = np.nan
    part = replace(matrix, loss=loss)
    order = run_session(
        AverageRank().fit(part).start(matrix.features[0], 1e9), loss[0], part.seconds[0], 1e9
    )
    assert order[-1] == 4
    assert regrets(loss)[:, 4].min() == 3.0
