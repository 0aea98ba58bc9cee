"""A meta-dataset on disk: there and back, and what is wrong with a damaged one."""

from pathlib import Path

import pandas as pd
import pytest
from made_up_past import make_metadata

from metatune.errors import MetadataError
from metatune.metadataset.schema import SCHEMA_VERSION
from metatune.metadataset.store import (
    MetaDataset,
    add_file,
    check_metadata,
    listed_files,
    load_metadata,
    save_metadata,
    verify_metadata,
)

TABLES = {"datasets.parquet", "configurations.parquet", "evaluations.parquet"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    save_metadata(make_metadata(6), tmp_path)
    return tmp_path


def test_round_trip_and_verification(directory: Path) -> None:
    metadata, loaded = make_metadata(6), load_metadata(directory)
    pd.testing.assert_frame_equal(loaded.datasets, metadata.datasets)
    assert set(loaded.pool) == set(metadata.configurations["key"])
    assert loaded.manifest["rows"]["datasets"] == 12
    assert verify_metadata(directory) == []
    assert listed_files(directory) == TABLES


def test_damage_is_found(directory: Path) -> None:
    path = directory / "evaluations.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    assert verify_metadata(directory) == [
        "evaluations.parquet differs from its checksum in manifest.json"
    ]
    path.unlink()
    assert verify_metadata(directory) == ["evaluations.parquet is missing"]
    with pytest.raises(MetadataError, match="cannot be read"):
        load_metadata(directory)


def test_references_and_keys_are_verified(tmp_path: Path) -> None:
    metadata = make_metadata(6)
    broken = metadata.configurations.assign(params='{"leaves": 3}')
    few = metadata.datasets.iloc[[0, 1, 2, *range(6, 12)]]
    save_metadata(
        MetaDataset(
            datasets=few,
            configurations=broken,
            evaluations=metadata.evaluations,
            manifest={},
        ),
        tmp_path,
    )
    problems = " ".join(verify_metadata(tmp_path))
    assert "3 unknown datasets" in problems
    assert "does not match its content" in problems


def test_doubles_are_found(tmp_path: Path) -> None:
    metadata = make_metadata(2)
    save_metadata(
        MetaDataset(
            datasets=metadata.datasets,
            configurations=metadata.configurations,
            evaluations=pd.concat([metadata.evaluations, metadata.evaluations.head(1)]),
            manifest={},
        ),
        tmp_path,
    )
    assert verify_metadata(tmp_path) == [
        "evaluations hold the same (dataset, configuration, rung) twice"
    ]


def test_further_files_belong_to_it_until_the_tables_are_replaced(directory: Path) -> None:
    path = directory / "models" / "one.bin"
    path.parent.mkdir()
    path.write_bytes(b"one")
    assert "models/one.bin" not in listed_files(directory)
    add_file(directory, path)
    assert listed_files(directory) == TABLES | {"models/one.bin"}
    assert verify_metadata(directory) == []
    path.write_bytes(b"two")
    assert verify_metadata(directory) == [
        "models/one.bin differs from its checksum in manifest.json"
    ]
    add_file(directory, path)
    assert verify_metadata(directory) == []
    save_metadata(make_metadata(4), directory)
    assert listed_files(directory) == TABLES


@pytest.mark.parametrize("version", [1, 99])
def test_another_schema_is_refused(directory: Path, version: int) -> None:
    path = directory / "manifest.json"
    own = f'"schema_version": {SCHEMA_VERSION}'
    assert own in path.read_text()
    path.write_text(path.read_text().replace(own, f'"schema_version": {version}'))
    for read in (load_metadata, check_metadata, listed_files, verify_metadata):
        with pytest.raises(MetadataError, match=f"schema version {version}, .* rebuild"):
            read(directory)


def test_where_there_is_none_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="name a directory that holds a meta-dataset"):
        load_metadata(tmp_path / "nowhere")
