"""Keeping a model safe during a search: the constant first, then whatever leads."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.budget import Deadline, Stopwatch
from metatune.data.encoding.encoder import TableEncoder
from metatune.data.task.task import Task
from metatune.errors import BundleError
from metatune.evaluation.constant import constant_model
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.models import model_file
from metatune.models.pipeline import assemble_pipeline
from metatune.search.history import History
from metatune.storage.directory import RunDirectory
from metatune.storage.fold_models import KeptModels
from metatune.storage.predictions import PredictionStore
from metatune.storage.provenance import library_versions

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["ModelKeeper"]

_SAVE_PAUSE = 10.0  # seconds between two saves of incumbents during the search, at least
_SAVE_SHARE = 0.02  # of the elapsed time may go into such saves
_SAVE_MARGIN = 2.0  # the final model may be larger than what was saved before
_SECONDS_PER_BYTE_OF_PARTS = 3e-7  # of a small model, which is many parts of a few bytes each;
_SECONDS_OF_PARTS = 1.5  # a forest has no more of them by being large,
_SECONDS_PER_BYTE = 1e-8  # and its arrays are written fast


class ModelKeeper:
    """Saves the incumbent of a search now and then, and holds what trials leave behind.

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
        deadline: Deadline,
        run_dir: RunDirectory | None,
    ) -> None:
        self._task = task
        self._encoder = encoder
        self._data = data
        self._deadline = deadline
        self._run_dir = None if run_dir is None or run_dir.is_scratch else run_dir
        self._save_seconds = 0.0  # of the longest save so far
        self._since_save = Stopwatch()
        self._saved_any = False
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
            raise BundleError(model_file.cannot_write(kept_in, error)) from error

    def search_starts(self, rungs: tuple[Rung, ...], past: Sequence[TrialResult]) -> None:
        """Take over what an earlier process has left.

        Parameters
        ----------
        rungs : tuple of Rung
            Of the search.
        past : sequence of TrialResult
            What an earlier process has found; then its model stays until there is a better one.
        """
        self.kept.search_starts(rungs)
        self.predictions.restore(past)
        self._went_on = bool(past) and self._run_dir is not None and self._run_dir.model.is_file()

    def save_constant(self) -> None:
        """Make sure that there is a model from the first seconds on: the constant at least.

        Raises
        ------
        BundleError
            If the model cannot be saved.
        """
        if not self._went_on and not self._saved_any:
            self.save(self.constant())

    def rescue(self, history: History) -> None:
        """Save the incumbent if there is any room; what is saved already stays otherwise."""
        incumbent = history.incumbent()
        pipeline = None if incumbent is None else self.load_kept(incumbent)
        if incumbent is not None and pipeline is not None:
            with contextlib.suppress(BundleError):
                self.save(pipeline, incumbent.trial.number, self.rows_of(incumbent))

    def trial_ended(self, result: TrialResult, history: History) -> None:
        """Save the incumbent now and then, so that a killed run leaves a model."""
        self.kept.trial_ended(result, history)
        self.predictions.trial_ended(result, history)
        if self._run_dir is None or history.incumbent() is not result:
            return
        pause = max(_SAVE_PAUSE, self._save_seconds / _SAVE_SHARE)
        if self._saved_first and self._since_save.seconds() < pause:
            return
        pipeline = self.load_kept(result)
        if pipeline is not None and self._deadline.remaining() > 3 * self._save_seconds + 1.0:
            with contextlib.suppress(BundleError):  # no room now; the one before is still there
                self.save(pipeline, result.trial.number, self.rows_of(result))
            self._saved_first = True
            self._since_save = Stopwatch()

    def load_kept(self, result: TrialResult) -> "Pipeline | None":
        """Return what was kept of a trial's first fold, if anything was."""
        fitted = self.kept.load(result, first=True)
        return self.assemble(fitted[0]) if fitted else None

    def load_saved(self, result: TrialResult) -> "tuple[Pipeline | None, str]":
        """Return the model that an earlier process saved, if it is this trial's."""
        if self._run_dir is None or not self._went_on:
            return None, ""
        try:
            pipeline = model_file.load(self._run_dir.model)
        except BundleError:
            return None, ""
        info = model_file.model_info(pipeline)
        if info.get("trial") != result.trial.number:
            return None, ""
        return pipeline, str(info["fitted_on"])

    def assemble(self, fitted: Any) -> "Pipeline":
        """Join the table encoder with what was fitted on encoded data."""
        return assemble_pipeline(self._encoder, fitted, self._task.classes)

    def rows_of(self, result: TrialResult) -> str:
        """Say how many rows the folds of a trial were fitted on."""
        rung = result.trial.rung
        n_rows = round(self._data.n_train_rows * rung.row_share)
        return f"{n_rows:,} of {self.n_table_rows:,} rows"

    @property
    def n_table_rows(self) -> int:
        """Rows of the table, those that the run does without among them."""
        return self._task.n_rows + self._task.n_left_out

    @property
    def all_rows(self) -> str:
        """Say how many rows a model has seen that was fitted on all rows of the run."""
        n_rows = self._task.n_rows
        return f"{n_rows:,} of {self.n_table_rows:,} rows" if self._task.n_left_out else "all rows"

    def constant(self) -> "Pipeline":
        """Return the constant prediction, fitted on all rows."""
        model = constant_model(self._task.kind, self._task.metric)
        model.fit(self._data.task.X, self._data.task.y, self._data.weights)
        return self.assemble(model)

    def save(
        self, pipeline: "Pipeline", trial: int | None = None, fitted_on: str = "all rows"
    ) -> None:
        """Save a model, if there is a run directory.

        Parameters
        ----------
        pipeline : Pipeline
            Fitted; takes a table.
        trial : int or None
            The number of the leading trial that it comes from; None for the constant.
        fitted_on : str
            Which rows it was fitted on, for people.

        Raises
        ------
        BundleError
            If it cannot be written.
        """
        if self._run_dir is None:
            return
        import skops.io  # noqa: F401  # its import, slow once, says nothing about the next save

        watch = Stopwatch()
        info = {**self.info(), "trial": trial, "fitted_on": fitted_on}
        model_file.save(pipeline, self._run_dir.model, info)
        self._saved_any = True
        self._save_seconds = max(self._save_seconds, watch.seconds())

    def seconds_to_save(self, n_bytes: int = 0) -> float:
        """Return the seconds to keep free for saving models of so many bytes.

        Without a run directory nothing is saved, and that takes no time.
        """
        if self._run_dir is None:
            return 0.0
        return max(_SAVE_MARGIN * self._save_seconds, _seconds_to_save(n_bytes))

    def saved_bytes(self) -> int | None:
        """Return the size of the model file; None without a run directory."""
        return None if self._run_dir is None else self._run_dir.model.stat().st_size

    def info(self) -> dict[str, Any]:
        """Return the plain values that are kept with every model of the run."""
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


def _seconds_to_save(n_bytes: int) -> float:
    """Predict the seconds of a save, rather too many: twice those of forests on an idle machine."""
    return min(
        _SECONDS_PER_BYTE_OF_PARTS * n_bytes, _SECONDS_OF_PARTS + _SECONDS_PER_BYTE * n_bytes
    )
