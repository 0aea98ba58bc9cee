"""Greedy portfolios over past datasets that resemble the new one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from benchmarks.recommenders.greedy import portfolio_order, relative_costs
from benchmarks.recommenders.matrix import Matrix, regrets
from benchmarks.recommenders.strategy import Fitted, OrderSession, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    LeafArray = NDArray[np.int64]

__all__ = ["ForestGreedy", "NearestGreedy"]

_BACKGROUND = (
    1e-3  # weight that all past datasets share: an order for when the near ones are served
)


class _Similarity(Protocol):
    def weights(self, features: "FloatArray") -> "FloatArray": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _WeightedGreedy:
    """Greedy over past datasets, weighted anew for each new one."""

    train: Matrix
    similarity: _Similarity
    per_cost: bool

    def start(self, features: "FloatArray", seconds_budget: float | None) -> Session:  # noqa: ARG002
        weights = self.similarity.weights(features)
        costs = relative_costs(self.train, weights) if self.per_cost else None
        return OrderSession(portfolio_order(regrets(self.train.loss), weights, costs))


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestGreedy:
    """The nearest datasets by meta-features, as auto-sklearn and FLAML look them up.

    Attributes
    ----------
    n_nearest : int
        Datasets that count; alike.
    per_cost : bool
        Each step takes the largest gain per relative cost.
    """

    n_nearest: int = 25
    per_cost: bool = False
    repeats: int = 1

    def fit(self, train: Matrix) -> Fitted:
        """Remember past meta-features, scaled to [0, 1]."""
        near = _Nearest.fit(train.features, self.n_nearest)
        return _WeightedGreedy(train=train, similarity=near, per_cost=self.per_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestGreedy:
    """Past datasets weighted by proximity in a random forest from meta-features to regrets.

    Attributes
    ----------
    n_trees : int
        Size of the forest.
    per_cost : bool
        Each step takes the largest gain per relative cost.
    """

    n_trees: int = 300
    per_cost: bool = False
    repeats: int = 1

    def fit(self, train: Matrix) -> Fitted:
        """Fit the forest."""
        near = _Proximity.fit(train.features, regrets(train.loss), self.n_trees)
        return _WeightedGreedy(train=train, similarity=near, per_cost=self.per_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nearest:
    """Manhattan distance between meta-features scaled to [0, 1] (Feurer et al. 2015)."""

    low: "FloatArray"
    spread: "FloatArray"
    past: "FloatArray"
    n_nearest: int

    @classmethod
    def fit(cls, features: "FloatArray", n_nearest: int) -> "_Nearest":
        known = np.where(np.isfinite(features), features, np.nan)
        known[:, np.isnan(known).all(axis=0)] = 0.0
        low = np.nanmin(known, axis=0)
        spread = np.nanmax(known, axis=0) - low
        spread = np.where(spread > 0, spread, 1.0)
        past = _centered((known - low) / spread)
        return cls(low=low, spread=spread, past=past, n_nearest=n_nearest)

    def weights(self, features: "FloatArray") -> "FloatArray":
        own = _centered((features - self.low) / self.spread)
        distance = np.abs(self.past - own).sum(axis=1)
        nearest = np.argsort(distance, kind="stable")[: self.n_nearest]
        weights = np.full(len(distance), _BACKGROUND / len(distance))
        weights[nearest] += 1.0 / len(nearest)
        return np.asarray(weights / weights.sum())


def _centered(scaled: "FloatArray") -> "FloatArray":
    """Put the unknown in the middle."""
    return np.where(np.isfinite(scaled), scaled, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proximity:
    """Weights with which a forest averages past results (Meinshausen 2006)."""

    forest: Any
    leaves: "LeafArray"

    @classmethod
    def fit(cls, features: "FloatArray", regret: "FloatArray", n_trees: int) -> "_Proximity":
        from sklearn.ensemble import RandomForestRegressor

        forest = RandomForestRegressor(
            n_estimators=n_trees, min_samples_leaf=2, max_features=0.4, random_state=0
        )
        forest.fit(_single(features), regret)
        return cls(forest=forest, leaves=forest.apply(_single(features)))

    def weights(self, features: "FloatArray") -> "FloatArray":
        shared = self.leaves == self.forest.apply(_single(features[None, :]))
        weights = (shared / np.maximum(shared.sum(axis=0), 1)).mean(axis=1)
        return np.asarray(weights / weights.sum())


def _single(features: "FloatArray") -> "FloatArray":
    """Keep numbers within single precision, in which forests compare."""
    limit = float(np.finfo(np.float32).max) / 2
    return np.clip(features, -limit, limit)
