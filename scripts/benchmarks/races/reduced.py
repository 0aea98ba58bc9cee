"""Meta-datasets that know nothing of some families."""

import hashlib
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from metatune.metadataset.store import MetaDataset, check_metadata, load_metadata, save_metadata
from metatune.metrics import DEFAULT_METRIC
from metatune.recommender.models import save_models

__all__ = ["digest", "reduced_metadata", "without_families"]


def without_families(metadata: MetaDataset, families: Collection[str]) -> MetaDataset:
    """Leave out the datasets of some families, with everything that was evaluated on them."""
    datasets = metadata.datasets[~metadata.datasets["family"].isin(list(families))]
    evaluations = metadata.evaluations
    known = evaluations["dataset"].isin(datasets["dataset"])
    return replace(
        metadata,
        datasets=datasets.reset_index(drop=True),
        evaluations=evaluations[known].reset_index(drop=True),
        manifest={**metadata.manifest, "without_families": sorted(families)},
    )


def digest(source: Path, families: Collection[str]) -> str:
    """Name the meta-dataset at `source` without some families, by its content."""
    manifest = (check_metadata(source) / "manifest.json").read_bytes()
    text = manifest + "\n".join(sorted(families)).encode()
    return hashlib.sha256(text).hexdigest()[:12]


def reduced_metadata(source: Path, families: Collection[str], work: Path) -> Path:
    """Write a meta-dataset without some families, its models fitted anew; once.

    Parameters
    ----------
    source : Path
        The whole meta-dataset.
    families : collection of str
        What to leave out.
    work : Path
        Directory below which it is kept, under a name that tells its content.

    Returns
    -------
    Path
        Its directory.
    """
    directory = work / f"metadata-{digest(source, families)}"
    if directory.is_dir():
        return directory
    part = directory.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    save_metadata(without_families(load_metadata(source), families), part)
    save_models(part, set(DEFAULT_METRIC.values()))
    part.rename(directory)
    return directory
