"""Standing of an ensemble during a search: its score, and the errors that families share with it.

A search that ends with an ensemble gains by what improves that, not by the best single model: a
member that errs elsewhere may be worth more than one that errs less.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.ensemble.member_pool import MemberPool, score_on_folds
from metatune.ensemble.plan import LIGHT, choose_weights
from metatune.kinds import TaskKind
from metatune.metrics import Metric

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray

__all__ = ["Standing", "ensemble_standing"]

_ROWS = 2_000
_USUAL = 0.95
"""Mean product of the errors of two good models of different families, in units of the squared
error of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Standing of the ensemble that the members so far make.

    Attributes
    ----------
    score : float
        Score of the ensemble on the folds, with the metric's own sign.
    shared : Mapping of str to float
        Mean product of the errors of a family's members and of the ensemble without them, in units
        of the ensemble's squared error.
    usual : float
        The same of a family that has no member.
    """

    score: float
    shared: Mapping[str, float]
    usual: float


def ensemble_standing(
    pool: MemberPool, metric: Metric, families: Mapping[int, str], seed: int = 0
) -> Standing:
    """Weigh the members of a pool lightly, and compare every family with their mean.

    Parameters
    ----------
    pool : MemberPool
        Members that were evaluated on all folds, the constant prediction not among them.
    metric : Metric
        Metric that members are weighed by.
    families : Mapping of int to str
        Algorithm of each member.
    seed : int
        Seed of the sample of rows.
    """
    rows = pool.sample(pool.covered(), _ROWS, seed)
    weights = choose_weights(pool, metric, rows, LIGHT, seed=seed)
    y = _targets(pool, rows)
    errors = {number: np.asarray(member[rows]) - y for number, member in pool.members.items()}
    unit = max(float((_mean(errors, weights) ** 2).mean()), 1e-12)
    found: dict[str, list[float]] = defaultdict(list)
    for number, error in errors.items():
        others = {n: w for n, w in weights.items() if n != number}
        if not others:  # the ensemble is this member: compare it with the next best one
            others = {n: 1.0 for n in list(errors)[:2] if n != number}
        shared = float((error * _mean(errors, others)).mean()) / unit if others else 1.0
        found[families[number]].append(shared)
    medians = {family: float(np.median(values)) for family, values in found.items()}
    return Standing(
        score=score_on_folds(pool, metric, pool.mean(weights)),
        shared=medians,
        usual=min([_USUAL, *medians.values()]),
    )


def _targets(pool: MemberPool, rows: "IndexArray") -> "FloatArray":
    """Return values, or for classes the indicator of each, (n_rows[, n_classes])."""
    y = np.asarray(pool.y)[rows]
    if pool.kind is TaskKind.REGRESSION:
        return np.asarray(y, dtype=np.float64)
    return np.asarray(np.eye(pool.n_classes)[y.astype(np.intp)])


def _mean(stack: "Mapping[int, FloatArray]", weights: Mapping[int, float]) -> "FloatArray":
    total = sum(weights.values())
    return np.asarray(np.sum([w * stack[n] for n, w in weights.items()], axis=0) / total)
