"""Work directory of a build: a folder for each dataset and protocol.

A folder holds the encoded arrays, a description (``dataset.json``) and a journal of finished
trials. A dataset that is evaluated again under another protocol gets a folder of its own, so that
nothing is mixed and nothing is lost.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any

from metatune.building.catalogue import CatalogueEntry, load_entry
from metatune.building.protocol import Ladder, Protocol
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind
from metatune.metafeatures import SCHEMA_VERSION, extract_metafeatures
from metatune.metrics import RECORDED_METRICS

__all__ = ["find_folder", "folders", "ladder_of", "prepare_dataset", "read_description"]

_DESCRIPTION = "dataset.json"
_FEATURE_SECONDS = 30.0


def find_folder(work: Path, name: str, protocol: Protocol) -> Path:
    """Return the folder of a dataset under a protocol; it is made if there is none."""
    for number in count(1):
        folder = work / (name if number == 1 else f"{name}~{number}")
        if not (folder / _DESCRIPTION).is_file():
            break
        description = read_description(folder)
        n_rows = Fingerprint.parse(description["fingerprint"]).n_rows
        if protocol.agrees(Protocol.from_record(description["protocol"]), n_rows):
            break
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def folders(work: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the prepared folders with their descriptions, ordered by name."""
    for path in sorted(work.iterdir()):
        if (path / _DESCRIPTION).is_file():
            yield path, read_description(path)


def read_description(folder: Path) -> dict[str, Any]:
    """Read the description of a folder's dataset and of its protocol."""
    return dict(json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8")))


def ladder_of(description: dict[str, Any]) -> Ladder:
    """Lay out the rungs of a described dataset."""
    protocol = Protocol.from_record(description["protocol"])
    return Ladder.of(
        TaskKind(description["kind"]),
        n_rows=description["n_rows"],
        n_columns=description["n_columns"],
        n_classes=description["n_classes"],
        protocol=protocol,
    )


def prepare_dataset(entry: CatalogueEntry, folder: Path, protocol: Protocol) -> TrialData:
    """Write a dataset's arrays and description to `folder`, or load them if they are there.

    Both are made again if the definitions of the meta-features have changed since; the journal of
    evaluations beside them stays.

    Raises
    ------
    MetatuneError
        If the table cannot be read or its target cannot be learned.
    """
    if (folder / _DESCRIPTION).is_file():
        stated = _raise_limits(folder, protocol)
        if stated.get("features_version", 1) == SCHEMA_VERSION:
            return TrialData.load(folder / "data")
        protocol = Protocol.from_record(stated["protocol"])
    loaded = load_entry(entry, protocol.seed)
    whole = loaded.encoded
    task = whole.cut(protocol.max_rows, protocol.seed)
    data = TrialData.make(
        task, RECORDED_METRICS[entry.kind], seed=protocol.seed, n_folds=protocol.n_folds
    )
    rows = whole.sample(protocol.max_rows, protocol.seed)
    data = add_texts(data, loaded.encoder, loaded.table.iloc[rows])
    data.save(folder / "data")
    features = extract_metafeatures(task, seed=protocol.seed, max_seconds=_FEATURE_SECONDS)
    description = {
        "dataset": entry.name,
        "family": entry.family,
        "kind": str(entry.kind),
        "openml_id": entry.openml_id,
        "source": entry.source,
        "licence": entry.licence,
        "fingerprint": str(Fingerprint.of(whole)),
        "n_rows": task.n_rows,
        "n_columns": data.task.layout.n_columns,
        "n_classes": task.n_classes,
        "protocol": asdict(protocol),
        "features": dict(features.values),
        "features_version": features.schema_version,
    }
    _write_description(folder, description)
    return data


def _raise_limits(folder: Path, protocol: Protocol) -> dict[str, Any]:
    """Record a longer time limit and a larger share kept: the maxima of the folder.

    Returns the description.
    """
    description = read_description(folder)
    stated = Protocol.from_record(description["protocol"])
    raised = replace(
        stated,
        trial_seconds=max(stated.trial_seconds, protocol.trial_seconds),
        keep=max(stated.keep, protocol.keep),
    )
    if raised != stated:
        description = {**description, "protocol": asdict(raised)}
        _write_description(folder, description)
    return description


def _write_description(folder: Path, description: dict[str, Any]) -> None:
    """Write the description in one step."""
    unfinished = folder / f"{_DESCRIPTION}.new"
    unfinished.write_text(json.dumps(description) + "\n", encoding="utf-8")
    unfinished.replace(folder / _DESCRIPTION)
