"""Construction of a task from a table or from arrays."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.inference import infer_columns, with_text_names
from metatune.data.reading.source import Table
from metatune.data.reading.verbatim import typed_cells
from metatune.data.target_name import find_target
from metatune.data.task.dependence import dependence_notes
from metatune.data.task.last_look import keep_informative
from metatune.data.task.notes import column_notes, positive_notes, role_notes
from metatune.data.task.role_columns import count_rows, read_roles, row_metadata_of_arrays
from metatune.data.task.roles import NO_ROLES, RoleColumns, find_roles
from metatune.data.task.target import encode_labels, read_target
from metatune.data.task.task import Task
from metatune.data.wording import counted
from metatune.errors import TableError, TargetError
from metatune.kinds import TaskKind
from metatune.metrics import check_weighted, choose_metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from metatune._typing import AnyArray, FloatArray, IntArray

__all__ = ["make_task", "make_task_from_arrays", "to_frame"]

_MIN_ROWS = 5


def make_task(
    table: "Table | pd.DataFrame",
    *,
    target: str | None = None,
    task: str | None = None,
    metric: "str | Callable[..., Any] | None" = None,
    positive: Any = None,
    name: str | None = None,
    roles: RoleColumns = NO_ROLES,
) -> Task:
    """Make a prediction task of a table.

    Parameters
    ----------
    table : Table or DataFrame of shape (n_rows, n_columns)
        Features and target.
    target : str or None
        The column to predict: a name or a position; None to guess (see `find_target`).
    task : str or None
        "binary", "multiclass", "classification", "regression", or None to infer.
    metric : str, callable or None
        None for the default of the task kind; see `choose_metric`.
    positive : object, optional
        Label of the positive class of two; see `find_positive`.
    name : str or None
        None for the table's own name.
    roles : RoleColumns
        Columns that hold weights, groups or times of rows, by name or position. Rows of weight
        zero are left out. A time column stays a feature as far as its calendar goes.

    Returns
    -------
    Task
        `notes` begin with those of the table.

    Raises
    ------
    TableError
        If the table has fewer than two columns or five rows, or a column name twice.
    TargetError
        If the target is not found or cannot be learned.
    OptionError
        If `task` or `metric` is unknown, the metric does not fit, or a column of `roles` does not
        exist or cannot be read as what it is said to be.
    """
    frame = with_text_names(table.frame if isinstance(table, Table) else table)
    own_name = table.name if isinstance(table, Table) else "data"
    notes = list(table.notes) if isinstance(table, Table) else []
    _check_size(frame)
    position, guess = find_target(list(frame.columns), target)
    label = str(frame.columns[position])
    roles = find_roles(list(frame.columns), label, roles)
    frame, weights, weight_notes = count_rows(frame, roles)
    cells, written = frame.iloc[:, position], None
    if isinstance(table, Table) and label in table.verbatim:
        cells, written = typed_cells(cells, table.source.column_decimal), cells
    understood = read_target(cells, label, task, written)
    notes += [guess] if guess else []
    notes += [*understood.notes, *weight_notes]
    n_dropped = int((~understood.keep).sum())
    if n_dropped:
        notes.append(f"{counted(n_dropped, 'row')} without a value of the target {label!r} dropped")
    if len(understood.y) < _MIN_ROWS:
        raise TargetError(
            f"target {label!r} is known in {counted(len(understood.y), 'row')} only: "
            f"at least {_MIN_ROWS} are needed"
        )
    X = frame.drop(columns=label)
    if n_dropped:
        X = X[understood.keep]
        weights = None if weights is None else weights[understood.keep]
    X = X.reset_index(drop=True)
    others = infer_columns(X.drop(columns=list(roles.given.values())))
    others = keep_informative(X, others, understood.y, understood.kind)
    if isinstance(table, Table) and table.source.column_decimal != ".":
        others = tuple(_as_read(column, table.source.column_decimal) for column in others)
    columns, row_metadata = read_roles(X, others, roles, weights)
    kind, y, classes = understood.kind, understood.y, understood.classes
    chosen, found = choose_metric(metric, kind, y, classes, positive=positive)
    if row_metadata.weights is not None:
        check_weighted(chosen, kind)
    notes += positive_notes(chosen, found, "--positive")
    notes += [*role_notes(columns, row_metadata), *column_notes(columns, X)]
    notes += dependence_notes(X, columns, understood.y, understood.kind, roles)
    return Task(
        name=name or own_name,
        X=X,
        y=understood.y,
        kind=understood.kind,
        classes=understood.classes,
        columns=columns,
        target=label,
        metric=chosen,
        positive=found,
        notes=tuple(notes),
        n_dropped=n_dropped,
        row_metadata=row_metadata,
        roles=roles,
        source=table.source if isinstance(table, Table) else None,
    )


def make_task_from_arrays(  # noqa: PLR0913  # what scikit-learn's users hand over
    X: Any,
    y: "ArrayLike",
    *,
    classification: bool,
    metric: "str | Callable[..., Any] | None" = None,
    positive: Any = None,
    name: str = "data",
    target: str = "target",
    weights: "ArrayLike | None" = None,
    groups: "ArrayLike | None" = None,
    times: "ArrayLike | None" = None,
    splits: "IntArray | None" = None,
) -> Task:
    """Make a task from features and target given apart, as scikit-learn's estimators get them.

    The labels are taken as they are, and no row is dropped but those of weight zero.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_rows, n_columns)
        Features. Columns of an array are called "0", "1", ...; none of them is an identifier.
    y : array-like of shape (n_rows,)
        Labels of any type that can be sorted, or numbers.
    classification : bool
        Whether `y` holds labels.
    metric : str, callable or None
        None for the default of the task kind; see `choose_metric`.
    positive : object, optional
        Label of the positive class of two; see `find_positive`.
    name : str
        Name of the dataset in messages.
    target : str
        Name of the target.
    weights, groups, times : array-like of shape (n_rows,), optional
        Sample weights, groups and times of the rows.
    splits : ndarray of shape (n_rows, n_splits), optional
        Splits of the user; see `data.splits.given`.

    Returns
    -------
    Task

    Raises
    ------
    TableError
        If `X` is no table, or a column name occurs twice.
    TargetError
        If `y` has another length, unknown values, a single class, or no numbers where numbers
        are needed.
    OptionError
        If the metric is unknown or does not fit, or weights, groups or times cannot be used.
    """
    frame, is_named = to_frame(X)
    values = np.asarray(y)
    if values.ndim != 1 or len(values) != len(frame):
        raise TargetError(f"y has the shape {values.shape}: it must be one value for each row of X")
    if bool(pd.isna(values).any()):
        raise TargetError("y holds missing values: drop the rows whose target is unknown")
    counting, row_metadata = row_metadata_of_arrays(
        len(frame), weights=weights, groups=groups, times=times
    )
    if splits is not None:
        row_metadata = replace(row_metadata, splits=splits[counting])
    if not counting.all():
        frame, values = frame[counting].reset_index(drop=True), values[counting]
    classes: AnyArray | None = None
    if classification:
        classes, codes = encode_labels(values)
        if len(classes) < 2:
            raise TargetError(
                f"y holds one class only, {classes.tolist()[0]!r}: at least two are needed"
            )
        kind = TaskKind.BINARY if len(classes) == 2 else TaskKind.MULTICLASS
    else:
        kind = TaskKind.REGRESSION
    columns = infer_columns(frame, keep_identifiers=not is_named)
    y_known = codes if classification else _numbers(values)
    columns = keep_informative(frame, columns, y_known, kind)
    chosen, found = choose_metric(metric, kind, y_known, classes, positive=positive)
    if row_metadata.weights is not None:
        check_weighted(chosen, kind)
    return Task(
        name=name,
        X=frame,
        y=y_known,
        kind=kind,
        classes=classes,
        columns=columns,
        target=target,
        metric=chosen,
        positive=found,
        notes=(*positive_notes(chosen, found, "pos_label="), *column_notes(columns, frame)),
        row_metadata=row_metadata,
    )


def to_frame(X: Any) -> tuple[pd.DataFrame, bool]:
    """Turn features into a pandas DataFrame with text names and a plain row index.

    Returns
    -------
    tuple of (DataFrame, bool)
        And whether the columns have names of their own.

    Raises
    ------
    TableError
        If `X` is not two-dimensional or a column name occurs twice.
    """
    if isinstance(X, pd.DataFrame):
        return with_text_names(X).reset_index(drop=True), True
    if hasattr(X, "columns") and hasattr(X, "__array__"):
        import narwhals

        return with_text_names(narwhals.from_native(X).to_pandas()), True
    values = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    if values.ndim != 2:
        raise TableError(f"the features have the shape {values.shape}: give rows and columns")
    return with_text_names(pd.DataFrame(values)).infer_objects(), False


def _as_read(column: Column, decimal: str) -> Column:
    """Note the decimal separator by which a whole column became numbers."""
    return replace(column, decimal=decimal) if column.base is ColumnKind.NUMBER else column


def _numbers(target: "AnyArray") -> "FloatArray":
    try:
        values = target.astype(np.float64)
    except (TypeError, ValueError):
        raise TargetError(f"y holds {target[:1].tolist()[0]!r}, which is no number") from None
    if not np.isfinite(values).all():
        raise TargetError("y holds infinite values: drop or mend these rows")
    return values


def _check_size(frame: pd.DataFrame) -> None:
    if frame.shape[1] < 2:
        raise TableError(
            f"the table has {frame.shape[1]} column: a target and at least one feature are needed"
        )
    if len(frame) < _MIN_ROWS:
        raise TableError(
            f"the table has {counted(len(frame), 'row')}: at least {_MIN_ROWS} are needed"
        )
