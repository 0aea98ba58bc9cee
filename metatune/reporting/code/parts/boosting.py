"""Parts around the models of boosting libraries."""

from typing import Any, Self

import numpy as np
import pandas as pd
import xgboost
from sklearn.base import BaseEstimator
from sklearn.utils.class_weight import compute_sample_weight

__all__ = [
    "BalancedXGBoostClassifier",
    "CatBoostCodes",
    "WithCategories",
    "XGBoostClassifier",
    "XGBoostRegressor",
]


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


class XGBoostRegressor(BaseEstimator):  # type: ignore[misc]
    """Trees of XGBoost; `categories` are the positions of columns of codes."""

    def __init__(self, rounds: Any, params: Any, categories: Any = ()) -> None:
        self.rounds = rounds
        self.params = params
        self.categories = categories

    def fit(self, X: Any, y: Any) -> Self:
        self.booster_ = xgboost.train(self.params, self._data(X, label=y), self.rounds)
        return self

    def predict(self, X: Any) -> Any:
        return self.booster_.predict(self._data(X))

    def _data(self, X: Any, **known: Any) -> Any:
        types = ["c" if place in self.categories else "q" for place in range(X.shape[1])]
        return xgboost.DMatrix(X, feature_types=types, enable_categorical=True, nthread=1, **known)


class XGBoostClassifier(XGBoostRegressor):
    """Trees of XGBoost; `categories` are the positions of columns of codes."""

    def predict_proba(self, X: Any) -> Any:
        shares = self.predict(X).astype(np.float64)
        return np.column_stack([1.0 - shares, shares]) if shares.ndim == 1 else shares


class BalancedXGBoostClassifier(XGBoostClassifier):
    """Trees of XGBoost that give all classes the same weight."""

    def fit(self, X: Any, y: Any) -> Self:
        data = self._data(X, label=y, weight=compute_sample_weight("balanced", y))
        self.booster_ = xgboost.train(self.params, data, self.rounds)
        return self


class CatBoostCodes(BaseEstimator):  # type: ignore[misc]
    """CatBoost model that takes some columns, by their positions, as codes of categories."""

    def __init__(self, model: Any, categories: Any) -> None:
        self.model = model
        self.categories = categories

    def fit(self, X: Any, y: Any) -> Self:
        self.model.fit(self._table(X), y, cat_features=self.categories)
        return self

    def predict(self, X: Any) -> Any:
        return self.model.predict(self._table(X))

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(self._table(X))

    def _table(self, X: Any) -> Any:
        table = pd.DataFrame(X)
        for place in self.categories:
            table[place] = table[place].fillna(-1).astype("int64")
        return table
