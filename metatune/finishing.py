"""Getting a model out of a search in time: the incumbent is always saved, the winner refitted."""

import contextlib
import math
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune import bundle
from metatune.budget import Deadline, Stopwatch
from metatune.data.encoder import TableEncoder
from metatune.data.task import Task
from metatune.errors import BundleError
from metatune.rundir import RunDirectory, library_versions
from metatune.search.constant import constant_model
from metatune.search.executor import Executor, Job
from metatune.search.history import History
from metatune.search.keeping import KeptModels
from metatune.search.model import assemble_pipeline
from metatune.search.predictions import PredictionStore
from metatune.search.refit import plan_refit, refit_seconds
from metatune.search.rungs import Rung
from metatune.search.trial import TrialResult, TrialStatus
from metatune.search.trial_data import TrialData
from metatune.space import Configuration

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Final", "Finisher"]

_SAVE_PAUSE = 10.0  # seconds between two saves of incumbents during the search, at least
_SAVE_SHARE = 0.02  # of the elapsed time may go into such saves
_RESERVE_SHARE = 0.3  # of the time left may be kept for the final fit
_SAVE_MARGIN = 2.0  # the winner may be larger than what was saved before
_WORTH_TRYING = 0.5  # of the predicted seconds of a final fit
_HURRY_SECONDS = 1.0
_REFIT_JOB = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Final:
    """The model that a run ends with.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted; takes a table.
    score : float
        Cross-validated score of the configuration.
    winner : Configuration or None
        None for the constant prediction.
    fitted_on : str
        Which rows it was fitted on, for people.
    trial : int or None
        The number of the winner's trial.
    """

    pipeline: "Pipeline"
    score: float
    winner: Configuration | None
    fitted_on: str
    trial: int | None = None


