"""Store of a run: journal, out-of-fold predictions, fold models, and the best model so far.

A result counts from the moment when `RunStore.record` has returned.
"""

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from metatune.budget import Deadline, Stopwatch
from metatune.data.task.task import Task
from metatune.errors import BundleError
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.trial import Trial, TrialResult
from metatune.files.plain import without_nan
from metatune.models import model_file
from metatune.search.history import History
from metatune.storage.directory import RunDirectory
from metatune.storage.fold_models import KeptModels
from metatune.storage.journal import Journal, Past
from metatune.storage.predictions import PredictionStore
from metatune.storage.provenance import library_versions
from metatune.storage.resume import Pulse

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["RunStore", "source_values"]

_SAVE_PAUSE = 10.0  # seconds between two saves of incumbents during the search, at least
_SAVE_SHARE = 0.02  # of the elapsed time may go into such saves
_SAVE_MARGIN = 2.0  # the final model may be larger than what was saved before
_SECONDS_PER_BYTE_OF_PARTS = 3e-7  # of a small model, which is many parts of a few bytes each;
_SECONDS_OF_PARTS = 1.5  # a forest has no more of them by being large,
_SECONDS_PER_BYTE = 1e-8  # and its arrays are written fast


class RunStore:
    """Everything that a run keeps on disk while it goes on.

    Parameters
    ----------
    directory : RunDirectory
        Where models, journal and predictions are kept.
    prepared : PreparedTask
        The run's task; workers leave things beside its inbox.
    pulse : Pulse
        How much of the budget is used.
    past : Past
        Results of an earlier process. Its model stays until there is a better one.

    Raises
    ------
    BundleError
        If the directory cannot be written.
    """

    def __init__(
        self, directory: RunDirectory, prepared: PreparedTask, pulse: Pulse, past: Past
    ) -> None:
        self._directory = directory
        self._keeps_model = not directory.is_scratch
        self._prepared = prepared
        self._pulse = pulse
        self._save_seconds = 0.0  # of the longest save so far
        self._since_save = Stopwatch()
        self._saved_any = False
        self._saved_first = False
        self._incumbent: TrialResult | None = None
        self.inbox = prepared.inbox
        """Folder that holds the data."""
        self.outbox = prepared.inbox.parent / "models"
        """Folder where workers leave fitted pipelines and out-of-fold predictions."""
        self.outbox.mkdir(exist_ok=True)
        self.fold_models = KeptModels(self.outbox, prepared.rungs[-1])
        folder = directory.predictions
        try:
            self.predictions = PredictionStore(self.outbox, folder)
        except OSError as error:
            raise BundleError(model_file.cannot_write(folder, error)) from error
        self.predictions.restore(past.results)
        self._has_earlier_model = bool(past.results) and directory.model.is_file()
        self._journal = Journal(directory.journal)

    def keep_rule(self, trial: Trial, history: History) -> KeepRule | None:
        """Return the rule for the pipelines of a trial that is about to start; None for nothing."""
        return self.fold_models.rule(trial, history)

    def record(self, result: TrialResult) -> None:
        """Put a result on the disk, and its predictions in safety.

        Raises
        ------
        BundleError
            If the journal cannot be written.
        """
        self.predictions.secure(result)
        stamp = self._pulse.stamp()
        self._journal.append(result, run=stamp.run, used=stamp.used)

    def update(self, result: TrialResult, history: History) -> None:
        """Let go of what a new result outdoes; save the incumbent now and then."""
        self.fold_models.trial_ended(result, history)
        self.predictions.trial_ended(result, history)
        self._incumbent = history.incumbent()
        if not self._keeps_model or self._incumbent is not result:
            return
        pause = max(_SAVE_PAUSE, self._save_seconds / _SAVE_SHARE)
        if self._saved_first and self._since_save.seconds() < pause:
            return
        is_soon = self._deadline.remaining() <= 3 * self._save_seconds + 1.0
        if not is_soon and model_file.is_writer_ready():
            with contextlib.suppress(BundleError):  # no room now; the one before is still there
                self._saved_first |= self._save_incumbent()
            self._since_save = Stopwatch()

    def pulse(self) -> None:
        """Note now and then how much of the budget is used, for whoever goes on."""
        self._pulse.beat()

    def save_first(self) -> bool:
        """Make sure that there is a model from the first seconds on: the constant at least.

        Returns
        -------
        bool
            False as long as the library that writes models is being imported, which takes seconds
            on a busy machine: nobody waits for it. Call again.

        Raises
        ------
        BundleError
            If the model cannot be saved.
        """
        if not self._keeps_model or self._has_earlier_model or self._saved_any:
            return True
        if not model_file.is_writer_ready():
            return False
        if not self._save_incumbent():
            self.save(self._prepared.constant_pipeline())
        return True

    def rescue(self) -> None:
        """Save the incumbent if there is any room; a model that is saved already stays else."""
        with contextlib.suppress(BundleError):
            self._save_incumbent()

    def save(
        self, pipeline: "Pipeline", trial: int | None = None, fitted_on: str = "all rows"
    ) -> None:
        """Save a model, if the directory keeps any.

        Parameters
        ----------
        pipeline : Pipeline
            Fitted; takes a table.
        trial : int or None
            Number of the leading trial that it comes from; None for the constant.
        fitted_on : str
            Rows it was fitted on, for people.

        Raises
        ------
        BundleError
            If it cannot be written.
        """
        if not self._keeps_model:
            return
        import skops.io  # noqa: F401  # its import, slow once, says nothing about the next save

        watch = Stopwatch()
        info = {**self.info(), "trial": trial, "fitted_on": fitted_on}
        model_file.save(pipeline, self._directory.model, info)
        self._saved_any = True
        self._save_seconds = max(self._save_seconds, watch.seconds())

    def load_saved(self, result: TrialResult) -> "tuple[Pipeline | None, str]":
        """Return the model that an earlier process saved, and its rows, if it is this trial's."""
        if not self._has_earlier_model:
            return None, ""
        try:
            pipeline = model_file.read_model(self._directory.model)
        except BundleError:
            return None, ""
        info = model_file.model_info(pipeline)
        if info.get("trial") != result.trial.number:
            return None, ""
        return pipeline, str(info["fitted_on"])

    def seconds_to_save(self, n_bytes: int = 0) -> float:
        """Predict the seconds of saving models of so many bytes; 0 where none are kept."""
        if not self._keeps_model:
            return 0.0
        return max(_SAVE_MARGIN * self._save_seconds, _seconds_to_save(n_bytes))

    def saved_bytes(self) -> int | None:
        """Return the size of the model file; None where none is kept."""
        return self._directory.model.stat().st_size if self._keeps_model else None

    def info(self) -> dict[str, Any]:
        """Return the plain values that are kept with every model of the run."""
        task = self._prepared.task
        return {
            "name": task.name,
            "target": task.target,
            "task": str(task.kind),
            "metric": task.metric.name,
            "positive": task.metric.positive,
            "weight": task.roles.weight,
            "group": task.roles.group,
            "time": task.roles.time,
            "source": source_values(task),
            "versions": library_versions(),
        }

    def close(self) -> None:
        """Close the journal. May be called twice."""
        self._journal.close()

    @property
    def _deadline(self) -> Deadline:
        return self._pulse.deadline

    def _save_incumbent(self) -> bool:
        """Save the model of the incumbent's first fold; return False where there is none."""
        incumbent = self._incumbent
        pipeline = None if incumbent is None else self._fold_pipeline(incumbent)
        if incumbent is None or pipeline is None:
            return False
        self.save(pipeline, incumbent.trial.number, self._prepared.rows_of(incumbent))
        return True

    def _fold_pipeline(self, result: TrialResult) -> "Pipeline | None":
        """Return the model of a trial's first fold, if it was kept."""
        fitted = self.fold_models.load(result, first=True)
        return self._prepared.assemble(fitted[0], result.decision) if fitted else None


def source_values(task: Task) -> dict[str, Any] | None:
    """Return the format of a task's file as plain values that a model file can hold."""
    return None if task.source is None else dict(without_nan(asdict(task.source)))


def _seconds_to_save(n_bytes: int) -> float:
    """Predict the seconds of a save, rather too many: twice those of forests on an idle machine."""
    return min(
        _SECONDS_PER_BYTE_OF_PARTS * n_bytes, _SECONDS_OF_PARTS + _SECONDS_PER_BYTE * n_bytes
    )
