"""Journey from a task to a fitted pipeline, under one deadline: `tune`, as its calls."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from metatune.budget import Deadline, Stopwatch, Timings
from metatune.data.encoding.row_sketch import RowSketch, hash_rows, recognisable
from metatune.data.task.task import Task
from metatune.ensemble.report import ensemble_record
from metatune.errors import BundleError
from metatune.evaluation.prepared_task import PreparedTask
from metatune.execution.executor import Executor
from metatune.execution.interruption import safe_interruptions
from metatune.files.scratch import scratch_directory
from metatune.samplers.base import Sampler
from metatune.search.history import History
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import Past
from metatune.storage.resume import Pulse, check_same_run, identify
from metatune.storage.store import RunStore
from metatune.storage.training_rows import write_rows
from metatune.tuning.bounds import calibrate_bounds
from metatune.tuning.estimate import estimate_score
from metatune.tuning.events import Events, RunFacts, Step
from metatune.tuning.final_model import (
    FinalModel,
    build_final_model,
    plan_final_model,
    save_final_model,
)
from metatune.tuning.findings import find_out, keep_findings
from metatune.tuning.options import TuneOptions
from metatune.tuning.outcome import outcome_of
from metatune.tuning.prepare import prepare
from metatune.tuning.result import TuningResult
from metatune.tuning.run import Run
from metatune.tuning.sampling import make_question, make_sampler
from metatune.tuning.search import run_search
from metatune.tuning.time_plan import TimePlan

__all__ = ["tune"]


def tune(
    task: Task,
    options: TuneOptions,
    *,
    deadline: Deadline,
    executor: Executor,
    closing: float = 0.0,
    directory: RunDirectory | None = None,
    past: Past | None = None,
    events: Events | None = None,
) -> TuningResult:
    """Find and fit a pipeline for a task.

    Parameters
    ----------
    task : Task
        Table, target and metric.
    options : TuneOptions
        Decisions of the user.
    deadline : Deadline
        When the budget is used up.
    executor : Executor
        Where trials run.
    closing : float
        Seconds before the deadline that the caller keeps for what it does afterwards: everything,
        the saved model included, is finished by then.
    directory : RunDirectory, optional
        Where journal and model are kept; a scratch directory without a model by default.
    past : Past, optional
        Content of the journal of `directory`: the run goes on from there. The deadline then leaves
        what is left of the budget.
    events : Events, optional
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
    with safe_interruptions(), scratch_directory() as scratch:
        run = Run(
            options=options,
            deadline=deadline.earlier(closing),
            executor=executor,
            directory=directory or _scratch_run(scratch),
            scratch=scratch,
            events=events or Events(),
            timings=timings,
        )
        run.events.run_starts(_facts(run, task))
        prepared = prepare(task, options, scratch, timings)
        with _open_store(run, prepared, past, deadline) as store:  # refuses another run's directory
            _keep_rows(run, prepared)
            _tell_start(run, prepared, past)
            question = make_question(run, prepared)
            sampler = make_sampler(run, prepared, store, question)
            times = TimePlan.of(run, prepared, store)
            search = run_search(run, prepared, sampler, store, past.results, times, question)
            timings.lap("searching")
            finishing = Stopwatch()
            run.events.step_starts(Step.FITTING)
            plan = plan_final_model(run, prepared, store, search)
            timings.lap("planning")
            model = build_final_model(run, prepared, store, plan)
            timings.lap("building")
            model = calibrate_bounds(run, prepared, store, search.history, model)
            model = save_final_model(run, prepared, store, model)
            times = times.measured(finishing.seconds(), was_single=len(model.members) <= 1)
            search, model = _search_on(run, prepared, sampler, store, times, search, model)
            run.events.search_ends(search.ended)
            timings.lap("finishing")
            advice = None if question is None else question.advice
            found = find_out(run, prepared, store, search.history, model, advice)
            kept = keep_findings(run, found)
            timings.lap("explaining")
            run.events.step_starts(Step.ESTIMATING)
            estimate = estimate_score(run, prepared, store, search.history, model, advice)
            timings.lap("estimating")
    result = TuningResult(
        pipeline=model.pipeline,
        history=search.history,
        advice=advice,
        score=model.score,
        estimate=estimate,
        constant_score=prepared.constant,
        beats_constant=model.winner is not None,
        winner=model.winner,
        fitted_on=model.fitted_on,
        ended=Ended.INTERRUPTED if model.interrupted else search.ended,
        seconds=watch.seconds(),
        timings={**timings.seconds, **search.timings},
        ensemble=ensemble_record(model.plan, model.members, model.second),
        front=search.history.front(),
        figures=model.figures,
        found=found,
        note="; ".join(filter(None, (prepared.left_out, model.note, kept))),
    )
    run.events.run_ends(outcome_of(result))
    return result


