"""Regularised evolution keeps its population: the latest live, the oldest die."""

from surfaces import Play, situation

from metatune.samplers.strategies.evolution import N_POPULATION, EvolutionSampler


def test_the_population_is_the_latest_results_however_good_the_older_ones_were() -> None:
    sampler = EvolutionSampler(situation())
    play = Play(sampler).run(60)
    alive = [one.number for one in sampler.population(play.history)]
    assert alive == list(range(60 - N_POPULATION, 60))


def test_founders_are_drawn_and_all_others_have_a_living_parent() -> None:
    sampler = EvolutionSampler(situation())
    play = Play(sampler)
    for n_trials in range(1, 60):
        alive = [one.configuration for one in sampler.population(play.history)]
        newest = play.run(n_trials).trials[-1].configuration
        if len(alive) < N_POPULATION:
            assert newest.origin == "random"
        elif newest.origin == "evolution":
            assert any(_n_differences(newest.params, parent.params) <= 2 for parent in alive)
    origins = [trial.configuration.origin for trial in play.trials]
    assert origins[N_POPULATION:].count("evolution") > 35


def _n_differences(one: object, other: object) -> int:
    """Hyperparameters by which two differ: one that moved, and one that depends on it."""
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    return sum(one.get(name) != other.get(name) for name in {*one, *other})


def test_families_live_on_through_their_members() -> None:
    sampler = EvolutionSampler(situation())
    play = Play(sampler).run(80)
    first = play.trials[:N_POPULATION]
    last = sampler.population(play.history)
    assert {trial.configuration.algorithm for trial in first} == {"bowl", "plate"}
    assert sum(one.configuration.algorithm == "bowl" for one in last) > 0.7 * N_POPULATION
