"""Members of an ensemble: planned, and fitted on all rows or represented by their folds.

The plan is made, and members are fitted, in processes that can be stopped. A member for which the
time does not suffice is represented by the models of its folds, which are there already.
"""

import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.budget import Deadline
from metatune.ensemble.limits import SAVED_BYTES, Cost
from metatune.ensemble.member_pool import CONSTANT, MemberPool, link_files, write_pool
from metatune.ensemble.plan import EnsemblePlan, PlanRequest, plan_in_worker, plan_lightly
from metatune.ensemble.second_layer import (
    LEARNERS,
    add_in_worker,
    learned_from,
    learner_file,
    second_folder,
)
from metatune.evaluation.constant import constant_model, constant_predictions
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.refit import plan_refit, refit_in_worker
from metatune.evaluation.trial import TrialResult
from metatune.execution.executor import Handle, Job, JobStatus
from metatune.models.adjustment import NO_ADJUSTMENT
from metatune.models.second_layer import SecondLayer
from metatune.search.history import History
from metatune.storage.store import RunStore
from metatune.tuning.loop import trial_job
from metatune.tuning.model_parts import MAX_FOLDS, Part, is_averaged, models_and_weights
from metatune.tuning.run import Run
from metatune.tuning.time_plan import fit_seconds, second_layer_seconds

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = [
    "add_second_layer",
    "cost_of",
    "fit_members",
    "join_members",
    "member_costs",
    "plan_members",
]

_PLAN_SHARE = 0.5  # of the time left
_LEAST_SECONDS = 0.3  # less is not enough to plan anything
_SECOND_SHARE = 0.3  # of the time left may be predicted for a second layer,
_SECOND_LIMIT = 0.5  # and go into it
_REFIT_MARGIN = 0.5  # of the predicted seconds have to be left for a fit to be worth trying


def member_costs(store: RunStore, history: History) -> dict[int, Cost]:
    """Return the cost of each member's model, by the number of its trial."""
    return {r.trial.number: cost_of(r) for r in store.predictions.members(history)}


def cost_of(result: TrialResult) -> Cost:
    """Return the cost of a trial's model, its size rather too large."""
    return Cost(latency=result.latency, n_bytes=SAVED_BYTES * result.model_bytes)


def plan_members(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    request: PlanRequest,
    deadline: Deadline,
) -> EnsemblePlan | None:
    """Plan the final model from the predictions that are there.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds the predictions.
    history : History
        Every finished trial.
    request : PlanRequest
        What is asked; names the trial that leads.
    deadline : Deadline
        When everything has to be finished.

    Returns
    -------
    EnsemblePlan or None
        A light one where the time did not suffice for more. None if the leader was not evaluated on
        all folds, or what is asked cannot be planned lightly.
    """
    members = store.predictions.members(history)
    if all(result.trial.number != request.single for result in members):
        return None
    pool = _make_pool(prepared, store, members)
    limit = _PLAN_SHARE * deadline.remaining()
    if limit >= _LEAST_SECONDS:
        inbox = Path(tempfile.mkdtemp(prefix="pool", dir=run.scratch))
        _write_pool(store, members, pool, inbox)
        job = Job(function=plan_in_worker, inbox=str(inbox), arguments=(request,), time_limit=limit)
        outcome = run.executor.call(job)
        if outcome.status is JobStatus.OK:
            plan: EnsemblePlan = outcome.value
            return plan
    is_plain = not (request.only_single or request.limits.any or request.metric.decides)
    # A counted run must not depend on how busy the machine is.
    return plan_lightly(pool, request) if is_plain and not run.counted else None


