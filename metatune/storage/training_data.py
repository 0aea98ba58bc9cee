"""Training data of a run that was started from Python, stored so that any process can go on.

A Parquet file holds the features, and after them target, weights, groups and times as far as they
were given. What Parquet alone does not tell stands in the file's own metadata.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.splits.given import held_out_rows
from metatune.data.task.make_task import make_task_from_arrays, to_frame
from metatune.errors import BundleError
from metatune.files.atomic import replacing

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from metatune._typing import IntArray
    from metatune.data.task.task import Task

__all__ = ["TrainingData", "read_training_data", "store_training_data"]

_ROLES = ("y", "weights", "groups", "times", "splits")
_KEY = b"metatune"
_EXACT_OBJECTS = ("string", "boolean", "empty")  # Parquet gives these back as they were
_BYTES_PER_SECOND = 5e7  # written on a slow disk
_MAX_SHARE = 0.05  # of the budget


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingData:
    """Training data as scikit-learn's estimators get it.

    Attributes
    ----------
    X : DataFrame or array-like of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
    weights, groups, times : array-like of shape (n_rows,), optional
    splits : ndarray of shape (n_rows, n_splits), int64, optional
        Splits that the user gives; see `data.splits.given`.
    classification : bool
        Whether `y` holds labels.
    target : str
        Name of the target.
    """

    X: Any
    y: "NDArray[Any]"
    classification: bool
    target: str = "target"
    weights: "ArrayLike | None" = None
    groups: "ArrayLike | None" = None
    times: "ArrayLike | None" = None
    splits: "IntArray | None" = None

    def task(self, metric: "str | Callable[..., Any] | None", positive: Any = None) -> "Task":
        """Make the task that they are; see `make_task_from_arrays`."""
        return make_task_from_arrays(
            self.X,
            self.y,
            classification=self.classification,
            metric=metric,
            target=self.target,
            positive=positive,
            weights=self.weights,
            groups=self.groups,
            times=self.times,
            splits=self.splits,
        )

    def with_held_out(self, X: Any, y: "NDArray[Any]") -> "TrainingData":
        """Return them with further rows to judge models by, which count like usual ones."""
        frame, is_named = to_frame(self.X)
        more, _ = to_frame(X)
        joined = pd.concat([frame, more], ignore_index=True)
        weights = None if self.weights is None else np.asarray(self.weights, dtype=np.float64)
        if weights is not None:
            weights = np.r_[weights, np.full(len(y), weights.mean())]
        return replace(
            self,
            X=joined if is_named else _as_array(joined),
            y=np.concatenate([self.y, y]),
            weights=weights,
            splits=held_out_rows(len(self.y), len(y)),
        )


def store_training_data(data: TrainingData, path: Path, budget_seconds: float) -> str:
    """Store training data, if they come back as they are and writing them costs little.

    Parameters
    ----------
    data : TrainingData
    path : Path
        The file to write.
    budget_seconds : float
        Budget of the run.

    Returns
    -------
    str
        A clause that says why they are not stored; empty if they are.
    """
    import pyarrow as pa
    from pyarrow import parquet

    frame, is_named = to_frame(data.X)
    given = {
        role: _array(getattr(data, role)) for role in _ROLES if getattr(data, role) is not None
    }
    if data.splits is not None:
        given["splits"] = np.array(["".join(map(str, row)) for row in data.splits.tolist()])
    n_features = frame.shape[1]
    frame = frame.assign(**_columns(given, frame.columns))
    odd = [str(name) for name in frame.columns if not _is_exact(frame[name])]
    if odd:
        return f"its column {odd[0]!r} holds values that Parquet would change"
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        return f"its table does not fit into Parquet ({' '.join(str(error).split())[:120]})"
    if table.nbytes > _MAX_SHARE * budget_seconds * _BYTES_PER_SECOND:
        return "its table is too large to be stored within the budget"
    told = {
        "n_features": n_features,
        "is_named": is_named,
        "classification": data.classification,
        "target": data.target,
        "dtypes": {role: _dtype(values) for role, values in given.items()},
        "categories": _numeric_categories(frame),
    }
    table = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _KEY: json.dumps(told).encode()}
    )
    try:
        with replacing(path) as part:
            parquet.write_table(table, part)
    except (OSError, pa.ArrowException) as error:
        return f"its table could not be written ({' '.join(str(error).split())[:120]})"
    return ""


def read_training_data(path: Path) -> TrainingData:
    """Read training data back as they were.

    Raises
    ------
    BundleError
        If there is no such file, or it is damaged.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
        told = json.loads(table.schema.metadata[_KEY])
        frame = table.to_pandas()
        n_features, dtypes = int(told["n_features"]), dict(told["dtypes"])
        features = frame.iloc[:, :n_features].assign(
            **{
                name: pd.Categorical(frame[name], pd.Index(values, dtype=dtype), ordered=ordered)
                for name, (values, dtype, ordered) in told["categories"].items()
            }
        )
        given = {
            role: _restored(frame.iloc[:, n_features + i], dtype)
            for i, (role, dtype) in enumerate(dtypes.items())
        }
        is_named, classification = bool(told["is_named"]), bool(told["classification"])
        target = str(told.get("target", "target"))
        y = given.pop("y")
        if "splits" in given:
            given["splits"] = np.array([list(row) for row in given["splits"]]).astype(np.int64)
    except (OSError, pa.ArrowException, ValueError, TypeError, KeyError, IndexError) as error:
        reason = " ".join(str(error).split())[:120]
        raise BundleError(
            f"{path}, the rows of the run, cannot be read ({reason}): go on from Python, with "
            "resume=True"
        ) from error
    return TrainingData(
        X=features if is_named else _as_array(features),
        y=y,
        classification=classification,
        target=target,
        **given,
    )


