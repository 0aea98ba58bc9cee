"""Time for the training of each fold of a trial that has to end in time."""

import math

import pytest

from metatune.evaluation.training_time import training_seconds


def spent(training: float, besides: float, n_folds: int, total: float) -> float:
    """Return the seconds of a trial whose learners train so long, or as long as they may."""
    used, past = 0.0, []
    for number in range(n_folds):
        allowed = training_seconds(total - used, n_folds - number, past)
        used += min(training, allowed) + besides
        past.append(besides)
    return used + n_folds * besides  # settled


@pytest.mark.parametrize("n_folds", [1, 2, 5, 10])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.25])
def test_folds_end_in_time_whatever_they_take_besides(n_folds: int, share: float) -> None:
    besides = share / n_folds
    assert spent(math.inf, besides, n_folds, 1.0) <= 1.0


@pytest.mark.parametrize("n_folds", [5, 10])
def test_little_besides_leaves_nearly_all_of_the_time_for_training(n_folds: int) -> None:
    assert spent(math.inf, 0.0, n_folds, 1.0) > 0.8
    assert spent(0.01, 0.0, n_folds, 1.0) == pytest.approx(0.01 * n_folds)


def test_nothing_is_left_where_folds_take_too_long_besides() -> None:
    assert training_seconds(1.0, 4, [0.3]) == 0.0


def test_without_a_deadline_training_is_not_limited() -> None:
    assert training_seconds(math.inf, 5, []) == math.inf
    assert training_seconds(math.inf, 4, [1.0]) == math.inf
