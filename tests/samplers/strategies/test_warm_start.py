"""Warm starts: recommended configurations come first, at the rung of the strategy."""

from dataclasses import replace

import pytest
from made_up_past import QUICK, make_advice
from surfaces import RUNGS, Play, situation

from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.recommender.advice import Advice
from metatune.samplers.catalogue import CATALOGUE, StrategyName
from metatune.samplers.strategies.registry import make_strategy
from metatune.samplers.strategies.warm_start import N_RECOMMENDED
from metatune.space import Configuration

SPACES = {name: ALGORITHMS[name].space(TaskKind.BINARY) for name in QUICK}


@pytest.fixture(scope="module")
def advice() -> Advice:
    return make_advice()


def loss(configuration: Configuration) -> float:
    return float(int(configuration.key, 16) % 1_000)


WARM = [n for n, facts in CATALOGUE.items() if not facts.needs_advice and not facts.missing]


@pytest.mark.parametrize("name", WARM)
def test_recommended_configurations_come_first_and_then_the_strategy_takes_over(
    name: StrategyName, advice: Advice
) -> None:
    given = replace(situation(rungs=RUNGS, spaces=SPACES), advice=advice)
    play = Play(make_strategy(name).sampler(given), RUNGS, loss).run(30)
    first = play.begun
    ranked = [r.configuration for r in advice.recommendations.ranked][:N_RECOMMENDED]
    assert [t.configuration for t in first[: len(ranked)]] == ranked
    assert {t.configuration.origin for t in first[: len(ranked)]} == {"portfolio"}
    assert "portfolio" not in {t.configuration.origin for t in first[len(ranked) :]}
    at_the_top = CATALOGUE[name].tried_on == "all folds"
    assert first[0].rung == (RUNGS[-1] if at_the_top else RUNGS[0])
