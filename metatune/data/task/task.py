"""Task: a table of features, its encoded target, and its metric."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metatune.data.columns.column import Column
from metatune.data.reading.source import Source
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.task.roles import NO_ROLES, RoleColumns
from metatune.kinds import TaskKind
from metatune.metrics import Metric
from metatune.metrics.positive import PositiveClass

if TYPE_CHECKING:
    import pandas as pd

    from metatune._typing import AnyArray, IndexArray, IntArray

__all__ = ["Task"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """A dataset, its target and its metric.

    Attributes
    ----------
    name : str
        Name of the dataset in messages, usually the file's stem.
    X : DataFrame of shape (n_rows, n_columns)
        The columns but the target as read; only rows whose target is known and that count.
    y : ndarray of shape (n_rows,)
        Encoded labels 0..n_classes-1 (int64) for classification, target values (float64) else.
    kind : TaskKind
        What is predicted.
    classes : ndarray of shape (n_classes,) or None
        The labels in the order of their codes; None for regression.
    columns : tuple of Column
        The columns of `X` as understood, in order.
    target : str
        Name of the target column.
    metric : Metric
        Metric of the predictions.
    positive : PositiveClass or None
        Positive class of two; None where there are not two.
    notes : tuple of str
        Decisions and corrections, one sentence each, for the user.
    n_dropped : int
        Rows dropped because their target was missing.
    row_metadata : RowMetadata
        Sample weights, groups and times of the rows, as far as they were given.
    roles : RoleColumns
        Columns that they came from.
    n_left_out : int
        Further rows left out of the run, since its budget is too short for them.
    chosen_by : ndarray of shape (n_chosen,), intp, or None
        Rows by whose targets columns were chosen. They are trained on, but never validated: their
        scores would be too good.
    source : Source or None
        Format of the file that the rows came from; None where they came from no file.
    """

    name: str
    X: "pd.DataFrame"
    y: "AnyArray"
    kind: TaskKind
    classes: "AnyArray | None"
    columns: tuple[Column, ...]
    target: str
    metric: Metric
    positive: PositiveClass | None = None
    notes: tuple[str, ...] = ()
    n_dropped: int = 0
    row_metadata: RowMetadata = PLAIN
    roles: RoleColumns = NO_ROLES
    n_left_out: int = 0
    chosen_by: "IndexArray | None" = None
    source: Source | None = None

    @property
    def judged_class(self) -> str | None:
        """Label of the positive class, if the metric depends on it."""
        if self.positive is None or not self.metric.is_sided:
            return None
        return self.positive.label

    @property
    def n_rows(self) -> int:
        """Number of rows whose target is known and that count."""
        return len(self.y)

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return 0 if self.classes is None else len(self.classes)

    @property
    def class_counts(self) -> "IntArray":
        """Rows of each class, in the order of `classes`."""
        import numpy as np

        return np.bincount(self.y, minlength=self.n_classes).astype(np.int64)
