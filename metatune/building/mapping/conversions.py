"""Conversions of published values to metatune's, named by the table of rules.

Each takes the published value and the run, and returns metatune's value, or None if that is
unknown: then it is left out. `ForeignValueError` is raised if metatune has no such value.
"""

import math
from collections.abc import Callable
from typing import Any

from metatune.building.mapping.dialects import STANDARDIZED, TARGET_STANDARDIZED
from metatune.building.mapping.run import ForeignValueError, PublishedRun
from metatune.space import Value

__all__ = [
    "Convert",
    "above",
    "at_least",
    "bootstrap_of_ranger",
    "column_power",
    "column_share",
    "depth_to_leaves",
    "for_standard_target",
    "kernel_width",
    "leaf_rows",
    "mtry_power",
    "one_of",
    "own_rate",
    "penalty_of_glmnet",
    "pruning_of_rpart",
    "ratio_of_glmnet",
    "ridge_strength",
    "rows",
    "same",
    "some_column",
    "strength_of_glmnet",
]

Convert = Callable[[Any, PublishedRun], Value]

_MANY_ROUNDS = 500


def same(value: Any, run: PublishedRun) -> Value:  # noqa: ARG001
    """Keep the value."""
    kept: Value = value
    return kept


def at_least(low: float) -> Convert:
    """Return a conversion for strengths of which metatune's lowest value means none."""

    def convert(value: Any, run: PublishedRun) -> Value:  # noqa: ARG001
        return max(low, float(value))

    return convert


def one_of(names: dict[Any, Value], *, otherwise_silent: bool = False) -> Convert:
    """Return a conversion by a small dictionary.

    Other values make the run foreign, or are left out where `otherwise_silent`.
    """

    def convert(value: Any, run: PublishedRun) -> Value:  # noqa: ARG001
        if value in names:
            return names[value]
        if otherwise_silent:
            return None
        raise ForeignValueError(f"value {value!r}")

    return convert


def rows(least: int = 1) -> Convert:
    """Return a conversion that keeps a number of rows.

    A fraction of the rows becomes a number where these are known, `least` or more.
    """

    def convert(value: Any, run: PublishedRun) -> Value:
        if float(value) >= 1.0:
            return int(value)
        return None if run.n_rows is None else max(least, math.ceil(float(value) * run.n_rows))

    return convert


def leaf_rows(value: Any, run: PublishedRun) -> Value:
    """Convert a fraction of the rows' weight in a leaf to a number of rows."""
    if float(value) <= 0.0:
        return rows()(run.hyperparameters.get("min_samples_leaf", 1), run)
    return None if run.n_rows is None else max(1, math.ceil(float(value) * run.n_rows))


def column_power(value: Any, run: PublishedRun) -> Value:
    """Convert the columns that a split may choose from to a power of their number."""
    value = _explicit(value, run)
    if value == "sqrt":
        return 0.5
    if value is None:
        return 1.0
    share = _share(value, run.n_columns)
    if share is None or run.n_columns is None or run.n_columns < 2:
        return None
    return math.log(max(1.0, math.floor(share * run.n_columns + 1e-9))) / math.log(run.n_columns)


def column_share(value: Any, run: PublishedRun) -> Value:
    """Convert the columns that a split may choose from to a share of them."""
    value = _explicit(value, run)
    return 1.0 if value is None else _share(value, run.n_columns)


def _explicit(value: Any, run: PublishedRun) -> Any:
    """Replace scikit-learn's former "auto": the square root for classes, all for numbers."""
    if value != "auto":
        return value
    return "sqrt" if run.pool == "classification" else None


def _share(value: Any, n_columns: int | None) -> float | None:
    """Return the share of columns; None for a plain 1, which may be a column or all of them."""
    if isinstance(value, float):
        return value
    if n_columns is None or value == 1:
        return None
    if isinstance(value, int):
        return min(1.0, value / n_columns)
    chosen = {"log2": math.log2(n_columns), "sqrt": math.sqrt(n_columns)}.get(value)
    if chosen is None:
        raise ForeignValueError(f"value {value!r}")
    return max(1.0, math.floor(chosen)) / n_columns


