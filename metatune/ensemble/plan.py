"""Plan of an ensemble: weights of the members of a pool, calibration and decision.

Nothing is fitted here but weights: the plan lists the members of the final model.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.folds import make_folds
from metatune.ensemble.calibration import PROBABILITY_METRICS, choose_calibration
from metatune.ensemble.influence import limited_weights
from metatune.ensemble.limits import NO_LIMITS, Cost, ModelLimits
from metatune.ensemble.losses import is_quick, make_mixture_loss, rows_to_select_on
from metatune.ensemble.member_pool import CONSTANT, MemberPool, read_pool, score_on_folds
from metatune.ensemble.selection import SelectionSettings, select, single_losses
from metatune.evaluation.decision import choose_decision
from metatune.evaluation.guard import Gain, cross_fitted_gain, parts_of_rows
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.metrics import Metric
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment

if TYPE_CHECKING:
    from metatune._typing import Float32Array, IndexArray


__all__ = [
    "LIGHT",
    "EnsemblePlan",
    "PlanRequest",
    "choose_weights",
    "gain_over_single",
    "plan_ensemble",
    "plan_in_worker",
    "plan_lightly",
    "with_second_layer",
]

_N_ERRORS = 2.0
"""An ensemble that loses more standard errors than this on rows that it was not selected on is
refused, and no other. Several good members are the better bet whatever a small sample says: on
212 past datasets, selected on one half of the rows and judged on the other, ensembles that seemed
to lose one to two errors had the smaller loss in 64 of 100 cases, by 1.3 % in the mean. To ask for
a gain of half an error brings 2.0 % instead of 3.1 % (``scripts/benchmarks gate``)."""

_CHECK_ROWS = 5_000
_CHECK_MEMBERS = 15
_SLOW_MEMBERS = 12  # where the metric is a scorer that takes milliseconds for each mixture
_SLOW_CHECK_MEMBERS = 6
_SLOW_PARTS = 5
_ADJUST_ROWS = 50_000
_LIGHT_ROWS = 2_000
_LIGHT_MEMBERS = 15

LIGHT = SelectionSettings(n_picks=12, n_bags=0)
"""Settings of a selection that takes a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """Request for a plan, as sent to a worker.

    Attributes
    ----------
    metric : Metric
        Metric that the run optimises.
    single : int
        Number of the leading trial, which is the model without an ensemble.
    only_single : bool
        Whether to plan no ensemble.
    costs : Mapping of int to Cost
        Cost of each member's model, by the number of its trial.
    limits : ModelLimits
        Limits on their total cost.
    seed : int
        Seed of bags, samples and splits.
    """

    metric: Metric
    single: int
    only_single: bool = False
    costs: Mapping[int, Cost] = field(default_factory=dict)
    limits: ModelLimits = NO_LIMITS
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsemblePlan:
    """Plan of the final model: weights of members, calibration and decision.

    Attributes
    ----------
    weights : Mapping of int to float
        Weights of the members by trial number, the largest first; they sum to 1. `CONSTANT`
        is the constant prediction, smaller numbers are learners of the second layer. Members of
        weight 0 are there for that layer to learn from.
    adjustment : Adjustment
        Calibration and decision.
    score : float
        Score of the model on the folds, with the metric's own sign; optimistic, since the plan was
        chosen by it.
    single_score : float
        Score of the best single member on the same folds.
    gain : Gain
        Gain of the ensemble over the best single member on rows that it was not selected on.
    first : EnsemblePlan or None
        Plan without the second layer, where this one has one.
    """

    weights: Mapping[int, float]
    adjustment: Adjustment = NO_ADJUSTMENT
    score: float = float("nan")
    single_score: float = float("nan")
    gain: Gain = field(default_factory=lambda: Gain(mean=float("nan"), error=float("inf")))
    first: "EnsemblePlan | None" = None

    @property
    def is_single(self) -> bool:
        """True if the model is one member alone."""
        return len(self.weights) == 1


