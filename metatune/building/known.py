"""Known results: evaluations in the journal of a work directory or in a meta-dataset."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.algorithms.registry import FAMILIES
from metatune.building.protocol import Known, Protocol
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metadataset.schema import (
    PROTOCOL_VERSION,
    protocol_column,
    score_column,
    stated_versions,
)
from metatune.metrics import RECORDED_METRICS
from metatune.storage.journal import read_journal

if TYPE_CHECKING:
    from metatune.metadataset.store import MetaDataset

__all__ = [
    "JOURNAL_FILE",
    "KnownDatasets",
    "by_rung",
    "is_current",
    "n_outdated",
    "read_known",
    "without_short_limits",
]

JOURNAL_FILE = "trials.jsonl"

_PROTOCOL = protocol_column("")
_AT_THE_LIMIT = 0.9  # of the limit: a trial that timed out is stopped a little early or late


def is_current(algorithm: str, recipe_version: int) -> bool:
    """Return True if a recipe version is the algorithm's current one.

    True also if the library that the algorithm needs is not installed.
    """
    return algorithm in FAMILIES and FAMILIES[algorithm].recipe_version == recipe_version


def read_known(folder: Path) -> Known:
    """Read the results of today's recipes from the journal of a dataset's folder."""
    return by_rung(result for result in read_journal(folder / JOURNAL_FILE) if _current(result))


def n_outdated(folder: Path) -> int:
    """Count the results of other recipes in the journal that no newer result replaces."""
    results = read_journal(folder / JOURNAL_FILE)
    return len(by_rung(results).keys() - by_rung(r for r in results if _current(r)).keys())


def by_rung(results: Iterable[TrialResult]) -> Known:
    """Index results; a later one replaces an earlier one."""
    return {(r.trial.configuration.key, r.trial.rung.index): r for r in results}


def without_short_limits(known: Known, trial_seconds: float) -> Known:
    """Leave out trials that timed out under a shorter limit than today's."""
    enough = _AT_THE_LIMIT * trial_seconds
    return {
        place: result
        for place, result in known.items()
        if result.status is not TrialStatus.TIMED_OUT or result.seconds >= enough
    }


class KnownDatasets:
    """Meta-dataset whose evaluations are not repeated.

    Parameters
    ----------
    metadata : MetaDataset or None
        The meta-dataset; None for an empty one.
    """

    def __init__(self, metadata: "MetaDataset | None") -> None:
        self._metadata = metadata
        self._rows: dict[str, dict[str, Any]] = {}
        self._evaluations: dict[str, pd.DataFrame] = {}
        if metadata is None:
            return
        version = protocol_column("version")
        datasets = metadata.datasets
        datasets = datasets.assign(**{version: stated_versions(datasets, version)})
        self._rows = {str(row["dataset"]): row for row in _records(datasets)}
        evaluations = metadata.evaluations
        recipes = stated_versions(evaluations, "recipe_version")
        evaluations = evaluations.assign(recipe_version=recipes)
        self._evaluations = {str(k): part for k, part in evaluations.groupby("dataset")}

    @property
    def rows(self) -> Mapping[str, dict[str, Any]]:
        """Rows of ``datasets`` by name, each with its protocol's version."""
        return self._rows

    def row_limits(self) -> dict[str, int]:
        """Return the rows to which each dataset was cut, by name."""
        column = protocol_column("max_rows")
        return {name: int(row[column]) for name, row in self._rows.items()}

    def of_other_protocols(self) -> list[str]:
        """Return the datasets that were evaluated under another version of the protocol."""
        column = protocol_column("version")
        return [name for name, row in self._rows.items() if row[column] != PROTOCOL_VERSION]

    def evaluations(self, dataset: str) -> list[dict[str, Any]]:
        """Return the rows of ``evaluations`` of a dataset, each with its recipe version."""
        part = self._evaluations.get(dataset)
        if part is None:
            return []
        return _records(part)

    def results(self, description: Mapping[str, Any]) -> Known:
        """Return the results that are valid for the dataset of a work directory.

        Parameters
        ----------
        description : mapping
            Content of its ``dataset.json``.

        Returns
        -------
        Known
            Results of today's recipes on the same content under the same protocol; empty if name,
            content or protocol differ.
        """
        name = description["dataset"]
        row = self._rows.get(name)
        if row is None or self._metadata is None or not _same_evaluations(row, description):
            return {}
        pool, kind = self._metadata.pool, TaskKind(description["kind"])
        return by_rung(
            _result(evaluation, self._metadata, kind)
            for evaluation in self.evaluations(name)
            if is_current(
                pool[evaluation["configuration"]].algorithm, int(evaluation["recipe_version"])
            )
        )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _current(result: TrialResult) -> bool:
    return is_current(result.trial.configuration.algorithm, result.recipe_version or 1)


def _same_evaluations(row: Mapping[str, Any], description: Mapping[str, Any]) -> bool:
    if row["fingerprint"] != description["fingerprint"] or row["kind"] != description["kind"]:
        return False
    stated = {
        name.removeprefix(_PROTOCOL): value
        for name, value in row.items()
        if name.startswith(_PROTOCOL)
    }
    n_rows = Fingerprint.parse(description["fingerprint"]).n_rows
    now = Protocol.from_record(description["protocol"])
    return now.agrees(Protocol.from_record(stated), n_rows)


def _result(row: Mapping[str, Any], metadata: "MetaDataset", kind: TaskKind) -> TrialResult:
    """Convert a row of ``evaluations`` to the trial's result."""
    rung = Rung(
        index=int(row["rung"]), row_share=float(row["row_share"]), n_folds=int(row["n_folds"])
    )
    cells = {name: row.get(score_column(name)) for name in RECORDED_METRICS[kind]}
    scores = {name: _numbers(cell) for name, cell in cells.items() if _is_list(cell)}
    first = np.asarray(next(iter(scores.values()), ()), dtype=np.float64)
    finite = first[np.isfinite(first)]
    return TrialResult(
        trial=Trial(number=0, configuration=metadata.pool[row["configuration"]], rung=rung, seed=0),
        status=TrialStatus(row["status"]),
        score=float(finite.mean()) if len(finite) else float("nan"),
        fold_scores=scores,
        fit_seconds=float(row["fit_seconds"]),
        predict_seconds=float(row["predict_seconds"]),
        seconds=float(row["seconds"]),
        cpu_seconds=float(row["cpu_seconds"]),
        iterations=tuple(int(n) for n in row["iterations"]) if _is_list(row["iterations"]) else (),
        error=str(row["error"] or ""),
        recipe_version=int(row["recipe_version"]),
    )


def _is_list(cell: Any) -> bool:
    return isinstance(cell, list | tuple | np.ndarray)


def _numbers(cell: Any) -> tuple[float, ...]:
    return tuple(float("nan") if score is None else float(score) for score in cell)
