"""Code that turns a table into numbers: cells are read, categories and dates encoded."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from metatune.data.columns.cleaning import flag_value, to_text
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.column_text import columns_of_text
from metatune.data.columns.dates import ISO, WORDS, count_digits
from metatune.data.columns.epochs import EPOCH, counts_per_second
from metatune.data.columns.numbers import parse_number
from metatune.reporting.code.amounts import READERS, Notation, notation_of
from metatune.reporting.code.writing import call, literal, render

if TYPE_CHECKING:
    from metatune.data.encoding.encoder import TableEncoder
    from metatune.data.encoding.text_model import TextModel

__all__ = ["ColumnCodes", "column_codes", "encoder_source"]

_CATEGORIES = (ColumnKind.CATEGORY, ColumnKind.HIGH_CARDINALITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnCodes:
    """Columns of a table by how a script reads them.

    Attributes
    ----------
    kinds : dict of str to str
        What each column in use holds: number, flag, amount, date, category, code, several numbers
        or text.
    flags : dict of str to float
        Meaning of the words of all columns of yes and no.
    amounts : dict of str to Notation
    dates : dict of str to (tuple of str or float, tuple of str)
        Formats, or how many counts since 1970 make a second, and the parts of dates of use.
    numbers : dict of str to dict
        How many numbers a cell holds, the places of those that are of use, from 0, and what else
        it takes to read them.
    topics : dict of str to int
        Number of topics of each column of texts.
    read : tuple of str
        Columns that a model of texts reads.
    levels : dict of str to list of str
        Levels of categories that have another order than that of the alphabet.
    """

    kinds: dict[str, str]
    flags: dict[str, float] = field(default_factory=dict)
    amounts: dict[str, Notation] = field(default_factory=dict)
    dates: dict[str, tuple[tuple[str | float, ...], tuple[str, ...]]] = field(default_factory=dict)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)
    read: tuple[str, ...] = ()
    levels: dict[str, list[str]] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the names of the columns of some kinds."""
        return [name for name, kind in self.kinds.items() if kind in kinds]


def column_codes(encoder: "TableEncoder", table: "pd.DataFrame") -> ColumnCodes:
    """Find out how a script has to read each column of a table.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted on the table.
    table : DataFrame
        Features as they were read for the fit.

    Raises
    ------
    ExportError
        If a column is read in a way that no script knows.
    """
    codes = ColumnCodes(kinds={}, read=encoder.read)
    for column in columns_of_text(encoder.columns):
        if column.kind.is_used:
            codes.kinds[column.name] = _kind(column, encoder, table[column.name], codes)
    return codes


def _kind(
    column: Column, encoder: "TableEncoder", cells: "pd.Series[Any]", codes: ColumnCodes
) -> str:
    name = column.name
    if column.kind in _CATEGORIES:
        levels = encoder.levels_[name]
        if levels != sorted(levels):
            codes.levels[name] = levels
        return _category_kind(column)
    if column.kind is ColumnKind.NUMBER:
        return _number_kind(column, cells, codes)
    if column.kind is ColumnKind.BOOLEAN:
        codes.flags.update(_flags(_distinct(cells)))
        return "flag"
    if column.kind is ColumnKind.DATETIME:
        parts = tuple(encoder.date_parts_[name])
        codes.dates[name] = (_formats(column.datetime_format), parts)
        return _date_kind(column)
    if column.kind is ColumnKind.NUMBERS:
        codes.numbers[name] = _split(column, encoder.numbers_[name])
        return "several numbers"
    codes.topics[name] = len(encoder.texts_[name].names_) - 2
    unspaced = codes.topics[name] and encoder.texts_[name].unspaced_
    return "text, unspaced" if unspaced else "text" if codes.topics[name] else "long text"


