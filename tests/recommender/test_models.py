"""Fitted models of the recommender: in the meta-dataset, or fitted on the spot."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from made_up_past import make_metadata

from metatune.errors import MetadataError
from metatune.kinds import TaskKind
from metatune.metadataset.store import listed_files, save_metadata, verify_metadata
from metatune.metrics import PERFECT_SCORE, RECORDED_METRICS
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.models import guiding_metric, load_model, save_models

REGRESSION = make_metadata(8, kinds=(TaskKind.REGRESSION,))
CLASSIFICATION = make_metadata(4, kinds=(TaskKind.BINARY, TaskKind.MULTICLASS))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("metadata")
    save_metadata(REGRESSION, directory)
    save_models(directory)
    return directory


def never(*_: object) -> MetaModel:
    raise AssertionError("fitted although there is a file")


def test_files_are_listed_and_belong_to_the_meta_dataset(directory: Path) -> None:
    names = {f"models/regression.{m}.npz" for m in ("rmse", "mae", "r2")}
    assert names <= listed_files(directory)
    assert {p.relative_to(directory).as_posix() for p in directory.rglob("*.npz")} == names
    assert verify_metadata(directory) == []


def test_a_listed_model_is_loaded(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MetaModel, "fit", never)
    found = load_model(TaskKind.REGRESSION, "mae", directory)
    assert found.names == tuple(REGRESSION.datasets["dataset"])


def test_without_a_file_the_same_model_is_fitted_on_the_spot(
    directory: Path, tmp_path: Path
) -> None:
    save_metadata(REGRESSION, tmp_path)
    fitted = load_model(TaskKind.REGRESSION, "rmse", tmp_path)
    loaded = load_model(TaskKind.REGRESSION, "rmse", directory)
    np.testing.assert_allclose(fitted.values, loaded.values, rtol=1e-6)
    np.testing.assert_array_equal(fitted.proximity.forest.leaves, loaded.proximity.forest.leaves)
    assert not list(tmp_path.rglob("*.npz"))


def test_models_of_other_tables_are_not_used(directory: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(directory, tmp_path / "metadata")
    save_metadata(make_metadata(6, kinds=(TaskKind.REGRESSION,)), copy)
    assert not any(name.startswith("models/") for name in listed_files(copy))
    assert len(load_model(TaskKind.REGRESSION, "rmse", copy).names) == 6


def test_damage_is_found(directory: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(directory, tmp_path / "metadata")
    path = copy / "models" / "regression.rmse.npz"
    path.write_bytes(path.read_bytes()[:-100])
    assert len(verify_metadata(copy)) == 1
    assert f"{path.name} differs from its checksum" in verify_metadata(copy)[0]
    with pytest.raises(MetadataError, match=r"rmse\.npz cannot be read"):
        load_model(TaskKind.REGRESSION, "rmse", copy)


def test_binary_and_multiclass_tasks_share_a_model(tmp_path: Path) -> None:
    save_metadata(CLASSIFICATION, tmp_path)
    metrics = ("accuracy", "log_loss")
    assert set(metrics) < set(RECORDED_METRICS[TaskKind.BINARY])
    assert len(save_models(tmp_path, metrics)) == 2
    one = load_model(TaskKind.BINARY, "accuracy", tmp_path)
    two = load_model(TaskKind.MULTICLASS, "accuracy", tmp_path)
    assert one.names == two.names == tuple(CLASSIFICATION.datasets["dataset"])
    np.testing.assert_array_equal(one.values, two.values)


@pytest.mark.parametrize(
    ("metric", "kind", "guide"),
    [
        ("f1", TaskKind.BINARY, "roc_auc"),
        ("log_loss", TaskKind.BINARY, "log_loss"),
        ("f1_macro", TaskKind.MULTICLASS, "log_loss"),
        ("r2", TaskKind.REGRESSION, "r2"),
        ("max_error", TaskKind.REGRESSION, "rmse"),
    ],
)
def test_a_metric_is_stood_for_by_a_recorded_one(metric: str, kind: TaskKind, guide: str) -> None:
    assert guiding_metric(metric, kind) == guide


def test_of_every_recorded_metric_it_is_known_what_is_perfect() -> None:
    assert set(PERFECT_SCORE) >= {name for names in RECORDED_METRICS.values() for name in names}
