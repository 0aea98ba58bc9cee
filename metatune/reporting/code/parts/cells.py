"""Parts that read the cells of a column."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from metatune.data.columns.date_words import plain_date
from metatune.data.columns.labelled_numbers import read_labelled
from metatune.data.columns.numbers_in_text import read_numbers

__all__ = [
    "codes_among",
    "columns_of",
    "date_parts",
    "number_columns",
    "numbers_as_texts",
    "read_arff",
    "to_amounts",
    "to_amounts_with_comma",
    "to_counted_instants",
    "to_dates",
    "to_dates_in_words",
    "to_days",
    "to_flags",
    "to_instants",
    "to_levels",
    "to_numbers",
    "to_parsed",
    "to_texts",
]

COLUMNS = {"column": "number"}
MISSING = [""]
FLAGS = {"yes": 1.0, "no": 0.0}


def to_numbers(cells: Any) -> Any:
    """Read a column of numbers; cells that hold none are missing."""
    numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    return numbers.replace([np.inf, -np.inf], np.nan)


def to_texts(cells: Any) -> Any:
    """Strip the blanks around the cells of a column; markers of missing cells are missing."""
    texts = cells.astype("str").str.strip()
    return texts.mask(cells.isna() | texts.isin(MISSING))


def to_levels(cells: Any) -> Any:
    """Read levels in any spelling: case does not matter, nor what stands between words."""
    texts = to_texts(cells).str.casefold()
    return texts.str.replace(r"(?<=\w)[\s_-]+(?=\w)", " ", regex=True).str.strip()


def numbers_as_texts(cells: Any) -> Any:
    """Write numbers that stand for categories as texts: 1 and 1.0 are the same."""
    numbers = to_numbers(cells)
    texts = [str(int(n)) if n.is_integer() else str(n) for n in numbers.fillna(0.0)]
    return pd.Series(texts, index=cells.index, dtype="str").mask(numbers.isna())


def to_flags(cells: Any) -> Any:
    """Read a column of yes and no."""
    return to_texts(cells).str.lower().map(FLAGS).astype("float64")


def to_amounts(cells: Any, pattern: Any, factors: Any) -> Any:
    """Read numbers with something around them, such as a unit.

    The first group of the pattern is the number, and the second one what multiplies it.
    """
    found = to_texts(cells).str.extract(rf"^{pattern}$")
    numbers = found[0].str.replace(r"[^\d.eE+-]", "", regex=True)
    return pd.to_numeric(numbers, errors="coerce") * found[1].fillna("").map(factors)


def to_amounts_with_comma(cells: Any, pattern: Any, factors: Any) -> Any:
    """Read numbers with a decimal comma and with something around them, such as a unit.

    The first group of the pattern is the number, and the second one what multiplies it.
    """
    found = to_texts(cells).str.extract(rf"^{pattern}$")
    numbers = found[0].str.replace(r"[^\d,eE+-]", "", regex=True).str.replace(",", ".")
    return pd.to_numeric(numbers, errors="coerce") * found[1].fillna("").map(factors)


def to_parsed(cells: Any, parse: Any, *options: Any) -> Any:
    """Read the cells of a column one by one; those that cannot be read are missing."""
    texts = to_texts(cells)
    return texts.map(lambda text: parse(text, *options), na_action="ignore").astype("float64")


def to_dates(cells: Any, formats: Any) -> Any:
    """Read a column of dates by the first of some formats that fits a cell."""
    texts = to_texts(cells)
    dates = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    for form in formats:
        if "%d" in form and "%y" not in form.lower():  # days of any year count as those of 2000
            read = pd.to_datetime(texts + " 2000", format=f"{form} %Y", errors="coerce", utc=True)
        else:
            read = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
        dates = dates.fillna(read.dt.tz_localize(None).astype("datetime64[us]"))
    return dates


def to_days(cells: Any, formats: Any) -> Any:
    """Read a column of dates written as whole numbers."""
    return to_dates(numbers_as_texts(cells).str.zfill(8), formats)


def to_instants(cells: Any) -> Any:
    """Bring dates of their own type into the same time zone."""
    dates = pd.to_datetime(cells, errors="coerce", utc=True)
    return dates.dt.tz_localize(None).astype("datetime64[us]")


def codes_among(texts: Any, levels: Any) -> Any:
    """Return the position of each text among the levels; missing where it is none of them."""
    codes = pd.Index(levels, dtype="str").get_indexer(pd.Index(texts))
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def to_dates_in_words(cells: Any, formats: Any) -> Any:
    """Read dates in words, and quarters or weeks as their first day."""
    return to_dates(to_texts(cells).map(plain_date, na_action="ignore"), formats)


def to_counted_instants(cells: Any, per_second: Any) -> Any:
    """Read counts since the beginning of 1970."""
    seconds = to_numbers(cells) / per_second
    instants = pd.to_datetime(seconds.where(seconds.abs() < 8.8e9), unit="s", errors="coerce")
    return instants.astype("datetime64[us]")


def date_parts(name: Any, dates: Any, parts: Any) -> Any:
    """Split dates into parts such as the month; days are counted from the year 2000."""
    columns = {}
    for part in parts:
        if part == "days":
            column = (dates - pd.Timestamp(2000, 1, 1)) / pd.Timedelta(days=1)
        else:
            column = getattr(dates.dt, part)
        columns[f"{name}: {part}"] = column.astype("float64")
    return columns


def number_columns(
    name: Any, texts: Any, n: Any, places: Any, decimal: Any = ".", labels: Any = ()
) -> Any:
    """Return some of the numbers of each cell; missing where it does not hold these."""
    values = np.full((len(texts), n), np.nan)
    for row, text in zip(values, texts.fillna(""), strict=True):
        found = read_labelled(text, labels, decimal) if labels else read_numbers(text, decimal)
        if len(found) == n:
            row[:] = found
    return {f"{name}: number {place + 1}": values[:, place] for place in places}


def columns_of(*kinds: Any) -> Any:
    """Return the names of the columns of some kinds."""
    return [name for name, kind in COLUMNS.items() if kind in kinds]


def read_arff(file: Any, encoding: Any, **options: Any) -> Any:
    """Read a table in ARFF: names of columns above, rows below a line `@data`."""
    lines = Path(file).read_text(encoding=encoding).splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data")
    declared = "\n".join(lines[:start])
    found = re.findall(r"^\s*@attribute\s+('[^']*'|\"[^\"]*\"|\S+)", declared, re.I | re.M)
    rows = [line for line in lines[start + 1 :] if line.strip() and not line.startswith("%")]
    names = [name.strip("'\"") for name in found]
    text = io.StringIO("\n".join(rows))
    return pd.read_csv(text, header=None, names=names, skipinitialspace=True, **options)
