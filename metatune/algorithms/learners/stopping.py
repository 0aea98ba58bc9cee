"""Early stopping by the loss of watched rows, the same for every iterative learner."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from metatune.budget import Deadline
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.folds import make_folds
from metatune.data.splits.time_folds import time_blocks
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, BoolArray, FloatArray, IndexArray, IntArray


__all__ = [
    "EarlyStoppingModel",
    "StoppingCurve",
    "TrainingRows",
    "Watch",
    "WatchedRows",
    "balanced_weights",
    "held_out_rows",
]

_FEWEST_ROWS = 40  # below so many rows held-out rows say nothing
_N_FOLDS = 7
_MOST_HELD_OUT = 0.4  # of the rows may have to be held out because their times are equal
_TRUSTED_ROWS = 300  # so many held-out rows are collected, from several splits if need be
_REFIT_ROWS = 5000  # up to so many rows the model is trained again, with the held-out rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingRows:
    """Rows that a learner trains on or watches.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
        Labels 0..n_classes-1 or target values.
    weights : ndarray of shape (n_rows,) or None
        Sample weights; None if all are equal.
    """

    X: "AnyArray"
    y: "AnyArray"
    weights: "FloatArray | None" = None

    def take(self, rows: "IndexArray") -> "TrainingRows":
        """Return some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return TrainingRows(X=self.X[rows], y=self.y[rows], weights=weights)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchedRows:
    """Validation rows whose loss decides when to stop.

    Attributes
    ----------
    rows : TrainingRows
        Rows with labels or target values as the enclosing learner has them.
    halves : ndarray of shape (n_rows,), int
        0 or 1: a row's predictions can be made at the iterations that the other half favours.
    deadline : Deadline
        When training has to stop whatever the rows say: what it has learned by then counts.
    """

    rows: TrainingRows
    halves: "IndexArray"
    deadline: Deadline


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoppingCurve:
    """Losses of watched rows after each iteration.

    Attributes
    ----------
    losses : ndarray of shape (n_iterations, n_parts)
        Mean loss of each part of the rows.
    shares : ndarray of shape (n_parts,)
        Weight of each part; they sum to 1.
    """

    losses: "FloatArray"
    shares: "FloatArray"

    def best(self) -> int:
        """Return the iterations, counted from 1, with the least loss of all parts together."""
        return int(np.argmin(self.losses @ self.shares)) + 1

    def best_of_others(self, part: int) -> int:
        """Return the iterations with the least loss of the rows outside a part."""
        if len(self.shares) == 1:
            return self.best()
        others = np.arange(len(self.shares)) != part
        return int(np.argmin(self.losses[:, others] @ self.shares[others])) + 1


class Watch:
    """Monitor of the losses of watched rows that decides when to stop.

    Parameters
    ----------
    parts : sequence of TrainingRows
        The rows watched, in one or more parts.
    patience : int
        Training has stopped once all parts together have not improved for so many iterations.
    deadline : Deadline
        When it has stopped at the latest.

    Attributes
    ----------
    losses : list of tuple of float
        After each iteration the mean loss of each part.
    """

    def __init__(self, parts: "Sequence[TrainingRows]", patience: int, deadline: Deadline) -> None:
        self.parts = tuple(parts)
        self.losses: list[tuple[float, ...]] = []
        totals = [len(p.y) if p.weights is None else float(p.weights.sum()) for p in parts]
        self._shares = np.asarray(totals, dtype=np.float64) / sum(totals)
        self._patience = patience
        self._deadline = deadline
        self._best, self._waited = np.inf, 0

    def add(self, losses: "Sequence[float]") -> bool:
        """Record an iteration's losses; return True if training has to stop."""
        self.losses.append(tuple(losses))
        together = float(np.dot(losses, self._shares))
        if together < self._best:
            self._best, self._waited = together, 0
        else:
            self._waited += 1
        return bool(self._waited >= self._patience) or self._deadline.passed()

    def curve(self) -> StoppingCurve:
        """Return the losses of all iterations."""
        return StoppingCurve(losses=np.array(self.losses, dtype=np.float64), shares=self._shares)


