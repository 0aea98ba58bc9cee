"""Pareto fronts, their order and their knees, on points whose answers are known."""

import itertools

import numpy as np
import pytest

from metatune.search.pareto import (
    crowding_distances,
    domination_ranks,
    knee_point,
    non_dominated,
)


def circle(n: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """Points of the convex quarter of a circle: all of them are on the front."""
    angle = np.linspace(0.0, np.pi / 2, n)
    return np.column_stack([1.0 - np.sin(angle), 1.0 - np.cos(angle)])


def test_a_point_is_dominated_by_one_that_is_better_in_something_and_worse_in_nothing() -> None:
    losses = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [3.0, 1.0], [1.0, 4.0]])
    assert non_dominated(losses).tolist() == [True, True, False, True, False]


def test_equal_points_are_both_on_the_front() -> None:
    assert non_dominated(np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]])).tolist() == [1, 1, 0]


def test_a_front_of_one_objective_is_its_best_point() -> None:
    assert non_dominated(np.array([[3.0], [1.0], [2.0]])).tolist() == [False, True, False]


def test_all_points_of_a_convex_curve_are_on_the_front_and_what_lies_behind_is_not() -> None:
    front = circle(11)
    assert non_dominated(front).all()
    both = np.vstack([front + 0.05, front])
    assert non_dominated(both).tolist() == [False] * 11 + [True] * 11


def test_no_points_have_an_empty_front() -> None:
    assert len(non_dominated(np.zeros((0, 2)))) == 0
    assert len(domination_ranks(np.zeros((0, 2)))) == 0


def test_shells_are_ranked_from_the_front_outwards() -> None:
    shells = np.vstack([circle(5) + 0.5 * shell for shell in (2, 0, 1)])
    assert domination_ranks(shells).tolist() == [2] * 5 + [0] * 5 + [1] * 5


def test_ranks_agree_with_the_definition_on_a_grid() -> None:
    grid = np.array(list(itertools.product(range(4), range(4))), dtype=float)
    # On a grid the longest chain below (i, j) has i + j members.
    assert domination_ranks(grid).tolist() == [int(i + j) for i, j in grid]


def test_the_ends_of_a_front_are_the_least_crowded() -> None:
    line = np.array([[0.0, 1.0], [0.1, 0.9], [0.5, 0.5], [1.0, 0.0]])
    found = crowding_distances(line)
    assert found[[0, 3]].tolist() == [np.inf, np.inf]
    assert found[1:3] == pytest.approx([1.0, 1.8])


def test_points_that_nothing_tells_apart_are_crowded() -> None:
    assert crowding_distances(np.ones((3, 2))).tolist() == [0.0, 0.0, 0.0]


def test_the_knee_of_a_quarter_of_a_circle_is_its_middle() -> None:
    assert knee_point(circle(21)) == 10


@pytest.mark.parametrize("scale", [(1.0, 1.0), (1e-6, 1e6), (40.0, 0.01)])
def test_the_knee_depends_on_no_unit(scale: tuple[float, float]) -> None:
    bent = np.array([[0.0, 1.0], [0.1, 0.4], [0.3, 0.1], [1.0, 0.0]])  # sums: 1, .5, .4, 1
    assert knee_point(bent * scale + 7.0) == 2


def test_the_knee_is_farthest_from_the_line_between_the_ends() -> None:
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(size=12))
    front = np.column_stack([x, (1.0 - np.sqrt(x)) ** 2])
    scaled = (front - front.min(axis=0)) / (front.max(axis=0) - front.min(axis=0))
    ends = scaled[0], scaled[-1]
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    away = scaled - ends[0]
    distances = np.abs(away[:, 0] * along[1] - away[:, 1] * along[0])
    assert knee_point(front) == int(np.argmax(distances))


def test_two_points_have_the_one_as_knee_that_is_best_in_the_first_objective() -> None:
    assert knee_point(np.array([[0.3, 1.0], [0.2, 5.0]])) == 1


def test_a_straight_front_has_its_first_end_as_knee() -> None:
    x = np.linspace(0.0, 1.0, 5)
    assert knee_point(np.column_stack([x[::-1], x])) == 4


def test_a_front_that_bulges_away_has_an_end_as_knee() -> None:
    assert knee_point(1.0 - circle(9)) == 0


def test_a_single_point_is_its_own_knee_and_none_has_none() -> None:
    assert knee_point(np.array([[0.4, 9.0, 1.0]])) == 0
    with pytest.raises(ValueError, match="no knee"):
        knee_point(np.zeros((0, 2)))


def test_an_objective_in_which_all_are_equal_does_not_count() -> None:
    bent = np.array([[0.0, 1.0], [0.2, 0.2], [1.0, 0.0]])
    assert knee_point(np.column_stack([bent, np.full(3, 4.0)])) == 1


def test_the_knee_of_three_objectives_is_good_in_all_of_them() -> None:
    corners = np.eye(3)[[0, 1, 2]] * -1.0 + 1.0  # each best in one, worst in the others
    assert knee_point(np.vstack([corners, [[0.2, 0.2, 0.2]]])) == 3
