"""Parser of text tables whose format is known: their cells become numbers, booleans or texts."""

import csv
import io
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

import pandas as pd

from metatune.data.columns.missing import ALWAYS_MISSING, is_marker
from metatune.data.columns.numbers import groups_with_dots
from metatune.data.reading.dialect import Dialect, Rows, stand_in
from metatune.data.reading.header import Header
from metatune.data.reading.large_numbers import inexact_columns, whole_numbers
from metatune.data.reading.payload import Payload
from metatune.data.reading.verbatim import with_grouped_thousands

__all__ = ["Plan", "judged_rows", "parse"]

_JUDGED_CELLS = 50_000
_WIDE = 500  # columns
_GUARD = "\x02"  # before a cell, so that no cell is a marker of missing ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Format of a text table, known or detected before it is read.

    Attributes
    ----------
    encoding : str
        Python's name of the text encoding.
    dialect : Dialect
    header : Header
    decimal : str
        Decimal separator by which whole columns become numbers.
    rows : Rows
        The first rows of the file.
    na : tuple of str
        Cells that mean "missing" by the user's word.
    verbatim : frozenset of str
        Columns whose cells stay texts, other markers of missing cells included.
    every_row : bool
        Whether a blank line is a row of a single column.
    """

    encoding: str
    dialect: Dialect
    header: Header
    decimal: str
    rows: Rows
    na: tuple[str, ...] = ()
    verbatim: frozenset[str] = frozenset()
    every_row: bool = False


def judged_rows(plan: Plan) -> list[list[str]]:
    """Return as many of the first rows as suffice to detect the notation of cells."""
    n_rows = max(50, _JUDGED_CELLS // max(1, len(plan.header.names)))
    start = plan.header.n_skipped
    return plan.rows.cells[start : start + n_rows]


def parse(payload: Payload, plan: Plan) -> pd.DataFrame:
    """Read all rows of a text table by a plan.

    Raises
    ------
    pandas.errors.ParserError or pandas.errors.ParserWarning
        If rows do not fit the plan.
    """
    grouped = _grouped_columns(plan)
    frame = _parse_as(payload, plan, grouped)
    if not all(groups_with_dots(frame[name].dropna().unique()) for name in grouped):
        grouped = []
        frame = _parse_as(payload, plan, grouped)
    inexact = inexact_columns(frame)
    if inexact:
        texts = _parse_as(payload, plan, [*grouped, *inexact])
        for name in inexact:
            exact = whole_numbers(texts[name])
            frame[name] = frame[name] if exact is None else exact
    return frame


def _grouped_columns(plan: Plan) -> list[str]:
    """Return the columns in which dots group thousands, by the first rows: kept as text."""
    if plan.decimal == ",":
        return []
    rows = judged_rows(plan)
    return [
        name
        for i, name in enumerate(plan.header.names)
        if name not in plan.verbatim
        and groups_with_dots(row[i] for row in rows if i < len(row) and not is_marker(row[i]))
    ]


def _parse_as(payload: Payload, plan: Plan, texts: list[str]) -> pd.DataFrame:
    dialect = plan.dialect
    options: dict[str, Any] = {}
    if dialect.quote is None:
        options["quoting"] = csv.QUOTE_NONE
    else:
        options["quotechar"] = dialect.quote
        options["doublequote"] = dialect.escape is None
    with warnings.catch_warnings(), payload.open() as stream:
        # a row longer than the names would be cut with a warning only
        warnings.simplefilter("error", pd.errors.ParserWarning)
        given, separator, encoding = _with_stand_in(stream, plan)
        blank_rows = plan.every_row and len(plan.header.names) == 1
        frame: pd.DataFrame = pd.read_csv(
            given,
            sep=separator,
            header=None,
            names=list(plan.header.names),
            skiprows=plan.header.n_skipped,
            index_col=False,
            encoding=encoding,
            decimal=plan.decimal,
            dtype=dict.fromkeys(texts, "str"),
            # Markers of its own for each column would take as long again in a wide table.
            converters=dict.fromkeys(plan.verbatim, _GUARD.__add__),
            na_values=[*ALWAYS_MISSING, *plan.na],
            keep_default_na=False,
            skipinitialspace=dialect.skips_blanks,
            escapechar=dialect.escape,
            low_memory=False,
            skip_blank_lines=not blank_rows,
            **options,
        )
    for name in plan.verbatim:
        cells = frame[name].astype("str").str.removeprefix(_GUARD)
        frame[name] = cells.mask(cells.str.strip().isin(("", *plan.na)))
    if frame.shape[1] > _WIDE:
        frame = frame.copy()  # into one array: the parser's is one for each column
    if blank_rows:
        frame = frame.iloc[: len(frame) - _blank_lines_at_the_end(payload, plan.encoding)]
    if separator != dialect.separator:
        frame = _with_separators(frame, separator, dialect.separator)
    return with_grouped_thousands(frame, plan.verbatim) if plan.decimal == "," else frame


def _blank_lines_at_the_end(payload: Payload, encoding: str) -> int:
    """Count the blank lines after the last row of a single column: they are no rows."""
    with payload.open() as stream:
        text = stream.read().decode(encoding)
    return max(0, len(text[len(text.rstrip()) :].splitlines()) - 1)


def _with_stand_in(stream: BinaryIO, plan: Plan) -> tuple[BinaryIO, str, str]:
    """Return a stream, a separator and an encoding that the parser can take."""
    separator = plan.dialect.separator
    if stand_in(separator, "") == separator:
        return stream, separator, plan.encoding
    text = stream.read().decode(plan.encoding)
    mark = stand_in(separator, text)
    return io.BytesIO(text.replace(separator, mark).encode("utf-8")), mark, "utf-8"


def _with_separators(frame: pd.DataFrame, mark: str, separator: str) -> pd.DataFrame:
    """Put separators back that stand inside quoted fields."""
    for name in frame.columns:
        if pd.api.types.is_string_dtype(frame[name].dtype):
            frame[name] = frame[name].str.replace(mark, separator, regex=False)
    return frame
