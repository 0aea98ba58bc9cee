"""From finished trials to the models of an ensemble: plan it, fit its members, or take their folds.

The plan is made, and members are fitted on all rows, in processes that can be stopped. A member for
which the time does not suffice is represented by the models of its folds, which are there already.
Where a single member is the model and its learner is unstable, they are averaged with the model of
all rows (Breiman 1996).
"""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.algorithms.registry import get_algorithm
from metatune.budget import Deadline
from metatune.ensemble.limits import SAVED_BYTES, Cost
from metatune.ensemble.member_pool import CONSTANT, MemberPool, write_pool
from metatune.ensemble.plan import EnsemblePlan, PlanRequest
from metatune.evaluation.constant import constant_model, constant_predictions
from metatune.evaluation.refit import plan_refit, refit_seconds
from metatune.evaluation.trial import TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.execution.executor import Executor, Job, JobStatus
from metatune.metrics import RECORDED_METRICS, Metric
from metatune.search.history import History, slowdown
from metatune.storage.fold_models import KeptModels
from metatune.storage.predictions import PredictionStore
from metatune.tuning.model_parts import Part

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Ensembler"]

_PLAN_JOB = -4
_REFIT_JOBS = -10  # and below
_PLAN_SHARE = 0.5  # of the time left
_LEAST_SECONDS = 0.3  # less is not enough to plan anything
_REFIT_MARGIN = 0.5  # of the predicted seconds have to be left for a fit to be worth trying
_MAX_FOLDS = 8  # whose models stand for a member; repeated folds are more of the same
_LEAST_FOLD_SHARE = 0.6  # of the rows, for a model of a fold to stand beside that of all rows
_AVERAGED_BYTES = 20_000_000  # of a member's models; saving more would take seconds
_N_EXPECTED = 5  # members of a usual ensemble