def plan_in_worker(inbox: str, request: PlanRequest) -> EnsemblePlan:
    """Plan an ensemble from the pool in `inbox`; the function that a worker process calls."""
    with one_numeric_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return plan_ensemble(read_pool(Path(inbox)), request)


def plan_ensemble(pool: MemberPool, request: PlanRequest) -> EnsemblePlan:
    """Choose members, weights, calibration and decision.

    Parameters
    ----------
    pool : MemberPool
        Members, the leading trial among them.
    request : PlanRequest
        Metric, costs, limits and seed.
    """
    metric = request.metric
    rows = pool.covered()
    single = {_single_within(pool, metric, rows, request): 1.0}
    weights, gain = single, Gain(mean=float("nan"), error=float("inf"))
    if not request.only_single and len(pool.members) > 1:
        chosen = _within_limits(pool, metric, rows, request)
        if len(chosen) > 1:
            gain = gain_over_single(pool, metric, rows, chosen, request.seed)
            weights = chosen if gain.is_no_loss(_N_ERRORS) else single
    adjustment = _adjust(pool, metric, rows, weights, request.seed)
    return EnsemblePlan(
        weights=weights,
        adjustment=adjustment,
        score=_score(pool, metric, weights, adjustment),
        single_score=_score(pool, metric, single, NO_ADJUSTMENT),
        gain=gain,
    )


def plan_lightly(pool: MemberPool, request: PlanRequest) -> EnsemblePlan:
    """Choose members and weights in a moment: no calibration, and no check on other rows.

    Parameters
    ----------
    pool : MemberPool
        Members in order of merit, the leading trial among them. The first few are considered.
    request : PlanRequest
        Metric and seed; neither limits nor a decision are seen to.
    """
    numbers = {request.single, *list(pool.members)[:_LIGHT_MEMBERS]}
    some = replace(pool, members={n: p for n, p in pool.members.items() if n in numbers})
    rows = some.sample(some.covered(), _LIGHT_ROWS, request.seed)
    weights = choose_weights(some, request.metric, rows, LIGHT, seed=request.seed)
    single = {request.single: 1.0}
    return EnsemblePlan(
        weights=weights,
        score=_score(some, request.metric, weights, NO_ADJUSTMENT),
        single_score=_score(some, request.metric, single, NO_ADJUSTMENT),
    )


def with_second_layer(pool: MemberPool, request: PlanRequest, plan: EnsemblePlan) -> EnsemblePlan:
    """Choose weights of an ensemble's members and of learners of the second layer together.

    Parameters
    ----------
    pool : MemberPool
        Members of the plan, and learners of the second layer by numbers below `CONSTANT`.
    request : PlanRequest
        Metric and seed.
    plan : EnsemblePlan
        Plan of the first layer.

    Returns
    -------
    EnsemblePlan
        The same plan if no learner of the second layer is chosen.
    """
    metric, rows = request.metric, pool.covered()
    chosen = choose_weights(pool, metric, rows, seed=request.seed)
    if min(chosen) >= CONSTANT:
        return plan
    learned_from = {number: 0.0 for number in plan.weights if number != CONSTANT}
    weights = {**chosen, **{n: w for n, w in learned_from.items() if n not in chosen}}
    adjustment = _adjust(pool, metric, rows, weights, request.seed)
    score = _score(pool, metric, weights, adjustment)
    return replace(plan, weights=weights, adjustment=adjustment, score=score, first=plan)


