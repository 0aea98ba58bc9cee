"""From the journals of a build to the tables of the meta-dataset."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from metatune.algorithms.registry import get_algorithm
from metatune.budget import utc_now
from metatune.kinds import TaskKind
from metatune.metadataset.schema import feature_column, pool_of, score_column
from metatune.metadataset.store import MetaDataset
from metatune.search.journal import read_journal
from metatune.search.trial import TrialResult
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
        wanted = {c.key for c in pools[TaskKind(description["kind"])]}
        rows = [
            _evaluation(description["dataset"], result)
            for result in read_journal(folder / "trials.jsonl")
            if result.trial.configuration.key in wanted
        ]
        if rows:
            datasets.append(_dataset(description))
            evaluations += rows
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


def _dataset(description: dict[str, Any]) -> dict[str, Any]:
    plain = {k: v for k, v in description.items() if k not in ("features", "protocol")}
    protocol = {f"protocol:{k}": v for k, v in description["protocol"].items()}
    features = {feature_column(name): value for name, value in description["features"].items()}
    return {**plain, **protocol, **features}


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
