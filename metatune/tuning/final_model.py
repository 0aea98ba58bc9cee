"""The final model of a run, in time.

It is an ensemble, or the best single pipeline where that is asked for, or where an ensemble does
not help, costs too much or cannot be ready in time.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from sklearn.pipeline import Pipeline

from metatune.budget import Deadline
from metatune.data.encoding.encoder import TableEncoder
from metatune.data.task.task import Task
from metatune.ensemble.limits import ModelLimits
from metatune.ensemble.plan import EnsemblePlan, PlanRequest
from metatune.evaluation.footprint import pickled_bytes
from metatune.evaluation.trial import TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.execution.executor import Executor
from metatune.models import model_file
from metatune.models.adjustment import NO_ADJUSTMENT
from metatune.models.ensemble import weighted_mean
from metatune.search.history import History
from metatune.space import Configuration
from metatune.storage.incumbent import ModelKeeper
from metatune.tuning.members import Ensembler
from metatune.tuning.model_cost import ModelFigures, measure_model
from metatune.tuning.model_parts import Part, models_and_weights, rows_of_parts
from metatune.tuning.options import TuneOptions
from metatune.tuning.time_plan import Reserve

__all__ = ["Final", "Finisher"]

_HURRY_SECONDS = 1.0
_MEASURE_SECONDS = 1.0
_ATTEMPTS = 3  # to stay within limits on the model, the last one with the least that there is
_LEAST_WEIGHT = 0.5  # of a plan's members have to be there for the rest to stand for all


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Final:
    """The model that a run ends with.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted; takes a table.
    score : float
        Cross-validated score: of the ensemble, or of the configuration.
    winner : Configuration or None
        What leads, and is the model where that is single; None for the constant prediction.
    fitted_on : str
        Which rows it was fitted on, for people.
    trial : int or None
        The number of the winner's trial.
    plan : EnsemblePlan or None
        Members, calibration and decision; None for the constant prediction.
    members : tuple of (TrialResult or None, float)
        What it is made of, with weights: the heaviest first, None for the constant prediction.
    figures : ModelFigures or None
        What it costs; None if that was not measured.
    note : str
        What the user should know about it; often empty.
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