def _scratch_run(scratch: Path) -> RunDirectory:
    """Return a run directory that is gone after the run and keeps no model."""
    directory = RunDirectory(scratch / "run", is_scratch=True)
    directory.path.mkdir()
    return directory


def _keep_rows(run: Run, prepared: PreparedTask) -> None:
    """Keep hashes of the rows in the run directory, to recognise them where they are judged."""
    if not run.directory.is_scratch:
        rows = prepared.data.task
        hashes = hash_rows(rows.X, np.asarray(rows.y), recognisable(rows.layout))
        write_rows(run.directory.path, RowSketch.of(hashes))


@contextlib.contextmanager
def _open_store(
    run: Run, prepared: PreparedTask, past: Past, deadline: Deadline
) -> Iterator[RunStore]:
    """Open what the run keeps, and close it whatever happens; save what there is if no room is."""
    identity = ""
    if not run.directory.is_scratch:
        identity = identify(prepared.data, run.options.seed)
        where = str(run.directory.path)
        check_same_run(past, identity, prepared.rungs, prepared.spaces, where)
    pulse = Pulse(identity, run.options.budget.seconds, deadline, run.directory)
    store = RunStore(run.directory, prepared, pulse, past)
    try:
        yield store
    except BundleError:
        store.rescue()
        raise
    finally:
        store.close()


def _facts(run: Run, task: Task) -> RunFacts:
    return RunFacts(
        table=task.name,
        target=task.target,
        task=str(task.kind),
        metric=task.metric.name,
        greater_is_better=task.metric.greater_is_better,
        n_rows=task.n_rows,
        n_columns=len(task.columns),
        budget=run.options.budget,
        deadline=run.deadline,
        seed=run.options.seed,
        n_workers=run.executor.n_workers,
    )


def _tell_start(run: Run, prepared: PreparedTask, past: Past) -> None:
    run.timings.lap("preparing")
    run.events.step_starts(Step.SEARCHING)
    run.events.search_starts(prepared.rungs, prepared.constant)
    if past.results:
        run.events.resumes(History(prepared.task.metric, past.results), past.used)


def _search_on(  # the state of a run, and what it is made with
    run: Run,
    prepared: PreparedTask,
    sampler: Sampler,
    store: RunStore,
    times: TimePlan,
    search: SearchOutcome,
    model: FinalModel,
) -> tuple[SearchOutcome, FinalModel]:
    """Search on, and finish anew, as long as more time is left than finishing has taken.

    What comes after a search can only be predicted before, and has to be predicted rather too
    long; now it is measured, and a model is saved.
    """
    # Measured times decide: not where trials are counted.
    while search.ended is Ended.TIME and not run.counted and times.is_worth_more(search.history):
        run.events.step_starts(Step.SEARCHING)
        more = run_search(run, prepared, sampler, store, search.history.results, times)
        search = search.followed_by(more)
        run.timings.lap("searching")
        if search.ended is Ended.INTERRUPTED:
            return search, replace(model, interrupted=True)
        finishing = Stopwatch()
        run.events.step_starts(Step.FITTING)
        plan = plan_final_model(run, prepared, store, search)
        run.timings.lap("planning")
        if plan.differs_from(model):
            built = build_final_model(run, prepared, store, plan)
            run.timings.lap("building")
            if plan.is_single or len(built.members) > 1:  # else there was no time for it
                built = calibrate_bounds(run, prepared, store, search.history, built)
                model = save_final_model(run, prepared, store, built)
        run.timings.lap("finishing")
        times = times.measured(finishing.seconds(), was_single=len(model.members) <= 1)
        if model.interrupted:
            break
    return search, model
