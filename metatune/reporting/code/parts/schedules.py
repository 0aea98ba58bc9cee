"""Parts around learners whose hyperparameters change while training goes on."""

import warnings
from typing import Any, Self

import catboost
import lightgbm
import numpy as np
import xgboost
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.class_weight import compute_sample_weight

from metatune.reporting.code.parts.boosting import (
    catboost_table,
    shares_of_classes,
    xgboost_data,
)

__all__ = [
    "CatBoostClassifierByStages",
    "CatBoostRegressorByStages",
    "LightGBMClassifierByStages",
    "LightGBMRegressorByStages",
    "NetworkClassifierByStages",
    "NetworkRegressorByStages",
    "XGBoostClassifierByStages",
    "XGBoostRegressorByStages",
]


class BoostedByStages(BaseEstimator):  # type: ignore[misc]
    """Boosted trees that are trained in stages: each goes on from the trees of those before it.

    A stage is the number of its rounds, and the parameters that differ in it. `categories` are the
    positions of columns of codes.
    """

    def __init__(
        self, stages: Any, params: Any, categories: Any = (), balanced: Any = False
    ) -> None:
        self.stages = stages
        self.params = params
        self.categories = categories
        self.balanced = balanced

    def _weights(self, y: Any) -> Any:
        return compute_sample_weight("balanced", y) if self.balanced else None


class LightGBMRegressorByStages(BoostedByStages):
    """Trees of LightGBM that are trained in stages."""

    def fit(self, X: Any, y: Any) -> Self:
        self.booster_ = None
        for number, (rounds, changes) in enumerate(self.stages):
            params = {**self.params, **changes, "seed": self.params["seed"] + number}
            data = lightgbm.Dataset(
                X,
                y,
                weight=self._weights(y),
                categorical_feature=list(self.categories),
                params=params,
                free_raw_data=False,
            )
            self.booster_ = lightgbm.train(params, data, rounds, init_model=self.booster_)
        return self

    def predict(self, X: Any) -> Any:
        return self.booster_.predict(X, num_threads=1)  # type: ignore[union-attr]


class LightGBMClassifierByStages(LightGBMRegressorByStages):
    """Trees of LightGBM that are trained in stages."""

    def predict_proba(self, X: Any) -> Any:
        return shares_of_classes(self.predict(X))


class XGBoostRegressorByStages(BoostedByStages):
    """Trees of XGBoost that are trained in stages."""

    def fit(self, X: Any, y: Any) -> Self:
        self.booster_ = None
        data = xgboost_data(X, self.categories, label=y, weight=self._weights(y))
        for number, (rounds, changes) in enumerate(self.stages):
            params = {**self.params, **changes, "seed": self.params["seed"] + number}
            self.booster_ = xgboost.train(params, data, rounds, xgb_model=self.booster_)
        return self

    def predict(self, X: Any) -> Any:
        data = xgboost_data(X, self.categories)
        return self.booster_.predict(data)  # type: ignore[union-attr]


class XGBoostClassifierByStages(XGBoostRegressorByStages):
    """Trees of XGBoost that are trained in stages."""

    def predict_proba(self, X: Any) -> Any:
        return shares_of_classes(self.predict(X).astype(np.float64))


class CatBoostRegressorByStages(BoostedByStages):
    """Trees of CatBoost that are trained in stages."""

    def fit(self, X: Any, y: Any) -> Self:
        self.booster_ = None
        data = self._data(X, label=y, weight=self._weights(y))
        for number, (rounds, changes) in enumerate(self.stages):
            seed = self.params["random_seed"] + number
            params = {**self.params, **changes, "random_seed": seed, "iterations": rounds}
            self.booster_ = catboost.CatBoost(params).fit(data, init_model=self.booster_)
        return self

    def predict(self, X: Any) -> Any:
        data = self._data(X)
        return self.booster_.predict(data, thread_count=1)  # type: ignore[union-attr]

    def _data(self, X: Any, **known: Any) -> Any:
        table = catboost_table(X, self.categories)
        return catboost.Pool(table, cat_features=list(self.categories), thread_count=1, **known)


class CatBoostClassifierByStages(CatBoostRegressorByStages):
    """Trees of CatBoost that are trained in stages."""

    def predict_proba(self, X: Any) -> Any:
        data = self._data(X)
        shares = {"prediction_type": "Probability"}
        return self.booster_.predict(data, **shares, thread_count=1)  # type: ignore[union-attr]


class NetworkClassifierByStages(BaseEstimator):  # type: ignore[misc]
    """Multi-layer perceptron that is trained in stages, each from the weights that are there.

    A stage is the number of its epochs, and the parameters that differ in it.
    """

    network = MLPClassifier

    def __init__(self, stages: Any, params: Any, seed: Any) -> None:
        self.stages = stages
        self.params = params
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        self.network_ = self.network(warm_start=True, tol=0.0)
        for number, (epochs, changes) in enumerate(self.stages):
            self.network_.set_params(
                **{**self.params, **changes},
                max_iter=epochs,
                n_iter_no_change=epochs + 1,
                random_state=self.seed + number,
            )
            with warnings.catch_warnings():  # it trains as many epochs as it is told
                warnings.simplefilter("ignore", ConvergenceWarning)
                self.network_.fit(X, y)
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.network_.predict_proba(X)


class NetworkRegressorByStages(NetworkClassifierByStages):
    """Multi-layer perceptron for numbers that is trained in stages."""

    network = MLPRegressor

    def predict(self, X: Any) -> Any:
        return self.network_.predict(X)