def depth_to_leaves(value: Any, run: PublishedRun) -> Value:  # noqa: ARG001
    """Convert the depth of a tree to its maximum number of leaves."""
    if value is None or not 0 < int(value) < 60:
        raise ForeignValueError("depth without a limit")
    return 1 << int(value)


def own_rate(value: Any, run: PublishedRun) -> Value:
    """Keep a learning rate, but only where the number of rounds did not limit it.

    metatune stops early: the best rate for a hundred rounds says nothing about its own.
    """
    if float(value) > 0.3:
        raise ForeignValueError("above metatune's range")
    given = run.hyperparameters
    rounds = given.get("n_estimators", given.get("nrounds", 0))
    return float(value) if int(rounds) >= _MANY_ROUNDS else None


def above(value: Any, run: PublishedRun) -> Value:  # noqa: ARG001
    """Convert ranger's largest size of an unsplit node to the smallest size of a split one."""
    return max(2, int(value) + 1)


def mtry_power(value: Any, run: PublishedRun) -> Value:
    """Convert a number of columns that a split may choose from to a power of their number."""
    if value is None:  # the square root, rounded down
        return 0.5
    if run.n_columns is None or run.n_columns < 2:
        return None
    return math.log(min(max(1, int(value)), run.n_columns)) / math.log(run.n_columns)


def bootstrap_of_ranger(value: Any, run: PublishedRun) -> Value:
    """Return True if trees see a bootstrap sample, if ranger's sample is one of metatune's.

    A share of 0.632 without replacement holds as many distinct rows as a bootstrap sample does.
    """
    share = float(run.hyperparameters.get("sample.fraction", 1.0))
    if share >= 0.95:
        return bool(value)
    if not value and 0.55 <= share <= 0.7:
        return True
    raise ForeignValueError(f"sample.fraction={share:.2g}")


def penalty_of_glmnet(value: Any, run: PublishedRun) -> Value:  # noqa: ARG001
    """Convert a mixing parameter to the name of its penalty."""
    return "l2" if float(value) < 0.05 else "elastic_net"


def ratio_of_glmnet(value: Any, run: PublishedRun) -> Value:  # noqa: ARG001
    """Keep the share of the L1 penalty, where there is one."""
    return None if float(value) < 0.05 else float(value)


def pruning_of_rpart(value: Any, run: PublishedRun) -> Value:  # noqa: ARG001
    """Convert a share of the root's error to one of its impurity, which is 1/2 at most."""
    return max(1e-8, 0.5 * float(value))


def some_column(value: Any, run: PublishedRun) -> Value:
    """Keep a share of columns of which at least one is seen."""
    least = 0.0 if run.n_columns is None else 1.0 / run.n_columns
    return max(float(value), least)


def strength_of_glmnet(value: Any, run: PublishedRun) -> Value:
    """Convert a penalty on the mean loss to scikit-learn's weight of the loss' sum."""
    if value is None or run.n_rows is None or float(value) <= 0.0:
        return None
    return 1.0 / (run.n_rows * float(value))


def kernel_width(value: Any, run: PublishedRun) -> Value:
    """Convert a kernel's gamma to a multiple of 1 / (columns x variance).

    That takes inputs of variance 1 and a known number of columns.
    """
    if value == "scale":
        return 1.0
    if not run.hyperparameters.get(STANDARDIZED):
        return None
    if value == "auto":
        return 1.0
    return None if run.n_columns is None else float(value) * run.n_columns


def for_standard_target(value: Any, run: PublishedRun) -> Value:
    """Keep a value that is relative to the spread of the target, where that was 1."""
    return float(value) if run.hyperparameters.get(TARGET_STANDARDIZED) else None


def ridge_strength(value: Any, run: PublishedRun) -> Value:
    """Convert a penalty on the mean loss to one on its sum.

    The L1 penalty is left out: it depends on the scale of the target, which is not known.
    """
    if run.hyperparameters.get("penalty", "l2") != "l2" or run.n_rows is None:
        return None
    return max(1e-5, float(value) * run.n_rows)