class Finisher:
    """Makes the final model, and knows the time to reserve for it.

    Parameters
    ----------
    task : Task
        What is learned.
    encoder : TableEncoder
        Fitted on the task.
    data : TrialData
        Rows and folds.
    folder : Path
        Scratch space of the run; its ``data`` holds the arrays.
    executor : Executor
        Where plans are made and models are fitted.
    deadline : Deadline
        When everything has to be finished.
    keeper : ModelKeeper
        Saves models, and holds what trials have left behind.
    options : TuneOptions
        What the user decided about the model.
    """

    def __init__(
        self,
        *,
        task: Task,
        encoder: TableEncoder,
        data: TrialData,
        folder: Path,
        executor: Executor,
        deadline: Deadline,
        keeper: ModelKeeper,
        options: TuneOptions,
    ) -> None:
        self._task = task
        self._encoder = encoder
        self._data = data
        self._folder = folder
        self._deadline = deadline
        self._keeper = keeper
        self._options = options
        self._ensembler = Ensembler(
            metric=task.metric,
            data=data,
            folder=folder,
            executor=executor,
            kept=keeper.kept,
            predictions=keeper.predictions,
            seed=options.seed,
        )
        self.reserve = Reserve(
            ensembler=self._ensembler, keeper=keeper, deadline=deadline, options=options
        )
        """The seconds to keep free for this."""

    @property
    def refit_seconds_spent(self) -> float:
        """Seconds of workers inside fits on all rows."""
        return self._ensembler.refit_seconds_spent

    def expects_single(self, history: History, constant: float) -> bool:
        """Whether the model would be a single pipeline, and time is kept for an ensemble's members.

        Then the search may go on for as long as that. Whatever it finds, the final model is planned
        anew; members of an ensemble are represented by their folds if it needs one after all.
        """
        able = self._able(history, constant)
        if not able or not self.reserve.holds_time_for_members(history):
            return False
        leader = able[0]
        if not self._ensembler.may_lead(leader, history):
            return True
        request = self._request(history, leader, self._options.limits)
        plan = self._ensembler.plan(history, leader, request, self._deadline)
        return plan is not None and plan.is_single

    def finish(
        self, history: History, constant: float, *, hurry: bool = False, spare: float = 0.0
    ) -> Final:
        """Make the final model as good as the time allows, and save it.

        Parameters
        ----------
        history : History
            Every finished trial.
        constant : float
            Score of the constant prediction, which the winner has to beat.
        hurry : bool
            Somebody waits: fit again only what takes a moment.
        spare : float
            Seconds that an ensemble has to leave to what comes after.
        """
        able, final = self._able(history, constant), None
        if hurry:
            self._deadline = self._deadline.within(_HURRY_SECONDS)
        elif able:
            final = self._planned(history, able[0], self._deadline.earlier(spare))
        final = final or self._single(history, able, constant)
        self._keeper.save(final.pipeline, final.trial, final.fitted_on)
        if final.figures is None and not hurry:
            figures = self._measure(final.pipeline, self._keeper.saved_bytes())
            final = replace(final, figures=figures)
        return final

    def _able(self, history: History, constant: float) -> list[TrialResult]:
        """Return the trials that beat the constant prediction, the best first."""
        better = self._task.metric.better
        return [
            result
            for result in history.contenders()
            if better(result.score, constant) or math.isnan(constant)
        ]

    def _request(
        self,
        history: History,
        leader: TrialResult,
        limits: ModelLimits,
        *,
        only_single: bool = False,
    ) -> PlanRequest:
        return PlanRequest(
            metric=self._task.metric.name,
            single=leader.trial.number,
            only_single=only_single or not self._options.ensemble,
            costs=self._ensembler.costs(history),
            limits=limits,
            seed=self._options.seed,
        )

    def _planned(self, history: History, leader: TrialResult, deadline: Deadline) -> Final | None:
        """Make the model that a plan says; None if that is not possible in time."""
        limits = self._options.limits
        inner, final = self._inner_limits(), None
        for attempt in range(_ATTEMPTS):
            least = attempt == _ATTEMPTS - 1
            request = self._request(history, leader, inner, only_single=least)
            plan = self._ensembler.plan(history, leader, request, deadline)
            built = None if plan is None else self._build(plan, history, leader, deadline)
            if built is None or not limits.any:
                return built or final
            figures = self._measure(built.pipeline, self._file_bytes(built.pipeline))
            broken = limits.broken_by(figures.cost)
            note = f"the limits cannot be kept, this is the nearest model: {broken}"
            final = replace(built, figures=figures, note=note if broken else "")
            if not broken:
                return final
            inner = _tightened(inner, limits, figures, last=attempt == _ATTEMPTS - 2)
        return final

    def _build(
        self, plan: EnsemblePlan, history: History, leader: TrialResult, deadline: Deadline
    ) -> Final | None:
        """Fit what a plan asks for; None if too little of it is ready in time."""
        sizes = {result.trial.number: result.model_bytes for result in history.results}
        n_bytes = sum(sizes.get(number, 0) for number in plan.weights)
        # Fits on all rows matter more than folds beside them: those join if there is time left.
        before_save = deadline.earlier(self._keeper.seconds_to_save(n_bytes) + 0.2)
        parts = self._ensembler.fit(plan, history, before_save, single=self._options.single_models)
        weight = sum(part.weight for part in parts)
        heaviest = next((part.result for part in parts if part.result is not None), None)
        if weight < _LEAST_WEIGHT or heaviest is None:
            return None
        winner = heaviest if len(parts) == 1 else leader
        pipeline = self._join(parts, plan)
        n_models = sum(len(part.models) for part in parts)
        if n_models > 1 and not self.reserve.can_save(pipeline, deadline):
            parts = [part.least() for part in parts]
            pipeline = self._join(parts, plan)
            if not plan.is_single and not self.reserve.can_save(pipeline, deadline):
                return None
        alone = len(parts) == 1 and plan.adjustment == NO_ADJUSTMENT
        return Final(
            pipeline=pipeline,
            score=winner.score if alone or math.isnan(plan.score) else plan.score,
            winner=winner.trial.configuration,
            fitted_on=rows_of_parts(
                parts,
                all_rows=self._keeper.all_rows,
                n_table_rows=self._keeper.n_table_rows,
                n_train_rows=self._data.n_train_rows,
            ),
            trial=winner.trial.number,
            plan=plan,
            members=tuple((part.result, part.weight / weight) for part in parts),
        )

    def _join(self, parts: list[Part], plan: EnsemblePlan) -> Pipeline:
        """Make one pipeline of what a plan's members are made of."""
        models, weights = models_and_weights(parts)
        if len(models) == 1 and plan.adjustment == NO_ADJUSTMENT:
            return self._keeper.assemble(models[0])
        mean = weighted_mean(models, weights, self._task.classes, plan.adjustment)
        return Pipeline([("table", self._encoder), ("model", mean)])

    def _single(self, history: History, able: list[TrialResult], constant: float) -> Final:
        """Make the best single pipeline of which there is a model, or else the constant."""
        for result in able:
            plan = EnsemblePlan(weights={result.trial.number: 1.0})
            final = self._build(plan, history, result, self._deadline)
            if final is not None:
                return final
            saved, rows = self._keeper.load_saved(result)
            if saved is not None:
                return Final(
                    pipeline=saved,
                    score=result.score,
                    winner=result.trial.configuration,
                    fitted_on=rows,
                    trial=result.trial.number,
                )
        constant_model = self._keeper.constant()
        rows = self._keeper.all_rows
        return Final(pipeline=constant_model, score=constant, winner=None, fitted_on=rows)

    def _inner_limits(self) -> ModelLimits:
        """Return what is left of the limits for models, besides the work on columns."""
        limits = self._options.limits
        if not limits.any:
            return limits
        constant = self._keeper.constant()
        own = self._measure(constant, self._file_bytes(constant))
        # However little is left, it is more than nothing: shares of it are compared.
        latency, n_bytes = limits.max_latency, limits.max_bytes
        return ModelLimits(
            max_latency=None if latency is None else max(latency - own.latency, 1e-3 * latency),
            max_bytes=None if n_bytes is None else max(n_bytes - own.n_bytes, n_bytes // 1000, 1),
        )

    def _measure(self, pipeline: Pipeline, n_bytes: int | None) -> ModelFigures:
        n_bytes = pickled_bytes(pipeline) if n_bytes is None else n_bytes
        until = self._deadline.within(_MEASURE_SECONDS)
        return measure_model(pipeline, self._task.X, n_bytes, until)

    def _file_bytes(self, pipeline: Pipeline) -> int | None:
        """Return the size that a model file would have, where that matters."""
        if self._options.limits.max_bytes is None:
            return None
        path = self._folder / "measured.skops"
        model_file.save(pipeline, path, self._keeper.info())
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
