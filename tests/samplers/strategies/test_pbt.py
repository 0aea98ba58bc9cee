"""Population-based training: the worst copy the best, and what wins has a schedule of its own."""

from dataclasses import replace

import numpy as np
import pytest
from surfaces import BOWL, RMSE, SPACES, Play, answer, failed, situation

from metatune.budget import Deadline
from metatune.samplers.patience import Patience
from metatune.samplers.strategies.pbt import (
    N_STEPS,
    PopulationSampler,
    explored,
    make_pbt,
    population_size,
)
from metatune.schedule import read_schedule
from metatune.search.halving import SuccessiveHalving
from metatune.space import Configuration

SIZE = 5  # of a population where trials are counted


def stages_of(configuration: Configuration) -> list[dict[str, float]]:
    """Return the hyperparameters that a member trained with in each step."""
    now = {name: float(configuration.params[name]) for name in ("x", "y")}  # type: ignore[arg-type]
    found = []
    for stage in read_schedule(str(configuration.params["schedule"])):
        now = {**now, **stage.changes}
        found.append(now)
    return found


def moving(configuration: Configuration) -> float:
    """Loss of a training whose best value of x falls from step to step."""
    found = stages_of(configuration)
    aims = np.linspace(0.9, 0.1, N_STEPS)
    done = sum(1.0 - (step["x"] - aim) ** 2 for step, aim in zip(found, aims, strict=False))
    return float(N_STEPS - done)


def population(n_trials: int, seed: int = 0) -> Play:
    return Play(make_pbt(situation(seed=seed)), surface=moving).run(n_trials)


def test_each_generation_has_as_many_members_and_one_step_more() -> None:
    play = population(SIZE * N_STEPS + 3)
    steps = [len(stages_of(trial.configuration)) for trial in play.trials]
    assert steps == [*np.repeat(range(1, N_STEPS + 1), SIZE), 1, 1, 1]
    assert {trial.configuration.algorithm for trial in play.trials} == {"bowl"}


def test_a_member_goes_on_unless_it_is_the_worst_which_becomes_a_changed_copy_of_the_best() -> None:
    play = population(SIZE * N_STEPS)
    for step in range(1, N_STEPS):
        before = [t.configuration for t in play.trials[SIZE * (step - 1) : SIZE * step]]
        after = [t.configuration for t in play.trials[SIZE * step : SIZE * (step + 1)]]
        ranked = sorted(before, key=moving)
        for old, new in zip(before, after, strict=True):
            parent = ranked[0] if old == ranked[-1] else old
            text = str(new.params["schedule"])
            assert text.startswith(f"{parent.params['schedule']} | 10")
            assert {**new.params, "schedule": ""} == {**parent.params, "schedule": ""}
            changes = read_schedule(text)[-1].changes
            assert bool(changes) == (old == ranked[-1])


def test_exploring_multiplies_by_a_fifth_more_or_less_or_draws_anew() -> None:
    parent = replace(BOWL.default(), params={**BOWL.default().params, "schedule": "10"})
    factors: list[float] = []
    for seed in range(200):
        changes = explored(BOWL, parent, np.random.default_rng(seed))
        for name, value in changes.items():
            assert BOWL.domains[name].contains(value)
            factors.append(round(value / float(parent.params[name]), 4))  # type: ignore[arg-type]
    usual = sum(factor in (0.8, 1.2) for factor in factors)
    assert 0.65 < usual / len(factors) < 0.85
    assert len(set(factors)) > 20


def test_the_winner_has_a_schedule_that_no_fixed_configuration_had() -> None:
    wins = 0
    for seed in range(10):
        play = population(SIZE * N_STEPS, seed)
        last = [trial.configuration for trial in play.trials[-SIZE:]]
        winner = min(last, key=moving)
        assert len({tuple(step.items()) for step in stages_of(winner)}) > 1
        founders = [trial.configuration for trial in play.trials[:SIZE]]
        schedule = " | ".join(["10"] * N_STEPS)
        fixed = [replace(c, params={**c.params, "schedule": schedule}) for c in founders]
        wins += moving(winner) < min(map(moving, fixed))
    assert wins == 10


def test_a_generation_waits_for_the_one_before_it() -> None:
    halving = SuccessiveHalving(situation().rungs, RMSE)
    sampler = PopulationSampler(situation())
    for _ in range(SIZE):
        proposal = sampler.propose(halving.history)
        assert proposal is not None
        trial = halving.start(proposal.configuration, rung=proposal.rung)
    assert sampler.propose(halving.history) is None
    assert not sampler.waits
    assert trial in halving.history.pending


def test_a_member_whose_training_failed_is_replaced() -> None:
    play = Play(make_pbt(situation()), surface=moving).run(SIZE - 1)
    proposal = play.sampler.propose(play.history)
    assert proposal is not None
    broken = play.halving.start(proposal.configuration, rung=proposal.rung)
    play.trials.append(broken)
    play.halving.tell(failed(broken))
    for _ in range(SIZE):
        proposal = play.sampler.propose(play.history)
        assert proposal is not None
        trial = play.halving.start(proposal.configuration, rung=proposal.rung)
    own = str(broken.configuration.params["x"])
    assert str(trial.configuration.params["x"]) != own
    assert len(stages_of(trial.configuration)) == 2


def test_a_generation_that_lost_a_trial_is_filled_up() -> None:
    """A run that is killed loses what is under way, whatever was started after it."""
    play = population(2 * SIZE)
    halving = SuccessiveHalving(situation().rungs, RMSE)
    for result in play.history.results:
        if result.trial.number != SIZE + 1:
            halving.tell(result)
    sampler = PopulationSampler(situation())
    for _ in range(2):
        proposal = sampler.propose(halving.history)
        assert proposal is not None
        assert not halving.history.knows(proposal.configuration)
        halving.tell(answer(halving.start(proposal.configuration, rung=-1), moving))
    assert [len(members) for members in sampler.generations(halving.history)][:3] == [SIZE, SIZE, 1]


@pytest.mark.parametrize(
    ("minutes", "size"), [(1.0, 5), (14.0, 5), (16.0, 10), (119.0, 10), (200.0, 20)]
)
def test_longer_budgets_have_larger_populations(minutes: float, size: int) -> None:
    deadline = Deadline.after(60.0 * minutes)
    assert population_size(Patience(deadline=deadline)) == size
    assert population_size(Patience(deadline=deadline, planned_seconds=60.0 * minutes)) == SIZE


def test_without_a_family_that_can_go_on_defaults_are_tried() -> None:
    still = {name: replace(space, growth=None) for name, space in SPACES.items()}
    play = Play(make_pbt(situation(spaces=still))).run(10)
    assert [t.configuration for t in play.trials] == [space.default() for space in still.values()]
