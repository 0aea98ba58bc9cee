"""Published matrices: Oboe, auto-sklearn of 2016, LightGBM of TabRepo."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.recommenders.encoding import encode_configurations
from benchmarks.recommenders.matrix import Matrix, family_of, grouped_folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    IntArray = NDArray[np.intp]

__all__ = ["load_autosklearn", "load_oboe", "load_tabrepo"]

_N_FOLDS = 10
_MIN_SECONDS = 1e-3  # below, the clock is what is measured


def load_oboe(history: Path) -> Matrix:
    """Load the matrix of Oboe (Yang et al. 2019): balanced error rates, ten folds by OpenML id.

    Parameters
    ----------
    history : Path
        Folder of published runs, which holds the folder ``oboe``.
    """
    evaluations = pd.read_parquet(history / "oboe" / "evaluations.parquet")
    datasets = pd.read_csv(history / "oboe" / "datasets.csv")
    return _matrix(
        "oboe",
        evaluations,
        datasets,
        sizes=("train_rows_used", "columns_after_encoding", "NumberOfClasses"),
        folds=datasets["dataset_id"].to_numpy(dtype=np.intp) % _N_FOLDS,
    )


def load_autosklearn(history: Path) -> Matrix:
    """Load the matrix of auto-sklearn (Feurer et al. 2015): normalised balanced loss."""
    evaluations = pd.read_parquet(history / "autosklearn_2016" / "evaluations.parquet")
    return _matrix(
        "autosklearn_2016",
        evaluations[evaluations["metric"] == "chalearn_bac_loss"],
        pd.read_csv(history / "autosklearn_2016" / "datasets.csv"),
        sizes=("NumberOfInstances", "NumberOfFeatures", "NumberOfClasses"),
    )


def load_tabrepo(history: Path) -> Matrix:
    """Load LightGBM's part of TabRepo: 1 - AUC, log loss or RMSE by the kind of task.

    The scores of regression stay in units of the target, as a search would see them; datasets on
    which configurations hardly differ are found relative to the median.
    """
    evaluations = pd.read_csv(history / "tabrepo_lightgbm" / "evaluations.csv.gz")
    datasets = pd.read_csv(history / "tabrepo_lightgbm" / "datasets.csv")
    kinds = evaluations.drop_duplicates("dataset_id").set_index("dataset_id")["task_type"]
    own = kinds.reindex(datasets["dataset_id"]).to_numpy()
    for kind in ("binary", "multiclass", "regression"):
        datasets[f"is_{kind}"] = (own == kind).astype(float)
    regression = evaluations["task_type"] == "regression"
    typical = evaluations.groupby("dataset_id")["score"].transform("median")
    spread = typical - evaluations.groupby("dataset_id")["score"].transform("min")
    hardly = regression & (spread < 1e-4 * typical)
    return _matrix(
        "tabrepo_lightgbm",
        evaluations[~hardly].assign(algorithm="LightGBM"),
        datasets.drop(columns=["openml_task_id", "task_type"]),
        sizes=("NumberOfInstances", "NumberOfFeatures", "NumberOfClasses"),
    )


def _matrix(
    name: str,
    evaluations: pd.DataFrame,
    datasets: pd.DataFrame,
    sizes: tuple[str, str, str],
    folds: "IntArray | None" = None,
) -> Matrix:
    ids = datasets["dataset_id"].to_numpy()
    keys = ["algorithm", "hyperparameters"]
    table = evaluations.pivot_table(
        index="dataset_id", columns=keys, values=["score", "fit_seconds"]
    ).reindex(ids)
    loss, seconds = table["score"], table["fit_seconds"]
    names = datasets["dataset_name"].fillna(datasets["dataset_id"].astype(str)).astype(str)
    families = tuple(family_of(one) for one in names)
    features = datasets.drop(columns=["dataset_id", "dataset_name"])
    where = {str(column): position for position, column in enumerate(features)}
    algorithms = tuple(str(one) for one in loss.columns.get_level_values("algorithm"))
    parameters = [json.loads(one) for one in loss.columns.get_level_values("hyperparameters")]
    return Matrix(
        name=name,
        datasets=tuple(str(one) for one in ids),
        families=families,
        folds=grouped_folds(families, _N_FOLDS) if folds is None else folds,
        features=features.to_numpy(dtype=np.float64),
        sizes=(where[sizes[0]], where[sizes[1]], where[sizes[2]]),
        loss=loss.to_numpy(dtype=np.float64),
        seconds=np.maximum(seconds.to_numpy(dtype=np.float64), _MIN_SECONDS),
        algorithms=algorithms,
        configurations=encode_configurations(algorithms, parameters),
    ).usable()
