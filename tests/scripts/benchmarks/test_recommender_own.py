"""Metatune's own meta-dataset as a matrix, on a made-up one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.recommenders.own import hold_out, load_own
from metatune.metadataset.schema import constant_column, feature_column, protocol_column
from metatune.metadataset.store import MetaDataset, load_metadata, save_metadata
from metatune.space import Configuration

SCORES = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
CONSTANTS = {"roc_auc": 0.5, "log_loss": 2.0, "rmse": 28.0}
DATASETS = (
    ("first", "family a", "binary"),
    ("second", "family b", "multiclass"),
    ("third", "family a", "binary"),
    ("other", "family c", "regression"),
)


def configurations(pool: str) -> Iterator[Configuration]:
    for neighbours in (1, 5, 9) if pool == "classification" else (3, 4):
        yield Configuration(algorithm="knn", params={"n_neighbors": neighbours}, origin="pool")


def evaluation(
    dataset: str,
    kind: str,
    key: str,
    rung: int,
    scores: list[float],
    seconds: float,
    status: str = "ok",
) -> dict[str, Any]:
    found: dict[str, Any] = {f"score:{name}": None for name in SCORES.values()}
    found[f"score:{SCORES[kind]}"] = np.array(scores, dtype=float)
    return {
        "dataset": dataset,
        "configuration": key,
        "rung": rung,
        "row_share": 1.0 if rung else 0.3,
        "n_folds": 3 if rung else 1,
        "status": status,
        "seconds": 2 * seconds,
        "cpu_seconds": seconds if status == "ok" else 0.0,
        **found,
    }


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Path:
    pools = [
        {"pool": pool, "key": one.key, "algorithm": "knn", "params": json.dumps(one.params)}
        for pool in ("classification", "regression")
        for one in configurations(pool)
    ]
    rows = [
        {
            "dataset": name,
            "family": family,
            "kind": kind,
            feature_column("NumberOfInstances"): 100.0 + position,
            feature_column("NumberOfFeatures"): 7.0,
            feature_column("NumberOfClasses"): 2.0,
            **{constant_column(metric): score for metric, score in CONSTANTS.items()},
        }
        for position, (name, family, kind) in enumerate(DATASETS)
    ]
    good, bad, failing = (one.key for one in configurations("classification"))
    cheap, dear = (one.key for one in configurations("regression"))
    evaluations = [
        evaluation("first", "binary", bad, 1, [0.6, 0.7, 0.8], 2.0),
        evaluation("first", "binary", bad, 0, [0.99], 0.1),
        evaluation("first", "binary", good, 1, [0.9, np.nan, 0.8], 4.0),
        evaluation("first", "binary", failing, 1, [], 20.0, "timed out"),
        evaluation("second", "multiclass", good, 1, [0.2, 0.4, 0.6], 1.0),
        evaluation("second", "multiclass", bad, 1, [0.9, 0.9, 0.9], 3.0),
        evaluation("third", "binary", good, 0, [0.9], 5.0),
        evaluation("other", "regression", cheap, 1, [12.0, 14.0, 16.0], 0.0),
        evaluation("other", "regression", dear, 1, [22.0, 24.0, 26.0], 7.0),
    ]
    metadata = MetaDataset(
        datasets=pd.DataFrame(rows),
        configurations=pd.DataFrame(pools),
        evaluations=pd.DataFrame(evaluations),
        manifest={},
    )
    save_metadata(metadata, tmp_path / "metadata")
    return tmp_path / "metadata"


def test_the_top_rung_counts_as_a_share_of_the_constants_error(directory: Path) -> None:
    matrix = load_own("metatune_classification", directory)
    assert matrix.datasets == ("first", "second")  # nothing is known of the third
    first = hold_out(np.array([[0.2, np.nan, 0.4], [0.8, 0.6, 0.4], [np.nan] * 3]), "first")
    assert matrix.loss[0] == pytest.approx(first[0], nan_ok=True)
    assert matrix.held_out is not None
    assert matrix.held_out[0] == pytest.approx(first[1], nan_ok=True)


def test_one_fold_of_a_dataset_is_held_out() -> None:
    shares = np.array([[0.1, 0.2, 0.6], [0.3, np.nan, np.nan], [np.nan] * 3])
    for name in ("a", "b", "c", "d"):
        loss, held_out = hold_out(shares, name)
        held = int(np.flatnonzero(shares[0] == held_out[0])[0])
        rest = [share for i, share in enumerate(shares[0]) if i != held]
        assert loss[0] == pytest.approx(np.mean(rest))
        assert loss[1:] == pytest.approx([np.nan if held == 0 else 0.3, np.nan], nan_ok=True)
        assert held_out[1:] == pytest.approx(shares[1:, held], nan_ok=True)
    assert len({int(np.argmax(hold_out(shares, str(i))[1][0] == shares[0])) for i in range(20)}) > 1
    assert np.isnan(hold_out(np.full((2, 3), np.nan), "a")).all()


def test_failing_costs_what_it_took_and_the_unknown_as_much_as_the_longest(directory: Path) -> None:
    matrix = load_own("metatune_classification", directory)
    assert matrix.seconds[0] == pytest.approx([4.0, 2.0, 40.0])
    assert matrix.seconds[1] == pytest.approx([1.0, 3.0, 3.0])


def test_regression_has_a_matrix_of_its_own(directory: Path) -> None:
    matrix = load_own("metatune_regression", directory)
    assert matrix.datasets == ("other",)
    assert matrix.loss[0] == pytest.approx(np.array([0.5, 24.0 / 28.0]), abs=2.0 / 28.0)
    assert matrix.seconds[0] == pytest.approx([0.001, 7.0])
    assert matrix.configurations.shape == (2, 1)


def test_each_family_is_a_fold(directory: Path) -> None:
    matrix = load_own("metatune_classification", directory)
    assert matrix.families == ("family a", "family b")
    assert sorted(matrix.folds) == [0, 1]


def test_sizes_are_found_among_the_meta_features(directory: Path) -> None:
    matrix = load_own("metatune_classification", directory)
    assert matrix.features[:, list(matrix.sizes)].tolist() == [[100.0, 7.0, 2.0], [101.0, 7.0, 2.0]]


def test_partly_evaluated_datasets_are_left_out(directory: Path) -> None:
    metadata = load_metadata(directory)
    keep = [0.25 if name == "second" else 1.0 for name in metadata.datasets["dataset"]]
    datasets = metadata.datasets.assign(**{protocol_column("keep"): keep})
    save_metadata(replace(metadata, datasets=datasets), directory)
    assert load_own("metatune_classification", directory).datasets == ("first",)
