"""The data of a run as its workers see it: arrays in a directory, mapped into memory."""

import json
import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.base import Algorithm
from metatune.algorithms.own_algorithm import modules_of
from metatune.algorithms.registry import register
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.folds import Fold, make_folds, nested_order
from metatune.data.splits.rare_classes import with_rare_classes
from metatune.errors import OptionError
from metatune.evaluation.rungs import FoldPlan, plan_folds
from metatune.files.by_value import pickle_by_value
from metatune.kinds import TaskKind
from metatune.metrics import Metric, resolve_metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TrialData", "load_trial_data"]

_ROW_METADATA = ("weights", "groups", "times")
_METRIC = "metric.pkl"
_ALGORITHMS = "algorithms.pkl"
_NEXT_DEAL = 7_919  # between the seeds of two repeats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrialData:
    """Everything that a trial needs besides its configuration.

    Attributes
    ----------
    task : EncodedTask
        Features and target as numbers.
    folds : tuple of Fold
        The folds of the top rung. With times they do not cover all rows, and differ in size.
    metrics : tuple of str
        Names of the metrics to compute; the first one is the run's.
    metric : Metric or None
        The run's, where it is more than its name says: a positive class, a decision, a function.
    row_metadata : RowMetadata
        Weight, group and time of each row, as far as they were given.
    seed : int
        Of what all trials share: the folds, and random choices of preprocessing.
    predicted : tuple of ndarray of shape (n_rows, task.layout.n_predicted), float32
        For each fold the columns at the end of the matrix as they are within it: those of its
        training rows owe nothing to the targets of its validation rows. NaN in other rows; empty
        where no column depends on the target. In `task.X` these columns are those of a fit on all
        rows.
    own : tuple of Algorithm
        Families of the user's own that trials may be of: workers learn of them here.
    """

    task: EncodedTask
    folds: tuple[Fold, ...]
    metrics: tuple[str, ...]
    metric: Metric | None = None
    row_metadata: RowMetadata = PLAIN
    seed: int = 0
    predicted: "tuple[NDArray[np.float32], ...]" = ()
    own: tuple[Algorithm, ...] = ()

    @classmethod
    def make(
        cls,
        task: EncodedTask,
        metrics: tuple[str, ...],
        *,
        seed: int,
        metric: Metric | None = None,
        n_folds: int | None = None,
        row_metadata: RowMetadata = PLAIN,
        plan: FoldPlan | None = None,
        never_valid: "NDArray[np.intp] | None" = None,
    ) -> "TrialData":
        """Split a task into folds.

        Parameters
        ----------
        task : EncodedTask
            Features and target.
        metrics : tuple of str
            To compute; the run's comes first.
        seed : int
            Of folds and shared preprocessing.
        metric : Metric, optional
            The run's; by default what its name says.
        n_folds : int, optional
            Instead of a plan: so many folds, once, dealt as those of the meta-dataset were, without
            regard for rare classes.
        row_metadata : RowMetadata
            Weight, group and time of each row.
        plan : FoldPlan, optional
            How to split; by default what suits the size of the table, whatever the time.
        never_valid : ndarray of shape (n_kept,), intp, optional
            Rows that every fold trains on: their targets have had a say already.

        Raises
        ------
        OptionError
            If groups or times leave no row to train on or to validate.
        """
        if plan is None:
            usual = plan_folds(task.shape)
            plan = FoldPlan(n_splits=n_folds, rare_first=False) if n_folds else usual
        # Splits by time know no chance: dealt out again they would be the same.
        fixed = row_metadata.times is not None or row_metadata.splits is not None
        n_repeats = 1 if fixed else plan.n_repeats
        folds: list[Fold] = []
        scorer = metric or resolve_metric(metrics[0], task.kind)

        def is_defined(rows: "NDArray[Any]") -> bool:
            even = np.full((len(rows), task.n_classes), 1.0 / task.n_classes)
            return bool(np.isfinite(scorer.score(np.asarray(task.y)[rows], even)))

        judged = np.arange(task.n_rows)
        if never_valid is not None and row_metadata.splits is None:
            judged = np.setdiff1d(judged, never_valid)
        known = row_metadata if len(judged) == task.n_rows else row_metadata.take(judged)

        def deal(seed: int) -> tuple[Fold, ...]:
            n_parts = min(plan.n_splits, len(judged))
            dealt = make_folds(task.y[judged], task.kind, n_parts, seed, known)
            if plan.rare_first and task.n_classes:
                y = task.y[judged]
                dealt = with_rare_classes(dealt, y, known, lambda rows: is_defined(judged[rows]))
            return dealt if known is row_metadata else _with_all(dealt, judged, task, seed)

        for repeat in range(n_repeats):
            folds += deal(seed + _NEXT_DEAL * repeat)
        if plan.holdout and row_metadata.splits is None:
            folds = folds[:1]
        return cls(
            task=task,
            folds=tuple(_cut(fold, plan.max_train_rows) for fold in folds),
            metrics=metrics,
            metric=None if metric is None or metric == _named(metric, task.kind) else metric,
            row_metadata=row_metadata,
            seed=seed,
        )

    @property
    def scorers(self) -> list[Metric]:
        """The metrics to compute."""
        known = [] if self.metric is None else [self.metric]
        names = self.metrics[len(known) :]
        return [*known, *(resolve_metric(name, self.task.kind) for name in names)]

    @property
    def weights(self) -> "NDArray[np.float64] | None":
        """Sample weights, (n_rows,); None if all rows count alike."""
        return self.row_metadata.weights

    def matrix(self, number: int, rows: "NDArray[Any]") -> "NDArray[np.float64]":
        """Return rows of the matrix as they are within a fold."""
        X: NDArray[np.float64] = self.task.X[rows]
        if self.predicted:
            X[:, -self.task.layout.n_predicted :] = self.predicted[number][rows]
        return X

    @property
    def n_train_rows(self) -> int:
        """Training rows of a fold; their mean where folds differ in size on purpose."""
        sizes = [len(fold.train) for fold in self.folds]
        differ = self.row_metadata.bind_splits or self.row_metadata.splits is not None
        return round(sum(sizes) / len(sizes)) if differ else min(sizes)

    def save(self, directory: Path) -> None:
        """Write the arrays and what describes them to `directory`, which is made.

        Raises
        ------
        OptionError
            If a family of the user's own cannot be sent to workers.
        """
        directory.mkdir(parents=True, exist_ok=True)
        np.save(directory / "X.npy", self.task.X)
        np.save(directory / "y.npy", self.task.y)
        known = {name: getattr(self.row_metadata, name) for name in _ROW_METADATA}
        known = {name: values for name, values in known.items() if values is not None}
        for name, values in known.items():
            np.save(directory / f"{name}.npy", values)
        for k, columns in enumerate(self.predicted):
            np.save(directory / f"predicted{k}.npy", columns)
        for k, fold in enumerate(self.folds):
            np.save(directory / f"train{k}.npy", fold.train)
            np.save(directory / f"valid{k}.npy", fold.valid)
        description = {
            "names": self.task.layout.names,
            "n_levels": self.task.layout.n_levels,
            "n_predicted": self.task.layout.n_predicted,
            "kind": str(self.task.kind),
            "n_classes": self.task.n_classes,
            "n_folds": len(self.folds),
            "metrics": self.metrics,
            "facts": list(known),
            "seed": self.seed,
        }
        (directory / "data.json").write_text(json.dumps(description), encoding="utf-8")
        if self.metric is not None:
            (directory / _METRIC).write_bytes(pickle.dumps(self.metric))
        if self.own:
            (directory / _ALGORITHMS).write_bytes(_pickled(self.own))

    @classmethod
    def load(cls, directory: Path) -> "TrialData":
        """Map the arrays that `save` wrote into memory, read-only."""
        description = json.loads((directory / "data.json").read_text(encoding="utf-8"))
        n_predicted = description.get("n_predicted", 0)
        layout = Layout(
            names=tuple(description["names"]),
            n_levels=tuple(description["n_levels"]),
            n_predicted=n_predicted,
        )
        task = EncodedTask(
            X=_mapped(directory / "X.npy"),
            y=_mapped(directory / "y.npy"),
            layout=layout,
            kind=TaskKind(description["kind"]),
            n_classes=description["n_classes"],
        )
        folds = tuple(
            Fold(
                train=_mapped(directory / f"train{k}.npy"),
                valid=_mapped(directory / f"valid{k}.npy"),
            )
            for k in range(description["n_folds"])
        )
        predicted = tuple(
            _mapped(directory / f"predicted{k}.npy") for k in range(len(folds) * bool(n_predicted))
        )
        # The work directory of a meta-dataset may be older than the row metadata.
        named = description.get("facts", ())
        known = {name: _mapped(directory / f"{name}.npy") for name in named}
        metrics = tuple(description["metrics"])
        metric, own = directory / _METRIC, directory / _ALGORITHMS
        # This run's own process wrote these files.
        families = pickle.loads(own.read_bytes()) if own.exists() else ()
        return cls(
            task=task,
            folds=folds,
            metrics=metrics,
            metric=pickle.loads(metric.read_bytes()) if metric.exists() else None,
            row_metadata=RowMetadata(**known),
            seed=description.get("seed", 0),
            predicted=predicted,
            own=families,
        )


