"""Content of the wheel, and the version, which is told once."""

import subprocess
import sys
import zipfile
from importlib.metadata import entry_points, version
from pathlib import Path

import metatune
from metatune.__main__ import main

ROOT = Path(__file__).resolve().parents[1]


def test_wheel_holds_the_package_and_the_meta_dataset(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*command, "--directory", str(tmp_path)], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "metatune/py.typed" in names
    assert "metatune/tuning/tune.py" in names
    for name in (
        "manifest.json",
        "datasets.parquet",
        "evaluations.parquet",
        "priors.json",
        "models/classification.roc_auc.npz",
        "README.md",
    ):
        assert f"metatune/_metadata/{name}" in names
    assert not [name for name in names if name.startswith(("tests/", "scripts/"))]


def test_version_is_that_of_the_distribution() -> None:
    assert metatune.__version__ == version("metatune")


def test_the_shipped_meta_dataset_is_sound_and_small() -> None:
    from metatune.metadataset.store import find_metadata, load_metadata, verify_metadata

    directory = find_metadata()
    assert verify_metadata(directory) == []
    metadata = load_metadata(directory)
    assert metadata.datasets["family"].nunique() >= 70
    assert set(metadata.datasets["kind"]) == {"binary", "multiclass", "regression"}
    assert min(metadata.configurations.groupby("pool").size()) >= 100
    assert sum(f.stat().st_size for f in directory.rglob("*")) < 20e6


def test_every_pooled_configuration_lies_in_its_space() -> None:
    from metatune.algorithms.registry import FAMILIES
    from metatune.kinds import TaskKind
    from metatune.metadataset.store import load_metadata

    metadata = load_metadata()
    for row in metadata.configurations.to_dict("records"):
        algorithm = FAMILIES[row["algorithm"]]
        kind = TaskKind.REGRESSION if row["pool"] == "regression" else TaskKind.BINARY
        algorithm.space(kind).check(metadata.pool[row["key"]])
        assert row["recipe_version"] <= algorithm.recipe_version


def test_the_installed_command_and_the_module_are_the_same() -> None:
    (command,) = entry_points(group="console_scripts", name="metatune")
    assert command.load() is main
