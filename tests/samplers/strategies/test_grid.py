"""Grid search covers its grid, and no more."""

from surfaces import BOWL, PLATE, SPACES, Play, cold_sampler, situation

from metatune.algorithms.registry import FAMILIES
from metatune.kinds import TaskKind
from metatune.samplers.catalogue import StrategyName
from metatune.samplers.strategies.grid import COARSE, FINE, family_grid, grid
from metatune.space import Configuration


def test_the_grid_is_covered_once_and_then_the_search_ends() -> None:
    play = Play(cold_sampler(StrategyName.GRID, situation())).run(1_000)
    tried = [trial.configuration for trial in play.trials]
    assert tried == grid(SPACES)
    assert len({c.key for c in tried}) == len(tried) == 2 * 25


def test_a_family_has_nine_coarse_points_then_twenty_five() -> None:
    coarse, fine = family_grid(PLATE, COARSE), family_grid(PLATE, FINE)
    assert (len(coarse), len(fine)) == (9, 25)
    assert {c.key for c in coarse} <= {c.key for c in fine}
    assert {c.params["x"] for c in coarse} == {0.0, 0.5, 1.0}
    assert {c.params["x"] for c in fine} == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_coarse_points_of_all_families_come_first_the_middle_before_the_ends() -> None:
    first = grid(SPACES)[:18]
    assert [c.algorithm for c in first] == ["bowl", "plate"] * 9
    assert first[1] == PLATE.default().with_origin("grid")


def test_numbers_lie_on_the_scale_of_their_range_and_the_rest_has_its_default() -> None:
    found = family_grid(BOWL, COARSE)
    assert {c.params["y"] for c in found} == {1e-3, 1.0, 1e3}
    assert {c.params["n"] for c in found} == {BOWL.defaults["n"]}


def test_the_grid_of_every_family_varies_two_hyperparameters_that_it_has() -> None:
    for kind in TaskKind:
        for family in FAMILIES.values():
            if kind not in family.kinds:
                continue
            space = family.space(kind)
            points = family_grid(space, FINE)
            always = [n for n in space.domains if n not in space.conditions]
            varied = [n for n in always if len({_value(c, n) for c in points}) > 1]
            assert len(varied) == 2, family
            assert 10 <= len(points) <= 25


def _value(configuration: Configuration, name: str) -> object:
    return configuration.params.get(name)
