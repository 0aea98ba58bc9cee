"""Narrowing: the space shrinks around the best."""

import pytest
from surfaces import BOWL, SPACES, Play, situation

from metatune.samplers.strategies.cube import point_of
from metatune.samplers.strategies.narrow import N_ROUND, NarrowSampler, interval


def test_the_first_round_has_the_whole_spaces() -> None:
    sampler = NarrowSampler(situation())
    play = Play(sampler).run(N_ROUND - 1)
    assert sampler.region(play.history).edge == 1.0
    assert {t.configuration.origin for t in play.trials} == {"random"}


def test_each_round_shrinks_the_boxes_and_halves_the_families() -> None:
    sampler = NarrowSampler(situation())
    play = Play(sampler)
    edges, families = [], []
    for n_rounds in range(1, 6):
        region = sampler.region(play.run(n_rounds * N_ROUND).history)
        edges.append(region.edge)
        families.append([centre.algorithm for centre in region.centres])
    assert edges == pytest.approx([0.6**n for n in range(1, 6)])
    assert all(len(names) == 1 for names in families)


def test_the_box_lies_around_the_best_and_holds_what_is_drawn() -> None:
    sampler = NarrowSampler(situation())
    play = Play(sampler).run(5 * N_ROUND)
    region = sampler.region(play.history)
    best = min(play.history.results, key=play.history.loss).trial.configuration
    assert region.centres[0] == best
    proposal = sampler.propose(play.history)
    assert proposal is not None
    space = SPACES[best.algorithm]
    centre, drawn = point_of(space, best), point_of(space, proposal.configuration)
    for name in ("x", "y"):
        low, high = interval(centre[name], region.edge)
        assert low - 1e-6 <= drawn[name] <= high + 1e-6
    assert best.algorithm == BOWL.algorithm


def test_an_interval_at_the_border_keeps_its_length() -> None:
    assert interval(0.0, 0.4) == pytest.approx((0.0, 0.4))
    assert interval(0.95, 0.4) == pytest.approx((0.6, 1.0))
    assert interval(0.5, 0.4) == pytest.approx((0.3, 0.7))
