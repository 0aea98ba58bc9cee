"""Greedy portfolios."""

import numpy as np

from metatune.recommender.portfolio import beaten, first_choices, greedy_order

REGRET = np.array([[0.0, 1.0, 0.1], [0.0, 1.0, 0.1], [1.0, 0.0, 0.9]])
ALIKE = np.full(3, 1 / 3)


def test_datasets_are_covered_one_after_the_other() -> None:
    assert greedy_order(REGRET, ALIKE, np.ones(3), patience=1e6) == [0, 1, 2]


def test_a_dear_configuration_has_to_wait() -> None:
    dear = np.array([100.0, 1.0, 1.0])
    assert greedy_order(REGRET, ALIKE, dear, patience=0.0)[0] == 2
    assert greedy_order(REGRET, ALIKE, dear, patience=1e6)[0] == 0


def test_datasets_with_more_weight_are_served_first() -> None:
    order = greedy_order(REGRET, np.array([0.05, 0.05, 0.9]), np.ones(3), patience=1.0)
    assert order == [1, 0, 2]


def test_what_gains_nothing_follows_by_expected_regret_then_cost() -> None:
    regret = np.array([[0.0, 0.5, 0.5, 0.2]])
    order = greedy_order(regret, np.ones(1), np.array([1.0, 2.0, 1.0, 9.0]), patience=1.0)
    assert order == [0, 3, 2, 1]


def test_no_configurations_make_an_empty_portfolio() -> None:
    assert greedy_order(np.zeros((3, 0)), ALIKE, np.zeros(0), patience=1.0) == []


def test_equals_beat_half_of_each_other() -> None:
    share = beaten(np.array([[0.0, 1.0, 1.0, 3.0], [2.0, 2.0, 2.0, 2.0]]))
    np.testing.assert_allclose(share, [[7 / 8, 1 / 2, 1 / 2, 1 / 8], [1 / 2] * 4])


def test_the_first_choice_is_not_ruled_by_one_hard_dataset() -> None:
    regret = np.tile([0.0, 0.1, 0.5, 0.6], (5, 1))
    regret[0] = [0.65, 0.1, 0.5, 0.6]  # by mean regret alone, the second would come first
    weights = np.full(5, 1 / 5)
    assert regret[:, 1].mean() < regret[:, 0].mean()
    assert first_choices(regret, weights, 1) == [0]
    assert greedy_order(regret, weights, np.zeros(4), 1.0)[0] == 0
