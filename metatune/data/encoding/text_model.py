"""Linear model of the target given the n-grams of a table's texts.

Its predictions are columns for all other learners (stacking, Wolpert 1992): of rows that a learner
trains on they are made by models that have not seen them, of all other rows by the model of all
training rows.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from metatune.data.encoding.ngrams import NgramCounter
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.folds import Fold, inner_folds
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

    from metatune._typing import AnyArray, Float32Array, FloatArray, IndexArray


__all__ = ["CrossFitted", "TextModel", "n_targets", "text_targets"]

_MAX_CLASSES = 8
_STRENGTHS = (1.0, 3.0, 10.0)
_N_FOLDS = 4
_TOLERANCE = 1e-2  # losses are those of 1e-3, for two thirds of the time
_MAX_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossFitted:
    """Linear model of some rows, with the cross-fitted predictions of these rows.

    Attributes
    ----------
    columns : ndarray of shape (n_rows, n_targets), float32
        Predictions of rows held out.
    weights : ndarray of shape (n_features, n_targets), float32
        Coefficients of the model of all rows.
    bases : ndarray of shape (n_targets,), float32
        Its prediction of a row without any n-gram.
    """

    columns: "Float32Array"
    weights: "Float32Array"
    bases: "Float32Array"

    @property
    def is_silent(self) -> bool:
        """True if texts predict nothing: all columns are constant."""
        return not self.weights.any()

    def predict(self, counts: "csr_matrix") -> "Float32Array":
        """Predict other rows with the model of all rows."""
        return np.asarray(counts @ self.weights + self.bases, dtype=np.float32)


class TextModel(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Predict the target from texts of several columns together, by ridge regression on n-grams.

    Parameters
    ----------
    kind : str
        Kind of the task. The eight most frequent classes have a column each; two classes have one.
    columns : list of str
        Names of the columns that the texts come from, in a table encoder.
    word_length, piece_length : int
        See `NgramCounter`.
    max_rows : int
        Rows that a linear model is fitted on, at most.
    random_state : int
        Seed of the folds.

    Attributes
    ----------
    counter_ : NgramCounter
        Fitted.
    weights_ : ndarray of shape (n_features, n_columns), float32
        Of each n-gram.
    bases_ : ndarray of shape (n_columns,), float32
        Predictions of a row without text.
    """

    def __init__(
        self,
        kind: str,
        columns: "Sequence[str]" = (),
        word_length: int = 2_000,
        piece_length: int = 300,
        max_rows: int = 50_000,
        random_state: int = 0,
    ) -> None:
        self.kind = kind
        self.columns = columns
        self.word_length = word_length
        self.piece_length = piece_length
        self.max_rows = max_rows
        self.random_state = random_state

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        n = len(self.bases_)
        return ["texts"] if n == 1 else [f"texts: class {i + 1}" for i in range(n)]

    def count(self, texts: list[list[str]]) -> "csr_matrix":
        """Learn the n-grams of all rows, without their targets, and count them."""
        self.counter_ = NgramCounter(self.word_length, self.piece_length)
        return self.counter_.fit_transform(texts)

    def fit(self, X: list[list[str]], y: "AnyArray") -> "TextModel":
        """Learn the model; see `fit_transform`."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: list[list[str]], y: "AnyArray", **_: Any) -> "FloatArray":
        """Learn the model, and return cross-fitted predictions, (n_rows, n_columns).

        Parameters
        ----------
        X : list of list of str
            The cells of each text column, empty where missing.
        y : ndarray of shape (n_rows,)
            Labels or target values.
        """
        kind = TaskKind(self.kind)
        y = np.unique(y, return_inverse=True)[1] if kind.is_classification else np.asarray(y)
        fitted = self.cross_fit(self.count(X), text_targets(y, kind), y)
        self.take(fitted)
        return fitted.columns.astype(np.float64)

    def transform(self, X: list[list[str]]) -> "FloatArray":
        """Predict new rows, (n_rows, n_columns)."""
        said = self.counter_.transform(X) @ self.weights_ + self.bases_
        return np.asarray(said, dtype=np.float64)

    def cross_fit(
        self,
        counts: "csr_matrix",
        targets: "Float32Array",
        y: "AnyArray",
        row_metadata: RowMetadata = PLAIN,
    ) -> CrossFitted:
        """Fit a linear model on some rows, and on parts of them for the others.

        Parameters
        ----------
        counts : csr_matrix of shape (n_rows, n_features)
            Their n-grams.
        targets : ndarray of shape (n_rows, n_targets)
            See `text_targets`.
        y : ndarray of shape (n_rows,)
            Codes of labels or target values: what folds are stratified by.
        row_metadata : RowMetadata
            Metadata of these rows. Rows of a group, or of a stretch of time, are held out together.
        """
        kind = TaskKind(self.kind)
        folds = inner_folds(y, kind, min(_N_FOLDS, len(y)), self.random_state, row_metadata)
        return _cross_fit(counts, targets, folds, row_metadata.weights, self.max_rows)

    def take(self, fitted: CrossFitted) -> None:
        """Predict from now on as a fitted linear model does."""
        self.weights_ = fitted.weights
        self.bases_ = fitted.bases


def n_targets(kind: TaskKind, n_classes: int) -> int:
    """Return the number of columns of a text model."""
    return min(n_classes, _MAX_CLASSES) if kind is TaskKind.MULTICLASS else 1


def text_targets(y: "AnyArray", kind: TaskKind) -> "Float32Array":
    """Return the targets of a text model, one column for each: indicators of classes, or numbers.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Codes of labels or target values.
    kind : TaskKind
        What is predicted.
    """
    if kind.is_classification:
        counts = np.bincount(y)
        frequent = np.argsort(-counts, kind="stable")[:_MAX_CLASSES]
        chosen = frequent if kind is TaskKind.MULTICLASS else np.array([len(counts) - 1])
        return np.asarray(y[:, None] == chosen[None, :], dtype=np.float32)
    values = np.asarray(y, dtype=np.float64)
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread or 1.0), dtype=np.float32)[:, None]


def _cross_fit(
    counts: "csr_matrix",
    targets: "Float32Array",
    folds: tuple[Fold, ...],
    sample_weight: "FloatArray | None",
    max_rows: int,
) -> CrossFitted:
    # One base for all folds: means of the other folds would tell each row's own target.
    bases = np.average(targets, axis=0, weights=sample_weight).astype(np.float32)
    ridge = _Ridge(
        counts=counts, targets=targets - bases, sample_weight=sample_weight, max_rows=max_rows
    )
    first = folds[0]
    strength = min(_STRENGTHS, key=lambda s: ridge.loss(first.valid, ridge.held_out(first, s)))
    columns = np.zeros_like(targets)
    for fold in folds:
        columns[fold.valid] = ridge.held_out(fold, strength)
    everything = np.arange(len(targets))
    if ridge.loss(everything, columns) >= ridge.loss(everything, np.zeros_like(columns)):
        # What does not help on rows held out would only be noise to the learners.
        columns[:] = 0.0
        weights = np.zeros((counts.shape[1], targets.shape[1]), dtype=np.float32)
    else:
        weights = ridge.fit(everything if len(everything) <= max_rows else first.train, strength)
    return CrossFitted(columns=columns + bases, weights=weights, bases=bases)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ridge:
    """Ridge regressions of the same rows on targets of mean 0."""

    counts: "csr_matrix"
    targets: "Float32Array"
    sample_weight: "FloatArray | None"
    max_rows: int

    def fit(self, rows: "IndexArray", strength: float) -> "Float32Array":
        """Return coefficients of n-grams, (n_features, n_targets); many rows are sampled."""
        from sklearn.linear_model import Ridge

        rows = np.sort(rows[: self.max_rows])
        solver = Ridge(
            strength,
            fit_intercept=False,
            solver="sparse_cg",
            tol=_TOLERANCE,
            max_iter=_MAX_STEPS,
        )
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        solver.fit(self.counts[rows], self.targets[rows], sample_weight=weight)
        return np.asarray(solver.coef_, dtype=np.float32).reshape(self.targets.shape[1], -1).T

    def held_out(self, fold: Fold, strength: float) -> "Float32Array":
        """Predict the validation rows of a fold with a model of its training rows."""
        return np.asarray(self.counts[fold.valid] @ self.fit(fold.train, strength))

    def loss(self, rows: "IndexArray", said: "Float32Array") -> float:
        """Return the mean squared error of the predictions of some rows."""
        squares = ((self.targets[rows] - said) ** 2).sum(axis=1, dtype=np.float64)
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return float(np.average(squares, weights=weight))