def _split(column: Column, places: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {"n": column.n_numbers, "places": places}
    if column.decimal != ".":
        found["decimal"] = column.decimal
    if column.labels:
        found["labels"] = list(column.labels)
    return found


def _category_kind(column: Column) -> str:
    if column.base is ColumnKind.NUMBER:
        return "code"
    return "category, any spelling" if column.any_spelling else "category"


def _number_kind(column: Column, cells: "pd.Series[Any]", codes: ColumnCodes) -> str:
    if types.is_numeric_dtype(cells.dtype):
        return "number"
    if types.is_timedelta64_dtype(cells.dtype):
        return "span"
    distinct = _distinct(cells)
    if column.decimal == "." and not column.unit and _are_plain(distinct):
        return "number"
    found = notation_of(distinct, column.decimal, column.unit)
    codes.amounts[column.name] = found
    return found.kind


def _distinct(cells: "pd.Series[Any]") -> list[str]:
    return [str(text) for text in to_text(cells).dropna().unique()]


def _are_plain(texts: list[str]) -> bool:
    """Return True if pandas reads the numbers among some texts, and no other ones."""
    ours = np.array([parse_number(text) for text in texts])
    theirs = np.asarray(pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce"), dtype=float)
    return bool(np.array_equal(ours, theirs, equal_nan=True))


def _flags(words: Iterable[str]) -> dict[str, float]:
    found = {word.lower(): flag_value(word) for word in words}
    if any(word[:1].isdigit() for word in found):
        found |= {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
    return {word: value for word, value in sorted(found.items()) if not np.isnan(value)}


def _date_kind(column: Column) -> str:
    """Tell dates of their own type, those written as whole numbers, and others apart."""
    if column.datetime_format is None:
        return "instant"
    if column.datetime_format.startswith(WORDS):
        return "date, words"
    if column.datetime_format.startswith(EPOCH):
        return "instant, counted"
    return "digits" if count_digits(column.datetime_format) else "date"


def _formats(formats: str | None) -> tuple[str | float, ...]:
    if formats is None:
        return ()
    if formats.startswith(EPOCH):
        return (counts_per_second(formats),)
    found = formats.removeprefix(WORDS).split("|")
    return tuple("ISO8601" if form == ISO else form for form in found)


def encoder_source(codes: ColumnCodes, text_model: "TextModel | None") -> str:
    """Return the code of the class that turns a table into a matrix.

    Parameters
    ----------
    codes : ColumnCodes
    text_model : TextModel or None
        Model of all texts whose predictions are the last columns.
    """
    kinds = set(codes.kinds.values())
    learned = [line for kind, lines in _LEARNED.items() if kind in kinds for line in lines]
    if kinds & {"category", "category, any spelling", "code"}:
        learned.insert(0, "self.levels_ = {}")
    if kinds & {"text", "text, unspaced"}:
        learned.insert(0, "self.topics_ = {}")
    if codes.levels:
        learned.append("self.levels_ |= LEVELS")
    encode = "transform" if text_model is None else "_encode"
    lines = ["class Encoder(BaseEstimator):", f'    """{_described(kinds, text_model)}"""', ""]
    lines.append("    def fit_transform(self, table, y):")
    lines += [f"        {line}" for line in learned]
    if text_model is None:
        lines.append("        return self.transform(table)")
    else:
        lines += _text_model_lines(text_model)
    lines += ["", f"    def {encode}(self, table):"]
    return "\n".join([*lines, *_encoding_lines(codes)]) + "\n"


def _topic_lines(kind: str, maker: str) -> tuple[str, ...]:
    return (
        f'for name in columns_of("{kind}"):',
        f"    topics = {maker}(TOPICS[name], seed=SEED)",
        "    self.topics_[name] = topics.fit(to_texts(table[name]))",
    )


_LEARNED = {
    "category": (
        'for name in columns_of("category"):',
        "    self.levels_[name] = sorted(to_texts(table[name]).dropna().unique())",
    ),
    "category, any spelling": (
        'for name in columns_of("category, any spelling"):',
        "    self.levels_[name] = sorted(to_levels(table[name]).dropna().unique())",
    ),
    "code": (
        'for name in columns_of("code"):',
        "    self.levels_[name] = sorted(numbers_as_texts(table[name]).dropna().unique())",
    ),
    "text": _topic_lines("text", "TextTopics"),
    "text, unspaced": _topic_lines("text, unspaced", "UnspacedTopics"),
}
"""Code that learns something of the training rows, by kind of column."""

_ENCODED = {
    "number": "columns[name] = to_numbers(table[name])",
    "flag": "columns[name] = to_flags(table[name])",
    **{
        kind: f"columns[name] = {reader.format(cells='table[name]', options='AMOUNTS[name]')}"
        for kind, reader in READERS.items()
    },
    "date": "columns |= date_parts(name, to_dates(table[name], FORMATS[name]), DATES[name])",
    "date, words": "columns |= date_parts(name, to_dates_in_words(table[name], FORMATS[name]), "
    "DATES[name])",
    "instant, counted": "columns |= date_parts(name, to_counted_instants(table[name], "
    "*FORMATS[name]), DATES[name])",
    "digits": "columns |= date_parts(name, to_days(table[name], FORMATS[name]), DATES[name])",
    "instant": "columns |= date_parts(name, to_instants(table[name]), DATES[name])",
    "span": "columns[name] = table[name] / pd.Timedelta(seconds=1)",
    "category": "columns[name] = codes_among(to_texts(table[name]), self.levels_[name])",
    "category, any spelling": "columns[name] = codes_among(to_levels(table[name]), "
    "self.levels_[name])",
    "code": "columns[name] = codes_among(numbers_as_texts(table[name]), self.levels_[name])",
    "several numbers": "columns |= number_columns(name, to_texts(table[name]), **SPLIT[name])",
    **dict.fromkeys(
        ("text", "text, unspaced"),
        "columns |= text_columns(name, self.topics_[name], to_texts(table[name]))",
    ),
    "long text": "columns |= text_columns(name, TextLengths(), to_texts(table[name]))",
}
"""Code that encodes the cells of a column, by its kind."""

_WORDS = {
    "flag": "yes and no to 1 and 0",
    "amount": "amounts to numbers",
    "date": "dates to their parts",
    "digits": "dates to their parts",
    "instant": "dates to their parts",
    "span": "spans of time to seconds",
    "category": "categories to codes",
    "code": "categories to codes",
    "several numbers": "cells of several numbers to these numbers",
    "text": "texts to topics",
    "long text": "texts to their lengths",
}


def _described(kinds: "set[str]", text_model: "TextModel | None") -> str:
    words = [word for kind, word in _WORDS.items() if kind in {k.partition(",")[0] for k in kinds}]
    if text_model is not None:
        words.append("texts to predictions")
    words = list(dict.fromkeys(words))
    if not words:
        return "Turn a table into numbers, NaN where cells are missing."
    return f"Turn a table into numbers: {', '.join(words)}; NaN where cells are missing."


def _text_model_lines(model: "TextModel") -> list[str]:
    """Return the lines after what is learned, up to the method that encodes other columns."""
    counter = call("NgramCounter", word_length=model.word_length, piece_length=model.piece_length)
    return [
        "        X = self._encode(table)",
        f"        self.ngrams_ = {render(counter, 8, 23)}",
        "        self.counts_ = self.ngrams_.fit_transform(texts_of(table))",
        "        self.text_model_ = TextModel()",
        "        said = self.text_model_.fit_transform(self.counts_, text_targets(y), y)",
        "        X[TEXT_COLUMNS] = said",
        "        return X",
        "",
        "    def transform(self, table):",
        "        X = self._encode(table)",
        "        counts = self.ngrams_.transform(texts_of(table))",
        "        X[TEXT_COLUMNS] = self.text_model_.transform(counts)",
        "        return X",
    ]


def _encoding_lines(codes: ColumnCodes) -> list[str]:
    kinds = list(dict.fromkeys(codes.kinds.values()))
    lines = ["        columns = {}"]
    if kinds == ["number"]:
        made = "{name: to_numbers(table[name]) for name in COLUMNS}"
        return [f"        return pd.DataFrame({made})"]
    if len(kinds) == 1:
        lines += ["        for name in COLUMNS:", f"            {_ENCODED[kinds[0]]}"]
    else:
        lines.append("        for name, kind in COLUMNS.items():")
        for number, kind in enumerate(kinds):
            branch = "else" if number == len(kinds) - 1 else f"{'el' * bool(number)}if kind == "
            condition = branch if branch == "else" else f"{branch}{literal(kind)}"
            lines += [f"            {condition}:", f"                {_ENCODED[kind]}"]
    return [*lines, "        return pd.DataFrame(columns, index=table.index)"]