def _array(values: Any) -> "NDArray[Any]":
    return np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)


def _dtype(values: "NDArray[Any]") -> str:
    return "object" if values.dtype == object else values.dtype.str


def _restored(cells: "pd.Series[Any]", dtype: str) -> "NDArray[Any]":
    return np.asarray(cells.to_numpy()).astype(dtype)


def _columns(given: "dict[str, NDArray[Any]]", taken: "pd.Index[Any]") -> dict[str, Any]:
    """Name the columns behind the features as nobody else does."""
    names = {role: role.rstrip("s") for role in _ROLES} | {"y": "target"}
    columns: dict[str, Any] = {}
    for role, values in given.items():
        name = names[role]
        while name in taken:
            name += "_"
        columns[name] = values
    return columns


def _is_exact(cells: "pd.Series[Any]") -> bool:
    """Say whether a column comes back as it is; those of Python objects often do not."""
    if isinstance(cells.dtype, pd.SparseDtype):
        return False
    if isinstance(cells.dtype, pd.CategoricalDtype):
        labels = cells.cat.categories
        is_text = pd.api.types.infer_dtype(labels, skipna=True) in _EXACT_OBJECTS
        return is_text or _is_numeric(labels)
    if cells.dtype != object:
        return True
    return pd.api.types.infer_dtype(cells, skipna=True) in _EXACT_OBJECTS


def _is_numeric(labels: "pd.Index[Any]") -> bool:
    return isinstance(labels.dtype, np.dtype) and labels.dtype.kind in "iufb"


def _numeric_categories(frame: pd.DataFrame) -> dict[str, tuple[list[Any], str, bool]]:
    """Return categories that are numbers, which Parquet forgets: values, dtype, whether ordered."""
    found = {}
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype) and _is_numeric(dtype.categories):
            labels = dtype.categories
            found[str(name)] = (labels.tolist(), str(labels.dtype), bool(dtype.ordered))
    return found


def _as_array(features: pd.DataFrame) -> "NDArray[Any]":
    """Return features that were given without names; columns of several types as objects."""
    same = len(set(features.dtypes)) == 1
    return features.to_numpy() if same else features.to_numpy(dtype=object)
