"""Summary statistics of a raw column, computed once for type inference."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api import types

from metatune.data.columns.cleaning import clean_column, merges_whole_numbers, plain, to_text
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.missing import strip_or_none

__all__ = ["ColumnProfile"]

_EXACT_ROWS = 200_000  # larger tables are judged by a sample
_SAMPLE_ROWS = 20_000
_SELDOM_REPEATED = 0.4  # distinct values in a sample that require counting all rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnProfile:
    """Summary statistics of a raw column.

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
        Missing cells, and distinct values of the others. Where there are more than 200,000 rows,
        a sample of 20,000 is counted instead for `n_missing` of text, and for `n_unique` if values
        repeat in it.
    unique_share : float
        Distinct values as a share of the cells that are not missing.
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
    unique_share: float
    n_infinite: int = 0
    stripped: bool = False

    @property
    def n_present(self) -> int:
        """Number of cells that are not missing."""
        return len(self.cells) - self.n_missing

    @property
    def is_constant(self) -> bool:
        """True if all cells are missing, or all hold the same value."""
        return self.n_present == 0 or (self.n_unique <= 1 and self.n_missing == 0)

    @classmethod
    def at(cls, series: "pd.Series[Any]") -> "ColumnProfile":
        """Compute the summary statistics of a raw column."""
        cells = plain(series)
        if merges_whole_numbers(cells):  # ids, that only their digits tell apart
            cells = to_text(cells)
        base = _base_kind(cells)
        if base is ColumnKind.TEXT:
            return _profile_of_text(str(series.name), cells)
        name = str(series.name)
        clean = clean_column(cells, Column(name=name, kind=base, n_missing=0, n_unique=0))
        n_missing = int(clean.isna().sum())
        n_unique, unique_share = _uniqueness(clean, clean.iloc[:: _step(len(clean))])
        return cls(
            name=name,
            cells=cells,
            base=base,
            counts={},
            n_missing=n_missing,
            n_unique=n_unique,
            unique_share=unique_share,
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


def _profile_of_text(name: str, cells: "pd.Series[Any]") -> ColumnProfile:
    step = _step(len(cells))
    counts, stripped = _count_texts(cells.iloc[::step])
    if step > 1 and len(counts) <= 1:
        step = 1
        counts, stripped = _count_texts(cells)
    n_sampled, n_present = len(cells.iloc[::step]), sum(counts.values())
    n_unique, unique_share = len(counts), len(counts) / max(1, n_present)
    if step > 1 and unique_share >= _SELDOM_REPEATED:
        n_unique, unique_share = _exact(cells)
    return ColumnProfile(
        name=name,
        cells=cells,
        base=ColumnKind.TEXT,
        counts=counts,
        n_missing=round((n_sampled - n_present) * len(cells) / max(1, n_sampled)),
        n_unique=n_unique,
        unique_share=unique_share,
        stripped=stripped,
    )


def _count_texts(cells: "pd.Series[Any]") -> tuple[dict[str, int], bool]:
    """Count distinct stripped cells; also return True if stripping changed any."""
    counts: dict[str, int] = {}
    stripped = False
    raw = cells if cells.dtype != object else to_text(cells)
    distinct = raw.value_counts(sort=False)
    for text, count in zip(distinct.index.to_numpy(dtype=object), distinct, strict=True):
        bare = strip_or_none(str(text))
        if bare is not None:
            counts[bare] = counts.get(bare, 0) + int(count)
            stripped = stripped or bare != text
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))), stripped


def _uniqueness(clean: "pd.Series[Any]", sample: "pd.Series[Any]") -> tuple[int, float]:
    """Count distinct values and their share: exactly, unless a sample settles it."""
    if len(sample) == len(clean):
        return _exact(clean)
    n_unique, share = _exact(sample)
    # Sorting a million measurements is dear, and whether one of them repeats says nothing.
    fractions = clean.dtype == "float64" and bool((sample % 1 != 0).any())
    if n_unique <= 1 or (share >= _SELDOM_REPEATED and not fractions):
        return _exact(clean)
    return n_unique, share


def _exact(cells: "pd.Series[Any]") -> tuple[int, float]:
    n_unique = int(cells.nunique())
    return n_unique, n_unique / max(1, int(cells.count()))


def _step(n_rows: int) -> int:
    return max(1, n_rows // _SAMPLE_ROWS) if n_rows > _EXACT_ROWS else 1