def _pickled(algorithms: tuple[Algorithm, ...]) -> bytes:
    try:
        return pickle_by_value(algorithms, *modules_of(algorithms))
    except (pickle.PicklingError, TypeError, AttributeError, ValueError) as error:
        names = ", ".join(algorithm.name for algorithm in algorithms)
        raise OptionError(
            f"algorithms of your own ({names}) cannot be sent to worker processes "
            f"({' '.join(str(error).split())[:100]}): define their classes at the top level of a "
            "module"
        ) from error


def load_trial_data(directory: str) -> TrialData:
    """Load with a small cache, for workers that run many trials on the same data.

    The user's families of this very data are registered, whatever another run has registered.
    """
    data = _loaded(directory)
    for algorithm in data.own:
        register(algorithm)
    return data


@lru_cache(maxsize=2)
def _loaded(directory: str) -> TrialData:
    return TrialData.load(Path(directory))


def _with_all(
    folds: tuple[Fold, ...], judged: "NDArray[np.intp]", task: EncodedTask, seed: int
) -> tuple[Fold, ...]:
    """Train on all rows that are never validated, besides those dealt into folds."""
    others = np.setdiff1d(np.arange(task.n_rows), judged)
    whole = []
    for fold in folds:
        train = np.concatenate([others, judged[fold.train]])
        order = nested_order(task.y[train], task.kind, seed)  # a part of them is a sample
        whole.append(Fold(train=train[order], valid=judged[fold.valid]))
    return tuple(whole)


def _named(metric: Metric, kind: TaskKind) -> Metric | None:
    """Return what the name of a metric alone stands for; None for a function of the user."""
    return None if metric.name.endswith(")") else resolve_metric(metric.name, kind)


def _cut(fold: Fold, max_rows: int | None) -> Fold:
    """Leave a fold with its first training rows, which are a sample of all."""
    if max_rows is None or len(fold.train) <= max_rows:
        return fold
    return Fold(train=fold.train[:max_rows], valid=fold.valid)


def _mapped(path: Path) -> "NDArray[Any]":
    return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
