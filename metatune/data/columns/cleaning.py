"""Conversion of raw cells to clean ones, the same when fitting and when predicting.

A table to predict may be typed otherwise than the one a model was fitted on: whole numbers where
there were texts, because a stray word is missing there, or ``true`` where there was ``True``. What
a cell becomes therefore depends on the cell and the `Column` only, never on the other cells.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.dates import ISO, count_digits, parse_date_texts
from metatune.data.columns.missing import ALWAYS_MISSING, BLANKS, is_marker, strip_or_none
from metatune.data.columns.numbers import parse_number
from metatune.data.columns.several_numbers import numbers_in
from metatune.data.columns.spelling import common_spelling
from metatune.errors import TableError

__all__ = ["clean_column", "flag_value", "merges_whole_numbers", "plain", "to_text"]

_TRUE = frozenset(("true", "t", "yes", "y", "1", "1.0"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "0.0"))
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_LARGEST = 2.0**63  # beyond it whole numbers are no integers of 64 bits
_EXACT = 2**53  # whole numbers up to here are exact as float64
_NESTED = (list, dict, set, tuple, np.ndarray)
TEXT = pd.StringDtype(na_value=np.nan)


def clean_column(series: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    """Convert raw cells to the dtype of their column's kind.

    Parameters
    ----------
    series : Series of shape (n_rows,)
        Raw cells of any dtype.
    column : Column
        How the column was understood.

    Returns
    -------
    Series of shape (n_rows,)
        With the index and name of `series`: float64 for numbers and booleans (0 and 1), datetime64
        without a time zone for dates, text for all other kinds. Cells that are missing, infinite
        or cannot be read as the column's kind are missing (NaN, NaT).
    """
    cells = plain(series)
    if column.kind is ColumnKind.NUMBER:
        return _to_numbers(cells, column)
    if column.kind is ColumnKind.BOOLEAN:
        return _to_flags(cells)
    if column.kind is ColumnKind.DATETIME:
        return _to_dates(cells, column.datetime_format)
    if column.kind is ColumnKind.NUMBERS:
        return _with_numbers(to_text(cells), column)
    text = _codes(cells, column) if column.base is ColumnKind.NUMBER else to_text(cells)
    return _map_distinct(text, common_spelling, TEXT) if column.any_spelling else text


def plain(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """Bring any dtype to one of a few: numbers, bool(ean), dates, time spans, category, text.

    Raises
    ------
    TableError
        If the cells are complex numbers.
    """
    if types.is_complex_dtype(series.dtype):
        raise TableError(
            f"Complex data not supported: column {series.name!r} holds complex numbers"
        )
    if isinstance(series.dtype, pd.ArrowDtype):
        series = _without_arrow(series)
    if isinstance(series.dtype, pd.CategoricalDtype) and not _is_nominal(series.dtype.categories):
        return plain(series.astype(series.dtype.categories.dtype))
    if isinstance(series.dtype, pd.PeriodDtype):
        return _periods_to_dates(series)
    if isinstance(series.dtype, pd.SparseDtype):
        return pd.Series(np.asarray(series), index=series.index, name=series.name)
    if isinstance(series.dtype, pd.IntervalDtype):
        return series.astype(object)
    return _plain_objects(series) if series.dtype == object else series


def _is_nominal(levels: "pd.Index[Any]") -> bool:
    """Return True if all levels of a category column are plain numbers, hence mere codes.

    Where they are texts or dates, they are read as in a column that was not declared: prices,
    numbers with units and sentences are often stored as categories to spare memory.
    """
    if types.is_numeric_dtype(levels.dtype) and not types.is_bool_dtype(levels.dtype):
        return True
    texts = [strip_or_none(str(level)) for level in levels]
    return all(text is None or _PLAIN_NUMBER.fullmatch(text) is not None for text in texts)


def merges_whole_numbers(cells: "pd.Series[Any]") -> bool:
    """Return True if different whole numbers beyond 2**53 would be the same as float64."""
    if not types.is_integer_dtype(cells.dtype) or not len(cells):
        return False
    present = cells.dropna().to_numpy()
    if not len(present) or max(abs(int(present.min())), abs(int(present.max()))) <= _EXACT:
        return False
    distinct = np.unique(present)
    return len(np.unique(distinct.astype(np.float64))) < len(distinct)


def to_text(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """Turn cells into text without blanks around it; missing markers become NaN.

    Equal values give equal text whatever their dtype: 1, 1.0 and ``" 1"`` all become ``"1"``.
    """
    cells = plain(series)
    if isinstance(cells.dtype, pd.StringDtype):
        return _strip(cells)
    return _map_distinct(cells, _canonical, TEXT)


def _codes(cells: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    """Turn numbers that stand for categories into text, alike whether they are read as texts."""
    text = to_text(cells)
    if types.is_numeric_dtype(cells.dtype):
        return text
    return _map_distinct(text, lambda value: _code(str(value), column.decimal), TEXT)


def _code(text: str, decimal: str) -> str | None:
    text = text.replace(decimal, ".")
    if _PLAIN_NUMBER.fullmatch(text) is None:
        return text
    return _canonical(float(text)) if "." in text else str(int(text))


def flag_value(text: str) -> float:
    """Read ``yes``, ``T``, ``true``, ``1`` as 1.0, their opposites as 0.0, all else as NaN."""
    word = text.strip().lower()
    return 1.0 if word in _TRUE else 0.0 if word in _FALSE else math.nan


def _strip(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    """Apply `_canonical` to a whole column at once, which is many times as fast."""
    text = cells.str.strip(BLANKS)
    missing = text.isin(ALWAYS_MISSING) | text.isna()
    formulas = text.str.startswith("=").fillna(False).astype(bool)
    if formulas.any():
        missing |= formulas & text.map(is_marker, na_action="ignore").fillna(False).astype(bool)
    return text.mask(missing).astype(TEXT)


def _to_numbers(cells: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    if types.is_timedelta64_dtype(cells.dtype):
        seconds = cells.to_numpy() / np.timedelta64(1, "s")
        return pd.Series(seconds, index=cells.index, name=cells.name)
    if types.is_datetime64_any_dtype(cells.dtype):
        return pd.Series(np.nan, index=cells.index, name=cells.name)
    if types.is_bool_dtype(cells.dtype) or types.is_numeric_dtype(cells.dtype):
        return _finite(cells)
    return _map_distinct(cells, lambda value: _number(value, column), np.float64)


def _number(value: Any, column: Column) -> float:
    if isinstance(value, str):
        return parse_number(value, column.decimal, column.unit)
    if isinstance(value, bool | int | float | np.number | np.bool_):
        return float(value) if math.isfinite(value) else math.nan
    return parse_number(str(value), column.decimal, column.unit)


def _to_flags(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    if types.is_bool_dtype(cells.dtype) or types.is_numeric_dtype(cells.dtype):
        numbers = _finite(cells)
        return numbers.where(numbers.isin([0.0, 1.0]))
    return _map_distinct(cells, lambda value: flag_value(str(value)), np.float64)


def _to_dates(cells: "pd.Series[Any]", date_format: str | None) -> "pd.Series[Any]":
    if types.is_datetime64_any_dtype(cells.dtype):
        naive = cells if cells.dt.tz is None else cells.dt.tz_convert("UTC").dt.tz_localize(None)
        return naive.astype("datetime64[us]")
    text = to_text(cells)
    n_digits = count_digits(date_format or ISO)
    if n_digits:  # read as a whole number, without the zeros before
        text = text.str.zfill(n_digits)
    codes, distinct = pd.factorize(text)
    dates = parse_date_texts(distinct, date_format or ISO)
    values = dates.to_series().array.take(codes, allow_fill=True)
    return pd.Series(values, index=cells.index, name=cells.name)


def _with_numbers(cells: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    """Return texts with the numbers of the column; others are missing."""

    def kept(text: Any) -> str | None:
        return str(text) if numbers_in(str(text), column) else None

    return _map_distinct(cells, kept, TEXT)


def _finite(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        values = np.where(infinite, np.nan, values)
    return pd.Series(values, index=cells.index, name=cells.name)


def _map_distinct(
    cells: "pd.Series[Any]", function: Callable[[Any], Any], dtype: Any
) -> "pd.Series[Any]":
    """Apply a function to each distinct value once; missing cells stay missing."""
    codes, distinct = pd.factorize(cells)
    values = np.asarray(distinct, dtype=object)  # Arrow's texts are slow to walk through
    mapped = pd.Series([function(value) for value in values], dtype=dtype).array
    taken = mapped.take(codes, allow_fill=True)
    return pd.Series(taken, index=cells.index, name=cells.name)


def _canonical(value: Any) -> str | None:
    if isinstance(value, str):
        return strip_or_none(value)
    if isinstance(value, bytes):
        return strip_or_none(value.decode("utf-8", errors="replace"))
    if isinstance(value, float | np.floating):
        number = float(value)
        if math.isinf(number):
            return None
        return str(int(number)) if number.is_integer() and abs(number) < _LARGEST else str(value)
    return strip_or_none(str(value))


def _without_arrow(series: "pd.Series[Any]") -> "pd.Series[Any]":
    import pyarrow as pa

    values = pa.array(series.array).to_pandas(date_as_object=False)
    return pd.Series(values.array, index=series.index, name=series.name)


def _plain_objects(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """Find a proper dtype for Python objects; mixtures become text."""
    found = types.infer_dtype(series, skipna=True)
    if found in ("integer", "floating", "mixed-integer-float", "decimal", "boolean"):
        return series.astype("boolean") if found == "boolean" else _objects_to_numbers(series)
    if found in ("datetime", "datetime64", "date"):
        return pd.to_datetime(series, errors="coerce", utc=True).dt.tz_localize(None)
    if found in ("timedelta", "timedelta64"):
        return pd.to_timedelta(series, errors="coerce")
    if found == "period":
        return _periods_to_dates(series)
    return series if found in ("string", "empty") else series.map(_hashable, na_action="ignore")


def _periods_to_dates(series: "pd.Series[Any]") -> "pd.Series[Any]":
    dates = pd.PeriodIndex(series).to_timestamp()
    return pd.Series(dates, index=series.index, name=series.name)


def _objects_to_numbers(series: "pd.Series[Any]") -> "pd.Series[Any]":
    values = series.where(series.notna(), np.nan).astype("float64")
    whole = types.infer_dtype(series, skipna=True) == "integer" and series.notna().all()
    return values.astype("int64") if whole and values.abs().max() < 2**53 else values


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, _NESTED):
        return json.dumps(value, default=str)
    return str(value) if not isinstance(value, str | float | int | bytes) else value
