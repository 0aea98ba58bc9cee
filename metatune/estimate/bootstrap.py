"""Bootstrap of a model selection, as long as there is time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from metatune.budget import Deadline, Stopwatch
from metatune.estimate.drawing import Drawing
from metatune.estimate.scoring import RowScorer, Scores
from metatune.estimate.selector import Selector

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["Draws", "ScoreCache", "repeat_selection", "resample"]

_BATCH_CELLS = 2_000_000
_BATCH_DRAWS = 100
_BATCH_SECONDS = 0.25  # the clock is asked about so often
_MAX_PREPARED = 16


@dataclass(slots=True, kw_only=True, eq=False)
class Draws:
    """Scores of each draw, on the rows that it left out.

    Attributes
    ----------
    selected : ndarray of shape (n_draws,)
        Score of the prediction that the draw selects.
    reference : ndarray of shape (n_draws,)
        Score of the prediction that all rows select, on the same rows.
    n_skipped : int
        Number of draws on which one of them is undefined; they are left out.
    """

    selected: "FloatArray" = field(default_factory=lambda: np.empty(0))
    reference: "FloatArray" = field(default_factory=lambda: np.empty(0))
    n_skipped: int = 0

    @property
    def n_draws(self) -> int:
        """Number of draws with both scores."""
        return len(self.selected)

    def add(self, selected: "FloatArray", reference: "FloatArray") -> None:
        """Add the scores of a batch."""
        both = np.isfinite(selected) & np.isfinite(reference)
        self.selected = np.r_[self.selected, selected[both]]
        self.reference = np.r_[self.reference, reference[both]]
        self.n_skipped += int((~both).sum())


class ScoreCache:
    """Cache of the prepared scores of predictions.

    Parameters
    ----------
    scorer : RowScorer
        Prepares the scores.
    """

    def __init__(self, scorer: RowScorer) -> None:
        self._scorer = scorer
        self._known: dict[int, tuple[AnyArray, Scores]] = {}

    def __getitem__(self, prediction: "AnyArray") -> Scores:
        known = self._known.get(id(prediction))
        if known is None:
            if len(self._known) >= _MAX_PREPARED:
                self._known.clear()
            # the prediction is held with its scores, so that no other array gets its number
            known = prediction, self._scorer.prepare(prediction)
            self._known[id(prediction)] = known
        return known[1]

    def once(self, prediction: "AnyArray") -> Scores:
        """Prepare a prediction without caching it."""
        return self._scorer.prepare(prediction)


def repeat_selection(
    selector: Selector,
    reference: "AnyArray",
    cache: ScoreCache,
    drawing: Drawing,
    *,
    n_bootstraps: int,
    deadline: Deadline | None = None,
) -> Draws:
    """Select on the rows of each draw, and score the selection on the others.

    Parameters
    ----------
    selector : Selector
        Repeats the selection.
    reference : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Prediction that all rows select.
    cache : ScoreCache
        Scores of predictions.
    drawing : Drawing
        Source of the draws.
    n_bootstraps : int
        Maximum number of draws.
    deadline : Deadline, optional
        Time to stop drawing.
    """
    draws = Draws()
    for counts in _batches(drawing, n_bootstraps, deadline):
        out = (counts == 0).astype(np.float64)
        selections = selector.select(counts)
        selected = np.full(len(counts), np.nan)
        for of_draw in _same(selections):
            prediction = selections[of_draw[0]]
            if prediction is not None:
                selected[of_draw] = cache[prediction].under(out[of_draw])
        draws.add(selected, cache[reference].under(out))
    return draws


def resample(
    final: Scores, drawing: Drawing, *, n_bootstraps: int, deadline: Deadline | None = None
) -> Draws:
    """Score one prediction on the rows of each draw: the plain bootstrap."""
    draws = Draws()
    for counts in _batches(drawing, n_bootstraps, deadline):
        scores = final.under(counts)
        draws.add(scores, scores)
    return draws


def _same(selections: "list[AnyArray | None]") -> list[list[int]]:
    """Group the draws that selected the same prediction."""
    groups: dict[int, list[int]] = {}
    for i, selection in enumerate(selections):
        groups.setdefault(id(selection), []).append(i)
    return list(groups.values())


def _batches(
    drawing: Drawing, n_bootstraps: int, deadline: Deadline | None
) -> "Iterator[FloatArray]":
    """Yield draws until there are enough, or the next ones would come too late."""
    size = largest = max(1, min(_BATCH_DRAWS, _BATCH_CELLS // drawing.n_rows))
    if deadline is not None:
        size = min(size, 2)  # nothing is known about their duration yet
    watch, done = Stopwatch(), 0
    while done < n_bootstraps:
        if deadline is not None and done:
            each = watch.seconds() / done
            size = max(1, min(largest, int(_BATCH_SECONDS / each)))
            if deadline.remaining() < size * each:
                return
        yield drawing.draw(min(size, n_bootstraps - done))
        done += size
