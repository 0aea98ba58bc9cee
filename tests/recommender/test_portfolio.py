"""Greedy portfolios."""

import numpy as np

from metatune.recommender.portfolio import greedy_order

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
