"""A made-up meta-dataset, a made-up table, and a way to call the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.metadataset.schema import feature_column, score_column
from metatune.metadataset.store import MetaDataset, save_metadata
from metatune.metafeatures import FEATURE_NAMES
from metatune.metrics import RECORDED_METRICS

NAMES = ("linear", "knn", "naive_bayes", "decision_tree")
KINDS = (
    ("classification", TaskKind.BINARY, RECORDED_METRICS[TaskKind.BINARY]),
    ("regression", TaskKind.REGRESSION, RECORDED_METRICS[TaskKind.REGRESSION]),
)


def make_metadata(n_datasets: int = 12) -> MetaDataset:
    """Make datasets of both pools on which a few quick families were evaluated."""
    rng = np.random.default_rng(0)
    datasets: list[dict[str, Any]] = []
    configurations: list[dict[str, Any]] = []
    evaluations: list[dict[str, Any]] = []
    for pool, kind, metrics in KINDS:
        families = [ALGORITHMS[name] for name in NAMES if kind in ALGORITHMS[name].kinds]
        defaults = [family.space(kind).default() for family in families]
        for configuration in defaults:
            configurations.append(
                {
                    "pool": pool,
                    "key": configuration.key,
                    "algorithm": configuration.algorithm,
                    "params": json.dumps(dict(configuration.params)),
                    "origin": "pool",
                    "recipe_version": 1,
                }
            )
        for i in range(n_datasets):
            name = f"{pool}-{i}"
            features = {feature_column(f): rng.normal() for f in FEATURE_NAMES}
            datasets.append(
                {
                    "dataset": name,
                    "family": name,
                    "kind": str(kind),
                    "fingerprint": f"{1000 + i}:{i:08x}",
                    "n_rows": 300 + 10 * i,
                    "n_columns": 5,
                    "n_classes": 2 if kind.is_classification else 0,
                    "protocol:n_folds": 3,
                    **features,
                }
            )
            for j, configuration in enumerate(defaults):
                score = (0.7 + 0.05 * ((i + j) % 3)) + 0.01 * rng.random()
                evaluations.append(
                    {
                        "dataset": name,
                        "configuration": configuration.key,
                        "rung": 1,
                        "row_share": 1.0,
                        "n_folds": 3,
                        "status": "ok",
                        "fit_seconds": 0.02 * (1 + j),
                        "predict_seconds": 0.01,
                        "seconds": 0.03 * (1 + j),
                        "cpu_seconds": 0.03 * (1 + j),
                        "iterations": [],
                        "error": "",
                        **{score_column(metric): [score] * 3 for metric in metrics},
                    }
                )
    return MetaDataset(
        datasets=pd.DataFrame(datasets),
        configurations=pd.DataFrame(configurations),
        evaluations=pd.DataFrame(evaluations),
        manifest={"made_by": "a test"},
    )


def make_shop(n_rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Make a table with numbers, a category, missing cells, and a target that can be learned."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n_rows),
            "income": rng.normal(50, 10, n_rows).round(2),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], n_rows),
        }
    )
    frame.loc[::17, "income"] = np.nan
    wish = frame["age"] / 60 + (frame["city"] == "Oslo") + rng.normal(0, 0.3, n_rows)
    frame["bought"] = np.where(wish > 1.2, "yes", "no")
    frame["spent"] = (wish * 100).round(1)
    return frame


@pytest.fixture(scope="session")
def metadata_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metadata")
    save_metadata(make_metadata(), folder)
    return folder


@pytest.fixture(scope="session")
def shop() -> pd.DataFrame:
    return make_shop().drop(columns="spent")


@pytest.fixture(scope="session")
def shop_file(shop: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "shop.csv"
    shop.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def call() -> Callable[..., Result]:
    """Call the command line in this process."""
    from metatune.cli.app import cli

    def invoke(*arguments: str | Path, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke
