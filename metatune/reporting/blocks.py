"""Blocks of an encoded matrix: columns of the table as models see them, and their treatment."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.composites import composite_note, is_composite
from metatune.data.encoding.encoder import TableEncoder
from metatune.data.wording import counted
from metatune.storage.findings import ColumnFinding

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray

__all__ = ["Block", "Grid", "blocks_of", "column_findings"]

_POINTS = 12  # of the curve of a number,
_MOST_LEVELS = 8  # and bars of a category, the most frequent ones
_CATEGORIES = (ColumnKind.CATEGORY, ColumnKind.HIGH_CARDINALITY)
_INSTANT = "days"
_EPOCH = date(2000, 1, 1)
_UNUSED = {
    ColumnKind.IDENTIFIER: "left out: it names rows",
    ColumnKind.CONSTANT: "left out: the same in every row",
    ColumnKind.LEFT_OUT: "left out: the budget is too short for so many columns",
    ColumnKind.ROW_WEIGHT: "weight of the rows; no feature",
    ColumnKind.ROW_GROUP: "group of the rows; no feature",
    ColumnKind.ROW_TIME: "time of the rows; no feature",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Values of a column at which predictions are compared.

    Attributes
    ----------
    labels : tuple of str
        The values, for people.
    positions : tuple of float
        The same as numbers; empty for categories.
    rows : ndarray of shape (n_points,)
        Rows of the matrix whose cells have these values.
    """

    labels: tuple[str, ...]
    positions: tuple[float, ...]
    rows: "IndexArray"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Columns of an encoded matrix that come from one column of the table.

    Attributes
    ----------
    names : tuple of str
        Name of the column; several where texts are read together.
    kind : str
        As the column was understood.
    positions : tuple of int
        Columns of the matrix.
    levels : tuple of str
        Levels of a category, in the order of their codes.
    instant : int or None
        The column of the matrix, of a date, that holds days since 2000.
    """

    names: tuple[str, ...]
    kind: str
    positions: tuple[int, ...]
    levels: tuple[str, ...] = ()
    instant: int | None = None

    def grid(self, X: "FloatArray") -> Grid | None:
        """Return typical values of the column in a matrix; None where it has no few of them.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_matrix_columns)
            Encoded rows.
        """
        if self.levels:
            return self._grid_of_levels(X[:, self.positions[0]])
        if self.kind == ColumnKind.DATETIME:
            return None if self.instant is None else self._grid_of_values(X[:, self.instant])
        if self.kind == ColumnKind.TEXT or len(self.positions) != 1:
            return None
        return self._grid_of_values(X[:, self.positions[0]])

    def label(self, row: "FloatArray") -> str:
        """Return the value of the column in an encoded row, for people; empty where it has none."""
        if self.levels:
            code = row[self.positions[0]]
            return self.levels[int(code)] if np.isfinite(code) else "missing"
        if self.kind == ColumnKind.DATETIME:
            return "" if self.instant is None else self._value(row[self.instant])
        if self.kind == ColumnKind.NUMBERS:
            known = [row[place] for place in self.positions if np.isfinite(row[place])]
            return ", ".join(map(self._value, known)) or "missing"
        if self.kind == ColumnKind.TEXT or len(self.positions) != 1:
            return ""
        return self._value(row[self.positions[0]])

    def _grid_of_levels(self, codes: "FloatArray") -> Grid | None:
        known, first, counts = np.unique(
            codes[np.isfinite(codes)], return_index=True, return_counts=True
        )
        if len(known) < 2:
            return None
        rows = np.flatnonzero(np.isfinite(codes))[first]
        chosen = np.sort(np.argsort(-counts, kind="stable")[:_MOST_LEVELS])
        labels = tuple(self.levels[int(known[i])] for i in chosen)
        return Grid(labels=labels, positions=(), rows=rows[chosen])

    def _grid_of_values(self, values: "FloatArray") -> Grid | None:
        known = np.flatnonzero(np.isfinite(values))
        if not len(known):
            return None
        order = known[np.argsort(values[known], kind="stable")]
        # The ends of a column are often odd ones: the middle 96 % show what is usual.
        places = np.linspace(0.02, 0.98, _POINTS) * (len(order) - 1)
        rows = order[np.unique(np.round(places).astype(np.intp))]
        distinct, first = np.unique(values[rows], return_index=True)
        if len(distinct) < 2:  # nearly constant: its rare values are all that there is to see
            distinct, first = np.unique(values[order], return_index=True)
            rows = order
        if len(distinct) < 2:
            return None
        labels = tuple(self._value(value) for value in distinct)
        return Grid(labels=labels, positions=tuple(map(float, distinct)), rows=rows[first])

    def _value(self, value: float) -> str:
        if not np.isfinite(value):
            return "missing"
        if self.kind == ColumnKind.DATETIME:
            return _day(value)
        if self.kind == ColumnKind.BOOLEAN:
            return "yes" if value else "no"
        return f"{value:,.0f}" if 1e3 <= abs(value) < 1e15 else f"{value:.4g}"


def blocks_of(encoder: TableEncoder) -> tuple[Block, ...]:
    """Return the blocks of a fitted table encoder's matrix."""
    columns = {column.name: column for column in _columns(encoder)}
    matrix_names = list(encoder.layout.names)
    found = []
    for names, positions in encoder.blocks.items():
        if not positions:
            continue
        column = columns[names[0]]
        if len(names) > 1:  # read together as texts, whatever each of them is
            column = replace(column, kind=ColumnKind.TEXT)
        instant = f"{column.name}: {_INSTANT}"
        is_date = column.kind is ColumnKind.DATETIME and instant in matrix_names
        levels = encoder.levels_[column.name] if column.kind in _CATEGORIES else ()
        block = Block(
            names=names,
            kind=str(column.kind),
            positions=positions,
            levels=tuple(levels),
            instant=matrix_names.index(instant) if is_date else None,
        )
        found.append(block)
    return tuple(found)


