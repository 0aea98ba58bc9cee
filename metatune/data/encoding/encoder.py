"""Table encoder: converts a table as users have it to one matrix of numbers."""

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.column_text import columns_of_text, text_of_columns
from metatune.data.columns.level_order import order_levels
from metatune.data.columns.plain_numbers import finite_names, plain_values
from metatune.data.columns.several_numbers import numbers_of
from metatune.data.encoding.date_parts import date_parts, varying_parts
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.text_components import TextEncoder, text_seconds
from metatune.data.encoding.text_model import TextModel
from metatune.data.encoding.unlike_training import find_unlike, number_ranges, unlike_message
from metatune.data.encoding.unused_cells import UnusedCells, find_unused, unused_message
from metatune.data.task.make_task import to_frame
from metatune.data.task.task import Task
from metatune.data.wording import listed
from metatune.errors import (
    SchemaError,
    UnlikeTrainingWarning,
    UnusedCellsWarning,
    warn_caller,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metatune._typing import AnyArray, FloatArray

__all__ = ["TableEncoder", "encode_task"]

_N_TOPICS = 30
_CATEGORIES = (ColumnKind.CATEGORY, ColumnKind.HIGH_CARDINALITY)


class TableEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn a table into a float64 matrix that every algorithm starts from.

    Numbers and booleans stay numbers, categories become codes, dates their parts, cells of several
    numbers these numbers, text latent components; identifiers and constants are left out. Nothing
    of that looks at the target, so the encoder is fitted once for a run and shared by all trials.
    Only the columns of the text model, the last ones, do: a run fits it on its own (see
    `metatune.evaluation.text_columns`).

    Parameters
    ----------
    columns : str
        The columns as understood (see `metatune.data.columns.column_text`).
    random_state : int
        Seed of the text components.
    text_allowance : float
        Seconds that texts may take at the fit, by prediction. Columns beyond it, the longest
        texts first, are encoded by their lengths alone.
    text_model : TextModel or None
        Model of the target given all texts together, fitted where the encoder is given labels
        or values; its predictions are columns, too.

    Attributes
    ----------
    levels_ : dict of str to list of str
        Levels of each category column, in the order of their codes.
    date_parts_ : dict of str to list of str
        Parts of each date column that vary.
    numbers_ : dict of str to list of int
        Places of the numbers that vary, from 0, of each column of several numbers.
    texts_ : dict of str to TextEncoder
        Fitted, of each text column.
    ranges_ : ndarray of shape (n_numbers, 2)
        Least and largest number of each column of numbers.
    n_rows_ : int
        Rows of the fit.
    """

    def __init__(
        self,
        columns: str,
        random_state: int = 0,
        text_allowance: float = float("inf"),
        text_model: TextModel | None = None,
    ) -> None:
        self.columns = columns
        self.random_state = random_state
        self.text_allowance = text_allowance
        self.text_model = text_model

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Learn category levels, the date parts that vary, and text components."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: Any = None, **_: Any) -> "FloatArray":
        """Fit, and return the matrix of shape (n_rows, n_matrix_columns).

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            The table.
        y : array-like of shape (n_rows,), optional
            Labels or values for the text model; without them it is left out.
        """
        self.levels_: dict[str, list[str]] = {}
        self.date_parts_: dict[str, list[str]] = {}
        self.numbers_: dict[str, list[int]] = {}
        self.texts_: dict[str, TextEncoder] = {}
        self.n_features_in_ = len(self._understood)
        table = self._table(X)
        plain = self._plain(table)
        others = [column for column in self._used if column.name not in plain]
        cells = {column.name: clean_column(table[column.name], column) for column in others}
        self._choose_texts(cells)
        for column in others:
            self._learn(cells[column.name], column)
        matrix = self._matrix(table, plain, lambda c: self._block(cells[c.name], c))
        numbers = [p for c, p in self._places() if c.kind is ColumnKind.NUMBER]
        self.n_rows_, self.ranges_ = len(table), number_ranges(matrix, numbers)
        self.text_model_: TextModel | None = None
        if self.text_model is None or y is None:
            return matrix
        model = clone(self.text_model)
        predicted = model.fit_transform(self.texts(table, model.columns), y)
        self.add_text_model(model)
        return np.hstack([matrix, predicted])

    def texts(self, X: pd.DataFrame, names: "Sequence[str]") -> list[list[str]]:
        """Return the cells of columns that a text model reads, empty where missing."""
        columns = {column.name: column for column in self._used}
        cells = [clean_column(X[name], columns[name]) for name in names]
        return [series.astype(object).where(series.notna(), "").tolist() for series in cells]

    @property
    def readable(self) -> tuple[list[str], list[str]]:
        """Names of the columns in use that hold texts, and of categories made of words."""
        found = [column for column in self._used if column.is_readable]
        texts = [column.name for column in found if column.kind is ColumnKind.TEXT]
        return texts, [column.name for column in found if column.kind is not ColumnKind.TEXT]

    @property
    def read(self) -> tuple[str, ...]:
        """Names of the columns that the text model reads."""
        return () if self.text_model_ is None else tuple(self.text_model_.columns)

    def add_text_model(self, model: TextModel) -> None:
        """Add the predictions of a fitted text model as the last columns of the matrix."""
        self.text_model, self.text_model_ = clone(model), model

    def transform(self, X: "pd.DataFrame | AnyArray") -> "FloatArray":
        """Return the matrix of shape (n_rows, n_matrix_columns).

        Columns are found by name, whatever their order; columns that were not there at the fit are
        ignored; categories that were not there become missing.

        Raises
        ------
        SchemaError
            If columns are missing.

        Warns
        -----
        UnusedCellsWarning
            If cells hold something that cannot be used and so are taken as missing.
        UnlikeTrainingWarning
            If numbers are out of the range of the training, or columns are empty that were not.
        """
        check_is_fitted(self, "levels_")
        table = self._table(X)
        unused: list[UnusedCells | None] = []

        def encode(column: Column) -> "FloatArray":
            cells = clean_column(table[column.name], column)
            block = self._block(cells, column)
            unused.append(find_unused(table[column.name], cells, block, column))
            return block

        matrix = self._matrix(table, self._plain(table), encode)
        lost = [found for found in unused if found is not None]
        _warn(lost)
        self._warn_unlike(matrix, {found.column for found in lost if found.is_all})
        if self.text_model_ is None:
            return matrix
        texts = self.texts(table, self.read)
        return np.hstack([matrix, self.text_model_.transform(texts)])

    def get_feature_names_out(self, input_features: Any = None) -> "AnyArray":  # noqa: ARG002
        """Return the names of the matrix columns."""
        predicted = [] if self.text_model_ is None else self.text_model_.names
        return np.asarray([*self.layout.names, *predicted], dtype=object)

    @property
    def feature_names_in_(self) -> "AnyArray":
        """Names of the columns of the table, (n_columns,)."""
        return np.asarray([column.name for column in self._understood], dtype=object)

    @property
    def layout(self) -> Layout:
        """Layout of the matrix without the columns of the text model."""
        names: list[str] = []
        n_levels: list[int] = []
        for column in self._used:
            parts = self._parts(column)
            names += [column.name] if parts is None else [f"{column.name}: {p}" for p in parts]
            is_category = column.kind in _CATEGORIES
            levels = max(1, len(self.levels_[column.name])) if is_category else 0
            n_levels += [levels] * (1 if parts is None else len(parts))
        return Layout(names=tuple(names or ["constant"]), n_levels=tuple(n_levels or [0]))

    @property
    def blocks(self) -> dict[tuple[str, ...], tuple[int, ...]]:
        """Positions of the matrix columns that come from each used column of the table.

        Text columns that a text model reads together are one entry; its predictions belong to it.
        """
        found: dict[tuple[str, ...], tuple[int, ...]] = {}
        texts = self.read
        n_predicted = 0 if self.text_model_ is None else len(self.text_model_.names)
        start = 0
        for column in self._used:
            parts = self._parts(column)
            n = 1 if parts is None else len(parts)
            together = n_predicted > 0 and column.name in texts
            names = texts if together else (column.name,)
            found[names] = (*found.get(names, ()), *range(start, start + n))
            start += n
        if n_predicted:
            found[texts] = (*found[texts], *range(start, start + n_predicted))
        return found

    def _places(self) -> list[tuple[Column, int]]:
        """Return columns with a place in the matrix, and the first one of each; texts apart."""
        found, place = [], 0
        for column in self._used:
            parts = self._parts(column)
            n_parts = 1 if parts is None else len(parts)
            if n_parts and column.kind is not ColumnKind.TEXT:
                found.append((column, place))
            place += n_parts
        return found

    def _warn_unlike(self, matrix: "FloatArray", lost: set[str]) -> None:
        placed = self._places()
        if not placed:
            return
        columns, places = zip(*placed, strict=True)
        found = find_unlike(matrix, columns, places, self.ranges_, self.n_rows_)
        found = [each for each in found if each.column not in lost]
        if found:
            warning = UnlikeTrainingWarning(unlike_message(found), tuple(found))
            warn_caller(warning)

    def _parts(self, column: Column) -> list[str] | None:
        """Return what the cells of a column are split into; None for a column that stays one."""
        if column.kind is ColumnKind.DATETIME:
            return self.date_parts_[column.name]
        if column.kind is ColumnKind.NUMBERS:
            return [f"number {place + 1}" for place in self.numbers_[column.name]]
        return self.texts_[column.name].names_ if column.kind is ColumnKind.TEXT else None

    @property
    def _understood(self) -> tuple[Column, ...]:
        return columns_of_text(self.columns)

    @property
    def _used(self) -> list[Column]:
        return [column for column in self._understood if column.kind.is_used]

    def _plain(self, table: pd.DataFrame) -> frozenset[str]:
        """Return the columns that need no conversion, so that many of them are quick."""
        return finite_names(table, [c.name for c in self._used if c.kind is ColumnKind.NUMBER])

    def _matrix(
        self,
        table: pd.DataFrame,
        plain: frozenset[str],
        encode: "Callable[[Column], FloatArray]",
    ) -> "FloatArray":
        """Put the columns side by side; without any, one constant keeps the learners going."""
        blocks: list[FloatArray] = []
        for is_plain, columns in groupby(self._used, lambda column: column.name in plain):
            if is_plain:
                values = plain_values(table, [column.name for column in columns])
                blocks += [values[:, i][:, None] for i in range(values.shape[1])]
            else:
                blocks += [encode(column) for column in columns]
        empty = not any(block.shape[1] for block in blocks)
        return np.zeros((len(table), 1)) if empty else np.hstack(blocks)

    def _table(self, X: "pd.DataFrame | AnyArray") -> pd.DataFrame:
        """Return a table under the names of the fit; by position where one side has no names."""
        names = [column.name for column in self._understood]
        table, is_named = to_frame(X)
        if table.shape[1] != len(names) and not is_named:
            raise SchemaError(
                f"an array of shape {table.shape} does not fit: the model was fitted on "
                f"{len(names)} columns; give a table with the columns' names"
            )
        missing = [c.name for c in self._used if c.name not in table.columns]
        if not missing:
            return table
        if table.shape[1] == len(names) and (
            _are_counted(table.columns.tolist()) or _are_counted(names)
        ):
            return table.set_axis(names, axis="columns")
        raise SchemaError(
            f"the table lacks columns that the model needs: {listed(missing)}; "
            "add them (cells may be empty)"
        )

    def _choose_texts(self, cells: "dict[str, pd.Series[Any]]") -> None:
        """Choose the text columns to encode word by word: the shortest first, while time lasts."""
        texts = [c.name for c in self._used if c.kind is ColumnKind.TEXT]
        seconds = {name: text_seconds(cells[name]) for name in texts}
        left = self.text_allowance
        for name in sorted(texts, key=lambda name: seconds[name]):
            left -= seconds[name]
            n_components = _N_TOPICS if left >= 0 else 0
            self.texts_[name] = TextEncoder(n_components, random_state=self.random_state)

    def _learn(self, cells: "pd.Series[Any]", column: Column) -> None:
        if column.kind in _CATEGORIES:
            levels = cells.dropna().astype("str").unique().tolist()
            self.levels_[column.name] = order_levels(levels)
        elif column.kind is ColumnKind.DATETIME:
            parts = varying_parts(cells, calendar_only=column.calendar_only)
            self.date_parts_[column.name] = parts
        elif column.kind is ColumnKind.NUMBERS:
            values = numbers_of(cells, column)
            self.numbers_[column.name] = [i for i, part in enumerate(values.T) if _varies(part)]
        elif column.kind is ColumnKind.TEXT:
            self.texts_[column.name].fit(cells)

    def _block(self, cells: "pd.Series[Any]", column: Column) -> "FloatArray":
        if column.kind in _CATEGORIES:
            # missing cells and unseen categories are found nowhere: position -1
            codes = pd.Index(self.levels_[column.name], dtype="str").get_indexer(pd.Index(cells))
            return np.where(codes < 0, np.nan, codes.astype(np.float64))[:, None]
        if column.kind is ColumnKind.DATETIME:
            parts = date_parts(cells)
            return np.asarray(parts[self.date_parts_[column.name]].to_numpy(dtype=np.float64))
        if column.kind is ColumnKind.NUMBERS:
            values = numbers_of(cells, column)
            return values[:, self.numbers_[column.name]]
        if column.kind is ColumnKind.TEXT:
            return self.texts_[column.name].transform(cells)
        return cells.to_numpy(dtype=np.float64, na_value=np.nan)[:, None]


def encode_task(
    task: Task, seed: int, text_allowance: float = float("inf")
) -> tuple[TableEncoder, EncodedTask]:
    """Fit a table encoder on a task's features and encode them.

    Parameters
    ----------
    task : Task
        Features and target.
    seed : int
        Seed of the text components.
    text_allowance : float
        Seconds that texts may take.

    Returns
    -------
    tuple of (TableEncoder, EncodedTask)
    """
    columns = text_of_columns(task.columns)
    encoder = TableEncoder(columns, random_state=seed, text_allowance=text_allowance)
    X = np.asarray(encoder.fit_transform(task.X))  # whatever output scikit-learn is set to
    encoded = EncodedTask(
        X=X, y=task.y, layout=encoder.layout, kind=task.kind, n_classes=task.n_classes
    )
    return encoder, encoded


def _warn(unused: "list[UnusedCells]") -> None:
    if unused:
        warning = UnusedCellsWarning(unused_message(unused), tuple(unused))
        warn_caller(warning)


def _are_counted(names: "Sequence[str]") -> bool:
    """Return True if columns are called by their positions, as where there are no names."""
    if not all(name.isdigit() for name in names):
        return False
    return all(int(a) < int(b) for a, b in pairwise(names))


def _varies(values: "FloatArray") -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known)) and known.min() < known.max()
