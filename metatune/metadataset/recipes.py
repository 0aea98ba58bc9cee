"""Recipes: configurations picked by hand for the pool, not in any earlier meta-dataset.

The place to propose configurations: a recipe names what differs from the family's default. After a
change run ``scripts/order_pool.py``, which puts the recipes into the pool's order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from metatune.algorithms.registry import FAMILIES
from metatune.kinds import TaskKind
from metatune.metadataset.schema import pool_of
from metatune.space import Configuration, Value

__all__ = ["ALL_ROUND", "RECIPES", "STAGES", "Recipe"]

STAGES = (40, 60, 120)
"""Numbers of configurations after which an evaluation may stop. Those of families that need an
optional library come on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Configuration for the pool, given by its differences from the family's default.

    Attributes
    ----------
    algorithm : str
        Name in the registry.
    changes : Mapping of str to Value
        Hyperparameters that differ from the default's.
    stage : int
        Number of first configurations that it belongs to; one of `STAGES`.
    pools : tuple of str
        Pools that it belongs to.
    """

    algorithm: str
    changes: Mapping[str, Value] = field(default_factory=dict)
    stage: int = STAGES[0]
    pools: tuple[str, ...] = ("classification", "regression")

    def configuration(self, kind: TaskKind) -> Configuration | None:
        """Return the configuration for a task kind; None if it is not in the kind's pool."""
        algorithm = FAMILIES[self.algorithm]
        if pool_of(kind) not in self.pools or kind not in algorithm.kinds:
            return None
        space = algorithm.space(kind)
        configuration = space.from_values({**space.defaults, **self.changes}, "pool")
        space.check(configuration)
        return configuration


def _lightgbm(stage: int, rate: float, leaves: int, columns: float, **changes: Value) -> Recipe:
    names = {"learning_rate": rate, "num_leaves": leaves, "colsample_bytree": columns}
    return Recipe(algorithm="lightgbm", changes={**names, **changes}, stage=stage)


_SLOW_LIGHTGBM = (
    _lightgbm(40, 0.045, 5, 0.7, extra_trees=True, min_child_samples=5),
    _lightgbm(40, 0.03, 64, 0.6, min_child_samples=5),
    _lightgbm(40, 0.015, 12, 0.45, extra_trees=True, min_child_samples=10),
    _lightgbm(60, 0.02, 84, 0.65, extra_trees=True, min_child_samples=3),
)
"""LightGBM with low learning rates and about half of the columns, often random thresholds."""


def _crossed(recipe: Recipe, stage: int) -> Recipe:
    return replace(recipe, changes={**recipe.changes, "crossing": "arithmetic"}, stage=stage)


_CROSSED = (
    _crossed(Recipe(algorithm="lightgbm"), 40),
    _crossed(_SLOW_LIGHTGBM[0], 40),
    _crossed(Recipe(algorithm="extra_trees"), 40),
    _crossed(_SLOW_LIGHTGBM[1], 60),
    _crossed(Recipe(algorithm="random_forest"), 60),
    _crossed(_SLOW_LIGHTGBM[2], 120),
)
"""Learners with sums, differences, products and ratios of numeric columns added."""


def _catboost(stage: int, **changes: Value) -> Recipe:
    return Recipe(algorithm="catboost", changes=changes, stage=stage)


def _xgboost(stage: int, **changes: Value) -> Recipe:
    return Recipe(algorithm="xgboost", changes=changes, stage=stage)


ALL_ROUND = _CROSSED[1]
"""Recipe with the best mean rank on tables of up to 3,000 rows, of those that need no optional
library: 9.6 of 43 on 80 of classification and 9.8 of 43 on 74 of regression, where LightGBM's
default has 16.7 and 16.9; it takes about twice as long."""

_OPTIONAL = (
    _catboost(40),
    _catboost(40, learning_rate=0.03, depth=8, rsm=0.7),
    _catboost(60, learning_rate=0.1, depth=4, l2_leaf_reg=6.0),
    _catboost(60, crossing="arithmetic"),
    _catboost(60, depth=7, l2_leaf_reg=1.0, rsm=0.4, random_strength=3.0),
    _catboost(120, depth=3, l2_leaf_reg=1.0, bagging_temperature=0.3),
    _xgboost(40, learning_rate=0.05, max_depth=6, subsample=0.8, colsample_bytree=0.6),
    _xgboost(60),
    _xgboost(60, learning_rate=0.02, max_depth=9, min_child_weight=5.0, colsample_bytree=0.5),
    _xgboost(120, learning_rate=0.05, max_depth=3, subsample=0.7, colsample_bytree=0.8),
    _xgboost(120, learning_rate=0.1, max_depth=4, reg_lambda=10.0, colsample_bytree=0.5),
    _xgboost(120, learning_rate=0.03, max_depth=8, subsample=0.6, reg_alpha=1.0, encoding="target"),
)
"""Families that need an optional library, the defaults among them."""

RECIPES: tuple[Recipe, ...] = (*_SLOW_LIGHTGBM, *_CROSSED, *_OPTIONAL)
"""All recipes; those of a family in the order of their usefulness."""
