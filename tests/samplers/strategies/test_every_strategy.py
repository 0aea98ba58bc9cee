"""All strategies alike: they are repeatable, stay inside their spaces, and are found by name."""

from functools import cache

import pytest
from surfaces import RMSE, SPACES, TALL, Play, cold_sampler, failed, situation

from metatune.evaluation.trial import TrialStatus
from metatune.samplers.catalogue import CATALOGUE, StrategyName
from metatune.samplers.strategies.registry import make_strategy
from metatune.search.halving import SuccessiveHalving
from metatune.space import SearchSpace

OWN = [n for n, facts in CATALOGUE.items() if not facts.needs_advice and not facts.missing]
MOST = [name for name in OWN if name is not StrategyName.GRID]  # of any number of trials


@cache
def played(name: StrategyName) -> Play:
    """Return a search of 40 trials, for reading."""
    return Play(cold_sampler(name, situation(rungs=TALL)), TALL).run(40)


def test_every_strategy_of_the_catalogue_can_be_made() -> None:
    assert [make_strategy(name).name for name in CATALOGUE] == [str(name) for name in StrategyName]


@pytest.mark.parametrize("name", OWN)
def test_proposals_lie_in_the_spaces_and_are_new(name: StrategyName) -> None:
    play = played(name)
    for trial in play.trials:
        SPACES[trial.configuration.algorithm].check(trial.configuration)
    started = [(t.configuration.key, t.rung.index) for t in play.trials]
    assert len(set(started)) == len(started)


@pytest.mark.parametrize("lag", [0, 3])
@pytest.mark.parametrize("name", OWN)
def test_a_sampler_that_begins_anew_proposes_what_the_other_one_does(
    name: StrategyName, lag: int
) -> None:
    """So runs that go on after they were killed end as if nothing had happened."""
    play = Play(cold_sampler(name, situation(rungs=TALL)), TALL, lag=lag)
    for n_trials in range(1, 31):
        fresh = cold_sampler(name, situation(rungs=TALL)).propose(play.history)
        assert play.sampler.propose(play.history) == fresh
        play.run(n_trials)


@pytest.mark.parametrize("name", MOST)
def test_another_seed_gives_other_proposals(name: StrategyName) -> None:
    one, other = (Play(cold_sampler(name, situation(seed=seed))).run(12) for seed in (1, 2))
    assert [t.configuration for t in one.trials] != [t.configuration for t in other.trials]


@pytest.mark.parametrize("status", [TrialStatus.CRASHED, TrialStatus.TIMED_OUT, TrialStatus.PRUNED])
@pytest.mark.parametrize("name", MOST)
def test_trials_that_fail_do_not_end_a_search(name: StrategyName, status: TrialStatus) -> None:
    play = Play(cold_sampler(name, situation())).run(1)
    while len(play.trials) < 20:
        proposal = play.sampler.propose(play.history)
        assert proposal is not None
        trial = play.halving.start(proposal.configuration, rung=proposal.rung)
        play.trials.append(trial)
        play.halving.tell(failed(trial, status))
    assert play.sampler.propose(play.history) is not None


@pytest.mark.parametrize("name", OWN)
def test_where_configurations_start_is_as_the_catalogue_says(name: StrategyName) -> None:
    halving = SuccessiveHalving(TALL, RMSE)
    proposal = cold_sampler(name, situation(rungs=TALL)).propose(halving.history)
    assert proposal is not None
    starts = halving.start(proposal.configuration, rung=proposal.rung).rung
    assert starts == (TALL[-1] if CATALOGUE[name].tried_on == "all folds" else TALL[0])


@pytest.mark.parametrize("name", OWN)
def test_a_space_of_one_configuration_is_soon_used_up(name: StrategyName) -> None:
    bare = {"bare": SearchSpace(algorithm="bare", domains={}, defaults={})}
    play = Play(cold_sampler(name, situation(spaces=bare)), surface=lambda _: 1.0).run(5)
    assert [str(trial.configuration) for trial in play.trials] == ["bare()"]


@pytest.mark.parametrize("name", OWN)
def test_what_a_strategy_makes_itself_bears_its_name_and_a_reason(name: StrategyName) -> None:
    made = {t.configuration.origin for t in played(name).trials} - {"default", "mutation", "random"}
    assert made == ({str(name)} if CATALOGUE[name].why else set())
