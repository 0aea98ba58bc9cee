"""Member pool of an ensemble: out-of-fold predictions, with the targets to score them by."""

import json
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.folds import nested_order
from metatune.evaluation.decision import judged_prediction
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind
from metatune.metrics import Metric

if TYPE_CHECKING:
    from metatune._typing import AnyArray, Float32Array, FloatArray, IndexArray


__all__ = ["CONSTANT", "MemberPool", "link_files", "read_pool", "score_on_folds", "write_pool"]

CONSTANT = -1
"""Member number of the constant prediction; other members have the number of their trial.

Smaller numbers are learners of the second layer.
"""

_ROW_METADATA = ("weights", "groups")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MemberPool:
    """Out-of-fold predictions of members, with targets, folds and metadata of the rows.

    Attributes
    ----------
    kind : TaskKind
        What is predicted.
    y : ndarray of shape (n_rows,)
        Encoded labels or values.
    members : Mapping of int to ndarray of shape (n_rows,) or (n_rows, n_classes)
        Out-of-fold predictions by the number of the trial, in order of merit; `CONSTANT` is the
        constant prediction. NaN in rows of no fold.
    folds : sequence of ndarray of shape (n_valid,)
        Validation rows of each fold.
    row_metadata : RowMetadata
        Weights and groups of the rows.
    """

    kind: TaskKind
    y: "AnyArray"
    members: "Mapping[int, Float32Array]"
    folds: "Sequence[IndexArray]"
    row_metadata: RowMetadata = field(default=PLAIN)

    @classmethod
    def of(cls, data: TrialData, members: "Mapping[int, Float32Array]") -> "MemberPool":
        """Return the pool of members that predict the rows of a run, on its folds."""
        return cls(
            kind=data.task.kind,
            y=data.task.y,
            members=members,
            folds=[fold.valid for fold in data.folds],
            row_metadata=data.row_metadata,
        )

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        first = next(iter(self.members.values()))
        return first.shape[1] if first.ndim == 2 else 0

    def covered(self) -> "IndexArray":
        """Return the rows that all members predict, ascending."""
        known = np.ones(len(self.y), dtype=bool)
        for member in self.members.values():
            finite = np.isfinite(member)
            known &= finite if member.ndim == 1 else finite.all(axis=1)
        return np.flatnonzero(known)

    def sample(self, rows: "IndexArray", n_rows: int, seed: int) -> "IndexArray":
        """Return at most `n_rows` of some rows, stratified, ascending."""
        if len(rows) <= n_rows:
            return rows
        return np.sort(rows[nested_order(np.asarray(self.y)[rows], self.kind, seed)[:n_rows]])

    def stack(self, rows: "IndexArray") -> "Float32Array":
        """Return the predictions of all members, (n_members, n_chosen[, n_classes])."""
        return np.stack([np.asarray(member[rows]) for member in self.members.values()])

    def mean(self, weights: "Mapping[int, float]") -> "FloatArray":
        """Return a weighted mean of members over all rows."""
        parts = [weight * self.members[number] for number, weight in weights.items()]
        return np.asarray(np.sum(parts, axis=0), dtype=np.float64)

    def weights_of(self, rows: "IndexArray") -> "FloatArray | None":
        """Return the sample weights of some rows."""
        return (
            None
            if self.row_metadata.weights is None
            else np.asarray(self.row_metadata.weights[rows])
        )


def score_on_folds(pool: MemberPool, metric: Metric, prediction: "FloatArray") -> float:
    """Return the mean of the finite fold scores of a prediction of all rows; NaN if none is."""
    scores = []
    for rows in pool.folds:
        y, weights = np.asarray(pool.y)[rows], pool.weights_of(rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            judged = judged_prediction(metric, y, prediction[rows], weights)
            scores.append(metric.score(y, judged, weights))
    finite = [score for score in scores if np.isfinite(score)]
    return float(np.mean(finite)) if finite else float("nan")


def write_pool(pool: MemberPool, folder: Path, files: Mapping[int, Path]) -> None:
    """Write a pool into a folder of its own, for a job to read.

    Parameters
    ----------
    pool : MemberPool
        MemberPool to write.
    folder : Path
        Made if there is none.
    files : Mapping of int to Path
        Files of members that are on disk already: they are linked, not written again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "y.npy", pool.y)
    known = [name for name in _ROW_METADATA if getattr(pool.row_metadata, name) is not None]
    for name in known:
        np.save(folder / f"{name}.npy", getattr(pool.row_metadata, name))
    for k, rows in enumerate(pool.folds):
        np.save(folder / f"fold{k}.npy", rows)
    for number, member in pool.members.items():
        path = folder / f"member{number}.npy"
        if number in files:
            _link(files[number], path)
        else:
            np.save(path, member)
    description = {
        "kind": str(pool.kind),
        "members": list(pool.members),
        "n_folds": len(pool.folds),
        "row_metadata": known,
    }
    (folder / "pool.json").write_text(json.dumps(description), encoding="utf-8")


def read_pool(folder: Path) -> MemberPool:
    """Memory-map a pool that `write_pool` wrote, read-only."""
    description = json.loads((folder / "pool.json").read_text(encoding="utf-8"))
    return MemberPool(
        kind=TaskKind(description["kind"]),
        y=_mapped(folder / "y.npy"),
        members={n: _mapped(folder / f"member{n}.npy") for n in description["members"]},
        folds=[_mapped(folder / f"fold{k}.npy") for k in range(description["n_folds"])],
        row_metadata=RowMetadata(
            **{name: _mapped(folder / f"{name}.npy") for name in description["row_metadata"]}
        ),
    )


def link_files(source: Path, folder: Path) -> None:
    """Link the files of one folder into another one, but for those that have a namesake there."""
    for path in source.iterdir():
        if path.is_file() and not (folder / path.name).exists():
            _link(path, folder / path.name)


def _mapped(path: Path) -> "AnyArray":
    return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


def _link(source: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    try:
        os.link(source, path)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, path)
