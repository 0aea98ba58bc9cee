"""Selectors, which repeat a model selection for any weighting of the rows."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from metatune.estimate.scoring import RowScorer
from metatune.metrics import PERFECT_SCORE, Metric
from metatune.search.front import Preference

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray


__all__ = ["BestSingle", "FunctionSelector", "Selector"]

_MAX_ROWS = 20_000  # with so many rows hardly anything is chosen by luck any more
_MIN_ROWS = 2_000
_MAX_CELLS = 2e7  # of sorted scores in memory: rows x classes x candidates


class Selector(ABC):
    """Selector of a prediction by its score on weighted rows."""

    @property
    @abstractmethod
    def n_candidates(self) -> int:
        """Number of predictions to select from; with one there is no bias to correct."""

    def final(self) -> "AnyArray | None":
        """Return the prediction of the run's model for every row.

        None if it is the selection on all rows.
        """
        return None

    @abstractmethod
    def select(self, counts: "FloatArray") -> "list[AnyArray | None]":
        """Select a prediction for each weighting of the rows.

        Parameters
        ----------
        counts : ndarray of shape (n_draws, n_rows)
            Multiplicity of each row. Nothing may be learned from a row of multiplicity 0.

        Returns
        -------
        list of (ndarray of shape (n_rows, n_classes) or (n_rows,)) or None
            For each weighting, the selected prediction of every row; None where the metric is
            undefined.
        """


class BestSingle(Selector):
    """Selector of the prediction with the best score, or of the one that a preference chooses.

    Parameters
    ----------
    predictions : sequence of ndarray of shape (n_rows, n_classes) or (n_rows,)
        Out-of-fold predictions of each candidate.
    metric : Metric
        Metric that the run optimises.
    y : ndarray of shape (n_rows,)
        Encoded labels or target values.
    judged : sequence of ndarray, optional
        By what each candidate is scored instead: indicators of decided labels.
    choice : tuple of (sequence of int, Preference), optional
        Numbers of the candidates, and the preference among them; the best score by default.
    weights, strata : ndarray of shape (n_rows,), optional
        See `metatune.estimate.scoring.RowScorer`.
    seed : int
        Seed of the sample of rows to select on, for larger tables.
    """

    def __init__(
        self,
        predictions: "Sequence[AnyArray]",
        metric: Metric,
        y: "AnyArray",
        *,
        judged: "Sequence[AnyArray] | None" = None,
        choice: "tuple[Sequence[int], Preference] | None" = None,
        weights: "FloatArray | None" = None,
        strata: "IndexArray | None" = None,
        seed: int = 0,
    ) -> None:
        self._predictions = list(predictions)
        judged = self._predictions if judged is None else judged
        self._choice = choice
        self._sign = -1.0 if metric.greater_is_better else 1.0
        rows = np.arange(len(y))
        cells = sum(np.prod(prediction.shape[1:]) for prediction in self._predictions)
        max_rows = max(_MIN_ROWS, min(_MAX_ROWS, int(_MAX_CELLS / cells)))
        if metric.name not in PERFECT_SCORE:  # not metatune's own: called for each draw and member
            max_rows = _MIN_ROWS
        if len(y) > max_rows:
            rows = np.sort(np.random.default_rng(seed).choice(len(y), max_rows, replace=False))
        self._rows = rows
        scorer = RowScorer(
            metric,
            y[rows],
            weights=None if weights is None else weights[rows],
            strata=None if strata is None else strata[rows],
        )
        self._scores = [scorer.prepare(prediction[rows]) for prediction in judged]

    @property
    def n_candidates(self) -> int:
        return len(self._predictions)

    def ranking(self) -> "list[int]":
        """Return the positions of the candidates, the best on all rows first."""
        losses = self._losses(np.ones((1, len(self._rows))))[0]
        return [int(i) for i in np.argsort(losses, kind="stable")]

    def select(self, counts: "FloatArray") -> "list[AnyArray | None]":
        losses = self._losses(
            counts if counts.shape[1] == len(self._rows) else counts[:, self._rows]
        )
        best = losses.argmin(axis=1)
        if self._choice is not None:
            best = np.array([self._chosen(drawn, *self._choice) for drawn in losses])
        defined = np.isfinite(losses.min(axis=1))
        return [
            self._predictions[i] if usable else None
            for i, usable in zip(best, defined, strict=True)
        ]

    def _chosen(self, losses: "FloatArray", numbers: Sequence[int], preference: Preference) -> int:
        """Return the position of the candidate that is preferred by losses, (n_candidates,)."""
        known = np.flatnonzero(np.isfinite(losses)).tolist()
        if not known:
            return 0
        return int(known[preference.choose([numbers[i] for i in known], losses[known])])

    def _losses(self, drawn: "FloatArray") -> "FloatArray":
        losses = self._sign * np.column_stack([scores.under(drawn) for scores in self._scores])
        return np.asarray(np.where(np.isnan(losses), np.inf, losses))


class FunctionSelector(Selector):
    """Selector that calls a function for each weighting.

    Parameters
    ----------
    select : callable
        ``select(rows, counts)`` gets the positions of the rows that count, ascending, and their
        multiplicities, and returns a function that predicts rows, given their positions: an
        array of shape (n, n_classes) or (n,). It raises ValueError if nothing can be selected.
    n_rows, n_candidates : int
        Number of rows, and of predictions to select from.
    """

    def __init__(
        self,
        select: "Callable[[IndexArray, FloatArray], Callable[[IndexArray], AnyArray]]",
        *,
        n_rows: int,
        n_candidates: int,
    ) -> None:
        self._select = select
        self._all = np.arange(n_rows)
        self._n_candidates = n_candidates

    @property
    def n_candidates(self) -> int:
        return self._n_candidates

    def select(self, counts: "FloatArray") -> "list[AnyArray | None]":
        return [self._one(drawn) for drawn in counts]

    def _one(self, drawn: "FloatArray") -> "AnyArray | None":
        rows = np.flatnonzero(drawn)
        try:
            predict = self._select(rows, drawn[rows])
        except ValueError:
            return None
        return predict(self._all)
