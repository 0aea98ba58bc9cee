"""Portfolios for ensembles and for single models, on errors whose products are known."""

import numpy as np
import pytest

from benchmarks.ensembles.portfolios import joined, mixture, portfolio, shared_keys

# The second is nearly the first again, the third is worse but errs elsewhere.
PRODUCTS = np.array([[[1.0, 1.0, 0.0], [1.0, 1.05, 0.0], [0.0, 0.0, 1.3]]])
ALIKE = np.ones(3)


def loss(products: np.ndarray, weights: np.ndarray) -> float:
    return float(weights @ products @ weights)


def test_the_best_mixture_of_errors_that_are_not_related() -> None:
    (weights,) = mixture(PRODUCTS, [0, 2])
    assert weights == pytest.approx([1.3 / 2.3, 0.0, 1.0 / 2.3], abs=1e-3)


def test_a_worse_one_that_errs_alike_has_no_share() -> None:
    (weights,) = mixture(PRODUCTS, [0, 1])
    assert weights == pytest.approx([1.0, 0.0, 0.0])


def test_no_mixture_is_better_than_the_one_found() -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(5, 200)) + rng.normal(size=200)
    products = (errors @ errors.T / 200)[None]
    (weights,) = mixture(products, range(5))
    assert weights.sum() == pytest.approx(1.0)
    others = rng.dirichlet(np.ones(5), 2_000)
    assert loss(products[0], weights) < min(loss(products[0], other) for other in others)


def test_what_joins_does_so_at_its_best_share() -> None:
    alone = np.array([[1.0, 0.0, 0.0]])
    assert joined(PRODUCTS, alone)[0] == pytest.approx([1.0, 1.0, 1.3 / 2.3])


def test_the_portfolio_for_ensembles_wants_what_errs_elsewhere() -> None:
    assert portfolio(PRODUCTS, ALIKE, mixed=False) == [0, 1, 2]
    assert portfolio(PRODUCTS, ALIKE, mixed=True) == [0, 2, 1]


def test_what_is_dear_comes_later() -> None:
    first, *_ = portfolio(PRODUCTS, np.array([9.0, 1.0, 9.0]), mixed=True)
    assert first == 1


def test_keys_of_nearly_all_tables_are_shared() -> None:
    known = [{"a", "b"}] * 9 + [{"a"}, {"a", "c"}]
    assert shared_keys(known, 0.8) == {"a", "b"}
