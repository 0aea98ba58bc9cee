"""Kinds of columns, as values; `metatune.data.columns.inference` finds them."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["MOST_NUMBERS", "Column", "ColumnKind"]

MOST_NUMBERS = 6
"""Numbers that a cell of a column of several numbers may hold."""


class ColumnKind(StrEnum):
    """Meaning of the cells of a column, which decides their encoding."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    HIGH_CARDINALITY = "high-cardinality category"
    DATETIME = "date/time"
    NUMBERS = "several numbers"
    TEXT = "text"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    LEFT_OUT = "left out"
    """A column that a run does without, since its budget is too short for so many."""
    ROW_WEIGHT = "row weight"
    """Sample weight of each row; like the next two kinds, only the user can name it."""
    ROW_GROUP = "row group"
    """Group of each row."""
    ROW_TIME = "row time"
    """Time of each row, if no part of it is of use as a feature."""

    @property
    def is_used(self) -> bool:
        """True if columns of this kind are features of the models."""
        return self not in _LEFT_OUT


_LEFT_OUT = (
    ColumnKind.IDENTIFIER,
    ColumnKind.CONSTANT,
    ColumnKind.LEFT_OUT,
    ColumnKind.ROW_WEIGHT,
    ColumnKind.ROW_GROUP,
    ColumnKind.ROW_TIME,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Feature column with its inferred kind.

    Attributes
    ----------
    name : str
        Name in the table.
    kind : ColumnKind
        What its cells mean.
    n_missing : int
        Cells that are missing after markers such as ``?`` were taken as missing.
    n_unique : int
        Distinct values that are not missing.
    datetime_format : str or None
        strptime format of a column of kind date/time that was written as text or digits, or what
        stands for one: "ISO8601", "words: " before a format, "since 1970: " before a unit; None
        where the dtype is a date already.
    decimal : str
        Decimal separator of numbers that are written as text ("." or ",").
    unit : str
        What follows each number of a text column of kind number ("kg"), and is cut off, or what
        cells of several parts are read as ("duration", "ft + in", "out of 5").
    note : str
        What was odd about it and done to it, for people; empty if nothing.
    calendar_only : bool
        Whether of dates only what comes again is of use: month, day, weekday, hour, minute, but
        neither year nor the instant, which no model has seen of the future.
    n_numbers : int
        Numbers in each cell of a column of kind several numbers; 0 for other kinds.
    labels : tuple of str
        What stands around each of these numbers, with ``#`` in its place, where that tells them
        apart (``#min``, ``#season``); empty where their order does.
    has_words : bool
        Whether the levels of a category are made of several words or codes, which a model of
        texts can read beside the levels.
    any_spelling : bool
        Whether levels of a category that differ in case, blanks or hyphens alone are the same.
    base : ColumnKind
        What its cells were when they were read: numbers, booleans, dates, categories, or texts.
        Cells of a table to predict are read as the same, whatever stands beside them.
    """

    name: str
    kind: ColumnKind
    n_missing: int
    n_unique: int
    datetime_format: str | None = None
    decimal: str = "."
    unit: str = ""
    note: str = ""
    calendar_only: bool = False
    n_numbers: int = 0
    labels: tuple[str, ...] = ()
    has_words: bool = False
    any_spelling: bool = False
    base: ColumnKind = ColumnKind.TEXT

    @property
    def is_readable(self) -> bool:
        """True if a model of texts can read the words of its cells."""
        is_category = self.kind is ColumnKind.HIGH_CARDINALITY
        return self.kind is ColumnKind.TEXT or (is_category and self.has_words)
