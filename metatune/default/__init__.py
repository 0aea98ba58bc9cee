"""Estimators that configure themselves by what past datasets say, without a search.

One for each family of learners: `LGBMClassifier`, `RandomForestRegressor`, ... . They take tables
as they are, choose the configuration that is expected to do best on them when they are fitted, and
say which by `get_params`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metatune.default.families import (
        SVC,
        SVR,
        CatBoostClassifier,
        CatBoostRegressor,
        DecisionTreeClassifier,
        DecisionTreeRegressor,
        DiscriminantClassifier,
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        GaussianProcessRegressor,
        KNeighborsClassifier,
        KNeighborsRegressor,
        LGBMClassifier,
        LGBMRegressor,
        LinearClassifier,
        LinearRegressor,
        MLPClassifier,
        MLPRegressor,
        NaiveBayesClassifier,
        RandomForestClassifier,
        RandomForestRegressor,
        XGBClassifier,
        XGBRegressor,
    )

__all__ = [
    "SVC",
    "SVR",
    "CatBoostClassifier",
    "CatBoostRegressor",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "DiscriminantClassifier",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GaussianProcessRegressor",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "LGBMClassifier",
    "LGBMRegressor",
    "LinearClassifier",
    "LinearRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "NaiveBayesClassifier",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "XGBClassifier",
    "XGBRegressor",
]


def __getattr__(name: str) -> Any:
    """Import the estimators when one is asked for (PEP 562)."""
    if name in __all__:
        return getattr(importlib.import_module("metatune.default.families"), name)
    raise AttributeError(f"module 'metatune.default' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
