"""Run histories as published, read into one tidy table of runs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from metatune.errors import TableError

__all__ = ["RUN_COLUMNS", "read_history"]

RUN_COLUMNS = (
    "source",
    "dataset",
    "pool",
    "algorithm",
    "hyperparameters",
    "loss",
    "n_rows",
    "n_columns",
    "winners_only",
)
"""Columns of a tidy table of runs, one row per run.

``source`` and ``dataset`` name the comparison a run belongs to, ``pool`` is "classification" or
"regression", ``hyperparameters`` is a JSON object, ``loss`` is smaller where the run was better,
``n_rows`` and ``n_columns`` are what the learner was trained on (NaN where unknown), and
``winners_only`` tells histories that kept the best runs from those that kept all.
"""

_HIGHER_IS_BETTER = frozenset({"accuracy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Reader of one history; `metrics` are those to compare by, one for each dataset."""

    metrics: tuple[str, ...]
    winners_only: bool = False


_SOURCES: dict[str, _Source] = {
    "sklearn_benchmarks_pmlb": _Source(metrics=("accuracy",)),
    "oboe": _Source(metrics=("balanced_error_rate",)),
    "tabrepo_lightgbm": _Source(metrics=("roc_auc_error", "log_loss", "rmse")),
    "openml_sklearn_bot": _Source(metrics=("accuracy",)),
    "autosklearn_2016": _Source(metrics=("chalearn_auc_loss",)),
    "autosklearn_2021_best": _Source(
        metrics=("log_loss_loss", "root_mean_squared_error_loss"), winners_only=True
    ),
    "pmlb_regression_2018": _Source(metrics=("test_mse",), winners_only=True),
    "svm_grid": _Source(metrics=("accuracy",)),
}


def read_history(directory: Path) -> pd.DataFrame:
    """Read every known history that `directory` holds.

    Parameters
    ----------
    directory : Path
        One folder per source with ``evaluations.parquet`` or ``evaluations.csv.gz``, and
        ``datasets.csv`` where sizes are known.

    Returns
    -------
    DataFrame
        With the columns `RUN_COLUMNS`.

    Raises
    ------
    TableError
        If there is no known history in `directory`.
    """
    parts = [
        _read_source(directory, name, source)
        for name, source in _SOURCES.items()
        if (directory / name).is_dir()
    ]
    if not parts:
        raise TableError(f"{directory} holds no known run history: name one of {list(_SOURCES)}")
    return pd.concat(parts, ignore_index=True)


def _read_source(directory: Path, name: str, source: _Source) -> pd.DataFrame:
    runs = _read_evaluations(directory / name)
    runs = runs[runs["metric"].isin(source.metrics) & runs["hyperparameters"].notna()].copy()
    runs = runs[[isinstance(json.loads(text), dict) for text in runs["hyperparameters"]]]
    sign = runs["metric"].map(lambda metric: -1.0 if metric in _HIGHER_IS_BETTER else 1.0)
    runs["loss"] = sign * runs["score"].astype("float64")
    runs["pool"] = runs["task_type"].map(
        lambda kind: "regression" if kind == "regression" else "classification"
    )
    runs["dataset"] = runs["dataset_name"].astype("str")
    if runs["dataset_id"].notna().all():
        runs["dataset"] = runs["dataset_id"].astype("int64").astype("str")
    sizes = _SIZES[name](directory) if name in _SIZES else {}
    keys = zip(runs["pool"], runs["dataset"], strict=True)
    pairs = [sizes.get(key, (None, None)) for key in keys]
    runs["n_rows"] = pd.Series([rows for rows, _ in pairs], index=runs.index, dtype="float64")
    runs["n_columns"] = pd.Series([n for _, n in pairs], index=runs.index, dtype="float64")
    runs["source"], runs["winners_only"] = name, source.winners_only
    return runs[list(RUN_COLUMNS)].dropna(subset="loss")


def _read_evaluations(folder: Path) -> pd.DataFrame:
    parquet, text = folder / "evaluations.parquet", folder / "evaluations.csv.gz"
    try:
        return pd.read_parquet(parquet) if parquet.is_file() else pd.read_csv(text)
    except (OSError, ValueError) as error:
        raise TableError(
            f"{folder} has no readable evaluations ({error}): get the history again"
        ) from error


_Sizes = Mapping[tuple[str, str], tuple[float | None, float | None]]
"""Rows trained on and columns of the encoded matrix, by pool and dataset."""


def _pmlb_sizes(directory: Path, share: float, key: str) -> _Sizes:
    """Return sizes of PMLB's datasets: categories are integer codes, columns include the target."""
    path = directory / "sklearn_benchmarks_pmlb" / "datasets.csv"
    if not path.is_file():
        return {}
    table = pd.read_csv(path)
    names = table["dataset_name"].astype("str")
    if key == "id":
        names = names.str.split("_").str[0]
    return {
        (str(pool), name): (share * rows, columns - 1)
        for pool, name, rows, columns in zip(
            table["task_type"], names, table["n_rows"], table["n_columns"], strict=True
        )
    }


def _oboe_sizes(directory: Path) -> _Sizes:
    path = directory / "oboe" / "datasets.csv"
    if not path.is_file():
        return {}
    table = pd.read_csv(path)
    return {
        ("classification", str(name)): (0.8 * rows, columns)
        for name, rows, columns in zip(
            table["dataset_id"],
            table["train_rows_used"],
            table["columns_after_encoding"],
            strict=True,
        )
    }


def _autosklearn_sizes(directory: Path, name: str, key: str) -> _Sizes:
    """Return sizes of auto-sklearn's datasets: columns only where there is nothing to encode."""
    path = directory / name / "datasets.csv"
    if not path.is_file():
        return {}
    table = pd.read_csv(path)
    table = table[table["NumberOfCategoricalFeatures"] == 0]
    pools = table.get("task_type", pd.Series("classification", index=table.index))
    return {
        (str(pool), str(dataset)): (rows, columns)
        for pool, dataset, rows, columns in zip(
            pools,
            table[key],
            table["NumberOfInstances"],
            table["NumberOfFeatures"],
            strict=True,
        )
    }


def _bot_sizes(directory: Path) -> _Sizes:
    """Return columns only; the bot one-hot encoded its tables as others did."""
    found = {**_autosklearn_sizes(directory, "autosklearn_2016", "dataset_id")}
    found |= _oboe_sizes(directory)
    return {pair: (None, columns) for pair, (_, columns) in found.items()}


_SIZES: dict[str, Callable[[Path], _Sizes]] = {
    "sklearn_benchmarks_pmlb": lambda directory: _pmlb_sizes(directory, 0.9, "name"),
    "pmlb_regression_2018": lambda directory: _pmlb_sizes(directory, 0.75, "id"),
    "oboe": _oboe_sizes,
    "openml_sklearn_bot": _bot_sizes,
    "autosklearn_2016": lambda directory: _autosklearn_sizes(
        directory, "autosklearn_2016", "dataset_id"
    ),
    "autosklearn_2021_best": lambda directory: _autosklearn_sizes(
        directory, "autosklearn_2021_best", "dataset_name"
    ),
}
