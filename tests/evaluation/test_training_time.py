"""Time for the training of each fold of a trial that has to end in time."""

import math

import pytest

from metatune.evaluation.training_time import FoldTime, training_seconds


def spent(
    n_folds: int, *, longest: float = math.inf, fixed: float = 0.0, each: float = 0.0
) -> float:
    """Return the share of a trial's time that it takes whose learners train as long as they may.

    Besides, each fold takes a fixed time, and a multiple of that of its training.
    """
    used = 0.0
    ended: list[FoldTime] = []
    for number in range(n_folds):
        training = min(longest, training_seconds(1.0 - used, n_folds - number, ended))
        ended.append(FoldTime(training=training, besides=fixed + each * training))
        used += training + ended[-1].besides
    return used + sum(fold.besides for fold in ended)  # settled


@pytest.mark.parametrize("n_folds", [1, 2, 5, 10])
@pytest.mark.parametrize(("fixed", "each"), [(0.01, 0.0), (0.2, 0.0), (0.0, 0.1), (0.0, 0.6)])
def test_folds_end_in_time_whatever_they_take_besides(
    n_folds: int, fixed: float, each: float
) -> None:
    assert spent(n_folds, fixed=fixed / n_folds, each=each) <= 1.0


@pytest.mark.parametrize("n_folds", [5, 10])
def test_little_besides_leaves_more_of_the_time_for_training(n_folds: int) -> None:
    assert 0.6 < spent(n_folds) < 1.0
    assert spent(n_folds, longest=0.01) == pytest.approx(0.01 * n_folds)


def test_nothing_is_left_where_the_time_is_over() -> None:
    ended = [FoldTime(training=0.5, besides=0.3)]
    assert training_seconds(0.2, 4, ended) == 0.0


def test_a_fold_that_took_no_time_at_all_leaves_some_for_the_others() -> None:
    assert training_seconds(1.0, 4, [FoldTime(training=0.0, besides=0.0)]) > 0.0


def test_without_a_deadline_training_is_not_limited() -> None:
    assert training_seconds(math.inf, 5, []) == math.inf
    assert training_seconds(math.inf, 4, [FoldTime(training=1.0, besides=1.0)]) == math.inf