class EarlyStoppingModel(BaseEstimator):  # type: ignore[misc]
    """Base of learners that add iterations until rows that are watched stop improving.

    In a trial the rows watched are the validation rows of its fold, and nothing is spent on rows
    of its own. Their loss at the best iteration would be optimistic, so before a model is
    scored it is settled on a count that other rows have chosen (see `metatune.evaluation.fold`).
    Without such rows the training rows are split: on small tables, where a few held-out rows say
    little, the median over several splits decides, and the model is then trained again on all rows
    for as many iterations; on larger ones it stays as it is. A subclass has the attributes
    `iterations` (int or None: exactly so many, nothing held out), `seed` and `classification`.

    With `stages` training is a replay of them: nothing is held out or watched, and `iterations`
    does not count. Each stage is a dict of its iterations and of the parameters in which it differs
    from `params`, and goes on from the model that the one before has left, with a seed of its own:
    so models whose first stages are equal are equal up to there.

    Attributes
    ----------
    n_iterations_ : int
        Iterations that the fitted model predicts with.
    curve_ : StoppingCurve or None
        Losses of the rows that were watched, as long as the model can still be settled.
    n_grown_ : int
        Iterations available to settle on; only as long as it can be settled.
    """

    classification: bool
    iterations: int | None
    seed: int
    stages: tuple[dict[str, Any], ...] = ()
    curve_: StoppingCurve | None = None
    n_grown_: int
    max_splits = 5  # more of them cost more than they tell

    @abstractmethod
    def _max_iterations(self, X: "AnyArray", y: "AnyArray") -> int:
        """Return the most iterations that the size of the table affords."""

    @abstractmethod
    def _few_iterations(self) -> int:
        """Return the iterations for tables that are too small to hold rows out."""

    @abstractmethod
    def _patience(self) -> int:
        """Return the iterations without improvement after which to stop."""

    @abstractmethod
    def _grow(self, rows: TrainingRows, most: int, watch: Watch | None = None) -> None:
        """Train anew and store the model with all its iterations.

        There are exactly `most` of them, or fewer where `watch`, which is told the losses of its
        parts after each iteration, says that training has stopped.
        """

    @abstractmethod
    def _grow_by_stages(self, rows: TrainingRows) -> None:
        """Train the stages one after another and store the model that the last one leaves."""

    @abstractmethod
    def _trim(self) -> None:
        """Drop the iterations beyond `n_iterations_` and what is only needed to go on."""

    def _nearest(self, iterations: int) -> int:
        """Return the number of iterations next to a given one that the model can predict with."""
        return min(iterations, self.n_grown_)

    def _use(self) -> None:
        """Make ready to predict with `n_iterations_`, where predictions do not look at it."""

    def fit(
        self,
        X: "AnyArray",
        y: "AnyArray",
        row_metadata: RowMetadata = PLAIN,
        watched: WatchedRows | None = None,
    ) -> "EarlyStoppingModel":
        """Fit on labels 0..n_classes-1 or on target values.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows,)
        row_metadata : RowMetadata
            Metadata of these rows.
        watched : WatchedRows, optional
            Rows by which to stop. The model predicts with the iterations that are best for them
            until it is settled, and keeps some more of them until it is finished.
        """
        self.n_classes_ = int(y.max()) + 1 if self.classification else 0
        rows = TrainingRows(X=X, y=y, weights=row_metadata.weights)
        if self.stages:
            self.n_iterations_ = sum(stage["iterations"] for stage in self.stages)
            self._grow_by_stages(rows)
        elif self.iterations is not None:
            self._train_exactly(rows, self.iterations)
        elif len(y) < _FEWEST_ROWS:
            self._train_exactly(rows, self._few_iterations())
        elif watched is not None and len(watched.halves):
            self._stop_by(watched, rows)
        else:
            self._hold_out(rows, row_metadata)
        return self

    def settle(self, iterations: int) -> None:
        """Predict with another number of iterations from now on, if the model can be settled.

        Nothing is trained for that: of more iterations than there are, all are used.

        Parameters
        ----------
        iterations : int
            At least 1.
        """
        if self.curve_ is not None:
            self.n_iterations_ = self._nearest(iterations)
            self._use()

    def finish(self) -> None:
        """Keep nothing but the iterations that the model predicts with."""
        if self.curve_ is not None:
            self._trim()
            del self.curve_, self.n_grown_

    def _stop_by(self, watched: WatchedRows, rows: TrainingRows) -> None:
        halves = (watched.rows.take(np.flatnonzero(watched.halves == half)) for half in (0, 1))
        parts = [half for half in halves if len(half.y)]
        watch = Watch(parts, self._patience(), watched.deadline)
        self._grow(rows, self._max_iterations(rows.X, rows.y), watch)
        self.curve_ = watch.curve()
        self.n_grown_ = len(watch.losses)
        self.n_iterations_ = self.curve_.best()
        self._use()

    def _hold_out(self, rows: TrainingRows, row_metadata: RowMetadata) -> None:
        splits = held_out_rows(rows.y, self.classification, self.seed, row_metadata)[
            : self.max_splits
        ]
        if not splits:
            self._train_exactly(rows, self._few_iterations())
            return
        most = self._max_iterations(rows.X, rows.y)
        best = []
        for train, held_out in splits:
            watch = Watch([rows.take(held_out)], self._patience(), Deadline.never())
            self._grow(rows.take(train), most, watch)
            best.append(watch.curve().best())
        self.n_iterations_ = round(float(np.median(best)))
        self._use()
        self._trim()
        if len(rows.y) <= _REFIT_ROWS:
            self._grow(rows, self.n_iterations_)

    def _train_exactly(self, rows: TrainingRows, iterations: int) -> None:
        self.n_iterations_ = iterations
        self._grow(rows, iterations)


