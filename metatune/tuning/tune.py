"""Journey from a task to a fitted pipeline, under one deadline: `tune`, as its calls."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from metatune.budget import Deadline, Stopwatch, Timings
from metatune.data.task.task import Task
from metatune.ensemble.member_pool import CONSTANT
from metatune.ensemble.report import ensemble_record
from metatune.errors import BundleError
from metatune.estimate.reselection import Composition
from metatune.evaluation.prepared_task import PreparedTask
from metatune.execution.executor import Executor
from metatune.files.scratch import scratch_directory
from metatune.models.adjustment import NO_ADJUSTMENT
from metatune.samplers.base import Sampler
from metatune.samplers.question import Question
from metatune.search.history import History
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import Past
from metatune.storage.resume import Pulse, check_same_run, identify
from metatune.storage.store import RunStore
from metatune.tuning.estimate import estimate_score
from metatune.tuning.events import Listener
from metatune.tuning.final_model import (
    FinalModel,
    build_final_model,
    measure_final_model,
    plan_final_model,
)
from metatune.tuning.options import TuneOptions
from metatune.tuning.prepare import prepare
from metatune.tuning.result import TuningResult
from metatune.tuning.run import Run
from metatune.tuning.sampling import make_question, make_sampler
from metatune.tuning.search import run_search
from metatune.tuning.time_plan import TimePlan, estimate_seconds

__all__ = ["tune"]


def tune(
    task: Task,
    options: TuneOptions,
    *,
    deadline: Deadline,
    executor: Executor,
    run_dir: RunDirectory | None = None,
    past: Past | None = None,
    listener: Listener | None = None,
) -> TuningResult:
    """Find and fit a pipeline for a task.

    Parameters
    ----------
    task : Task
        Table, target and metric.
    options : TuneOptions
        Decisions of the user.
    deadline : Deadline
        When everything, the saved model included, has to be finished.
    executor : Executor
        Where trials run.
    run_dir : RunDirectory, optional
        Where journal and model are kept; a scratch directory without a model by default.
    past : Past, optional
        Content of the journal of `run_dir`: the run goes on from there. The deadline then leaves
        what is left of the budget.
    listener : Listener, optional
        Told of everything that happens.

    Returns
    -------
    TuningResult

    Raises
    ------
    OptionError
        If no algorithm is left to try, or `past` belongs to another table, metric or seed.
    BundleError
        If the run directory or the scratch directory cannot be written any more. The best model
        so far is saved as far as possible.
    MetadataError
        If the meta-dataset is missing.
    """
    watch, timings, past = Stopwatch(), Timings(), past or Past()
    with scratch_directory() as scratch:
        run = Run(
            options=options,
            deadline=deadline,
            executor=executor,
            directory=run_dir or _scratch_run(scratch),
            scratch=scratch,
            listener=listener or Listener(),
            timings=timings,
        )
        prepared = prepare(task, options, scratch, timings)
        with _open_store(run, prepared, past) as store:
            _tell_start(run, prepared, past)
            question = make_question(run, prepared)
            sampler = make_sampler(run, prepared, question)
            search = _search(run, prepared, sampler, store, past, question)
            search, model = _final_model(run, prepared, store, search)
            interrupted = search.ended is Ended.INTERRUPTED
            estimate = estimate_score(
                run, prepared, store, search.history, _made(model), interrupted=interrupted
            )
            timings.lap("estimating")
    return TuningResult(
        pipeline=model.pipeline,
        history=search.history,
        advice=None if question is None else question.advice,
        score=model.score,
        estimate=estimate,
        constant_score=prepared.constant,
        beats_constant=model.winner is not None,
        winner=model.winner,
        fitted_on=model.fitted_on,
        ended=search.ended,
        seconds=watch.seconds(),
        timings={**timings.seconds, **search.timings},
        ensemble=ensemble_record(model.plan, model.members),
        figures=model.figures,
        note="; ".join(filter(None, (prepared.left_out, model.note))),
    )


def _scratch_run(scratch: Path) -> RunDirectory:
    """Return a run directory that is gone after the run and keeps no model."""
    directory = RunDirectory(scratch / "run", is_scratch=True)
    directory.path.mkdir()
    return directory


@contextlib.contextmanager
def _open_store(run: Run, prepared: PreparedTask, past: Past) -> Iterator[RunStore]:
    """Open what the run keeps, and close it whatever happens."""
    identity = ""
    if not run.directory.is_scratch:
        identity = identify(prepared.data, run.options.seed)
        check_same_run(past, identity, prepared.rungs, str(run.directory.path))
    pulse = Pulse(identity, run.options.budget.seconds, run.deadline, run.directory)
    store = RunStore(run.directory, prepared, pulse, past)
    try:
        yield store
    finally:
        store.close()


def _tell_start(run: Run, prepared: PreparedTask, past: Past) -> None:
    run.listener.search_starts(prepared.rungs, prepared.constant)
    if past.results:
        run.listener.resumes(History(prepared.task.metric, past.results), past.used)


def _search(
    run: Run,
    prepared: PreparedTask,
    sampler: Sampler,
    store: RunStore,
    past: Past,
    question: Question | None,
) -> SearchOutcome:
    """Search, and go on with the time kept for an ensemble's members where there will be none."""
    run.timings.lap("preparing")
    plan = TimePlan(
        prepared=prepared,
        store=store,
        options=run.options,
        run_seconds=run.deadline.remaining(),
        n_workers=run.executor.n_workers,
    )
    search = run_search(run, prepared, sampler, store, past.results, plan, question)
    timed_out = search.ended is Ended.TIME and not run.counted  # where measured times may decide
    if timed_out and plan.holds_time_for_members(search.history):
        try:
            final = plan_final_model(run, prepared, store, search.history)
        except KeyboardInterrupt:
            search = replace(search, ended=Ended.INTERRUPTED)
        else:
            if final.able and final.is_single:
                plan, results = replace(plan, members=False), search.history.results
                more = run_search(run, prepared, sampler, store, results, plan)
                search = search.followed_by(more)
    run.timings.lap("searching")
    run.listener.search_ends(search.ended)
    return search


def _final_model(
    run: Run, prepared: PreparedTask, store: RunStore, search: SearchOutcome
) -> tuple[SearchOutcome, FinalModel]:
    """Plan, build, save and measure; an interruption makes it quick, but not empty-handed."""
    history = search.history
    interrupted = search.ended is Ended.INTERRUPTED
    try:
        model = _plan_build_save(run, prepared, store, history, interrupted=interrupted)
    except KeyboardInterrupt:
        search = replace(search, ended=Ended.INTERRUPTED)
        model = _plan_build_save(run, prepared, store, history, interrupted=True)
    except BundleError:  # a disk without room
        store.rescue(history)
        raise
    run.timings.lap("finishing")
    return search, model


def _plan_build_save(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, *, interrupted: bool
) -> FinalModel:
    spare = estimate_seconds(store, run.options, history)
    plan = plan_final_model(run, prepared, store, history, spare=spare, interrupted=interrupted)
    model = build_final_model(run, prepared, store, history, plan)
    store.save(model.pipeline, model.trial, model.fitted_on)
    return model if interrupted else measure_final_model(run, prepared, store, model)


def _made(model: FinalModel) -> Composition | None:
    """Return the composition of the final model; None for the constant prediction."""
    if model.winner is None or model.trial is None:
        return None
    weights = {CONSTANT if r is None else r.trial.number: share for r, share in model.members}
    adjustment = NO_ADJUSTMENT if model.plan is None else model.plan.adjustment
    return Composition(weights=weights or {model.trial: 1.0}, adjustment=adjustment)