def choose_weights(
    pool: MemberPool,
    metric: Metric,
    rows: "IndexArray",
    settings: SelectionSettings | None = None,
    *,
    seed: int = 0,
) -> dict[int, float]:
    """Select weights of a pool's members on some rows; members worse than the constant get 0.

    Parameters
    ----------
    pool : MemberPool
        Members to weigh.
    metric : Metric
        Metric that the run optimises.
    rows : ndarray of shape (n_chosen,)
        IndexArray to select on, which all members predict.
    settings : SelectionSettings, optional
        Settings of the greedy selection.
    seed : int
        Seed of the sample of rows, where there are too many.

    Returns
    -------
    dict of int to float
        Weights by the number of the trial, the largest first.
    """
    settings = settings or SelectionSettings(seed=seed)
    rows = pool.sample(rows, rows_to_select_on(metric, pool.n_classes), seed)
    numbers, y, stack = np.array(list(pool.members)), pool.y[rows], pool.stack(rows)
    counts = limited_weights(metric, y, stack, pool.weights_of(rows))
    alone = single_losses(make_mixture_loss(metric, y, stack, counts))
    able = np.isfinite(alone)
    if CONSTANT in pool.members:
        able &= alone <= alone[list(numbers).index(CONSTANT)]
    if not _constant_helps(pool, metric) and (able & (numbers != CONSTANT)).any():
        able &= numbers != CONSTANT
    quick = is_quick(metric, pool.n_classes)
    ranked = np.argsort(np.where(able, alone, np.inf), kind="stable")
    used = np.sort(ranked[: max(1, min(int(able.sum()), 10_000 if quick else _SLOW_MEMBERS))])
    if not quick:
        settings = replace(settings, n_bags=0, n_picks=min(settings.n_picks, 15))
    found = select(make_mixture_loss(metric, y, stack[used], counts), settings)
    order = np.argsort(-found, kind="stable")
    return {int(numbers[used[i]]): float(found[i]) for i in order if found[i] > 0.0}


def _constant_helps(pool: MemberPool, metric: Metric) -> bool:
    """Return True if mixing in the constant can change the score other than by chance.

    It shrinks values and probabilities; ranks and the most probable class stay as they are,
    but for the small differences between the constants of the folds.
    """
    return not pool.n_classes or metric.name in PROBABILITY_METRICS


def _within_limits(
    pool: MemberPool, metric: Metric, rows: "IndexArray", request: PlanRequest
) -> dict[int, float]:
    """Select weights of members whose total cost is allowed."""
    limits, costs = request.limits, request.costs
    fitting = {n: p for n, p in pool.members.items() if limits.allows(costs.get(n, Cost()))}
    while len(fitting) > 1:
        some = replace(pool, members=fitting)
        weights = choose_weights(some, metric, rows, seed=request.seed)
        if limits.allows(sum((costs.get(n, Cost()) for n in weights), Cost())):
            return weights
        # What weighs least for its cost leaves, and the others are weighed anew.
        worth = {n: w / max(limits.excess(costs.get(n, Cost())), 1e-9) for n, w in weights.items()}
        leaves = min(worth, key=worth.__getitem__)
        fitting = {n: pool.members[n] for n in weights if n != leaves}
    return dict.fromkeys(fitting, 1.0)


def _single_within(
    pool: MemberPool, metric: Metric, rows: "IndexArray", request: PlanRequest
) -> int:
    """Return the leading trial, or the best one within the limits; else the one nearest to them."""
    limits, costs = request.limits, request.costs
    if limits.allows(costs.get(request.single, Cost())):
        return request.single
    real = [n for n in pool.members if n != CONSTANT]
    fitting = [n for n in real if limits.allows(costs.get(n, Cost()))]
    if not fitting:
        return min(real, key=lambda n: (limits.excess(costs.get(n, Cost())), n))
    mixture = make_mixture_loss(metric, pool.y[rows], pool.stack(rows), pool.weights_of(rows))
    alone = dict(zip(pool.members, single_losses(mixture), strict=True))
    return min(fitting, key=lambda n: (alone[n], n))


