"""Brackets of Hyperband, and of BOHB, have the published sizes."""

import pytest
from surfaces import RUNGS, TALL, Play, cold_sampler, situation

from metatune.samplers.catalogue import StrategyName
from metatune.samplers.strategies.bohb import DensitySampler
from metatune.samplers.strategies.hyperband import Bracket, plan_brackets


def test_five_rungs_have_the_brackets_of_the_paper() -> None:
    """Table 1 of Li et al. 2018, for R = 81 and eta = 3."""
    assert [(b.rung, b.size) for b in plan_brackets(5, eta=3)] == [
        (0, 81),
        (1, 34),
        (2, 15),
        (3, 8),
        (4, 5),
    ]


def test_one_rung_has_a_single_bracket() -> None:
    assert plan_brackets(1) == (Bracket(rung=0, size=1),)
    assert [(b.rung, b.size) for b in plan_brackets(2)] == [(0, 3), (1, 2)]


@pytest.mark.parametrize("name", [StrategyName.HYPERBAND, StrategyName.BOHB])
def test_configurations_start_where_their_bracket_does_and_brackets_follow_each_other(
    name: StrategyName,
) -> None:
    pytest.importorskip("optuna")
    play = Play(cold_sampler(name, situation(rungs=RUNGS)), RUNGS).run(60)
    assert [trial.rung.index for trial in play.begun][:15] == [0, 0, 0, 1, 1] * 3


def test_configurations_of_a_bracket_rise_as_in_halving() -> None:
    play = Play(cold_sampler(StrategyName.HYPERBAND, situation(rungs=TALL)), TALL).run(81)
    by_rung = [sum(t.rung.index == index for t in play.trials) for index in range(5)]
    assert by_rung[0] > by_rung[1] > by_rung[2] > by_rung[4] >= 1


def test_the_model_of_bohb_is_learned_from_the_highest_rung_that_has_enough() -> None:
    pytest.importorskip("optuna")
    given = situation(rungs=RUNGS)
    play = Play(cold_sampler(StrategyName.BOHB, given), RUNGS).run(6)
    sampler = DensitySampler(given)
    assert sampler.modelled_rung(play.history) is None
    play.run(60)
    assert sampler.modelled_rung(play.history) == RUNGS[-1]
    assert {"bohb", "random"} == {t.configuration.origin for t in play.trials}
