"""Parts around the models of boosting libraries."""

from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.base import BaseEstimator
from sklearn.utils.class_weight import compute_sample_weight

__all__ = [
    "BalancedXGBoostClassifier",
    "CatBoostCodes",
    "WithCategories",
    "WithRounds",
    "XGBoostClassifier",
    "XGBoostRegressor",
    "catboost_table",
    "shares_of_classes",
    "xgboost_data",
]


def shares_of_classes(shares: Any) -> Any:
    """Return a column for each class, where a library gives that of the second one alone."""
    return np.column_stack([1.0 - shares, shares]) if shares.ndim == 1 else shares


def xgboost_data(X: Any, categories: Any, **known: Any) -> Any:
    """Return rows for XGBoost; `categories` are the positions of columns of codes."""
    types = ["c" if place in categories else "q" for place in range(X.shape[1])]
    return xgboost.DMatrix(X, feature_types=types, enable_categorical=True, nthread=1, **known)


def catboost_table(X: Any, categories: Any) -> Any:
    """Return rows for CatBoost; `categories` are the positions of columns of codes."""
    table = pd.DataFrame(X)
    for place in categories:
        table[place] = table[place].fillna(-1).astype("int64")
    return table


class WithCategories(BaseEstimator):  # type: ignore[misc]
    """LightGBM model that takes some columns, by their positions, as codes of categories."""

    def __init__(self, model: Any, categories: Any) -> None:
        self.model = model
        self.categories = categories

    def fit(self, X: Any, y: Any) -> Self:
        self.model.fit(X, y, categorical_feature=self.categories)
        return self

    def predict(self, X: Any) -> Any:
        return self.model.predict(X)

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(X)


class WithRounds(BaseEstimator):  # type: ignore[misc]
    """LightGBM model with as many rounds as it is told, not counting those that find no split.

    Where rows, columns or thresholds are drawn anew in each round, a later one may find a split.
    """

    def __init__(self, model: Any, categories: Any = "auto") -> None:
        self.model = model
        self.categories = categories

    def fit(self, X: Any, y: Any) -> Self:
        rounds = self.model.n_estimators

        def stop(state: Any) -> None:
            if state.model.current_iteration() >= rounds:
                raise lightgbm.callback.EarlyStopException(state.iteration, [])

        self.model.set_params(n_estimators=6 * rounds)
        self.model.fit(X, y, categorical_feature=self.categories, callbacks=[stop])
        self.model.set_params(n_estimators=rounds)
        return self

    def predict(self, X: Any) -> Any:
        return self.model.predict(X)

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(X)


class XGBoostRegressor(BaseEstimator):  # type: ignore[misc]
    """Trees of XGBoost; `categories` are the positions of columns of codes."""

    def __init__(self, rounds: Any, params: Any, categories: Any = ()) -> None:
        self.rounds = rounds
        self.params = params
        self.categories = categories

    def fit(self, X: Any, y: Any) -> Self:
        data = xgboost_data(X, self.categories, label=y)
        self.booster_ = xgboost.train(self.params, data, self.rounds)
        return self

    def predict(self, X: Any) -> Any:
        return self.booster_.predict(xgboost_data(X, self.categories))


class XGBoostClassifier(XGBoostRegressor):
    """Trees of XGBoost; `categories` are the positions of columns of codes."""

    def predict_proba(self, X: Any) -> Any:
        return shares_of_classes(self.predict(X).astype(np.float64))


class BalancedXGBoostClassifier(XGBoostClassifier):
    """Trees of XGBoost that give all classes the same weight."""

    def fit(self, X: Any, y: Any) -> Self:
        weights = compute_sample_weight("balanced", y)
        data = xgboost_data(X, self.categories, label=y, weight=weights)
        self.booster_ = xgboost.train(self.params, data, self.rounds)
        return self


class CatBoostCodes(BaseEstimator):  # type: ignore[misc]
    """CatBoost model that takes some columns, by their positions, as codes of categories."""

    def __init__(self, model: Any, categories: Any) -> None:
        self.model = model
        self.categories = categories

    def fit(self, X: Any, y: Any) -> Self:
        self.model.fit(catboost_table(X, self.categories), y, cat_features=self.categories)
        return self

    def predict(self, X: Any) -> Any:
        return self.model.predict(catboost_table(X, self.categories))

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(catboost_table(X, self.categories))
