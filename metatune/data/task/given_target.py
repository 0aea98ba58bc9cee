"""Target that is handed over in Python, apart from the features: its name and its values."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from metatune.data.columns.cleaning import plain
from metatune.data.wording import counted
from metatune.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Collection

    from metatune._typing import AnyArray

__all__ = ["plain_target", "target_name"]

_UNNAMED = "target"
_PLAIN_OBJECTS = {
    "string": object,
    "empty": object,
    "integer": np.int64,
    "boolean": np.bool_,
    "floating": np.float64,
    "mixed-integer-float": np.float64,
    "decimal": np.float64,
}
_DATES = frozenset(("date", "datetime", "datetime64", "period", "time"))
_SPANS = frozenset(("timedelta", "timedelta64"))


def target_name(y: Any, taken: "Collection[str]" = ()) -> str:
    """Return the name that a target has of its own: that of a Series, or of a table's one column.

    Parameters
    ----------
    y : array-like
        As given.
    taken : collection of str
        Names of the features, which the target cannot have as well.

    Returns
    -------
    str
        "target" where it has no name.
    """
    columns = list(getattr(y, "columns", ()))
    name = columns[0] if len(columns) == 1 else getattr(y, "name", None)
    if not isinstance(name, str) or not name.strip() or name in taken:
        name = _UNNAMED
    while name in taken:
        name += "_"
    return name


def plain_target(y: Any) -> Any:
    """Turn a target of one dimension into an array of numbers, booleans or texts.

    Anything of another shape is returned as it is, for others to refuse.

    Raises
    ------
    TargetError
        If values are missing, of several types, or of a type that cannot be learned: dates, time
        spans, intervals, bytes, complex numbers. Numbers that are not finite are left to
        scikit-learn's own check.
    """
    if isinstance(y, np.ndarray) and y.dtype.kind in "iufbU":
        return y
    cells = _series(y)
    if cells is None:
        return y
    _check_type(cells)
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iufb":
        return cells.to_numpy()
    _check_known(cells)
    if types.is_bool_dtype(cells.dtype):
        return cells.to_numpy(dtype=bool)
    if types.is_numeric_dtype(cells.dtype):
        return cells.to_numpy()
    return _plain_objects(cells)


def _series(y: Any) -> "pd.Series[Any] | None":
    """Return the cells as a Series; None where they have more dimensions, or none."""
    if hasattr(y, "columns"):
        frame = y if isinstance(y, pd.DataFrame) else pd.DataFrame(np.asarray(y))
        return _unpacked(frame.iloc[:, 0]) if frame.shape[1] == 1 else None
    if isinstance(y, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return _unpacked(pd.Series(y).reset_index(drop=True))
    values = y.to_numpy() if hasattr(y, "to_numpy") else y
    if not isinstance(values, np.ndarray):
        values = _array(values)
    return None if values.ndim != 1 else pd.Series(values)


def _unpacked(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return categories as the values that they stand for, and Arrow's cells as pandas' own."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.astype(cells.dtype.categories.dtype if cells.notna().all() else object)
    return plain(cells) if isinstance(cells.dtype, pd.ArrowDtype) else cells


def _array(values: Any) -> "AnyArray":
    """Keep the types of a list's values apart, which numpy would turn into texts."""
    try:
        found = np.asarray(values)
    except ValueError:  # lists of several lengths
        return np.empty((0, 0))
    return np.asarray(values, dtype=object) if found.dtype.kind in "US" else found


def _check_type(cells: "pd.Series[Any]") -> None:
    """Refuse values that have a type of their own, which is not one that can be learned."""
    found = types.infer_dtype(cells, skipna=True)
    if types.is_datetime64_any_dtype(cells.dtype) or found in _DATES:
        raise TargetError(
            "y holds dates, which cannot be learned: give numbers, like the days since a first "
            "date, or labels as texts"
        )
    if types.is_timedelta64_dtype(cells.dtype) or found in _SPANS:
        raise TargetError(
            "y holds time spans, which cannot be learned: give numbers, like seconds by "
            "y.dt.total_seconds()"
        )
    if found == "interval" or (
        cells.dtype == object and any(isinstance(cell, pd.Interval) for cell in cells)
    ):
        raise TargetError(
            "y holds intervals, like those of pandas.cut, which cannot be learned: give them as "
            "texts by y.astype(str)"
        )
    if found == "bytes":
        raise TargetError("y holds bytes, which cannot be learned: decode them to texts")
    if found == "complex":
        raise TargetError("Complex data not supported: y holds complex numbers")


def _check_known(cells: "pd.Series[Any]") -> None:
    missing = np.flatnonzero(cells.isna().to_numpy())
    if len(missing):
        raise TargetError(
            f"y holds missing values (NaN) in {counted(len(missing), 'row')}, the first in row "
            f"{missing[0] + 1}: drop the rows whose target is unknown"
        )


def _plain_objects(cells: "pd.Series[Any]") -> "AnyArray":
    found = types.infer_dtype(cells, skipna=True)
    if found not in _PLAIN_OBJECTS:
        examples = {type(cell).__name__: cell for cell in reversed(cells.tolist())}
        shown = ", ".join(f"{kind} {str(cell)[:20]!r}" for kind, cell in examples.items())
        what = "mixed types" if len(examples) > 1 else "a type that cannot be learned"
        raise TargetError(f"y holds values of {what} ({shown}): give all as texts or as numbers")
    values = cells.to_numpy(dtype=object)
    try:
        return values.astype(_PLAIN_OBJECTS[found])
    except OverflowError:
        largest = max(values, key=abs)
        raise TargetError(
            f"y holds {largest}, too large a whole number: give labels as texts, amounts as floats"
        ) from None
