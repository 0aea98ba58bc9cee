"""Tables that break learners: small, wide, empty, with rare classes and absurd numbers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metatune._typing import AnyArray
from metatune.algorithms.base import BuildContext
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind

__all__ = ["TABLES", "Table", "categories", "easy", "one_row"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Encoded table: training rows and new rows.

    Attributes
    ----------
    kind : TaskKind
    X : ndarray of shape (n_rows, n_columns)
        Numbers, and codes of categories; NaN where missing.
    y : ndarray of shape (n_rows,)
        Labels 0..n_classes-1, or values.
    X_new : ndarray of shape (n_new, n_columns)
        Rows to predict.
    n_levels : tuple of int
        Levels of each column, 0 for numbers.
    """

    kind: TaskKind
    X: AnyArray
    y: AnyArray
    X_new: AnyArray
    n_levels: tuple[int, ...]

    def context(self, **changes: Any) -> BuildContext:
        """Return the context of a pipeline that is fitted on the training rows."""
        n_classes = len(np.unique(self.y)) if self.kind.is_classification else 0
        n_rows, n_columns = self.X.shape
        context = BuildContext(
            kind=self.kind,
            layout=Layout(names=tuple(f"c{i}" for i in range(n_columns)), n_levels=self.n_levels),
            shape=Shape(n_rows=n_rows, n_columns=n_columns, n_classes=n_classes),
            seed=3,
        )
        return replace(context, **changes)


def easy(kind: TaskKind, n_rows: int = 90, n_columns: int = 4) -> Table:
    """Return a table of numbers whose target depends on the first column."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows + 40, n_columns))
    signal = X[:, 0] + 0.1 * rng.normal(size=len(X))
    y: AnyArray = {
        TaskKind.BINARY: (signal > 0).astype(np.int64),
        TaskKind.MULTICLASS: np.digitize(signal, [-0.5, 0.5]).astype(np.int64),
        TaskKind.REGRESSION: 100.0 + 5.0 * signal,
    }[kind]
    if kind.is_classification:  # a sample of three rows, or one, may lack a class otherwise
        y[: y.max() + 1] = np.arange(y.max() + 1)
    return Table(kind=kind, X=X[:n_rows], y=y[:n_rows], X_new=X[n_rows:], n_levels=(0,) * n_columns)


def missing_values(kind: TaskKind) -> Table:
    """Return a table with missing cells."""
    table = easy(kind)
    holes = np.random.default_rng(1).random(table.X.shape) < 0.2
    return replace(table, X=np.where(holes, np.nan, table.X))


def missing_only_in_new_rows(kind: TaskKind) -> Table:
    """Return a table whose new rows alone have missing cells."""
    table = easy(kind)
    X_new = table.X_new.copy()
    X_new[::2, 1] = np.nan
    X_new[0] = np.nan
    return replace(table, X_new=X_new)


def categories(kind: TaskKind) -> Table:
    """Return a table of few and many levels; new rows hold levels that are new or missing."""
    table = easy(kind)
    rng = np.random.default_rng(2)
    X, X_new = table.X.copy(), table.X_new.copy()
    X[:, 1] = rng.integers(0, 4, len(X))
    X[:, 2] = rng.integers(0, 2000, len(X))
    X[::7, 1:3] = np.nan
    X_new[:, 1] = rng.integers(0, 6, len(X_new))
    X_new[:, 2] = rng.integers(-1, 2500, len(X_new))
    X_new[::5, 1:3] = np.nan
    return replace(table, X=X, X_new=X_new, n_levels=(0, 6, 2500, 0))


def only_categories(kind: TaskKind) -> Table:
    """Return a table without numbers."""
    table = easy(kind)
    rng = np.random.default_rng(2)
    X = rng.integers(0, 3, table.X.shape).astype(np.float64)
    X_new = rng.integers(0, 5, table.X_new.shape).astype(np.float64)
    return replace(table, X=X, X_new=X_new, n_levels=(3, 3, 3, 3))


def useless_columns(kind: TaskKind) -> Table:
    """Return a table with a useful column beside constant and empty ones."""
    table = easy(kind, n_columns=6)
    X, X_new = table.X.copy(), table.X_new.copy()
    X[:, 1], X[:, 2], X[:, 3], X[:, 4] = 7.0, np.nan, np.nan, 1.0
    X_new[:, 3], X_new[:, 4] = 2.0, 0.0
    return replace(table, X=X, X_new=X_new, n_levels=(0, 0, 0, 3, 3, 0))


def nothing_useful(kind: TaskKind) -> Table:
    """Return a table of constant and empty columns."""
    table = easy(kind)
    X = np.ones_like(table.X)
    X[:, 2] = np.nan
    return replace(table, X=X, n_levels=(0, 3, 0, 2))


def twenty_rows(kind: TaskKind) -> Table:
    """Return a table of twenty rows."""
    return easy(kind, n_rows=20)


def three_rows(kind: TaskKind) -> Table:
    """Return a table of three rows."""
    return easy(kind, n_rows=3)


def one_row(kind: TaskKind) -> Table:
    """Return a table of one row."""
    return easy(kind, n_rows=1)


def wide(kind: TaskKind) -> Table:
    """Return a table of more columns than rows."""
    return easy(kind, n_rows=60, n_columns=300)


def one_column(kind: TaskKind) -> Table:
    """Return a table of one column."""
    return easy(kind, n_columns=1)


def absurd_numbers(kind: TaskKind) -> Table:
    """Return a table with values at the ends of float64, in a feature and in the target."""
    table = easy(kind)
    X, y = table.X.copy(), table.y.copy()
    X[3, 1], X[4, 1], X[5, 2] = 1e300, -1e300, 1e-300
    X[:, 3] += 1e12
    if kind is TaskKind.REGRESSION:
        y[0], y[1] = 1e306, -1e306
    return replace(table, X=X, y=y)


def rare_class_of_two(kind: TaskKind) -> Table:
    """Return a table with a class of two rows."""
    return _with_rare_class(kind, 2)


def rare_class_of_one(kind: TaskKind) -> Table:
    """Return a table with a class of one row."""
    return _with_rare_class(kind, 1)


def _with_rare_class(kind: TaskKind, n_rare: int) -> Table:
    table = easy(kind)
    if kind is TaskKind.REGRESSION:
        return replace(table, y=np.where(np.arange(len(table.y)) < n_rare, 1e3, 0.0))
    y = np.where(table.X[:, 0] > 0, table.y.max() - 1, 0)
    y[np.arange(n_rare) + 10] = table.y.max()
    return replace(table, y=y)


def one_target_value(kind: TaskKind) -> Table:
    """Return a table whose targets are all the same."""
    table = easy(kind)
    return replace(table, y=np.full_like(table.y, 1))


TABLES: tuple[Callable[[TaskKind], Table], ...] = (
    easy,
    missing_values,
    missing_only_in_new_rows,
    categories,
    only_categories,
    useless_columns,
    nothing_useful,
    twenty_rows,
    three_rows,
    one_row,
    wide,
    one_column,
    absurd_numbers,
    rare_class_of_two,
    rare_class_of_one,
    one_target_value,
)