def gain_over_single(
    pool: MemberPool, metric: Metric, rows: "IndexArray", chosen: Mapping[int, float], seed: int
) -> Gain:
    """Compute the cross-fitted gain of an ensemble over the best single member.

    Parameters
    ----------
    pool : MemberPool
        All members.
    metric : Metric
        Metric that the run optimises.
    rows : ndarray of shape (n_chosen,)
        Rows to compute it on, which all members predict.
    chosen : Mapping of int to float
        Weights of the ensemble.
    seed : int
        Seed of samples and splits.
    """
    rows = pool.sample(rows, _CHECK_ROWS, seed)
    mixture = make_mixture_loss(metric, pool.y[rows], pool.stack(rows), pool.weights_of(rows))
    alone = single_losses(mixture)
    numbers = list(pool.members)
    ranked = [numbers[i] for i in np.argsort(alone, kind="stable")]
    quick = is_quick(metric, pool.n_classes)
    most = max(_CHECK_MEMBERS, len(chosen)) if quick else _SLOW_CHECK_MEMBERS
    if not _constant_helps(pool, metric):
        ranked = [number for number in ranked if number != CONSTANT]
    used = list(dict.fromkeys([*chosen, *ranked]))[:most]
    some = replace(pool, members={n: pool.members[n] for n in used})
    stack = some.stack(rows)

    def gain_on(fit: "IndexArray", held_out: "IndexArray") -> float:
        on_fit = _mixture_on(some, metric, stack, rows, fit)
        on_held_out = _mixture_on(some, metric, stack, rows, held_out)
        best = int(np.argmin(single_losses(on_fit)))
        weights = select(on_fit, replace(LIGHT, seed=seed))
        return float(single_losses(on_held_out)[best] - on_held_out.of_weights(weights))

    parts = _parts(pool, rows, seed)
    return cross_fitted_gain(parts if quick else parts[:_SLOW_PARTS], gain_on)


def _mixture_on(
    pool: MemberPool, metric: Metric, stack: "Float32Array", rows: "IndexArray", part: "IndexArray"
) -> Any:
    chosen = rows[part]
    return make_mixture_loss(metric, pool.y[chosen], stack[:, part], pool.weights_of(chosen))


def _parts(
    pool: MemberPool, rows: "IndexArray", seed: int
) -> "list[tuple[IndexArray, IndexArray]]":
    """Return pairs of rows to fit on and rows to score on; rows of a group stay together."""
    y = np.asarray(pool.y)[rows]
    if pool.row_metadata.groups is None:
        return list(parts_of_rows(y, pool.kind, seed))
    groups = np.asarray(pool.row_metadata.groups)[rows]
    n_parts = min(5, len(np.unique(groups)))
    if n_parts < 2:
        return []
    folds = make_folds(y, pool.kind, n_parts, seed, RowMetadata(groups=groups))
    return [(np.sort(fold.train), fold.valid) for fold in folds]


def _adjust(
    pool: MemberPool, metric: Metric, rows: "IndexArray", weights: Mapping[int, float], seed: int
) -> Adjustment:
    """Calibrate, or choose a decision, where that helps."""
    if not pool.n_classes:
        return NO_ADJUSTMENT
    rows = pool.sample(rows, _ADJUST_ROWS, seed)
    y, mean, counts = np.asarray(pool.y)[rows], pool.mean(weights)[rows], pool.weights_of(rows)
    mean = mean / mean.sum(axis=1, keepdims=True)
    parts = _parts(pool, rows, seed)
    calibrated = choose_calibration(metric, y, mean, parts, counts)
    decision = choose_decision(metric, y, calibrated.probabilities(mean), parts, counts, seed=seed)
    return replace(calibrated, decision=decision)


def _score(
    pool: MemberPool, metric: Metric, weights: Mapping[int, float], adjustment: Adjustment
) -> float:
    prediction = pool.mean(weights)
    if pool.n_classes:
        with np.errstate(invalid="ignore"):
            prediction = adjustment.probabilities(prediction)
        if adjustment.decision:
            prediction = np.eye(pool.n_classes)[adjustment.decide(prediction)]
    return score_on_folds(pool, metric, prediction)
