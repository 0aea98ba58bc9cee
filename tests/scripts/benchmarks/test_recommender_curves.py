"""Curves by hand."""

import numpy as np
import pytest

from benchmarks.recommenders.curves import (
    N_EVALUATIONS,
    TIME_GRID,
    TIMES,
    after_evaluations,
    best_so_far,
    over_time,
)

REGRET = np.array([1.0, 0.5, 2.0, 0.0])
SECONDS = np.array([1.0, 2.0, 2.0, 20.0])  # the median is 2


def at(curve: np.ndarray, time: float) -> float:
    return float(curve[np.flatnonzero(time == TIME_GRID)[0]])


def test_the_best_so_far_counts_after_each_evaluation() -> None:
    curve = after_evaluations(REGRET, REGRET, np.array([2, 0, 1, 3]))
    assert curve[:4].tolist() == [2.0, 1.0, 0.5, 0.0]
    assert curve.shape == (N_EVALUATIONS,)
    assert set(curve[4:]) == {0.0}


def test_the_best_is_chosen_by_what_a_search_sees() -> None:
    seen = np.array([0.3, np.nan, 0.2, 0.2])
    assert list(best_so_far(seen, np.array([1, 0, 2, 3]))) == [1, 0, 2, 2]
    curve = after_evaluations(seen, REGRET, np.array([0, 1, 2, 3]))
    assert curve[:4].tolist() == [1.0, 1.0, 2.0, 2.0]
    curve = over_time(seen, REGRET, SECONDS, np.array([0, 2]))
    assert [at(curve, 0.3), at(curve, 1.0), at(curve, 3.0)] == [3.0, 1.0, 2.0]


def test_only_what_has_finished_counts_over_time() -> None:
    curve = over_time(REGRET, REGRET, SECONDS, np.array([0, 1, 3]))
    assert at(curve, 0.3) == 3.0  # 0.6 s: nothing has finished
    assert at(curve, 1.0) == 1.0  # 2 s: the first, after 1 s
    assert at(curve, 3.0) == 0.5  # 6 s: the second, after 3 s
    assert at(curve, 10.0) == 0.5  # 20 s: the third needs until 23 s
    assert at(curve, 30.0) == 0.0


def test_the_grid_holds_the_times_of_the_tables() -> None:
    assert set(TIMES) <= set(TIME_GRID)
    assert TIME_GRID[-1] == pytest.approx(30.0)
