"""What is counted once for every column before its kind is decided."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api import types

from metatune.data.clean import clean_column, plain, to_text
from metatune.data.columns import Column, ColumnKind
from metatune.data.missing import strip_or_none

__all__ = ["Look"]

_EXACT_ROWS = 200_000  # larger tables are judged by a sample
_SAMPLE_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """A first look at one column.

    Attributes
    ----------
    name : str
        Name of the column.
    cells : Series of shape (n_rows,)
        The cells in a plain dtype.
    base : ColumnKind
        What the dtype says: number, boolean, date/time, category, or text where it says nothing.
    counts : dict of str to int
        For text the distinct stripped cells of the sample that are not missing, with how often
        each occurs, most frequent first; empty for other dtypes.
    n_missing, n_unique : int
        Missing cells, and distinct values of the others; of text columns and of `n_unique`
        generally a judgement by a sample of 20,000 rows where there are more than 200,000.
    n_infinite : int
        Cells that are missing because they were infinite.
    stripped : bool
        Whether blanks were removed around cells.
    """

    name: str
    cells: "pd.Series[Any]"
    base: ColumnKind
    counts: dict[str, int]
    n_missing: int
    n_unique: int
    n_infinite: int = 0
    stripped: bool = False

    @property
    def n_present(self) -> int:
        """Cells that are not missing."""
        return len(self.cells) - self.n_missing

    @property
    def is_constant(self) -> bool:
        """Whether the column says nothing: wholly missing, or one value everywhere."""
        return self.n_present == 0 or (self.n_unique <= 1 and self.n_missing == 0)

    @classmethod
    def at(cls, series: "pd.Series[Any]") -> "Look":
        """Look at a raw column."""
        cells = plain(series)
        base = _base_kind(cells)
        if base is ColumnKind.TEXT:
            return _look_at_text(str(series.name), cells)
        name = str(series.name)
        clean = clean_column(cells, Column(name=name, kind=base, n_missing=0, n_unique=0))
        n_missing = int(clean.isna().sum())
        return cls(
            name=name,
            cells=cells,
            base=base,
            counts={},
            n_missing=n_missing,
            n_unique=_n_unique(clean),
            n_infinite=n_missing - int(cells.isna().sum()) if base is ColumnKind.NUMBER else 0,
        )


def _base_kind(cells: "pd.Series[Any]") -> ColumnKind:
    dtype = cells.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return ColumnKind.CATEGORY
    if types.is_bool_dtype(dtype):
        return ColumnKind.BOOLEAN
    if types.is_datetime64_any_dtype(dtype):
        return ColumnKind.DATETIME
    if types.is_numeric_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return ColumnKind.NUMBER
    return ColumnKind.TEXT


def _look_at_text(name: str, cells: "pd.Series[Any]") -> Look:
    step = _step(len(cells))
    counts, stripped = _count_texts(cells.iloc[::step])
    if step > 1 and len(counts) <= 1:
        step = 1
        counts, stripped = _count_texts(cells)
    n_looked_at = len(cells.iloc[::step])
    n_missing = round((n_looked_at - sum(counts.values())) * len(cells) / max(1, n_looked_at))
    return Look(
        name=name,
        cells=cells,
        base=ColumnKind.TEXT,
        counts=counts,
        n_missing=n_missing,
        n_unique=len(counts),
        stripped=stripped,
    )


def _count_texts(cells: "pd.Series[Any]") -> tuple[dict[str, int], bool]:
    """Count distinct stripped cells, and say whether stripping changed any."""
    counts: dict[str, int] = {}
    stripped = False
    raw = cells if cells.dtype != object else to_text(cells)
    for text, count in raw.value_counts(sort=False).items():
        bare = strip_or_none(str(text))
        if bare is not None:
            counts[bare] = counts.get(bare, 0) + int(count)
            stripped = stripped or bare != text
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))), stripped


def _n_unique(clean: "pd.Series[Any]") -> int:
    n_unique = int(clean.iloc[:: _step(len(clean))].nunique())
    return n_unique if n_unique > 1 else int(clean.nunique())


def _step(n_rows: int) -> int:
    return max(1, n_rows // _SAMPLE_ROWS) if n_rows > _EXACT_ROWS else 1
