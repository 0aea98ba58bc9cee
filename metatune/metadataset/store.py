"""Storage of a meta-dataset on disk: reading, writing and verifying."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from metatune.errors import MetadataError
from metatune.metadataset.priors import HyperparameterPriors
from metatune.metadataset.schema import (
    PROTOCOL_VERSION,
    SCHEMA_VERSION,
    TABLES,
    protocol_column,
    stated_versions,
)
from metatune.space import Configuration

__all__ = [
    "MetaDataset",
    "add_file",
    "check_metadata",
    "find_metadata",
    "listed_files",
    "load_metadata",
    "save_metadata",
    "save_priors",
    "verify_metadata",
]

_MANIFEST = "manifest.json"
_PRIORS = "priors.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class MetaDataset:
    """Meta-dataset in memory.

    Attributes
    ----------
    datasets, configurations, evaluations : DataFrame
        The tables of `metatune.metadataset.schema`.
    manifest : dict
        Protocol, versions and checksums.
    priors : HyperparameterPriors
        Priors of good hyperparameters, from published runs; may be empty.
    """

    datasets: pd.DataFrame
    configurations: pd.DataFrame
    evaluations: pd.DataFrame
    manifest: dict[str, Any]
    priors: HyperparameterPriors = field(default_factory=HyperparameterPriors)

    @cached_property
    def pool(self) -> dict[str, Configuration]:
        """Configurations by key, both pools together."""
        return {
            row["key"]: Configuration(
                algorithm=row["algorithm"], params=json.loads(row["params"]), origin="portfolio"
            )
            for row in self.configurations.to_dict("records")
        }


def find_metadata() -> Path:
    """Return the directory of the meta-dataset that comes with metatune.

    In a wheel it lies inside the package, in a source checkout beside it.
    """
    package = Path(str(resources.files("metatune")))
    for directory in (package / "_metadata", package.parent / "metadata"):
        if (directory / _MANIFEST).is_file():
            return directory
    raise MetadataError(
        "the meta-dataset that comes with metatune was not found: reinstall metatune, "
        "or name one with --metadata DIR"
    )


def check_metadata(directory: Path | None = None) -> Path:
    """Return the directory of a meta-dataset after checking its manifest.

    Raises
    ------
    MetadataError
        If it is missing or of another schema.
    """
    directory = directory or find_metadata()
    _read_manifest(directory)
    return directory


def load_metadata(directory: Path | None = None) -> MetaDataset:
    """Read a meta-dataset.

    Parameters
    ----------
    directory : Path, optional
        Directory of the meta-dataset; the one that comes with metatune by default.

    Raises
    ------
    MetadataError
        If it is missing, of another schema, or cannot be read.
    """
    directory = directory or find_metadata()
    manifest = _read_manifest(directory)
    tables: dict[str, pd.DataFrame] = {}
    for name in TABLES:
        try:
            tables[name] = pd.read_parquet(directory / f"{name}.parquet")
        except (OSError, ValueError) as error:
            raise MetadataError(
                f"{directory / name}.parquet cannot be read ({error}): "
                "rebuild the meta-dataset or reinstall metatune"
            ) from error
    listed = _PRIORS in manifest.get("sha256", {})
    priors = HyperparameterPriors.load(directory / _PRIORS) if listed else HyperparameterPriors()
    return MetaDataset(manifest=manifest, priors=priors, **tables)


def save_metadata(metadata: MetaDataset, directory: Path) -> None:
    """Write the tables, the priors if there are any, and a manifest with their checksums."""
    directory.mkdir(parents=True, exist_ok=True)
    checksums = {}
    for name in TABLES:
        path = directory / f"{name}.parquet"
        getattr(metadata, name).to_parquet(path, compression="zstd", index=False)
        checksums[path.name] = _sha256(path)
    if metadata.priors:
        metadata.priors.save(directory / _PRIORS)
        checksums[_PRIORS] = _sha256(directory / _PRIORS)
    manifest = {
        **metadata.manifest,
        "schema_version": SCHEMA_VERSION,
        "protocol_version": _protocol_of(metadata),
        "rows": {name: len(getattr(metadata, name)) for name in TABLES},
        "sha256": checksums,
    }
    _write_manifest(directory, manifest)


def _protocol_of(metadata: MetaDataset) -> int:
    """Return the protocol version of its datasets, the latest if they differ."""
    stated = stated_versions(metadata.datasets, protocol_column("version"))
    return int(stated.max()) if len(stated) else PROTOCOL_VERSION


def save_priors(priors: HyperparameterPriors, directory: Path) -> None:
    """Write priors into an existing meta-dataset, leaving its tables unchanged.

    Raises
    ------
    MetadataError
        If `directory` holds no meta-dataset.
    """
    _read_manifest(directory)
    priors.save(directory / _PRIORS)
    add_file(directory, directory / _PRIORS)


def add_file(directory: Path, path: Path) -> None:
    """Record a file of a meta-dataset, with its checksum, in the manifest."""
    manifest = _read_manifest(directory)
    name = path.relative_to(directory).as_posix()
    checksums = {**manifest["sha256"], name: _sha256(path)}
    _write_manifest(directory, {**manifest, "sha256": checksums})


def listed_files(directory: Path) -> frozenset[str]:
    """Return the names of the files that belong to a meta-dataset, below its directory."""
    return frozenset(_read_manifest(directory).get("sha256", {}))


def verify_metadata(directory: Path) -> list[str]:
    """Check checksums and references; return the faults, one sentence each."""
    manifest = _read_manifest(directory)
    problems = []
    for name, expected in manifest["sha256"].items():
        path = directory / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif _sha256(path) != expected:
            problems.append(f"{name} differs from its checksum in {_MANIFEST}")
    if problems:
        return problems
    metadata = load_metadata(directory)
    evaluations = metadata.evaluations
    unknown = set(evaluations["dataset"]) - set(metadata.datasets["dataset"])
    if unknown:
        problems.append(f"evaluations name {len(unknown)} unknown datasets")
    unknown = set(evaluations["configuration"]) - set(metadata.configurations["key"])
    if unknown:
        problems.append(f"evaluations name {len(unknown)} unknown configurations")
    if evaluations.duplicated(["dataset", "configuration", "rung"]).any():
        problems.append("evaluations hold the same (dataset, configuration, rung) twice")
    for key, configuration in metadata.pool.items():
        if configuration.key != key:
            problems.append(f"configuration {key} does not match its content")
    return problems + _mixed_versions(metadata)


def _mixed_versions(metadata: MetaDataset) -> list[str]:
    """Return faults of evaluations whose recipe or protocol is not the stated one."""
    problems = []
    configurations = metadata.configurations
    recipes = stated_versions(configurations, "recipe_version")
    stated = dict(zip(configurations["key"], recipes, strict=True))
    expected = metadata.evaluations["configuration"].map(stated)
    found = stated_versions(metadata.evaluations, "recipe_version")
    n_other = int((expected.notna() & (expected != found)).sum())
    if n_other:
        problems.append(f"{n_other} evaluations have another recipe version than configurations")
    protocol = metadata.manifest.get("protocol_version")
    n_other = int(
        (stated_versions(metadata.datasets, protocol_column("version")) != protocol).sum()
    )
    if n_other:
        problems.append(f"{n_other} datasets have another protocol version than the manifest")
    return problems


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MetadataError(
            f"{path} cannot be read: name a directory that holds a meta-dataset"
        ) from error
    found = manifest.get("schema_version")
    if found != SCHEMA_VERSION:
        raise MetadataError(
            f"{directory} has schema version {found}, this metatune reads {SCHEMA_VERSION}: "
            "rebuild the meta-dataset with its scripts"
        )
    return dict(manifest)


def _write_manifest(directory: Path, manifest: dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=2) + "\n"
    (directory / _MANIFEST).write_text(text, encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
