"""Levels: what the rungs of differently sized tables have in common."""

import pytest

from metatune.data.encoding.shape import Shape
from metatune.evaluation.rungs import plan_rungs
from metatune.recommender.levels import LEVELS, TOP, level_of


@pytest.mark.parametrize(
    ("row_share", "n_folds", "level"),
    [
        (1.0, 5, TOP),
        (1.0, 1, TOP - 1),
        (1 / 3, 1, 1),
        (1 / 9, 1, 0),
        (1 / 27, 1, 0),
        (0.2, 1, 1),  # nearer to a third than to a ninth, as ratios
        (0.19, 1, 0),
        (0.999, 1, 1),  # not all rows
    ],
)
def test_a_rung_has_the_level_that_comes_nearest(
    row_share: float, n_folds: int, level: int
) -> None:
    assert level_of(row_share, n_folds) == level


@pytest.mark.parametrize("n_rows", [100, 2_000, 5_000, 1_000_000])
def test_the_rungs_of_every_table_climb_through_the_levels_to_the_top(n_rows: int) -> None:
    rungs = plan_rungs(Shape(n_rows=n_rows, n_columns=30), 5)
    levels = [level_of(rung.row_share, rung.n_folds) for rung in rungs]
    assert levels == sorted(levels)
    assert levels[-2:] == [TOP - 1, TOP]
    assert len(LEVELS) == TOP + 1
