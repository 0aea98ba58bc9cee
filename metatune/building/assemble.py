"""From the journals of a build to the tables of the meta-dataset."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from metatune.algorithms.registry import get_algorithm
from metatune.budget import utc_now
from metatune.building.evaluation import Known, Ladder, read_known
from metatune.kinds import TaskKind
from metatune.metadataset.schema import constant_column, feature_column, pool_of, score_column
from metatune.metadataset.store import MetaDataset
from metatune.metrics import RECORDED_METRICS, resolve_metric
from metatune.search.constant import constant_score
from metatune.search.trial import TrialResult
from metatune.search.trial_data import TrialData
from metatune.space import Configuration

__all__ = ["assemble"]

_LIBRARIES = ("metatune", "scikit-learn", "lightgbm", "numpy", "pandas")


def assemble(work: Path, pools: dict[TaskKind, list[Configuration]]) -> MetaDataset:
    """Collect every dataset of a work directory whose pool is completely evaluated.

    Parameters
    ----------
    work : Path
        The work directory of a `PoolEvaluation`.
    pools : dict of TaskKind to list of Configuration
        What was evaluated.

    Returns
    -------
    MetaDataset
    """
    datasets, evaluations = [], []
    for folder in sorted(path for path in work.iterdir() if (path / "dataset.json").is_file()):
        description = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        pool = pools[TaskKind(description["kind"])]
        known = read_known(folder)
        if not _is_complete(description, known, pool):
            continue
        wanted = {configuration.key for configuration in pool}
        constants = _constants(TrialData.load(folder / "data"))
        datasets.append(_dataset(description) | constants)
        evaluations += [
            _evaluation(description["dataset"], result)
            for (key, _), result in known.items()
            if key in wanted
        ]
    return MetaDataset(
        datasets=pd.DataFrame(datasets),
        configurations=pd.DataFrame(_configurations(pools)),
        evaluations=pd.DataFrame(evaluations),
        manifest={
            "made_at": utc_now(),
            "versions": {name: version(name) for name in _LIBRARIES},
            "made_by": "scripts/build_metadata.py",
        },
    )


def _is_complete(description: dict[str, Any], known: Known, pool: list[Configuration]) -> bool:
    """Whether nothing is left to evaluate: half a pool would favour what was evaluated first."""
    ladder = Ladder.of(
        TaskKind(description["kind"]),
        n_rows=description["n_rows"],
        n_columns=description["n_columns"],
        n_classes=description["n_classes"],
        n_folds=description["protocol"]["n_folds"],
    )
    return all(ladder.next_rung(configuration, known) is None for configuration in pool)


def _dataset(description: dict[str, Any]) -> dict[str, Any]:
    plain = {k: v for k, v in description.items() if k not in ("features", "protocol")}
    protocol = {f"protocol:{k}": v for k, v in description["protocol"].items()}
    features = {feature_column(name): value for name, value in description["features"].items()}
    return {**plain, **protocol, **features}


def _constants(data: TrialData) -> dict[str, float]:
    """Score the constant prediction: the scale on which datasets are compared."""
    kind = data.task.kind
    return {
        constant_column(name): constant_score(data, resolve_metric(name, kind))
        for name in RECORDED_METRICS[kind]
    }


def _evaluation(dataset: str, result: TrialResult) -> dict[str, Any]:
    rung = result.trial.rung
    return {
        "dataset": dataset,
        "configuration": result.trial.configuration.key,
        "rung": rung.index,
        "row_share": rung.row_share,
        "n_folds": rung.n_folds,
        "status": str(result.status),
        "fit_seconds": result.fit_seconds,
        "predict_seconds": result.predict_seconds,
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "iterations": list(result.iterations),
        "error": result.error,
        **{score_column(name): list(scores) for name, scores in result.fold_scores.items()},
    }


def _configurations(pools: dict[TaskKind, list[Configuration]]) -> Iterable[dict[str, Any]]:
    seen = set()
    for kind, pool in pools.items():
        for configuration in pool:
            identity = (pool_of(kind), configuration.key)
            if identity in seen:
                continue
            seen.add(identity)
            yield {
                "pool": pool_of(kind),
                "key": configuration.key,
                "algorithm": configuration.algorithm,
                "params": json.dumps(configuration.params),
                "origin": configuration.origin,
                "recipe_version": get_algorithm(configuration.algorithm).recipe_version,
            }
