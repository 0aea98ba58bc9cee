"""Model selection repeated on bootstrap samples of the out-of-fold predictions.

The final selection is repeated: of the best single trial, of the one that several objectives
choose, or of the weights of an ensemble, with calibration and decision where the run's model has
them. Selecting an ensemble hundreds of times is made cheaper in three ways: without bags, with half
the picks, and among the members of the model and the next best, twenty in all. Draws are
compared with the same cheap selection on all rows, so that the correction does not mistake
cheapness for luck.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.ensemble.calibration import fit_calibration
from metatune.ensemble.member_pool import CONSTANT, MemberPool
from metatune.ensemble.plan import choose_weights
from metatune.ensemble.selection import SelectionSettings
from metatune.estimate.selector import BestSingle, Selector
from metatune.evaluation.decision import fit_decision
from metatune.metrics import Metric
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment
from metatune.search.front import Preference

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray


__all__ = ["Composition", "Reselection"]

_LIGHT = SelectionSettings(n_picks=15, n_bags=0)
_MAX_MEMBERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Composition of the final model.

    Attributes
    ----------
    weights : Mapping of int to float
        Weights of its members by trial number; `CONSTANT` is the constant prediction.
    adjustment : Adjustment
        Calibration and decision.
    preference : Preference or None
        Preference by which a single one was chosen among trials of known costs; None for the best
        score.
    """

    weights: Mapping[int, float]
    adjustment: Adjustment = NO_ADJUSTMENT
    preference: Preference | None = None

    @property
    def is_single(self) -> bool:
        """True if it is one trial's model alone."""
        return len(self.weights) == 1


class Reselection(Selector):
    """Model selection of a run, repeated for any weighting of the rows.

    Parameters
    ----------
    pool : MemberPool
        Members to select from; every member predicts every row.
    metric : Metric
        Metric that the run optimises.
    composition : Composition
        Composition of the run's final model.
    strata : ndarray of shape (n_rows,), optional
        Fold whose model predicted each row.
    seed : int
        Seed of samples of rows.
    """

    def __init__(
        self,
        pool: MemberPool,
        metric: Metric,
        composition: Composition,
        *,
        strata: "IndexArray | None" = None,
        seed: int = 0,
    ) -> None:
        self._metric, self._composition, self._seed = metric, composition, seed
        self._pool = pool
        preference = composition.preference
        compared = pool.members if preference is None else preference.costs
        self._numbers = [n for n in pool.members if n != CONSTANT and n in compared]
        trials = [np.asarray(pool.members[number]) for number in self._numbers]
        self._best = BestSingle(
            trials,
            metric,
            pool.y,
            choice=None if preference is None else (self._numbers, preference),
            judged=[self._judged(trial) for trial in trials],
            weights=pool.row_metadata.weights,
            strata=strata,
            seed=seed,
        )
        self._pool = pool if composition.is_single else self._smaller(pool)

    @property
    def n_candidates(self) -> int:
        return self._best.n_candidates

    def final(self) -> "AnyArray":
        mean = self._pool.mean(self._composition.weights)
        adjustment = self._composition.adjustment
        if adjustment == NO_ADJUSTMENT:
            return mean
        return self._decided(adjustment.probabilities(mean), adjustment.decision)

    def select(self, counts: "FloatArray") -> "list[AnyArray | None]":
        if self._composition.is_single and self._composition.adjustment == NO_ADJUSTMENT:
            return self._best.select(counts)
        return [self._one(drawn) for drawn in counts]

    def _one(self, drawn: "FloatArray") -> "AnyArray | None":
        rows = np.flatnonzero(drawn)
        own = self._pool.weights_of(rows)
        weights = drawn[rows] if own is None else own * drawn[rows]
        if self._composition.is_single:
            (mean,) = self._best.select(drawn[None, :])
        else:
            mean = self._mixed(rows, weights)
        return None if mean is None else self._adjusted(mean, rows, weights)

    def _mixed(self, rows: "IndexArray", weights: "FloatArray") -> "AnyArray | None":
        everywhere = np.zeros(len(self._pool.y))
        everywhere[rows] = weights
        pool = replace(self._pool, row_metadata=RowMetadata(weights=everywhere))
        try:
            return pool.mean(choose_weights(pool, self._metric, rows, _LIGHT, seed=self._seed))
        except ValueError:  # the metric is undefined on these rows
            return None

    def _adjusted(self, mean: "AnyArray", rows: "IndexArray", weights: "FloatArray") -> "AnyArray":
        """Calibrate and decide as the model does, fitted on these rows."""
        done = self._composition.adjustment
        if done == NO_ADJUSTMENT:
            return mean
        p = np.asarray(mean, dtype=np.float64)
        p = p / p.sum(axis=1, keepdims=True)
        y = np.asarray(self._pool.y)[rows]
        if done.calibrates:
            fitted = fit_calibration(y, p[rows], weights, shifts=bool(done.shifts))
            p = fitted.probabilities(p)
        if not done.decision:
            return p
        factors = fit_decision(self._metric, y, p[rows], weights, seed=self._seed)
        return self._decided(p, factors)

    def _judged(self, trial: "AnyArray") -> "AnyArray":
        """Return a trial as it is judged where labels are decided: by factors of its own."""
        if not self._composition.adjustment.decision:
            return trial
        y, weights = np.asarray(self._pool.y), self._pool.row_metadata.weights
        return self._decided(trial, fit_decision(self._metric, y, trial, weights, n_samples=1))

    def _decided(self, p: "FloatArray", factors: tuple[float, ...]) -> "FloatArray":
        """Return indicators of the decided labels, if there are factors for deciding them."""
        if not factors:
            return p
        return np.asarray(np.eye(p.shape[1])[(p * np.asarray(factors)).argmax(axis=1)])

    def _smaller(self, pool: MemberPool) -> MemberPool:
        """Return a pool of the model's members, the constant, and the best others."""
        order = [self._numbers[i] for i in self._best.ranking()]
        first = [number for number in pool.members if number in self._composition.weights]
        first += [number for number in (CONSTANT,) if number in pool.members]
        kept = list(dict.fromkeys([*first, *order]))[: max(_MAX_MEMBERS, len(first))]
        members = {number: pool.members[number] for number in pool.members if number in kept}
        weights = pool.row_metadata.weights
        row_metadata = PLAIN if weights is None else RowMetadata(weights=weights)
        return replace(pool, members=members, row_metadata=row_metadata)
