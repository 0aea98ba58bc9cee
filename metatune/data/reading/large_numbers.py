"""Whole numbers that are too large for floating point, in columns with missing cells."""

import re
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["inexact_columns", "whole_numbers"]

_EXACT = 2.0**53
_CELLS = 500_000  # that are looked at together
_WHOLE = re.compile(r"[-+]?\d{1,18}")


def inexact_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns of numbers that may have been whole before missing cells made them float.

    Without missing cells the parser keeps whole numbers of 64 bits exactly.
    """
    places = [i for i, dtype in enumerate(frame.dtypes) if dtype == np.float64]
    size = max(1, _CELLS // max(1, len(frame)))
    large: list[int] = []
    for start in range(0, len(places), size):
        chosen = places[start : start + size]
        # A single column is no copy: long tables are looked at column by column.
        some = frame.iloc[:, chosen[0]] if len(chosen) == 1 else frame.iloc[:, chosen]
        found = np.atleast_1d((np.abs(some.to_numpy()) >= _EXACT).any(axis=0))
        large += [place for place, is_large in zip(chosen, found, strict=True) if is_large]
    return [str(frame.columns[place]) for place in large if _is_inexact(frame.iloc[:, place])]


def whole_numbers(texts: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Read texts as whole numbers with missing cells; None if one of them is not whole."""
    cells = texts.str.strip()
    if not all(_WHOLE.fullmatch(text) for text in cells.dropna().unique()):
        return None
    values = [None if pd.isna(text) else int(text) for text in cells]
    return pd.Series(pd.array(values, dtype="Int64"), index=texts.index, name=texts.name)


def _is_inexact(cells: "pd.Series[Any]") -> bool:
    if not cells.isna().any():
        return False
    numbers = cells.dropna().to_numpy()
    large = numbers[np.abs(numbers) >= _EXACT]
    return bool(len(large)) and bool(np.all(np.abs(large) < 2.0**63)) and not (numbers % 1).any()
