"""Final model of a run: an ensemble, or the best single pipeline; planned, then built in time.

It is a single pipeline where that is asked for, or where an ensemble does not help, costs too much
or cannot be ready in time.
"""

import math
from dataclasses import dataclass, replace

from sklearn.pipeline import Pipeline

from metatune.budget import Deadline
from metatune.ensemble.limits import ModelLimits
from metatune.ensemble.plan import EnsemblePlan, PlanRequest
from metatune.evaluation.footprint import pickled_bytes
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.trial import TrialResult
from metatune.models import model_file
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment
from metatune.search.history import History
from metatune.space import Configuration
from metatune.storage.store import RunStore
from metatune.tuning.members import fit_members, member_costs, plan_members
from metatune.tuning.model_cost import ModelFigures, measure_model
from metatune.tuning.model_parts import Part, models_and_weights, rows_of_parts
from metatune.tuning.run import Run
from metatune.tuning.time_plan import can_save

__all__ = [
    "FinalModel",
    "FinalPlan",
    "build_final_model",
    "measure_final_model",
    "plan_final_model",
]

_HURRY_SECONDS = 1.0
_MEASURE_SECONDS = 1.0
_ATTEMPTS = 3  # to stay within limits on the model, the last one with the least that there is
_LEAST_WEIGHT = 0.5  # of a plan's members have to be there for the rest to stand for all


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinalModel:
    """Model that a run ends with.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted; takes a table.
    score : float
        Cross-validated score: of the ensemble, or of the configuration.
    winner : Configuration or None
        Leading configuration, the model itself where that is single; None for the constant
        prediction.
    fitted_on : str
        Rows it was fitted on, for people.
    trial : int or None
        Number of the winner's trial.
    plan : EnsemblePlan or None
        Members, calibration and decision; None for the constant prediction.
    members : tuple of (TrialResult or None, float)
        Members with their weights: the heaviest first, None for the constant prediction.
    figures : ModelFigures or None
        Measured costs; None if there was no time to measure.
    note : str
        A remark for the user; often empty.
    """

    pipeline: Pipeline
    score: float
    winner: Configuration | None
    fitted_on: str
    trial: int | None = None
    plan: EnsemblePlan | None = None
    members: tuple[tuple[TrialResult | None, float], ...] = ()
    figures: ModelFigures | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalPlan:
    """Plan of the final model.

    Attributes
    ----------
    able : tuple of TrialResult
        Trials that beat the constant prediction, the best first.
    ensemble : EnsemblePlan or None
        Members and weights; None where nothing could be planned: then the best of `able` of which
        there is a model is taken.
    limits : ModelLimits
        Left for the models of members, besides the work on columns.
    deadline : Deadline
        When an ensemble has to be built.
    latest : Deadline
        When any model has to be.
    """

    able: tuple[TrialResult, ...]
    ensemble: EnsemblePlan | None
    limits: ModelLimits
    deadline: Deadline
    latest: Deadline

    @property
    def is_single(self) -> bool:
        """True if it is the best single pipeline."""
        return self.ensemble is None or self.ensemble.is_single


