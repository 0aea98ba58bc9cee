"""Boosted trees over (meta-features, configuration), as a regressor or as a ranker."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rankdata

from benchmarks.recommenders.greedy import relative_costs
from benchmarks.recommenders.matrix import MAX_REGRET, Matrix, regrets
from benchmarks.recommenders.strategy import Fitted, OrderSession, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["BoostedRanker", "BoostedRegressor"]

_PAIRS = 60_000  # (dataset, configuration) pairs learned from, at most
_GRADES = 31  # relevance of the best configuration of a dataset is one less
_USELESS = 1.5  # regret from which on a configuration is of no relevance
_SETTINGS: dict[str, Any] = {
    "n_estimators": 300,
    "learning_rate": 0.05,
    "num_leaves": 63,
    "min_child_samples": 50,
    "colsample_bytree": 0.8,
    "subsample": 0.8,
    "subsample_freq": 1,
    "n_jobs": 1,
    "random_state": 0,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedRegressor:
    """Predicts the regret of each configuration; the least comes first.

    Attributes
    ----------
    per_cost : bool
        Order by predicted distance from the largest regret, divided by relative cost.
    """

    per_cost: bool = False
    repeats: int = 1

    def fit(self, train: Matrix) -> Fitted:
        """Fit the regressor on pairs of past datasets and configurations."""
        from lightgbm import LGBMRegressor

        regret = regrets(train.loss)
        chosen = _sample(regret.shape)
        model = LGBMRegressor(**_SETTINGS).fit(_pairs(train, chosen), regret[chosen])
        return _Predicted(train=train, model=model, gain=_Affine(), per_cost=self.per_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedRanker:
    """Learns to rank the configurations of each dataset (LambdaRank, Burges 2010).

    Attributes
    ----------
    per_cost : bool
        Order by the gain that a score stands for, divided by relative cost.
    """

    per_cost: bool = False
    repeats: int = 1

    def fit(self, train: Matrix) -> Fitted:
        """Fit the ranker: a query for each past dataset."""
        from lightgbm import LGBMRanker

        regret = regrets(train.loss)
        chosen = _sample(regret.shape)
        X = _pairs(train, chosen)
        queries = np.bincount(chosen[0], minlength=len(regret))
        model = LGBMRanker(**_SETTINGS, label_gain=list(range(_GRADES)))
        model.fit(X, _grades(regret)[chosen], group=queries[queries > 0])
        gain = _Calibrated.fit(np.asarray(model.predict(X)), regret[chosen])
        return _Predicted(train=train, model=model, gain=gain, per_cost=self.per_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Predicted:
    """Orders configurations by what a model says about them on the new dataset."""

    train: Matrix
    model: Any
    gain: "_Affine | _Calibrated"
    per_cost: bool

    def start(self, features: "FloatArray", seconds_budget: float | None) -> Session:  # noqa: ARG002
        own = np.tile(features, (len(self.train.configurations), 1))
        predicted = self.model.predict(np.hstack([own, self.train.configurations]))
        worth = self.gain(np.asarray(predicted, dtype=np.float64))
        if self.per_cost:
            worth = worth / relative_costs(self.train)
        return OrderSession(np.argsort(-worth, kind="stable").tolist())


@dataclass(frozen=True, slots=True)
class _Affine:
    """Gain of a predicted regret."""

    def __call__(self, predicted: "FloatArray") -> "FloatArray":
        return np.maximum(MAX_REGRET - predicted, 0.0)


@dataclass(frozen=True, slots=True)
class _Calibrated:
    """Gain that a ranker's score stands for on past datasets; ties keep the scores' order."""

    curve: Any

    @classmethod
    def fit(cls, scores: "FloatArray", regret: "FloatArray") -> "_Calibrated":
        from sklearn.isotonic import IsotonicRegression

        curve = IsotonicRegression(out_of_bounds="clip")
        return cls(curve.fit(scores, MAX_REGRET - regret))

    def __call__(self, predicted: "FloatArray") -> "FloatArray":
        order = 1e-9 * rankdata(predicted)
        return np.asarray(self.curve.predict(predicted) + order)


def _sample(shape: tuple[int, ...]) -> "tuple[NDArray[np.intp], NDArray[np.intp]]":
    """Draw cells of a matrix without replacement, dataset by dataset."""
    cells = np.arange(shape[0] * shape[1])
    if len(cells) > _PAIRS:
        cells = np.sort(np.random.default_rng(0).choice(cells, _PAIRS, replace=False))
    return cells // shape[1], cells % shape[1]


def _pairs(train: Matrix, chosen: "tuple[NDArray[np.intp], NDArray[np.intp]]") -> "FloatArray":
    return np.hstack([train.features[chosen[0]], train.configurations[chosen[1]]])


def _grades(regret: "FloatArray") -> "NDArray[np.intp]":
    """Turn regrets into relevance: the best has the top grade, the useless have 0."""
    grades = np.rint((_GRADES - 1) * np.maximum(1 - regret / _USELESS, 0.0))
    return np.asarray(grades, dtype=np.intp)
