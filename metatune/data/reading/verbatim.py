"""Parts of a file that are taken as they stand: the cells of some columns, and every row."""

import csv
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd

from metatune.data.columns.missing import ALWAYS_MISSING, is_marker
from metatune.data.columns.numbers import groups_with_dots, parse_number
from metatune.data.target_name import find_target
from metatune.errors import TargetError

__all__ = ["NOTHING", "Verbatim", "typed_cells", "with_grouped_thousands"]

_GROUPED = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbatim:
    """Parts of a file that are taken as they stand.

    In these columns of a text table cells stay texts, markers of missing cells included.

    Attributes
    ----------
    names : frozenset of str
        Names of columns.
    has_target : bool
        Whether the target's column is one of them, so that its labels stay as they are written.
    target : str or None
        Name or position of the target; None to guess (see `find_target`).
    rows : bool
        Whether every row stays in its place: without any value, a blank line of a single column, a
        repeated header. Columns without values then stay as well where none has a name.
    single_header : bool
        Whether all rows below the names are data, whatever they look like.
    """

    names: frozenset[str] = frozenset()
    has_target: bool = False
    target: str | None = None
    rows: bool = False
    single_header: bool = False

    def among(self, columns: Sequence[str]) -> frozenset[str]:
        """Return the columns of a table that they are; those that it lacks are no matter here."""
        bare = {name.strip() for name in self.names}
        found = {name for name in columns if name in self.names or name.strip() in bare}
        if self.has_target and columns:
            with suppress(TargetError):  # told by those who need the target
                found.add(columns[find_target(list(columns), self.target)[0]])
        return frozenset(found)


NOTHING = Verbatim()
"""No part: columns of numbers become numbers, rows without any value are left out."""


def typed_cells(texts: "pd.Series[Any]", decimal: str) -> "pd.Series[Any]":
    """Read the cells of a column that stayed texts as the parser reads any other column.

    Parameters
    ----------
    texts : Series of shape (n_rows,)
        Cells as they are written.
    decimal : str
        "." or ",".

    Returns
    -------
    Series of shape (n_rows,)
        Numbers or booleans if all cells are, else texts; markers of missing cells are NaN.
    """
    codes, distinct = pd.factorize(texts)
    if not len(distinct):
        return texts
    if decimal != "," and groups_with_dots(text for text in distinct if not is_marker(text)):
        return texts.mask(texts.isin(ALWAYS_MISSING))
    lines = io.StringIO()
    csv.writer(lines, quoting=csv.QUOTE_ALL).writerows([text] for text in distinct)
    lines.seek(0)
    frame = pd.read_csv(
        lines,
        header=None,
        names=["cells"],
        decimal=decimal,
        na_values=list(ALWAYS_MISSING),
        keep_default_na=False,
        skip_blank_lines=False,
        low_memory=False,
    )
    if decimal == ",":
        frame = with_grouped_thousands(frame)
    cells = frame["cells"]
    typed = cells.reindex(codes) if (codes < 0).any() else cells.take(codes)
    return pd.Series(typed.array, index=texts.index, name=texts.name)


def with_grouped_thousands(
    frame: pd.DataFrame, texts: frozenset[str] = frozenset()
) -> pd.DataFrame:
    """Read ``1.234`` and ``1.234,5`` as numbers, as the decimal commas of the table demand.

    The parser's own option would read the date 31.12.2020 as a number, too. The columns in
    `texts` stay as they are.
    """
    for name in frame.columns:
        cells = frame[name]
        if name not in texts and pd.api.types.is_string_dtype(cells.dtype):
            distinct = cells.dropna().unique()
            if len(distinct) and all(_GROUPED.fullmatch(text.strip()) for text in distinct):
                values = {text: parse_number(text, ",") for text in distinct}
                frame[name] = cells.map(values).astype("float64")
    return frame