def plan_final_model(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    *,
    spare: float = 0.0,
    interrupted: bool = False,
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
    history : History
        Every finished trial.
    spare : float
        Seconds that an ensemble has to leave to what comes after.
    interrupted : bool
        Plan nothing, and leave only time for fits that take a moment.
    """
    better, constant = prepared.task.metric.better, prepared.constant
    able = tuple(
        result
        for result in history.contenders()
        if better(result.score, constant) or math.isnan(constant)
    )
    latest = run.deadline.within(_HURRY_SECONDS) if interrupted else run.deadline
    deadline = latest.earlier(spare)
    limits, ensemble = run.options.limits, None
    if able and not interrupted:
        limits = _inner_limits(run, prepared, store)
        request = _request(run, prepared, store, history, able[0], limits)
        ensemble = plan_members(run, prepared, store, history, request, deadline)
    return FinalPlan(able=able, ensemble=ensemble, limits=limits, deadline=deadline, latest=latest)


def build_final_model(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, plan: FinalPlan
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
    history : History
        Every finished trial.
    plan : FinalPlan
        Made of the same history.
    """
    built = _within_limits(run, prepared, store, history, plan)
    return built or _single(run, prepared, store, history, plan)


def measure_final_model(
    run: Run, prepared: PreparedTask, store: RunStore, model: FinalModel
) -> FinalModel:
    """Return the model, once it is saved, with what it costs."""
    if model.figures is not None:
        return model
    figures = _measure(run, prepared, model.pipeline, store.saved_bytes())
    return replace(model, figures=figures)


def _request(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    leader: TrialResult,
    limits: ModelLimits,
    *,
    only_single: bool = False,
) -> PlanRequest:
    return PlanRequest(
        metric=prepared.task.metric,
        single=leader.trial.number,
        only_single=only_single or not run.options.ensemble,
        costs=member_costs(store, history),
        limits=limits,
        seed=run.options.seed,
    )


def _within_limits(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, plan: FinalPlan
) -> FinalModel | None:
    """Build what is planned, and plan anew with less as long as the model breaks a limit.

    Returns
    -------
    FinalModel or None
        None if the plan is not possible in time.
    """
    limits, inner, ensemble = run.options.limits, plan.limits, plan.ensemble
    final: FinalModel | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            least = attempt == _ATTEMPTS - 1
            leader = plan.able[0]
            request = _request(run, prepared, store, history, leader, inner, only_single=least)
            ensemble = plan_members(run, prepared, store, history, request, plan.deadline)
        if ensemble is None:
            return final
        built = _build(run, prepared, store, history, ensemble, plan.able[0], plan.deadline)
        if built is None or not limits.any:
            return built or final
        n_bytes = _file_bytes(run, store, built.pipeline)
        figures = _measure(run, prepared, built.pipeline, n_bytes)
        broken = limits.broken_by(figures.cost)
        note = f"the limits cannot be kept, this is the nearest model: {broken}"
        final = replace(built, figures=figures, note=note if broken else "")
        if not broken:
            return final
        inner = _tightened(inner, limits, figures, last=attempt == _ATTEMPTS - 2)
    return final


def _build(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    plan: EnsemblePlan,
    leader: TrialResult,
    deadline: Deadline,
) -> FinalModel | None:
    """Fit what a plan asks for; None if too little of it is ready in time."""
    sizes = {result.trial.number: result.model_bytes for result in history.results}
    n_bytes = sum(sizes.get(number, 0) for number in plan.weights)
    # Fits on all rows matter more than folds beside them: those join if there is time left.
    before_save = deadline.earlier(store.seconds_to_save(n_bytes) + 0.2)
    parts = fit_members(run, prepared, store, history, plan, before_save)
    weight = sum(part.weight for part in parts)
    heaviest = next((part.result for part in parts if part.result is not None), None)
    if weight < _LEAST_WEIGHT or heaviest is None:
        return None
    winner = heaviest if len(parts) == 1 else leader
    pipeline = _join(prepared, parts, plan)
    if sum(len(part.models) for part in parts) > 1 and not can_save(pipeline, store, deadline):
        parts = [part.least() for part in parts]
        pipeline = _join(prepared, parts, plan)
        if not plan.is_single and not can_save(pipeline, store, deadline):
            return None
    alone = len(parts) == 1 and plan.adjustment == NO_ADJUSTMENT
    return FinalModel(
        pipeline=pipeline,
        score=winner.score if alone or math.isnan(plan.score) else plan.score,
        winner=winner.trial.configuration,
        fitted_on=rows_of_parts(
            parts,
            all_rows=prepared.all_rows,
            n_table_rows=prepared.n_table_rows,
            n_train_rows=prepared.data.n_train_rows,
        ),
        trial=winner.trial.number,
        plan=plan,
        members=tuple((part.result, part.weight / weight) for part in parts),
    )


def _join(prepared: PreparedTask, parts: list[Part], plan: EnsemblePlan) -> Pipeline:
    """Make one pipeline of the parts of a plan's members."""
    models, weights = models_and_weights(parts)
    if len(models) == 1 and plan.adjustment == NO_ADJUSTMENT:
        return prepared.assemble(models[0])
    return prepared.join(models, weights, plan.adjustment)


def _single(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, plan: FinalPlan
) -> FinalModel:
    """Make the best single pipeline of which there is a model, or else the constant."""
    for result in plan.able:
        decided = Adjustment(decision=result.decision)
        single = EnsemblePlan(weights={result.trial.number: 1.0}, adjustment=decided)
        final = _build(run, prepared, store, history, single, result, plan.latest)
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
    return FinalModel(
        pipeline=prepared.constant_pipeline(),
        score=prepared.constant,
        winner=None,
        fitted_on=prepared.all_rows,
    )


def _inner_limits(run: Run, prepared: PreparedTask, store: RunStore) -> ModelLimits:
    """Return what is left of the limits for models, besides the work on columns."""
    limits = run.options.limits
    if not limits.any:
        return limits
    constant = prepared.constant_pipeline()
    own = _measure(run, prepared, constant, _file_bytes(run, store, constant))
    # However little is left, it is more than nothing: shares of it are compared.
    latency, n_bytes = limits.max_latency, limits.max_bytes
    return ModelLimits(
        max_latency=None if latency is None else max(latency - own.latency, 1e-3 * latency),
        max_bytes=None if n_bytes is None else max(n_bytes - own.n_bytes, n_bytes // 1000, 1),
    )


def _measure(
    run: Run, prepared: PreparedTask, pipeline: Pipeline, n_bytes: int | None
) -> ModelFigures:
    n_bytes = pickled_bytes(pipeline) if n_bytes is None else n_bytes
    until = run.deadline.within(_MEASURE_SECONDS)
    return measure_model(pipeline, prepared.task.X, n_bytes, until)


def _file_bytes(run: Run, store: RunStore, pipeline: Pipeline) -> int | None:
    """Return the size that a model file would have, where that matters."""
    if run.options.limits.max_bytes is None:
        return None
    path = run.scratch / "measured.skops"
    model_file.save(pipeline, path, store.info())
    return path.stat().st_size


def _tightened(
    inner: ModelLimits, limits: ModelLimits, figures: ModelFigures, *, last: bool
) -> ModelLimits:
    """Return limits that make up for what a model turned out to cost."""
    factor = 1e-9 if last else 0.9 / max(1.0, limits.excess(figures.cost))
    return ModelLimits(
        max_latency=None if inner.max_latency is None else factor * inner.max_latency,
        max_bytes=None if inner.max_bytes is None else max(1, int(factor * inner.max_bytes)),
    )