def held_out_rows(
    y: "AnyArray", classification: bool, seed: int, row_metadata: RowMetadata = PLAIN
) -> "list[tuple[IndexArray, IndexArray]]":
    """Split rows into about 86 % for training and 14 % held out, stratified.

    Groups are held out whole; with times the newest rows are held out, once.

    Returns
    -------
    list of (train, held_out)
        Row positions. Empty where there are too few rows; several disjoint choices of held-out
        rows where a single one would be too small to trust. Classes of fewer than 4 rows are kept
        for training altogether.
    """
    if len(y) < _FEWEST_ROWS:
        return []
    kind = TaskKind.MULTICLASS if classification else TaskKind.REGRESSION
    common = np.bincount(y)[y] >= 4 if classification else np.ones(len(y), dtype=bool)
    if row_metadata.times is not None:
        newest = _newest(row_metadata.times)
        if newest is not None:
            return _bound(newest & common, y, classification, row_metadata.groups)
    folds = make_folds(y, kind, _N_FOLDS, seed, RowMetadata(groups=_several(row_metadata.groups)))
    splits = []
    for fold in folds[: _n_splits(len(y))]:
        held_out = np.zeros(len(y), dtype=bool)
        held_out[fold.valid] = common[fold.valid]
        if row_metadata.groups is not None:
            splits += _bound(held_out, y, classification, None)
        elif held_out.any():
            splits.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return splits


def _newest(times: "IntArray") -> "BoolArray | None":
    """Return a mask of the newest rows, or None where too many have the same time."""
    blocks = time_blocks(times, _N_FOLDS - 2)  # the first block counts for two
    newest = blocks == blocks.max()
    return newest if 0 < newest.sum() <= _MOST_HELD_OUT * len(times) else None


def _several(groups: "IntArray | None") -> "IntArray | None":
    return None if groups is None or (groups == groups[0]).all() else groups


def _bound(
    held_out: "BoolArray",
    y: "AnyArray",
    classification: bool,
    groups: "IntArray | None",
) -> "list[tuple[IndexArray, IndexArray]]":
    """Move rows so that every class is trained on, and no group of held-out rows is."""
    train = ~held_out
    if groups is not None:
        train &= ~np.isin(groups, groups[held_out])
    if classification:
        trained = np.bincount(y[train], minlength=int(y.max()) + 1) > 0
        train |= ~trained[y]
        held_out = held_out & trained[y]
    if not held_out.any() or train.sum() < _FEWEST_ROWS // 2:
        return []
    return [(np.flatnonzero(train), np.flatnonzero(held_out))]


def _n_splits(n_rows: int) -> int:
    return int(np.clip(_TRUSTED_ROWS // (n_rows // _N_FOLDS), 1, _N_FOLDS))


def balanced_weights(y: "AnyArray", weights: "FloatArray | None" = None) -> "FloatArray":
    """Return row weights of mean 1 that give every class the same total.

    Rows of a class share its total in proportion to `weights`.
    """
    if weights is not None:
        totals = np.bincount(y, weights=weights)
        return np.asarray(len(y) * weights / (np.count_nonzero(totals) * totals[y]))
    counts = np.bincount(y)
    return np.asarray(len(y) / (np.count_nonzero(counts) * counts[y]), dtype=np.float64)