def column_findings(encoder: TableEncoder) -> tuple[ColumnFinding, ...]:
    """Return how each column of the table was understood, and what models are given of it."""
    return tuple(
        ColumnFinding(
            name=column.name,
            kind=str(column.kind),
            n_missing=column.n_missing,
            n_unique=column.n_unique,
            treatment=_treatment(column, encoder),
            note=column.note,
        )
        for column in _columns(encoder)
    )


def _columns(encoder: TableEncoder) -> tuple[Column, ...]:
    from metatune.data.columns.column_text import columns_of_text

    return columns_of_text(encoder.columns)


def _treatment(column: Column, encoder: TableEncoder) -> str:
    """Say in a few words what becomes of a column."""
    if column.kind in _UNUSED:
        return _UNUSED[column.kind]
    learned = ", and a model of the target from its words" if encoder.text_model_ else ""
    if column.kind in _CATEGORIES:
        n_levels = counted(len(encoder.levels_[column.name]), "level")
        said = f"{n_levels}, encoded by each model family in its own way"
        return f"{said}{learned}" if column.name in encoder.read else said
    if column.kind in (ColumnKind.DATETIME, ColumnKind.NUMBERS):
        return _split(column, encoder)
    if column.kind is ColumnKind.TEXT:
        n_numbers = counted(len(encoder.texts_[column.name].names_), "number")
        return f"{n_numbers} from its words{learned}"
    if column.kind is ColumnKind.BOOLEAN:
        return "0 or 1"
    return _number(column)


def _number(column: Column) -> str:
    if is_composite(column.unit):
        return composite_note(column.unit)
    unit = f", without its unit {column.unit!r}" if column.unit else ""
    comma = ", with a decimal comma" if column.decimal == "," else ""
    return f"the number{unit}{comma}"


def _split(column: Column, encoder: TableEncoder) -> str:
    if column.kind is ColumnKind.NUMBERS:
        return f"split into {counted(len(encoder.numbers_[column.name]), 'number')}"
    parts = encoder.date_parts_[column.name]
    named = ", ".join("days since 2000" if part == _INSTANT else part for part in parts)
    return f"split into {named}" if parts else "nothing of it varies that comes again"


def _day(days: float) -> str:
    try:
        return (_EPOCH + timedelta(days=float(days))).isoformat()
    except OverflowError:
        return f"{days:.4g} days since 2000"