def add_second_layer(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    request: PlanRequest,
    plan: EnsemblePlan,
    deadline: Deadline,
) -> EnsemblePlan:
    """Let a second layer learn from the members of a plan, where there is time for it.

    Parameters
    ----------
    run : Run
        Values of the run. Its scratch folder takes the fitted learners.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds the predictions.
    history : History
        Every finished trial.
    request : PlanRequest
        Request that the plan answers.
    plan : EnsemblePlan
        Plan of the first layer, of several members.
    deadline : Deadline
        When everything has to be finished.

    Returns
    -------
    EnsemblePlan
        The same plan if no learner of the second layer helps, or the time did not suffice.
    """
    remaining = deadline.remaining()
    seconds = second_layer_seconds(prepared, run.options.planned_seconds)
    if not seconds or (seconds > _SECOND_SHARE * remaining and not run.counted):
        return plan
    members = [r for r in store.predictions.members(history) if r.trial.number in plan.weights]
    inbox = Path(tempfile.mkdtemp(prefix="second", dir=run.scratch))
    _write_pool(store, members, _make_pool(prepared, store, members), inbox)
    link_files(prepared.inbox, inbox)
    outbox = second_folder(run.scratch, plan.weights)
    outbox.mkdir(exist_ok=True)
    job = Job(
        function=add_in_worker,
        inbox=str(inbox),
        outbox=str(outbox),
        arguments=(request, plan),
        time_limit=remaining if run.counted else _SECOND_LIMIT * remaining,
    )
    outcome = run.executor.call(job)
    return outcome.value if outcome.status is JobStatus.OK else plan


def fit_members(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    plan: EnsemblePlan,
    deadline: Deadline,
) -> list[Part]:
    """Fit the members of a plan on all rows, the heaviest first; else take their folds.

    Parameters
    ----------
    run : Run
        Values of the run. Where its model has to be single, the first fold's stands for all folds
        of a member, and a plan's only member is not averaged with its folds.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds the models of folds.
    history : History
        Every finished trial.
    plan : EnsemblePlan
        Names the members.
    deadline : Deadline
        When the last fit has to have ended.

    Returns
    -------
    list of Part
        The heaviest first. Members of which there is no model are left out.
    """
    by_number = {result.trial.number: result for result in history.results}
    wanted = [by_number[number] for number in plan.weights if number > CONSTANT]
    _refit(run, prepared, history, wanted, deadline)
    single = run.options.single_models
    if plan.is_single and not single:
        _restore_folds(run, prepared, store, wanted, deadline)
    parts = []
    for number, weight in plan.weights.items():
        if number < CONSTANT:
            continue
        if number == CONSTANT:
            part = _constant_part(prepared, weight)
        else:
            result = by_number[number]
            averaged = plan.is_single and not single and is_averaged(result, prepared.data)
            path = _refit_path(run, result)
            folds: tuple[Pipeline, ...] = ()
            if averaged or not path.exists():
                folds = store.fold_models.load(result, first=single)[:MAX_FOLDS]
            # This run's own worker wrote the file.
            whole = pickle.loads(path.read_bytes()) if path.exists() else None
            part = Part(result=result, weight=weight, whole=whole, folds=folds)
        if part.models:
            parts.append(part)
    return parts


def join_members(
    run: Run, prepared: PreparedTask, plan: EnsemblePlan, parts: Sequence[Part]
) -> "Pipeline | None":
    """Make one pipeline of the parts of a plan's members, and of its second layer.

    Returns
    -------
    Pipeline or None
        None if the second layer lacks a member that it has learned from.
    """
    models, weights = models_and_weights(parts)
    if plan.first is None:
        if len(models) == 1 and plan.adjustment == NO_ADJUSTMENT:
            return prepared.assemble(models[0])
        return prepared.join(models, weights, plan.adjustment)
    second = _second_layer(run, plan, plan.first, parts)
    if second is None:
        return None
    of_first = 1.0 - sum(second.weights)
    weights = [of_first * weight for weight in weights]
    return prepared.join(models, weights, plan.adjustment, second)


