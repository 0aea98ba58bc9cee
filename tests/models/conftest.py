"""Valid model files that tests change."""

from pathlib import Path

import pytest

from benchmarks.hostile.families import make_models
from metatune.kinds import TaskKind

FAMILIES = ("decision_tree", "extra_trees", "svm", "knn", "lightgbm", "linear", "ensemble", "mlp")


@pytest.fixture(scope="session")
def valid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model files of some families for three classes."""
    folder = tmp_path_factory.mktemp("valid")
    models = make_models(folder, (TaskKind.MULTICLASS,), FAMILIES)
    return {name.partition("-")[0]: path for name, (_, path) in models.items()}
