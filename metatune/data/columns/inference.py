"""Inference of the kinds of a table's columns."""

from collections import Counter
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from metatune.data.columns.cleaning import clean_column, flag_value
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.composites import composite_note, is_composite
from metatune.data.columns.dates import find_date_format, find_digit_format, parse_date_texts
from metatune.data.columns.epochs import EPOCH, epoch_format, may_be_epochs
from metatune.data.columns.identifiers import (
    looks_like_id_name,
    numbers_are_identifiers,
    seldom_repeats,
    words_are_identifiers,
)
from metatune.data.columns.labelled_numbers import find_labels
from metatune.data.columns.numbers import (
    NumberStyle,
    decimal_evidence,
    find_composite,
    find_number_style,
)
from metatune.data.columns.numbers_in_text import are_codes, count_numbers
from metatune.data.columns.plain_numbers import infer_plain, may_be_digit_dates
from metatune.data.columns.profile import ColumnProfile
from metatune.data.columns.scripts import count_parts, count_words
from metatune.data.columns.several_numbers import numbers_in
from metatune.data.columns.spelling import common_spelling, spelled_alike
from metatune.data.columns.units import RANKS, differ_in_currency
from metatune.data.wording import counted, listed
from metatune.errors import TableError

__all__ = ["clean_column", "infer_columns", "with_text_names"]

_LOW_CARDINALITY = 40  # levels up to which a category counts as one of few
_PAIRS = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"})
_SHOWN = 3
_SHORTEST_WORD = 2  # characters of a level that is no code of a single letter
_FEWEST_PARTS = 1.5  # words or numbers in a level, in the mean, that make its words worth reading
_SELDOM_REPEATED = 0.2  # distinct cells: five rows or fewer have the same
_MANY_LEVELS = 200  # distinct cells that are amounts rather than levels, however often they repeat
_DATE_TEXTS = 5_000  # distinct texts that are tried as dates


def infer_columns(frame: pd.DataFrame, *, keep_identifiers: bool = False) -> tuple[Column, ...]:
    """Infer the kind of every column.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Raw features of any dtype.
    keep_identifiers : bool
        Treat identifiers as the numbers or categories they are made of. This is done as well
        where nothing but identifiers and constants would be left.

    Returns
    -------
    tuple of Column
        In the order of the table. In tables above 200,000 rows counts may be judged by 20,000
        evenly spaced rows (see `ColumnProfile`).

    Raises
    ------
    TableError
        If two columns have the same name, or cells are complex numbers.
    """
    frame = with_text_names(frame)
    plain = infer_plain(frame)
    others = [i for i in range(frame.shape[1]) if i not in plain]
    profiles = {i: ColumnProfile.at(frame.iloc[:, i]) for i in others}
    hint = int(sum(np.sign(decimal_evidence(p.counts)) for p in profiles.values()))
    understood = plain | {i: _column(p, hint, keep_identifiers) for i, p in profiles.items()}
    if not keep_identifiers and not any(column.kind.is_used for column in understood.values()):
        understood |= {i: _column(p, hint, True) for i, p in profiles.items()}
    return tuple(understood[i] for i in range(frame.shape[1]))


def with_text_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every column name as text.

    Raises
    ------
    TableError
        If two columns have the same name then.
    """
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        repeated = sorted(name for name, count in Counter(names).items() if count > 1)
        shown = listed(repeated, _SHOWN)
        raise TableError(f"several columns are called {shown}: give every column its own name")
    return frame if list(frame.columns) == names else frame.set_axis(names, axis=1)


def _column(profile: ColumnProfile, hint: int, keep_identifiers: bool) -> Column:
    if profile.is_constant:
        note = "no values" if profile.n_present == 0 else "the same value in every row"
        return _make(profile, ColumnKind.CONSTANT, note)
    if profile.base is ColumnKind.NUMBER:
        return _number_column(profile, keep_identifiers)
    if profile.base is ColumnKind.CATEGORY:
        return _declared_category(profile, keep_identifiers)
    if profile.base is not ColumnKind.TEXT:
        return _make(profile, profile.base)
    return _text_column(profile, hint, keep_identifiers)


def _text_column(profile: ColumnProfile, hint: int, keep_identifiers: bool) -> Column:
    number = find_number_style(profile.counts, hint)
    dates = _date_column(profile) if number is None else None
    lost = number.n_others if number else dates.n_missing - profile.n_missing if dates else None
    if lost is None or lost > 0:  # clocks beyond 24 hours, hours beside minutes
        composite = find_composite(profile.counts)
        if composite is not None and (lost is None or composite.n_others < lost):
            number, dates = composite, None
    if number is not None:
        written = _written_number(profile, number)
        if not number.unit and differ_in_currency(profile.counts):
            return _several_numbers(profile, hint) or written
        return _unless_identifier(profile, written, keep_identifiers)
    return dates or _several_numbers(profile, hint) or _word_column(profile, keep_identifiers)


def _number_column(profile: ColumnProfile, keep_identifiers: bool) -> Column:
    note = (
        f"{counted(profile.n_infinite, 'infinite value')} taken as missing"
        if profile.n_infinite
        else ""
    )
    date_format = _digit_dates(profile)
    if date_format is not None:
        unit = date_format.removeprefix(EPOCH)
        note = f"dates as {date_format}" if unit == date_format else f"{unit} since 1970, as dates"
        return _make(profile, ColumnKind.DATETIME, note, datetime_format=date_format)
    return _unless_identifier(profile, _make(profile, ColumnKind.NUMBER, note), keep_identifiers)


def _unless_identifier(profile: ColumnProfile, number: Column, keep_identifiers: bool) -> Column:
    """Distinguish numbers from whole numbers that identify rows or groups of rows."""
    named = looks_like_id_name(profile.name)
    if keep_identifiers or pd.api.types.is_timedelta64_dtype(profile.cells.dtype):
        return number
    if not named and not seldom_repeats(profile.unique_share):
        return number
    clean = clean_column(profile.cells, number)
    if numbers_are_identifiers(profile.name, clean, profile.unique_share):
        return _make(profile, ColumnKind.IDENTIFIER, "tells rows apart")
    if named and _names_groups(clean, profile.n_unique):
        return _make(profile, _by_cardinality(profile.n_unique), "an id that repeats: a category")
    return number


def _names_groups(clean: "pd.Series[float]", n_unique: int) -> bool:
    """Return True if whole numbers of a column named as an id repeat: ids of groups of rows."""
    present = clean.dropna().to_numpy()
    return n_unique > 2 and bool(np.array_equal(present, np.floor(present)))


def _digit_dates(profile: ColumnProfile) -> str | None:
    if not pd.api.types.is_numeric_dtype(profile.cells.dtype):
        return None
    present = profile.cells.dropna()
    if profile.n_infinite or not len(present):
        return None
    low, high = float(present.min()), float(present.max())
    if may_be_epochs(profile.name, low, high):
        return epoch_format(profile.name, present.to_numpy(dtype=np.float64))
    if not may_be_digit_dates(np.array(low), np.array(high)):
        return None
    values = present.unique()[:_DATE_TEXTS]
    if not np.array_equal(values, np.floor(values)):
        return None
    return find_digit_format(profile.name, [str(int(value)) for value in values])


def _written_number(profile: ColumnProfile, style: NumberStyle) -> Column:
    n_lost = 0
    notes = []
    if style.n_others:
        n_lost = style.n_others
        notes.append(_lost_note(n_lost, style.others, "number"))
    if style.n_markers:
        n_lost += style.n_markers
        notes.append(
            f"{counted(style.n_markers, 'cell')} taken as missing: {listed(style.markers, _SHOWN)}"
        )
    if style.decimal == ",":
        commas = any("," in text for text in profile.counts)
        notes.append("decimal comma" if commas else "dots group thousands")
    if style.unit:
        notes.append(_unit_note(style.unit))
    if not notes:
        notes.append("numbers written as text")
    return _make(
        profile,
        ColumnKind.NUMBER,
        "; ".join(notes),
        decimal=style.decimal,
        unit=style.unit,
        n_missing=profile.n_missing + n_lost,
        n_unique=profile.n_unique - len(style.others) - len(style.markers),
    )


def _unit_note(unit: str) -> str:
    if is_composite(unit):
        return composite_note(unit)
    return "ranks such as 1st" if unit in RANKS else f"in {unit}"


def _date_column(profile: ColumnProfile) -> Column | None:
    texts = list(profile.counts)
    date_format, note = find_date_format(dict(islice(profile.counts.items(), _DATE_TEXTS)))
    if date_format is None:
        return None
    others = [text for text, lost in zip(texts, _lost(texts, date_format), strict=True) if lost]
    return _without(profile, others, ColumnKind.DATETIME, note, "date", datetime_format=date_format)


def _several_numbers(profile: ColumnProfile, hint: int) -> Column | None:
    """Return a column of several numbers in each cell; None for others.

    Cells that often repeat say more as levels of a category, and codes that hardly repeat identify
    rows, whatever they are made of.
    """
    repeat = profile.unique_share < _SELDOM_REPEATED and profile.n_unique <= _MANY_LEVELS
    if profile.n_unique <= _LOW_CARDINALITY or repeat:
        return None
    decimal = "," if hint > 0 else "."
    n_numbers = count_numbers(profile.counts, decimal)
    labels = () if n_numbers else find_labels(profile.counts, decimal)
    if not (n_numbers or labels) or _tells_rows_apart(profile, decimal):
        return None
    more: dict[str, Any] = {"decimal": decimal, "labels": labels}
    more["n_numbers"] = n_numbers or len(labels)
    column = _make(profile, ColumnKind.NUMBERS, **more)
    others = [text for text in profile.counts if not numbers_in(text, column)]
    note = f"{n_numbers} numbers in each cell"
    if labels:
        kinds = [label.replace("#", " # ").strip() for label in dict.fromkeys(labels)]
        shown = listed(kinds, _SHOWN)
        note = f"numbers told apart by what stands around them: {shown}"
    return _without(profile, others, ColumnKind.NUMBERS, note, "cell of these", **more)


def _tells_rows_apart(profile: ColumnProfile, decimal: str) -> bool:
    """Return True if cells hardly repeat, and are codes by their column's name or their numbers."""
    n_words = _mean_words(profile)
    if not words_are_identifiers(profile.n_present, profile.unique_share, n_words):
        return False
    return looks_like_id_name(profile.name) or are_codes(profile.counts, decimal)