class Finisher:
    """Keeps the incumbent safe during the search and fits the winner at its end.

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
        Where the final fit runs.
    deadline : Deadline
        When everything has to be finished.
    run_dir : RunDirectory, optional
        Where models are saved.
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
        run_dir: RunDirectory | None,
    ) -> None:
        self._task = task
        self._encoder = encoder
        self._data = data
        self._folder = folder
        self._executor = executor
        self._deadline = deadline
        self._run_dir = run_dir
        self._save_seconds = 0.0
        self._since_save = Stopwatch()
        self._since_start = Stopwatch()
        self._saved_first = False
        self._went_on = False
        self.outbox = folder / "models"
        """Folder where workers leave fitted pipelines and out-of-fold predictions."""
        self.outbox.mkdir(exist_ok=True)
        self.kept = KeptModels(self.outbox)
        kept_in = folder / "predictions" if run_dir is None else run_dir.predictions
        try:
            self.predictions = PredictionStore(self.outbox, kept_in)
        except OSError as error:
            raise BundleError(bundle.cannot_write(kept_in, error)) from error

    def search_starts(self, rungs: tuple[Rung, ...], past: Sequence[TrialResult]) -> None:
        """Make sure that there is a model from the first second on: the constant at least.

        Parameters
        ----------
        rungs : tuple of Rung
            Of the search.
        past : sequence of TrialResult
            What an earlier process has found; then its model stays until there is a better one.

        Raises
        ------
        BundleError
            If the model cannot be saved.
        """
        self.kept.search_starts(rungs)
        self.predictions.restore(past)
        self._went_on = bool(past) and self._run_dir is not None and self._run_dir.model.is_file()
        if not self._went_on:
            self._save(self._constant())

    def rescue(self, history: History) -> None:
        """Save the incumbent if there is any room; what is saved already stays otherwise."""
        incumbent = history.incumbent()
        pipeline = None if incumbent is None else self._load_kept(incumbent)
        if incumbent is not None and pipeline is not None:
            with contextlib.suppress(BundleError):
                self._save(pipeline, incumbent.trial.number, self._rows_of(incumbent))

    def trial_ended(self, result: TrialResult, history: History) -> None:
        """Save the incumbent now and then, so that a killed run leaves a model."""
        self.kept.trial_ended(result, history)
        self.predictions.trial_ended(result, history)
        if self._run_dir is None or history.incumbent() is not result:
            return
        pause = max(_SAVE_PAUSE, self._save_seconds / _SAVE_SHARE)
        if self._saved_first and self._since_save.seconds() < pause:
            return
        pipeline = self._load_kept(result)
        if pipeline is not None and self._deadline.remaining() > 3 * self._save_seconds + 1.0:
            with contextlib.suppress(BundleError):  # no room now; the one before is still there
                self._save(pipeline, result.trial.number, self._rows_of(result))
            self._saved_first = True
            self._since_save = Stopwatch()

    def reserve(self, history: History) -> float:
        """Return the seconds to keep free for the final fit and the last save.

        A final fit that would take too large a share of the run is given up: what was kept of the
        trial is the answer then, and the search goes on instead.
        """
        incumbent = history.incumbent()
        save = _SAVE_MARGIN * self._save_seconds + 0.3
        if incumbent is None:
            return save
        share = _RESERVE_SHARE * (self._since_start.seconds() + self._deadline.remaining())
        refit = self._refit_seconds(incumbent)
        return save + (refit if refit <= share else 0.0)

    def finish(self, history: History, constant: float, *, hurry: bool = False) -> Final:
        """Fit the winner on all rows if time allows, else take what was kept; save it.

        Parameters
        ----------
        history : History
            Every finished trial.
        constant : float
            Score of the constant prediction, which the winner has to beat.
        hurry : bool
            Somebody waits: fit again only what takes a moment.
        """
        if hurry:
            self._deadline = self._deadline.within(_HURRY_SECONDS)
        final = self._choose(history, constant)
        self._save(final.pipeline, final.trial, final.fitted_on)
        return final

    def _choose(self, history: History, constant: float) -> Final:
        metric = self._task.metric
        for result in history.contenders():
            if not metric.better(result.score, constant) and not math.isnan(constant):
                break
            fitted, rows = self._refit(result), "all rows"
            if fitted is None:
                fitted, rows = self._load_kept(result), self._rows_of(result)
            if fitted is None:
                fitted, rows = self._load_saved(result)
            if fitted is not None:
                return Final(
                    pipeline=fitted,
                    score=result.score,
                    winner=result.trial.configuration,
                    fitted_on=rows,
                    trial=result.trial.number,
                )
        return Final(pipeline=self._constant(), score=constant, winner=None, fitted_on="all rows")

    def _refit(self, result: TrialResult) -> "Pipeline | None":
        """Fit on all rows in a worker; None if that takes longer than there is time, or fails."""
        limit = self._deadline.remaining() - _SAVE_MARGIN * self._save_seconds - 0.2
        # The prediction is a careful one, and a fit that takes too long is stopped.
        if limit < _WORTH_TRYING * self._refit_seconds(result):
            return None
        file = f"refit-{result.trial.number}.pkl"
        plan = plan_refit(result, self._data.task.n_rows, self._data.n_train_rows)
        outcome = self._executor.call(
            Job(
                id=_REFIT_JOB,
                function="metatune.search.refit:refit_in_worker",
                inbox=str(self._folder / "data"),
                outbox=str(self.outbox),
                arguments=(plan, file),
                time_limit=limit,
            )
        )
        if outcome.status is not TrialStatus.OK:
            return None
        return self._assemble(pickle.loads((self.outbox / file).read_bytes()))

    def _refit_seconds(self, result: TrialResult) -> float:
        return refit_seconds(result, self._data.task.n_rows, self._data.n_train_rows)

    def _load_kept(self, result: TrialResult) -> "Pipeline | None":
        fitted = self.kept.load(result, first=True)
        return self._assemble(fitted[0]) if fitted else None

    def _load_saved(self, result: TrialResult) -> "tuple[Pipeline | None, str]":
        """Return the model that an earlier process saved, if it is this trial's."""
        if self._run_dir is None or not self._went_on:
            return None, ""
        try:
            pipeline = bundle.load(self._run_dir.model)
        except BundleError:
            return None, ""
        info = bundle.model_info(pipeline)
        if info.get("trial") != result.trial.number:
            return None, ""
        return pipeline, str(info["fitted_on"])

    def _assemble(self, fitted: Any) -> "Pipeline":
        return assemble_pipeline(self._encoder, fitted, self._task.classes)

    def _rows_of(self, result: TrialResult) -> str:
        rung = result.trial.rung
        n_rows = round(self._data.n_train_rows * rung.row_share)
        return f"{n_rows:,} of {self._data.task.n_rows:,} rows"

    def _constant(self) -> "Pipeline":
        model = constant_model(self._task.kind, self._task.metric)
        model.fit(self._data.task.X, self._data.task.y, self._data.weights)
        return self._assemble(model)

    def _save(
        self, pipeline: "Pipeline", trial: int | None = None, fitted_on: str = "all rows"
    ) -> None:
        if self._run_dir is None:
            return
        import skops.io  # noqa: F401  # its import, slow once, says nothing about the next save

        watch = Stopwatch()
        info = {**self._info(), "trial": trial, "fitted_on": fitted_on}
        bundle.save(pipeline, self._run_dir.model, info)
        self._save_seconds = max(self._save_seconds, watch.seconds())

    def _info(self) -> dict[str, Any]:
        task = self._task
        return {
            "name": task.name,
            "target": task.target,
            "task": str(task.kind),
            "metric": task.metric.name,
            "weight": task.roles.weight,
            "group": task.roles.group,
            "time": task.roles.time,
            "versions": library_versions(),
        }
