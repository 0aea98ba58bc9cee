"""Assembly of the meta-dataset's tables from the journals of a build."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from metatune.algorithms.registry import FAMILIES
from metatune.budget import utc_now
from metatune.building.known import KnownDatasets, is_current, n_outdated, read_known
from metatune.building.protocol import Known, Protocol
from metatune.building.work import folders, ladder_of
from metatune.evaluation.constant import constant_score
from metatune.evaluation.trial import TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind
from metatune.metadataset.schema import (
    PROTOCOL_VERSION,
    constant_column,
    feature_column,
    pool_of,
    protocol_column,
    score_column,
)
from metatune.metadataset.store import MetaDataset
from metatune.metrics import RECORDED_METRICS, resolve_metric
from metatune.space import Configuration

__all__ = ["assemble"]

_LIBRARIES = ("metatune", "scikit-learn", "lightgbm", "numpy", "pandas")

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Row of one dataset in ``datasets``, and its rows of ``evaluations``."""

    dataset: _Row
    evaluations: list[_Row]


def assemble(
    work: Path, pools: dict[TaskKind, list[Configuration]], known: MetaDataset | None = None
) -> MetaDataset:
    """Collect every dataset of a work directory whose pool is completely evaluated.

    Evaluations of other recipes than today's and datasets under another version of the protocol
    are left out; ``manifest["left_out"]`` counts them. Of a dataset that was evaluated under
    several protocols the one with most rows is taken.

    Parameters
    ----------
    work : Path
        The work directory of a `PoolEvaluation`.
    pools : dict of TaskKind to list of Configuration
        Evaluated configurations.
    known : MetaDataset, optional
        Completes what the work directory holds. Its datasets that the work directory does not
        hold, or not completely, are kept as they are there.

    Returns
    -------
    MetaDataset
    """
    left_out: Counter[str] = Counter()
    past = KnownDatasets(known)
    parts, incomplete = _evaluated(work, pools, past, left_out)
    parts |= _kept(parts.keys(), pools, past, left_out)
    left_out["datasets not completely evaluated"] = len(incomplete - parts.keys())
    ordered = [parts[name] for name in sorted(parts)]
    return MetaDataset(
        datasets=pd.DataFrame([part.dataset for part in ordered]),
        configurations=pd.DataFrame(_configurations(pools)),
        evaluations=pd.DataFrame([row for part in ordered for row in part.evaluations]),
        manifest={
            "made_at": utc_now(),
            "versions": {name: version(name) for name in _LIBRARIES},
            "made_by": "scripts/build_metadata.py",
            "left_out": dict(+left_out),
        },
    )


def _evaluated(
    work: Path,
    pools: dict[TaskKind, list[Configuration]],
    past: KnownDatasets,
    left_out: Counter[str],
) -> tuple[dict[str, _Part], set[str]]:
    """Collect the work directory's datasets that are complete, and the names of the others."""
    parts: dict[str, _Part] = {}
    incomplete = set()
    for folder, description in folders(work):
        name = description["dataset"]
        if Protocol.from_record(description["protocol"]).version != PROTOCOL_VERSION:
            left_out["datasets under another protocol version"] += 1
            continue
        left_out["evaluations of another recipe version"] += n_outdated(folder)
        known = past.results(description) | read_known(folder)
        pool = pools[TaskKind(description["kind"])]
        if not _is_complete(description, known, pool):
            incomplete.add(name)
        elif name not in parts or parts[name].dataset["n_rows"] < description["n_rows"]:
            parts[name] = _part(folder, description, known, {c.key for c in pool})
    return parts, incomplete


def _is_complete(description: _Row, known: Known, pool: list[Configuration]) -> bool:
    """Return True if nothing is left to evaluate: an incomplete pool would bias comparisons."""
    return next(ladder_of(description).due(pool, known), None) is None


def _part(folder: Path, description: _Row, known: Known, keys: set[str]) -> _Part:
    constants = _constants(TrialData.load(folder / "data"))
    return _Part(
        dataset=_dataset(description) | constants,
        evaluations=[
            _evaluation(description["dataset"], result)
            for (key, _), result in known.items()
            if key in keys
        ],
    )


def _kept(
    replaced: Iterable[str],
    pools: dict[TaskKind, list[Configuration]],
    past: KnownDatasets,
    left_out: Counter[str],
) -> dict[str, _Part]:
    """Collect the known datasets that nothing newer replaces."""
    algorithms = {pool_of(kind): {c.key: c.algorithm for c in pool} for kind, pool in pools.items()}
    parts = {}
    for name in past.rows.keys() - set(replaced):
        row = past.rows[name]
        if row[protocol_column("version")] != PROTOCOL_VERSION:
            left_out["datasets under another protocol version"] += 1
            continue
        rows = past.evaluations(name)
        current = list(_current(rows, algorithms[pool_of(TaskKind(row["kind"]))], left_out))
        if current:
            parts[name] = _Part(dataset=row, evaluations=current)
        else:
            left_out["known datasets without an evaluation that still counts"] += 1
    return parts


def _current(
    rows: list[_Row], algorithms: dict[str, str], left_out: Counter[str]
) -> Iterator[_Row]:
    for row in rows:
        algorithm = algorithms.get(row["configuration"])
        if algorithm is None:
            left_out["known evaluations of configurations outside the pool"] += 1
        elif not is_current(algorithm, row["recipe_version"]):
            left_out["evaluations of another recipe version"] += 1
        else:
            yield row


def _dataset(description: _Row) -> _Row:
    beside = ("features", "features_version", "protocol")
    plain = {k: v for k, v in description.items() if k not in beside}
    stated = {"version": 1} | description["protocol"]
    protocol = {protocol_column(name): value for name, value in stated.items()}
    features = {feature_column(name): value for name, value in description["features"].items()}
    return {**plain, **protocol, **features}


def _constants(data: TrialData) -> dict[str, float]:
    """Score the constant prediction, the reference for comparing datasets."""
    kind = data.task.kind
    return {
        constant_column(name): constant_score(data, resolve_metric(name, kind))
        for name in RECORDED_METRICS[kind]
    }


def _evaluation(dataset: str, result: TrialResult) -> _Row:
    rung = result.trial.rung
    return {
        "dataset": dataset,
        "configuration": result.trial.configuration.key,
        "recipe_version": result.recipe_version or 1,
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


def _configurations(pools: dict[TaskKind, list[Configuration]]) -> Iterable[_Row]:
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
                "recipe_version": FAMILIES[configuration.algorithm].recipe_version,
            }
