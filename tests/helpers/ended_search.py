"""Search that has ended: some families tried on all folds, and what a run makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from run_parts import make_parts, make_prepared, make_store

from metatune.algorithms.registry import get_algorithm
from metatune.budget import Budget
from metatune.data.task.make_task import make_task
from metatune.ensemble.limits import NO_LIMITS, ModelLimits
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.trial import Trial, TrialResult
from metatune.evaluation.trial_job import evaluate
from metatune.execution.executor import Executor, InlineExecutor, Job, JobOutcome, JobStatus
from metatune.search.history import History
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.store import RunStore
from metatune.tuning.final_model import (
    FinalModel,
    FinalPlan,
    build_final_model,
    measure_final_model,
    plan_final_model,
)
from metatune.tuning.options import TuneOptions
from metatune.tuning.run import Run
from metatune.tuning.time_plan import TimePlan

FAMILIES = ("linear", "knn", "decision_tree", "naive_bayes")


def make_table(n_rows: int = 400, *, rare: float = 0.0) -> pd.DataFrame:
    """A table of which a linear model sees one half and a local one the other."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(n_rows, 4)).round(3), columns=list("abcd"))
    table["city"] = rng.choice(["Oslo", "Rome", "Bonn"], n_rows)
    wish = 2.0 * table["a"] + 2.5 * np.sin(2.0 * table["b"]) + (table["city"] == "Rome")
    wish = wish + rng.normal(size=n_rows) + rare
    table["price"] = wish.round(3)
    table["buys"] = np.where(wish > 0.5, "yes", "no")
    table["grade"] = pd.cut(wish, [-np.inf, -1, 0.5, 2, np.inf], labels=list("DCBA")).astype(str)
    return table


class TooSlowFor(InlineExecutor):
    """Executor that never gets jobs of one function done.

    Parameters
    ----------
    function : callable
        What takes too long.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self._function = function

    def call(self, job: Job) -> JobOutcome:
        if job.function is self._function:
            return JobOutcome(status=JobStatus.TIMED_OUT, error="too slow")
        return super().call(job)


@dataclass
class EndedSearch:
    """A search that has ended: every family was tried on all folds."""

    run: Run
    prepared: PreparedTask
    store: RunStore
    history: History

    @property
    def parts(self) -> tuple[Run, PreparedTask, RunStore]:
        return self.run, self.prepared, self.store

    @property
    def plan(self) -> TimePlan:
        """Plan of a run that has as long as its options say."""
        return TimePlan(
            prepared=self.prepared,
            store=self.store,
            options=self.run.options,
            deadline=self.run.deadline,
            run_seconds=self.run.options.budget.seconds,
            n_workers=self.run.executor.n_workers,
        )

    def plan_model(self, ended: Ended = Ended.TIME) -> FinalPlan:
        search = SearchOutcome(
            history=self.history, ended=ended, unfinished=(), seconds=1.0, timings={}
        )
        return plan_final_model(*self.parts, search)

    def finish(self, *, interrupted: bool = False) -> FinalModel:
        ended = Ended.INTERRUPTED if interrupted else Ended.TIME
        model = build_final_model(*self.parts, self.plan_model(ended))
        self.store.save(model.pipeline, model.trial, model.fitted_on)
        return measure_final_model(*self.parts, model)


def make_run(
    folder: Path,
    target: str = "buys",
    metric: str | None = None,
    *,
    table: pd.DataFrame | None = None,
    executor: Executor | None = None,
    seconds: float = 300.0,
    ensemble: bool = True,
    limits: ModelLimits = NO_LIMITS,
    families: tuple[str, ...] = FAMILIES,
    saved: bool = True,
) -> EndedSearch:
    given = table is not None
    table = make_table() if table is None else table
    unused = [c for c in ("price", "buys", "grade") if c != target]
    task = make_task(table.drop(columns=unused), target=target, metric=metric)
    run = make_parts(
        folder,
        TuneOptions(budget=Budget(seconds=seconds), ensemble=ensemble, limits=limits),
        executor=executor,
        keeps_model=saved,
    )
    prepared = make_prepared(task, folder / "data", n_folds=3)
    store = make_store(run, prepared)
    history = History(task.metric)
    names = tuple(f for f in families if task.kind in get_algorithm(f).kinds)
    for number, name in enumerate(names):
        configuration = get_algorithm(name).space(task.kind).default()
        trial = Trial(number=number, configuration=configuration, rung=prepared.rungs[-1], seed=1)
        key = (target, metric, ensemble, limits, saved, names[: number + 1])
        result = _evaluated(trial, prepared, store, history, None if given else key)
        store.record(result)
        history.add(result)
        store.update(result, history)
    return EndedSearch(run, prepared, store, history)


_Evaluated = tuple[TrialResult, dict[str, bytes]]
_EVALUATED: dict[tuple[Any, ...], _Evaluated] = {}


def _evaluated(
    trial: Trial,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    key: tuple[Any, ...] | None,
) -> TrialResult:
    """Evaluate a trial, or put down what the same one has left behind before."""
    if key is not None and key in _EVALUATED:
        result, files = _EVALUATED[key]
        for name, content in files.items():
            (store.outbox / name).write_bytes(content)
        return result
    before = set(store.outbox.iterdir())
    rule = store.keep_rule(trial, history)
    result = evaluate(trial, prepared.data, keep=rule, outbox=store.outbox)
    if key is not None:
        left = set(store.outbox.iterdir()) - before
        _EVALUATED[key] = result, {path.name: path.read_bytes() for path in left}
    return result
