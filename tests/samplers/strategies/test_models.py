"""Samplers with a model of their own: Gaussian process, Gaussians for families, even spreads."""

import numpy as np
import pytest
from surfaces import BOWL, SPACES, Play, cold_sampler, situation, valley

from metatune.samplers.catalogue import StrategyName
from metatune.samplers.strategies.cube import point_of
from metatune.samplers.strategies.families import family_chances
from metatune.samplers.strategies.gp import Coordinates, expected_improvement
from metatune.samplers.strategies.seen import Seen
from metatune.space import Configuration


class TestGaussianProcess:
    def test_improvement_is_expected_where_the_mean_is_low_or_little_is_known(self) -> None:
        mean, deviation = np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.1, 0.1, 1.0, 1e-12])
        gains = expected_improvement(mean, deviation, best=1.0)
        assert gains[0] > gains[2] > gains[1] > gains[3] >= 0.0
        assert gains[2] == pytest.approx(1 / np.sqrt(2 * np.pi))

    def test_families_and_options_are_one_apart_and_idle_hyperparameters_in_the_middle(
        self,
    ) -> None:
        coordinates = Coordinates(SPACES)
        plain = BOWL.default()
        oval = BOWL.from_values({**BOWL.defaults, "shape": "oval", "tilt": 0.5}, "test")
        here, there, plate = coordinates.of([plain, oval, SPACES["plate"].default()])
        assert np.linalg.norm(here - there) == pytest.approx(1.0)
        assert np.linalg.norm(here - plate) > 1.0

    def test_later_proposals_gather_around_the_best(self) -> None:
        play = Play(cold_sampler(StrategyName.GP, situation())).run(40)
        assert {t.configuration.origin for t in play.trials[:8]} == {"random"}
        assert np.median(play.losses[25:]) < np.median(play.losses[:8])


class TestFamilies:
    def test_better_families_are_likelier_and_untried_ones_come_behind_the_last(self) -> None:
        told = [
            Seen(configuration=Configuration(algorithm=name, params={}), loss=loss, number=i)
            for i, (name, loss) in enumerate([("a", 3.0), ("b", 1.0), ("a", 2.0)])
        ]
        chances = family_chances(told, ["a", "b", "c", "d"])
        np.testing.assert_allclose(chances / chances.max(), [1 / 4, 1.0, 1 / 9, 1 / 9])
        assert chances.sum() == pytest.approx(1.0)
        np.testing.assert_allclose(family_chances([], ["a", "b"]), 0.5)

    def test_a_family_begins_with_its_default(self) -> None:
        pytest.importorskip("cmaes")
        play = Play(cold_sampler(StrategyName.CMAES, situation())).run(30)
        first = {t.configuration.algorithm: t.configuration for t in reversed(play.trials)}
        assert all(SPACES[family].default() == begun for family, begun in first.items())


class TestSobol:
    def test_a_power_of_two_of_draws_fills_every_part_of_the_range_alike(self) -> None:
        play = Play(cold_sampler(StrategyName.SOBOL, situation())).run(32)
        drawn = [t.configuration for t in play.trials if t.configuration.algorithm == "bowl"]
        assert len(drawn) == 16
        for name in ("x", "y"):
            places = np.sort([point_of(BOWL, c)[name] for c in drawn])
            np.testing.assert_array_equal((places * 16).astype(int), np.arange(16))


class TestGenetic:
    def test_later_generations_are_better_than_the_first(self) -> None:
        pytest.importorskip("optuna")
        play = Play(cold_sampler(StrategyName.GENETIC, situation())).run(80)
        assert np.median(play.losses[-16:]) < np.median(play.losses[:16])
        assert min(play.losses) < valley(BOWL.default())
