"""Getting a task ready for a search: which rows, as numbers, in which folds, on which rungs."""

from dataclasses import dataclass
from pathlib import Path

from metatune.budget import Timings
from metatune.data.encoding.encoder import TableEncoder, encode_task
from metatune.data.task.cutting import cut_rows
from metatune.data.task.task import Task
from metatune.evaluation.constant import constant_score
from metatune.evaluation.rungs import Rung, plan_folds, plan_rows, plan_rungs
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial_data import TrialData
from metatune.files.scratch import no_room
from metatune.metrics import RECORDED_METRICS
from metatune.tuning.options import TuneOptions

__all__ = ["Prepared", "prepare"]

_TEXT_SHARE = 0.1  # of the budget, for latent components of texts,
_TEXT_MODEL_SHARE = 0.1  # and for learning from their n-grams


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A task that is ready for a search.

    Attributes
    ----------
    task : Task
        With the rows that the budget allows.
    encoder : TableEncoder
        Fitted on it.
    data : TrialData
        The task as numbers, in folds.
    rungs : tuple of Rung
        That configurations climb.
    constant : float
        Score of the constant prediction.
    """

    task: Task
    encoder: TableEncoder
    data: TrialData
    rungs: tuple[Rung, ...]
    constant: float

    def save(self, directory: Path) -> None:
        """Write what workers read.

        Raises
        ------
        BundleError
            If there is no room.
        """
        try:
            self.data.save(directory)
        except OSError as error:
            raise no_room(error) from error

    @property
    def left_out(self) -> str:
        """Says that some rows are not used; empty where all are."""
        if not self.task.n_left_out:
            return ""
        n_all = self.task.n_rows + self.task.n_left_out
        return f"the budget is too short for all rows: {self.task.n_rows:,} of {n_all:,} were used"


def prepare(task: Task, options: TuneOptions, timings: Timings) -> Prepared:
    """Get a task ready, with no more rows than the budget is enough for.

    Parameters
    ----------
    task : Task
        Table, target and metric.
    options : TuneOptions
        What the user decided.
    timings : Timings
        Takes the seconds of encoding.
    """
    seconds = options.planned_seconds
    task = cut_rows(task, plan_rows(task.n_rows, len(task.columns), seconds), options.seed)
    encoder, encoded = encode_task(task, options.seed, text_allowance=_TEXT_SHARE * seconds)
    metrics = tuple(dict.fromkeys((task.metric.name, *RECORDED_METRICS[task.kind])))
    plan = plan_folds(encoded.n_rows, encoded.X.shape[1], seconds)
    data = TrialData.make(encoded, metrics, seed=options.seed, facts=task.facts, plan=plan)
    data = add_texts(data, encoder, task.X, _TEXT_MODEL_SHARE * seconds)
    timings.lap("encoding")
    return Prepared(
        task=task,
        encoder=encoder,
        data=data,
        rungs=plan_rungs(
            data.n_train_rows,
            len(data.folds),
            n_columns=encoded.X.shape[1],
            budget_seconds=seconds,
        ),
        constant=constant_score(data, task.metric),
    )