class Ensembler:
    """Plans the final model and fits what it is made of.

    Parameters
    ----------
    metric : Metric
        The run's.
    data : TrialData
        Rows and folds.
    folder : Path
        Scratch space of the run; its ``data`` holds the arrays.
    executor : Executor
        Where plans are made and members are fitted.
    kept : KeptModels
        Models of folds.
    predictions : PredictionStore
        Out-of-fold predictions.
    seed : int
        Of everything random.
    """

    def __init__(
        self,
        *,
        metric: Metric,
        data: TrialData,
        folder: Path,
        executor: Executor,
        kept: KeptModels,
        predictions: PredictionStore,
        seed: int,
    ) -> None:
        self._metric = metric
        self._data = data
        self._folder = folder
        self._executor = executor
        self._kept = kept
        self._predictions = predictions
        self._seed = seed
        self._n_pools = 0
        self._ready: dict[int, Path] = {}  # members fitted on all rows
        self.refit_seconds_spent = 0.0
        """Seconds of workers inside fits on all rows."""

    def reserve(self, history: History, *, members: bool) -> float:
        """Predict the seconds of planning, and of fitting the members beside the first.

        Parameters
        ----------
        history : History
            Every finished trial.
        members : bool
            Whether those count as well.
        """
        known = self._predictions.members(history)
        if len(known) < 2:
            return 0.0
        planning = slowdown(history) * self._plan_seconds(len(known))
        return planning + (self._members_seconds(known) if members else 0.0)

    def n_bytes(self, result: TrialResult) -> int:
        """Predict the size of a trial's model, and of those of its folds if they join it."""
        return result.model_bytes * (_n_models(result) if self._is_averaged(result) else 1)

    def may_lead(self, leader: TrialResult, history: History) -> bool:
        """Whether an ensemble can be compared with a leader: it was evaluated on all folds."""
        return leader in self._predictions.members(history)

    def plan(
        self, history: History, leader: TrialResult, request: PlanRequest, deadline: Deadline
    ) -> EnsemblePlan | None:
        """Plan the final model from the predictions that are there.

        Parameters
        ----------
        history : History
            Every finished trial.
        leader : TrialResult
            What the model is without an ensemble.
        request : PlanRequest
            What is asked; the costs of members are filled in here.
        deadline : Deadline
            When everything has to be finished.

        Returns
        -------
        EnsemblePlan or None
            None if the leader was not evaluated on all folds, or the time did not suffice.
        """
        members = self._predictions.members(history)
        limit = _PLAN_SHARE * deadline.remaining()
        if leader not in members or limit < _LEAST_SECONDS:
            return None
        self._n_pools += 1
        inbox = self._folder / f"pool{self._n_pools}"
        self._write_pool(members, inbox)
        outcome = self._executor.call(
            Job(
                id=_PLAN_JOB,
                function="metatune.ensemble.plan:plan_in_worker",
                inbox=str(inbox),
                arguments=(request,),
                time_limit=limit,
            )
        )
        return outcome.value if outcome.status is JobStatus.OK else None

    def costs(self, history: History) -> dict[int, Cost]:
        """Return what the model of each member costs, by the number of its trial."""
        return {
            result.trial.number: Cost(
                latency=result.latency, n_bytes=SAVED_BYTES * result.model_bytes
            )
            for result in self._predictions.members(history)
        }

    def fit(
        self,
        plan: EnsemblePlan,
        history: History,
        deadline: Deadline,
        *,
        single: bool = False,
    ) -> list[Part]:
        """Fit the members of a plan on all rows, the heaviest first; else take their folds.

        Parameters
        ----------
        plan : EnsemblePlan
            Which members.
        history : History
            Every finished trial.
        deadline : Deadline
            When the last fit has to have ended.
        single : bool
            Whether a member has to be a single model: the first fold's stands for all folds, and a
            plan's only member is not averaged with its folds.

        Returns
        -------
        list of Part
            The heaviest first. Members of which there is no model are left out.
        """
        by_number = {result.trial.number: result for result in history.results}
        wanted = [by_number[number] for number in plan.weights if number != CONSTANT]
        self._refit([r for r in wanted if r.trial.number not in self._ready], deadline)
        parts = []
        for number, weight in plan.weights.items():
            if number == CONSTANT:
                part = self._constant(weight)
            else:
                averaged = plan.is_single and not single
                part = self._part(by_number[number], weight, single=single, averaged=averaged)
            if part.models:
                parts.append(part)
        return parts

    def refit_seconds(self, result: TrialResult) -> float:
        """Predict the seconds of fitting a trial's configuration on all rows."""
        return refit_seconds(result, self._data.task.n_rows, self._data.n_train_rows)

    def _part(self, result: TrialResult, weight: float, *, single: bool, averaged: bool) -> Part:
        path = self._ready.get(result.trial.number)
        folds: tuple[Pipeline, ...] = ()
        if path is None or (averaged and self._is_averaged(result)):
            folds = self._kept.load(result, first=single)[:_MAX_FOLDS]
        whole = None
        if path is not None:
            whole = pickle.loads(path.read_bytes())  # this run's own worker wrote it
        return Part(result=result, weight=weight, whole=whole, folds=folds)

    def _is_averaged(self, result: TrialResult) -> bool:
        """Whether models of folds join that of all rows: it helps, and costs little."""
        return (
            get_algorithm(result.trial.configuration.algorithm).averages_well
            and result.trial.rung.row_share == 1.0
            and self._data.n_train_rows >= _LEAST_FOLD_SHARE * self._data.task.n_rows
            and _n_models(result) * result.model_bytes <= _AVERAGED_BYTES
        )

    def _constant(self, weight: float) -> Part:
        task = self._data.task
        model = constant_model(task.kind, self._metric)
        model.fit(task.X, task.y, self._data.weights)
        return Part(result=None, weight=weight, whole=model)

    def _refit(self, wanted: Sequence[TrialResult], deadline: Deadline) -> None:
        """Fit on all rows, as many at a time as there are workers, what can be ready in time."""
        waiting = list(wanted)
        running: dict[int, tuple[TrialResult, str]] = {}
        outbox = self._folder / "refits"
        outbox.mkdir(exist_ok=True)
        try:
            while (waiting or running) and not deadline.passed():
                while waiting and self._executor.idle:
                    self._submit(waiting.pop(0), running, outbox, deadline)
                for outcome in self._executor.wait(max(0.0, min(0.5, deadline.remaining()))):
                    result, file = running.pop(outcome.id, (None, ""))
                    self.refit_seconds_spent += outcome.seconds
                    if result is not None and outcome.status is JobStatus.OK:
                        self._ready[result.trial.number] = outbox / file
        finally:
            for job_id in running:
                self.refit_seconds_spent += self._executor.kill(job_id)

    def _submit(
        self,
        result: TrialResult,
        running: dict[int, tuple[TrialResult, str]],
        outbox: Path,
        deadline: Deadline,
    ) -> None:
        """Start a fit if it has a chance to be ready in time."""
        limit = deadline.remaining()
        if limit < _REFIT_MARGIN * self.refit_seconds(result):
            return
        job_id = _REFIT_JOBS - result.trial.number
        file = f"refit-{result.trial.number}.pkl"
        running[job_id] = result, file
        self._executor.submit(
            Job(
                id=job_id,
                function="metatune.evaluation.refit:refit_in_worker",
                inbox=str(self._folder / "data"),
                outbox=str(outbox),
                arguments=(
                    plan_refit(result, self._data.task.n_rows, self._data.n_train_rows),
                    file,
                ),
                time_limit=limit,
            )
        )

    def _write_pool(self, members: Sequence[TrialResult], folder: Path) -> None:
        numbers = self._predictions.load(members)
        constant = {CONSTANT: constant_predictions(self._data, self._metric)}
        pool = MemberPool(
            kind=self._data.task.kind,
            y=self._data.task.y,
            members={**numbers, **constant},
            folds=[fold.valid for fold in self._data.folds],
            facts=self._data.facts,
        )
        files = {
            result.trial.number: self._predictions.path(result)
            for result in members
            if result.trial.number in numbers
        }
        write_pool(pool, folder, files)

    def _members_seconds(self, members: Sequence[TrialResult]) -> float:
        """Predict the seconds of fitting the members beside the first on all rows."""
        refits = [self.refit_seconds(result) for result in members[1:_N_EXPECTED]]
        return sum(refits) / self._executor.n_workers

    def _plan_seconds(self, n_members: int) -> float:
        """Predict the seconds of a plan where nothing else runs, rather too many."""
        quick = self._metric.name in RECORDED_METRICS[self._data.task.kind]
        share = min(1.0, n_members / 50) * min(1.0, self._data.task.n_rows / 10_000)
        return 0.5 + (2.0 if quick else 4.0) * share


def _n_models(result: TrialResult) -> int:
    """Count the models of a member that is averaged over its folds and all rows."""
    return 1 + min(result.trial.rung.n_folds, _MAX_FOLDS)