def _second_layer(
    run: Run, plan: EnsemblePlan, first: EnsemblePlan, parts: Sequence[Part]
) -> SecondLayer | None:
    """Make the second layer of a plan; None if a member is missing that it has learned from."""
    columns = learned_from(first.weights)
    numbers = [CONSTANT if part.result is None else part.result.trial.number for part in parts]
    if not set(columns) <= set(numbers):
        return None
    learners = {number: weight for number, weight in plan.weights.items() if number < CONSTANT}
    folder = second_folder(run.scratch, first.weights)
    files = [folder / learner_file(number) for number in learners]
    return SecondLayer(
        pipelines=[pickle.loads(file.read_bytes()) for file in files],  # of this run's own worker
        blind=[LEARNERS[number].blind for number in learners],
        weights=list(learners.values()),
        members=[
            -1 if number == CONSTANT else columns.index(number)
            for number, part in zip(numbers, parts, strict=True)
            for _ in part.models
        ],
        shares=[share for part in parts for share in part.shares],
    )


def _constant_part(prepared: PreparedTask, weight: float) -> Part:
    task = prepared.data.task
    model = constant_model(task.kind, prepared.task.metric)
    model.fit(task.X, task.y, prepared.data.weights)
    return Part(result=None, weight=weight, whole=model)


def _refit_path(run: Run, result: TrialResult) -> Path:
    """Return where the model of a trial's configuration lies that was fitted on all rows."""
    return run.scratch / "refits" / f"refit-{result.trial.number}.pkl"


def _refit(
    run: Run,
    prepared: PreparedTask,
    history: History,
    wanted: Sequence[TrialResult],
    deadline: Deadline,
) -> None:
    """Fit on all rows, as many at a time as there are workers, what can be ready in time."""
    waiting = [result for result in wanted if not _refit_path(run, result).exists()]
    running: set[Handle] = set()
    (run.scratch / "refits").mkdir(exist_ok=True)
    try:
        while (waiting or running) and not deadline.passed():
            while waiting and run.executor.idle:
                result = waiting.pop(0)
                if deadline.remaining() >= _REFIT_MARGIN * fit_seconds(result, prepared, history):
                    job = _refit_job(run, prepared, result, deadline.remaining())
                    running.add(run.executor.submit(job))
            for handle in run.executor.wait(max(0.0, min(0.5, deadline.remaining()))):
                running.discard(handle)
                if handle.outcome is not None:
                    run.timings.add("refitting", handle.outcome.seconds)
    finally:
        for handle in running:
            run.timings.add("refitting", handle.cancel())


def _restore_folds(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    wanted: Sequence[TrialResult],
    deadline: Deadline,
) -> None:
    """Fit the folds of trials of an earlier process once more, where they are to be averaged.

    They went with that process, and a run that goes on has to end with the same kind of model.
    """
    for result in wanted:
        enough = run.counted or deadline.remaining() >= result.seconds + result.saved_seconds
        lost = is_averaged(result, prepared.data) and not store.fold_models.holds(result)
        if lost and enough and not deadline.passed():
            keep = store.fold_models.keep_all(result.trial)
            limit = deadline.remaining()
            run.executor.call(trial_job(result.trial, store, keep, time_limit=limit))


def _refit_job(run: Run, prepared: PreparedTask, result: TrialResult, limit: float) -> Job:
    path = _refit_path(run, result)
    plan = plan_refit(result, prepared.data.task.n_rows, prepared.data.n_train_rows)
    return Job(
        function=refit_in_worker,
        inbox=str(prepared.inbox),
        outbox=str(path.parent),
        arguments=(plan, path.name),
        time_limit=limit,
    )


def _write_pool(
    store: RunStore, members: Sequence[TrialResult], pool: MemberPool, folder: Path
) -> None:
    files = {result.trial.number: store.predictions.path(result) for result in members}
    write_pool(pool, folder, {n: files[n] for n in pool.members if n in files})


def _make_pool(
    prepared: PreparedTask, store: RunStore, members: Sequence[TrialResult]
) -> MemberPool:
    data = prepared.data
    constant = {CONSTANT: constant_predictions(data, prepared.task.metric)}
    return MemberPool.of(data, {**store.predictions.load(members), **constant})
