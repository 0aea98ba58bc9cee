"""Baselines that know no meta-features: random order, average rank, global portfolio."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from benchmarks.recommenders.greedy import portfolio_order, relative_costs
from benchmarks.recommenders.matrix import Matrix, regrets
from benchmarks.recommenders.strategy import Fitted, OrderSession, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["AverageRank", "AverageRegret", "GreedyPortfolio", "RandomOrder"]


@dataclass(frozen=True, slots=True)
class _FixedOrder:
    """The same order on every dataset."""

    order: tuple[int, ...]

    def start(self, features: "FloatArray", seconds_budget: float | None) -> Session:  # noqa: ARG002
        return OrderSession(self.order)


@dataclass(frozen=True, slots=True)
class _Shuffled:
    """Another random order at every start."""

    n_configurations: int
    rng: np.random.Generator

    def start(self, features: "FloatArray", seconds_budget: float | None) -> Session:  # noqa: ARG002
        return OrderSession(self.rng.permutation(self.n_configurations).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomOrder:
    """Random search over the pool.

    Attributes
    ----------
    repeats : int
        Orders drawn for each dataset.
    """

    repeats: int = 20

    def fit(self, train: Matrix) -> Fitted:
        """Remember nothing but the number of configurations."""
        return _Shuffled(n_configurations=train.loss.shape[1], rng=np.random.default_rng(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageRank:
    """Order by the mean rank on past datasets (Brazdil and Soares 2000).

    Attributes
    ----------
    per_cost : bool
        Order by the share of configurations beaten, divided by relative cost.
    """

    per_cost: bool = False
    repeats: int = 1

    def fit(self, train: Matrix) -> Fitted:
        """Rank configurations on each past dataset."""
        ranks = rankdata(regrets(train.loss), axis=1).mean(axis=0)
        if self.per_cost:
            beaten = 1 - (ranks - 0.5) / len(ranks)
            ranks = -beaten / relative_costs(train)
        return _FixedOrder(tuple(np.argsort(ranks, kind="stable").tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageRegret:
    """Order by the mean regret on past datasets."""

    repeats: int = 1

    def fit(self, train: Matrix) -> Fitted:
        """Average regrets of past datasets."""
        mean = regrets(train.loss).mean(axis=0)
        return _FixedOrder(tuple(np.argsort(mean, kind="stable").tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class GreedyPortfolio:
    """One portfolio for all datasets (Feurer et al. 2022, "Auto-sklearn 2.0").

    Attributes
    ----------
    per_cost : bool
        Each step takes the largest gain per relative cost.
    """

    per_cost: bool = False
    repeats: int = 1

    def fit(self, train: Matrix) -> Fitted:
        """Build the portfolio of past datasets, all of the same weight."""
        weights = np.full(len(train.datasets), 1.0 / len(train.datasets))
        costs = relative_costs(train) if self.per_cost else None
        return _FixedOrder(tuple(portfolio_order(regrets(train.loss), weights, costs)))
