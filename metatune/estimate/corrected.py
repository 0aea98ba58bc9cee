"""Bootstrap bias-corrected cross-validation, with an interval.

The best of many cross-validated scores is partly luck. Tsamardinos, Greasidou and Borboudakis
(2018, "Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation",
Machine Learning 107) repeat the selection: draw rows with replacement, select on the drawn rows,
score the selection on the rows that were not drawn. Nothing is fitted for it: out-of-fold
predictions suffice.

Four things are done otherwise than in the paper:

- The score is the optimistic one plus the mean difference between the selections of each draw and
  of all rows, both on the rows not drawn. That is the same quantity, but the luck of the draws,
  common to both, cancels, so that fewer draws do.
- The spread of scores over the rows not drawn is not that of a score on all rows: a draw leaves
  out r = 37 % of them and has d = 63 % inside. They are the replicates of a delete-d jackknife,
  whose variance has to be multiplied by r / d (Shao and Wu 1989, "A general theory for jackknife
  variance estimation", Annals of Statistics 17). Without that the interval is 1.3 times too wide.
- For means of a loss without a bound, the interval is at least that of draws as large as the
  table: the worst rows may make most of the loss, and be absent from as many new rows.
- Few rows (or groups) say little about their own spread: the deviations are multiplied by the
  ratio of Student's t to the normal quantile. And where hardly a row is predicted wrongly,
  resampling shows no spread at all, although three of as many new rows could be of a kind not met
  yet (rule of three; Hanley and Lippman-Hand 1983): for metrics of ranks and labels the interval
  reaches as far as that.

The interval covers the sampling of the table's rows, for the selection and for its score; that the
saved model was fitted on more rows than a fold's is seen to by `metatune.estimate.growth`. It does
not cover that configurations were proposed with these very rows in view, and that new rows may come
from elsewhere.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from metatune.budget import Deadline
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.estimate.bootstrap import Draws, ScoreCache, repeat_selection, resample
from metatune.estimate.drawing import Drawing, dependent_rows
from metatune.estimate.scoring import RowScorer, Scores
from metatune.estimate.selector import Selector
from metatune.estimate.values import LEVEL, Estimate, NoEstimate
from metatune.metrics import PERFECT_SCORE, Metric

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray


__all__ = ["LEVEL", "Estimate", "NoEstimate", "estimate_score"]

_TAILS = (0.5 * (1.0 - LEVEL), 0.5 * (1.0 + LEVEL))
_MIN_BOOTSTRAPS = 20
_MAX_SKIPPED = 0.5  # share of the draws
_MIN_UNITS = 5
_FOR_QUANTILES = 200  # with fewer draws the interval is read off their standard deviation
_ROWS_SECONDS = 1.0  # of the time there has to be for draws of the final prediction's rows,
_ROWS_MOST = 20_000  # on tables of so many rows: on larger ones no few rows make most of a loss
_ONE_LOSS_A_ROW = ("log_loss", "accuracy", "rmse", "mae")
_RULE_OF_THREE = ("roc_auc", "accuracy", "balanced_accuracy")


def estimate_score(
    metric: Metric,
    y: "AnyArray",
    selector: Selector,
    *,
    row_metadata: RowMetadata = PLAIN,
    folds: "IndexArray | None" = None,
    n_bootstraps: int = 500,
    deadline: Deadline | None = None,
    seed: int = 0,
) -> Estimate | NoEstimate:
    """Estimate the score on new rows of the prediction that a selector selects.

    Parameters
    ----------
    metric : Metric
        Metric of the estimate.
    y : ndarray of shape (n_rows,)
        Encoded labels or target values.
    selector : Selector
        Selects as the run does, among out-of-fold predictions.
    row_metadata : RowMetadata
        Weights count in the score; rows of a group, and neighbours in time, are drawn together.
    folds : ndarray of shape (n_rows,), optional
        Fold whose model predicted each row, if each row was predicted by one model.
    n_bootstraps : int
        Draws, if time allows.
    deadline : Deadline, optional
        Time to stop drawing; without one the result depends on the arguments only.
    seed : int
        Seed of the draws.

    Returns
    -------
    Estimate or NoEstimate
        The latter where rows or time do not suffice.
    """
    strata = None if metric.name in _ONE_LOSS_A_ROW or y.dtype.kind == "f" else y
    groups = dependent_rows(row_metadata)
    drawing = Drawing(len(y), strata=strata, groups=groups, seed=seed)
    if drawing.n_units < _MIN_UNITS:
        return NoEstimate(reason=f"{drawing.n_units} rows or groups are too few")
    cache = ScoreCache(RowScorer(metric, y, weights=row_metadata.weights, strata=folds))
    everything = np.ones((1, len(y)))
    (reference,) = selector.select(everything)
    if reference is None:
        return NoEstimate(reason=f"{metric.name} is undefined on these rows")
    known = selector.final()
    final = reference if known is None else known
    by_rows = _of_rows(metric, cache[final], drawing, deadline)
    if selector.n_candidates == 1:
        draws = resample(cache[final], drawing, n_bootstraps=n_bootstraps, deadline=deadline)
        stretch = 1.0
    else:
        draws = repeat_selection(
            selector, reference, cache, drawing, n_bootstraps=n_bootstraps, deadline=deadline
        )
        stretch = math.sqrt(drawing.share_out / (1.0 - drawing.share_out))
    problem = _problem(draws, n_bootstraps, metric)
    if problem:
        return NoEstimate(reason=problem)
    optimistic = float(cache[final].under(everything)[0])
    score = optimistic + float(np.mean(draws.selected - draws.reference))
    if metric.better(score, optimistic):  # by the luck of the draws alone
        score = optimistic
    low, high = _interval(score, draws.selected, stretch * _student(drawing.n_units))
    if by_rows is not None:
        ends = np.quantile(by_rows, _TAILS) - optimistic
        low, high = min(low, score + float(ends[0])), max(high, score + float(ends[1]))
    if metric.name in _RULE_OF_THREE:
        low = min(low, score - optimistic + _with_unseen(final, y, groups, cache))
    worst = 0.0 if metric.name in _RULE_OF_THREE else -math.inf
    perfect = PERFECT_SCORE.get(metric.name, math.inf)
    bounds = (worst, perfect) if metric.greater_is_better else (perfect, math.inf)
    return Estimate(
        metric=metric.name,
        score=score,
        low=min(score, max(low, bounds[0])),
        high=max(score, min(high, bounds[1])),
        optimistic=optimistic,
        n_candidates=selector.n_candidates,
        method="bootstrap" if selector.n_candidates == 1 else "bias-corrected bootstrap",
        n_bootstraps=draws.n_draws,
        n_skipped=draws.n_skipped,
        n_rows=len(y),
    )


def _of_rows(
    metric: Metric, final: Scores, drawing: Drawing, deadline: Deadline | None
) -> "FloatArray | None":
    """Return scores of the final prediction on rows drawn anew; None where they take too long.

    A few rows may make most of a loss that has no bound: whether new rows hold such ones is seen in
    draws as large as the table, and not in the rows that draws leave out.
    """
    is_short = deadline is not None and deadline.remaining() < _ROWS_SECONDS
    if metric.name not in _ONE_LOSS_A_ROW or is_short or drawing.n_rows > _ROWS_MOST:
        return None
    return resample(final, drawing, n_bootstraps=_FOR_QUANTILES).selected


def _problem(draws: Draws, n_bootstraps: int, metric: Metric) -> str:
    """Return the reason why the draws do not suffice; empty if they do."""
    n_all = draws.n_draws + draws.n_skipped
    if draws.n_skipped > _MAX_SKIPPED * n_all:
        return f"{metric.name} is undefined on too many of the draws"
    if draws.n_draws < min(_MIN_BOOTSTRAPS, n_bootstraps):
        return "the time did not suffice"
    return ""


def _interval(score: float, scores: "FloatArray", stretch: float) -> tuple[float, float]:
    """Return the interval of the estimate, from the scaled deviations of the draws' scores."""
    if len(scores) >= _FOR_QUANTILES:
        below, above = np.quantile(scores, _TAILS) - scores.mean()
    else:
        above = -float(ndtri(_TAILS[0])) * scores.std(ddof=1)
        below = -above
    return score + stretch * min(0.0, float(below)), score + stretch * max(0.0, float(above))


def _student(n_units: int) -> float:
    """Return the ratio of Student's t to the normal quantile."""
    return float(stdtrit(n_units - 1, _TAILS[0]) / ndtri(_TAILS[0]))


def _with_unseen(
    final: "AnyArray", y: "AnyArray", groups: "AnyArray | None", cache: ScoreCache
) -> float:
    """Score the final prediction if three rows (or groups) of the rarest class were misclassified.

    That many may do so among as many new rows, with a chance of 5 %, although none of these did.
    """
    classes, counts = np.unique(y, return_counts=True)
    of_rarest = y == classes[counts.argmin()]
    units = np.arange(len(y)) if groups is None else np.asarray(groups)
    changed = np.isin(units, np.unique(units[of_rarest])[:3]) & of_rarest
    other = np.array(final, dtype=np.float64)
    other[changed] = other[~of_rarest].mean(axis=0)
    return float(cache.once(other).under(np.ones((1, len(y))))[0])
