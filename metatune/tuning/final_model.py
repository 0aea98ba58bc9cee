"""Final model of a run: an ensemble, or the best single pipeline; planned, then built in time.

It is a single pipeline where that is asked for, or where an ensemble does not help, costs too much
or cannot be ready in time.
"""

import math
from dataclasses import replace

from metatune.budget import Deadline
from metatune.ensemble.member_pool import CONSTANT
from metatune.ensemble.plan import EnsemblePlan, PlanRequest
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.trial import TrialResult
from metatune.models.adjustment import NO_ADJUSTMENT
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.store import RunStore
from metatune.tuning.final_plan import FinalModel, FinalPlan
from metatune.tuning.members import (
    add_second_layer,
    fit_members,
    join_members,
    member_costs,
    plan_members,
)
from metatune.tuning.model_cost import (
    file_bytes,
    inner_limits,
    measure_in_time,
    tightened,
)
from metatune.tuning.model_parts import rows_of_parts
from metatune.tuning.run import Run
from metatune.tuning.time_plan import can_save, closing_seconds, fit_seconds

__all__ = [
    "FinalModel",
    "FinalPlan",
    "build_final_model",
    "measure_final_model",
    "plan_final_model",
    "save_final_model",
]

_LATE_SECONDS = 3.0  # that a fit may take although all time is used
_LATE_PATIENCE = 4.0  # times the seconds that it was predicted to take
_ATTEMPTS = 3  # to stay within limits on the model, the last one with the least that there is
_LEAST_WEIGHT = 0.5  # of a plan's members have to be there for the rest to stand for all


def plan_final_model(
    run: Run, prepared: PreparedTask, store: RunStore, search: SearchOutcome
) -> FinalPlan:
    """Plan the final model.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds out-of-fold predictions.
    search : SearchOutcome
        Every finished trial. Where the search or this was interrupted, nothing but the best
        single pipeline is planned.
    """
    better, constant = prepared.task.metric.better, prepared.constant
    history = search.history
    able = tuple(
        result
        for result in history.contenders()
        if better(result.score, constant) or math.isnan(constant)
    )
    plan = FinalPlan(
        history=history,
        able=able,
        ensemble=None,
        limits=run.options.limits,
        deadline=run.deadline.earlier(closing_seconds(prepared, store, run.options, history)),
        latest=run.deadline,
    ).within(run.options.limits)
    if search.ended is Ended.INTERRUPTED:
        return plan.hurried(run.deadline)
    if not able:
        return plan
    try:
        plan = plan.within(inner_limits(run, prepared, store))
        return replace(plan, ensemble=_plan_members(run, prepared, store, plan))
    except KeyboardInterrupt:
        return plan.hurried(run.deadline)


def build_final_model(
    run: Run, prepared: PreparedTask, store: RunStore, plan: FinalPlan
) -> FinalModel:
    """Build the final model as good as the time allows.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds the models of folds.
    plan : FinalPlan
        Where this is interrupted, the best single pipeline is built in a moment instead.
    """
    try:
        built = _within_limits(run, prepared, store, plan) or _single(run, prepared, store, plan)
    except KeyboardInterrupt:
        plan = plan.hurried(run.deadline)
        built = _single(run, prepared, store, plan)
    return replace(built, interrupted=plan.interrupted, front=plan.front)


def save_final_model(
    run: Run, prepared: PreparedTask, store: RunStore, model: FinalModel
) -> FinalModel:
    """Save the final model, and return it with what it costs.

    Raises
    ------
    BundleError
        If it cannot be written.
    """
    try:
        store.save(model.pipeline, model.trial, model.fitted_on)
        if not model.interrupted:
            model = measure_final_model(run, prepared, store, model)
    except KeyboardInterrupt:
        store.save(model.pipeline, model.trial, model.fitted_on)  # it is complete: nothing is lost
        model = replace(model, interrupted=True)
    run.timings.lap("finishing")
    return model


def measure_final_model(
    run: Run, prepared: PreparedTask, store: RunStore, model: FinalModel
) -> FinalModel:
    """Return the model, once it is saved, with what it costs."""
    if model.figures is not None:
        return model
    figures = measure_in_time(run, prepared, model.pipeline, store.saved_bytes())
    return replace(model, figures=figures)


def _plan_members(
    run: Run, prepared: PreparedTask, store: RunStore, plan: FinalPlan, *, only_single: bool = False
) -> EnsemblePlan | None:
    request = PlanRequest(
        metric=prepared.task.metric,
        single=plan.able[0].trial.number,
        only_single=only_single or not run.options.ensemble,
        costs=member_costs(store, plan.history),
        limits=plan.limits,
        seed=run.options.seed,
    )
    first = plan_members(run, prepared, store, plan.history, request, plan.deadline)
    if first is None or first.is_single or run.options.single_models:
        return first
    return add_second_layer(run, prepared, store, plan.history, request, first, plan.deadline)