def _without(
    profile: ColumnProfile, others: list[str], kind: ColumnKind, note: str, noun: str, **more: Any
) -> Column:
    """Return a column of cells of a kind; others are no `noun` and count as missing."""
    n_lost = sum(profile.counts[text] for text in others)
    notes = [note] * bool(note) + [_lost_note(n_lost, others, noun)] * bool(others)
    return _make(
        profile,
        kind,
        "; ".join(notes),
        n_missing=profile.n_missing + n_lost,
        n_unique=profile.n_unique - len(others),
        **more,
    )


def _lost_note(n_lost: int, texts: "list[str] | tuple[str, ...]", noun: str) -> str:
    return f"{counted(n_lost, 'cell')} taken as missing, not a {noun}: {listed(texts, _SHOWN)}"


def _lost(texts: list[str], date_format: str) -> list[bool]:
    return [bool(missing) for missing in parse_date_texts(texts, date_format).isna()]


def _word_column(profile: ColumnProfile, keep_identifiers: bool) -> Column:
    values = {text.lower() for text in profile.counts}
    if len(values) == 2 and values in _PAIRS:
        return _make(profile, ColumnKind.BOOLEAN, n_unique=2)
    if len(values) > 2 and _are_flags(values):
        return _make(profile, ColumnKind.BOOLEAN, "yes and no in several words", n_unique=2)
    n_words = _mean_words(profile)
    if words_are_identifiers(profile.n_present, profile.unique_share, n_words):
        kind = ColumnKind.HIGH_CARDINALITY if keep_identifiers else ColumnKind.IDENTIFIER
        return _make(profile, kind, "tells rows apart")
    if _is_prose(profile, n_words):
        return _make(profile, ColumnKind.TEXT)
    return _levels(profile)


def _are_flags(words: set[str]) -> bool:
    """Return True if all words mean yes or no; F, N and Y are codes of something else."""
    letters = {word for word in words if len(word) == 1 and word.isalpha()}
    is_one_pair = any(letters <= pair for pair in _PAIRS)
    return is_one_pair and {flag_value(word) for word in words} == {0.0, 1.0}


def _levels(profile: ColumnProfile) -> Column:
    """Return a category; spellings of one level are the same, unless they are codes of a letter."""
    alike = spelled_alike(profile.counts)
    if max((len(common_spelling(group[0])) for group in alike), default=0) < _SHORTEST_WORD:
        alike = []
    n_unique = profile.n_unique - sum(len(group) - 1 for group in alike)
    kind = _by_cardinality(n_unique)
    read = kind is ColumnKind.HIGH_CARDINALITY and _has_words(profile)
    note = f"spellings are the same level: {listed(alike[0], _SHOWN)}" if alike else ""
    if alike and n_unique < 2:
        return _make(profile, ColumnKind.CONSTANT, note, n_unique=n_unique)
    return _make(profile, kind, note, has_words=read, any_spelling=bool(alike), n_unique=n_unique)


def _mean_words(profile: ColumnProfile) -> float:
    return sum(map(count_words, profile.counts)) / len(profile.counts)


def _has_words(profile: ColumnProfile) -> bool:
    """Return True if levels share words or parts of codes, as lists and names of models do."""
    return sum(map(count_parts, profile.counts)) >= _FEWEST_PARTS * len(profile.counts)


def _is_prose(profile: ColumnProfile, n_words: float) -> bool:
    """Return True if texts of several words seldom repeat, or are long and of many values."""
    if profile.n_unique <= 20:
        return False
    seldom_repeated = profile.unique_share >= 0.5 and n_words >= 2
    return seldom_repeated or (n_words >= 8 and profile.n_unique > _LOW_CARDINALITY)


def _declared_category(profile: ColumnProfile, keep_identifiers: bool) -> Column:
    if not keep_identifiers and words_are_identifiers(profile.n_present, profile.unique_share, 1.0):
        return _make(profile, ColumnKind.IDENTIFIER, "tells rows apart")
    return _make(profile, _by_cardinality(profile.n_unique))


def _by_cardinality(n_unique: int) -> ColumnKind:
    return ColumnKind.CATEGORY if n_unique <= _LOW_CARDINALITY else ColumnKind.HIGH_CARDINALITY


def _make(profile: ColumnProfile, kind: ColumnKind, note: str = "", **more: Any) -> Column:
    notes = [note] if note else []
    if profile.stripped and kind in (ColumnKind.CATEGORY, ColumnKind.HIGH_CARDINALITY):
        notes.append("blanks around values removed")
    values: dict[str, Any] = {"n_missing": profile.n_missing, "n_unique": profile.n_unique, **more}
    return Column(name=profile.name, kind=kind, note="; ".join(notes), base=profile.base, **values)
