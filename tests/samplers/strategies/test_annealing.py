"""Annealing accepts what is worse less and less often."""

from surfaces import SPACES, Play, situation

from metatune.samplers.strategies.annealing import AnnealingSampler, acceptance, temperature
from metatune.space import Configuration


def test_temperature_and_acceptance_fall() -> None:
    warmth = [temperature(n) for n in range(60)]
    assert warmth == sorted(warmth, reverse=True)
    chances = [acceptance(1.0, n) for n in range(60)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.3
    assert chances[-1] < 1e-9
    assert acceptance(2.0, 3) < acceptance(1.0, 3) < acceptance(0.0, 3) == 1.0


def share_accepted(first: int, last: int) -> float:
    """Share of worse results, between two places of a walk, that walks went to."""
    goes_on = []
    for seed in range(20):
        sampler = AnnealingSampler(situation(seed=seed))
        history = Play(sampler).run(60).history
        for family in SPACES:
            stands = float("inf")
            for place, (seen, goes) in enumerate(sampler.walk(history, family)):
                if seen.loss > stands and first <= place < last:
                    goes_on.append(goes)
                stands = seen.loss if goes else stands
    return sum(goes_on) / len(goes_on)


def test_walks_go_to_worse_results_at_first_and_hardly_ever_later() -> None:
    assert share_accepted(1, 6) > 0.2
    assert share_accepted(20, 60) < 0.05


def test_each_family_has_a_walk_from_its_default_through_neighbours() -> None:
    sampler = AnnealingSampler(situation())
    play = Play(sampler)
    stands: dict[str, Configuration] = {}
    for n_trials in range(1, 60):
        newest = play.run(n_trials).trials[-1].configuration
        if newest.origin == "annealing":
            start = stands[newest.algorithm].params
            moved = [n for n in {*start, *newest.params} if start.get(n) != newest.params.get(n)]
            assert len(moved) == 1 or set(moved) == {"shape", "tilt"}
        else:
            assert newest == SPACES[newest.algorithm].default()
        for family in SPACES:
            places = [seen for seen, goes in sampler.walk(play.history, family) if goes]
            stands |= {family: places[-1].configuration} if places else {}
    assert set(stands) == set(SPACES)