def _within_limits(
    run: Run, prepared: PreparedTask, store: RunStore, plan: FinalPlan
) -> FinalModel | None:
    """Build what is planned, and plan anew with less as long as the model breaks a limit.

    Returns
    -------
    FinalModel or None
        None if the plan is not possible in time.
    """
    limits = run.options.limits
    final: FinalModel | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            least = attempt == _ATTEMPTS - 1
            ensemble = _plan_members(run, prepared, store, plan, only_single=least)
            plan = replace(plan, ensemble=ensemble)
        built = _build(run, prepared, store, plan)
        if built is None or not limits.any:
            return built or final
        n_bytes = file_bytes(run, store, built.pipeline)
        figures = measure_in_time(run, prepared, built.pipeline, n_bytes)
        broken = limits.broken_by(figures.cost)
        note = f"the limits cannot be kept, this is the nearest model: {broken}"
        final = replace(built, figures=figures, note=note if broken else "")
        if not broken:
            return final
        inner = tightened(plan.limits, limits, figures, last=attempt == _ATTEMPTS - 2)
        plan = plan.within(inner)
    return final


def _build(run: Run, prepared: PreparedTask, store: RunStore, plan: FinalPlan) -> FinalModel | None:
    """Fit what a plan asks for; None if nothing is planned or too little is ready in time."""
    if plan.ensemble is None:
        return None
    ensemble, deadline = plan.ensemble, plan.deadline
    sizes = {result.trial.number: result.model_bytes for result in plan.history.results}
    n_bytes = sum(sizes.get(number, 0) for number in ensemble.weights)
    # Fits on all rows matter more than folds beside them: those join if there is time left.
    before_save = deadline.earlier(store.seconds_to_save(n_bytes) + 0.2)
    parts = fit_members(run, prepared, store, plan.history, ensemble, before_save)
    heaviest = next((part.result for part in parts if part.result is not None), None)
    second = {number: share for number, share in ensemble.weights.items() if number < CONSTANT}
    weight = sum(part.weight for part in parts) + sum(second.values())
    if weight < _LEAST_WEIGHT or heaviest is None:
        return None
    winner = heaviest if len(parts) == 1 else plan.able[0]
    pipeline = join_members(run, prepared, ensemble, parts)
    has_folds = sum(len(part.models) for part in parts) > 1
    if pipeline is not None and has_folds and not can_save(pipeline, store, deadline):
        parts = [part.least() for part in parts]
        pipeline = join_members(run, prepared, ensemble, parts)
        # Several members are worth more than an estimate, for which the rest of the time is kept.
        if not ensemble.is_single and not can_save(pipeline, store, plan.latest):
            pipeline = None
    if pipeline is None:  # fits on all rows are there by now
        return _build(run, prepared, store, replace(plan, ensemble=ensemble.first))
    alone = len(parts) == 1 and ensemble.adjustment == NO_ADJUSTMENT
    return FinalModel(
        pipeline=pipeline,
        score=winner.score if alone or math.isnan(ensemble.score) else ensemble.score,
        winner=winner.trial.configuration,
        fitted_on=rows_of_parts(
            parts,
            all_rows=prepared.all_rows,
            n_table_rows=prepared.n_table_rows,
            n_train_rows=prepared.data.n_train_rows,
        ),
        trial=winner.trial.number,
        plan=ensemble,
        members=tuple((part.result, part.weight / weight) for part in parts),
        second={number: share / weight for number, share in second.items()},
    )


def _late(run: Run, prepared: PreparedTask, store: RunStore, plan: FinalPlan) -> FinalModel | None:
    """Fit a single pipeline when the time is over: what the journal holds must not be lost.

    That is so in a run that goes on with little time left: the models of its trials went with the
    process that was killed. The best of those that are quick is taken, or else the quickest.
    """

    def seconds(result: TrialResult) -> float:
        return fit_seconds(result, prepared, plan.history)

    quick = [result for result in plan.able if seconds(result) <= _LATE_SECONDS][:_ATTEMPTS]
    for result in (*quick, *sorted(plan.able, key=seconds)[:_ATTEMPTS]):
        deadline = Deadline.after(_LATE_SECONDS + _LATE_PATIENCE * seconds(result))
        final = _build(run, prepared, store, plan.alone(result, deadline))
        if final is not None:
            return final
    return None


def _single(run: Run, prepared: PreparedTask, store: RunStore, plan: FinalPlan) -> FinalModel:
    """Make the best single pipeline of which there is a model, or else the constant."""
    for result in plan.able:
        final = _build(run, prepared, store, plan.alone(result, plan.latest))
        if final is not None:
            return final
        saved, rows = store.load_saved(result)
        if saved is not None:
            return FinalModel(
                pipeline=saved,
                score=result.score,
                winner=result.trial.configuration,
                fitted_on=rows,
                trial=result.trial.number,
            )
    late = None if plan.interrupted else _late(run, prepared, store, plan)
    return late or FinalModel(
        pipeline=prepared.constant_pipeline(),
        score=prepared.constant,
        winner=None,
        fitted_on=prepared.all_rows,
    )
