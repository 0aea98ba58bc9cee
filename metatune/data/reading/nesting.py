"""Values within values: records are flattened, lists are left out."""

from typing import Any

import numpy as np
import pandas as pd

from metatune.data.wording import counted, listed
from metatune.errors import TableError

__all__ = ["flat_record", "without_lists"]

_MANY = (dict, list, tuple, set, np.ndarray)


def flat_record(record: Any) -> Any:
    """Return a record whose records are taken apart: ``{"user": {"age": 3}}`` has ``user.age``."""
    if not isinstance(record, dict) or not any(isinstance(v, dict) for v in record.values()):
        return record
    flat: dict[str, Any] = {}
    waiting = [(str(name), value) for name, value in reversed(record.items())]
    while waiting:  # no recursion: how deep records are nested is up to the file
        name, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [(f"{name}.{key}", inner) for key, inner in reversed(value.items())]
        else:
            flat[name] = None if value == {} else value
    return flat


def without_lists(frame: pd.DataFrame, label: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out columns whose cells are lists, and say so.

    Raises
    ------
    TableError
        If there are no other columns.
    """
    lists = [
        i
        for i in range(frame.shape[1])
        if pd.api.types.is_object_dtype(frame.dtypes.iloc[i]) and _holds_lists(frame.iloc[:, i])
    ]
    if not lists:
        return frame, ()
    if len(lists) == frame.shape[1]:
        raise TableError(f"{label} holds lists in every column: give one value in each cell")
    names = [str(frame.columns[i]) for i in lists]
    kept = frame.iloc[:, [i for i in range(frame.shape[1]) if i not in lists]]
    verb = "holds" if len(lists) == 1 else "hold"
    return kept, (f"{counted(len(lists), 'column')} left out that {verb} lists: {listed(names)}",)


def _holds_lists(cells: "pd.Series[Any]") -> bool:
    return any(isinstance(cell, _MANY) for cell in cells)
