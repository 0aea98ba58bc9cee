"""Task that is ready for a search: its rows as numbers, in folds, with the rungs to climb."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from metatune.data.columns.column import ColumnKind
from metatune.data.encoding.encoder import TableEncoder
from metatune.data.task.task import Task
from metatune.evaluation.constant import constant_decision, constant_model
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment
from metatune.models.ensemble import weighted_mean
from metatune.models.pipeline import assemble_pipeline
from metatune.models.second_layer import SecondLayer
from metatune.space import SearchSpace

__all__ = ["PreparedTask"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedTask:
    """Task that is ready for a search.

    Attributes
    ----------
    task : Task
        With the rows that the budget allows.
    encoder : TableEncoder
        Fitted on it.
    data : TrialData
        The task as numbers, in folds.
    inbox : Path
        Folder where workers find `data`.
    rungs : tuple of Rung
        That configurations climb.
    constant : float
        Score of the constant prediction.
    spaces : Mapping of str to SearchSpace
        Of the algorithms that may be used and take a table of this size.
    """

    task: Task
    encoder: TableEncoder
    data: TrialData
    inbox: Path
    rungs: tuple[Rung, ...]
    constant: float
    spaces: Mapping[str, SearchSpace]

    @property
    def n_table_rows(self) -> int:
        """Rows of the table, those that the run does without among them."""
        return self.task.n_rows + self.task.n_left_out

    @property
    def left_out(self) -> str:
        """Note that some rows or columns are not used; empty where all are."""
        notes = []
        if self.task.n_left_out:
            used = f"{self.task.n_rows:,} of {self.n_table_rows:,}"
            notes.append(f"{used} rows were used: as many as the budget and the algorithms allow")
        n_used = sum(column.kind.is_used for column in self.task.columns)
        n_spare = sum(column.kind is ColumnKind.LEFT_OUT for column in self.task.columns)
        if n_spare:
            notes.append(
                f"the budget is too short for all columns: {n_used:,} of {n_used + n_spare:,} were "
                "used, those that tell most of the target in half of the rows; the other half "
                "validates"
            )
        return "; ".join(notes)

    @property
    def all_rows(self) -> str:
        """Rows that a model has seen which was fitted on all rows of the run, for people."""
        if not self.task.n_left_out:
            return "all rows"
        return f"{self.task.n_rows:,} of {self.n_table_rows:,} rows"

    def rows_of(self, result: TrialResult) -> str:
        """Return how many rows a fold of a trial was fitted on, for people."""
        n_rows = round(self.data.n_train_rows * result.trial.rung.row_share)
        return f"{n_rows:,} of {self.n_table_rows:,} rows"

    def assemble(self, fitted: Any, decision: tuple[float, ...] = ()) -> Pipeline:
        """Join the table encoder with a pipeline that was fitted on encoded data.

        Parameters
        ----------
        fitted : Pipeline or estimator
            Fitted on the encoded matrix.
        decision : tuple of float
            Factors by which it decides labels; empty for the most probable one.
        """
        if decision or self.task.metric.low is not None:
            return self.join([fitted], [1.0], Adjustment(decision=decision))
        return assemble_pipeline(self.encoder, fitted, self.task.classes)

    def join(
        self,
        fitted: list[Any],
        weights: list[float],
        adjustment: Adjustment = NO_ADJUSTMENT,
        second: SecondLayer | None = None,
    ) -> Pipeline:
        """Join the table encoder with the weighted mean of pipelines fitted on encoded data."""
        task = self.task
        mean = weighted_mean(
            fitted, weights, task.classes, adjustment, low=task.metric.low, second=second
        )
        return Pipeline([("table", self.encoder), ("model", mean)])

    def constant_pipeline(self) -> Pipeline:
        """Return the constant prediction, fitted on all rows."""
        model = constant_model(self.task.kind, self.task.metric)
        model.fit(self.data.task.X, self.data.task.y, self.data.weights)
        return self.assemble(model, constant_decision(self.data, self.task.metric))
