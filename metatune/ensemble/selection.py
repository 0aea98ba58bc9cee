"""Greedy ensemble selection with replacement.

Caruana, Niculescu-Mizil, Crew, Ksikes 2004, "Ensemble selection from libraries of models": start
with the best members, then add, again and again, the member that improves the mean of all picks
most; a member picked twice weighs twice. Against over-fitting the selection, as the paper does: a
sorted start, and bags of random members whose weights are averaged.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.ensemble.losses import MixtureLoss, make_mixture_loss
from metatune.metrics import Metric

if TYPE_CHECKING:
    from metatune._typing import AnyArray, Float32Array, FloatArray, IndexArray


__all__ = ["SelectionSettings", "prune", "select_members", "single_losses"]

_LEAST_GAIN = 1e-7  # of the loss
_PATIENCE = 4  # picks without a gain; with more picks a step becomes smaller and may still gain


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionSettings:
    """Settings of the greedy selection.

    Attributes
    ----------
    n_picks : int
        Picks of one selection, at most.
    n_start : int
        Maximum number of the best members that a selection starts with.
    n_bags : int
        Selections from random members, besides the one from all.
    bag_share : float
        Share of the members in a bag.
    least_weight : float
        Members below are left out: they cost time and change nothing.
    seed : int
        Seed of the bags.
    """

    n_picks: int = 30
    n_start: int = 5
    n_bags: int = 8
    bag_share: float = 0.5
    least_weight: float = 0.02
    seed: int = 0


def select_members(
    metric: Metric,
    y: "AnyArray",
    predictions: "Float32Array",
    *,
    weights: "FloatArray | None" = None,
    settings: SelectionSettings | None = None,
) -> "FloatArray":
    """Select weights of members by the loss of their weighted mean.

    Parameters
    ----------
    metric : Metric
        Metric that the run optimises.
    y : ndarray of shape (n_rows,)
        Encoded labels or values.
    predictions : ndarray of shape (n_members, n_rows) or (n_members, n_rows, n_classes)
        Out-of-fold predictions; rows with a NaN in any member are left out.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.
    settings : SelectionSettings, optional
        Settings of the greedy selection.

    Returns
    -------
    ndarray of shape (n_members,)
        Weights that sum to 1.

    Raises
    ------
    ValueError
        If there is no member, or no row that all members predict.
    """
    settings = settings or SelectionSettings()
    if not len(predictions):
        raise ValueError("there is no member to select: pass at least one")
    covered = np.isfinite(predictions).all(axis=(0, *range(2, predictions.ndim)))
    if not covered.any():
        raise ValueError("no row is predicted by all members: nothing can be selected")
    if not covered.all():
        y, predictions = y[covered], predictions[:, covered]
        weights = None if weights is None else weights[covered]
    mixture = make_mixture_loss(metric, y, predictions, weights)
    return select(mixture, settings)


def select(mixture: MixtureLoss, settings: SelectionSettings) -> "FloatArray":
    """Select weights of members by a loss of mixtures; see `select_members`."""
    alone = single_losses(mixture)
    everyone = np.arange(mixture.n_members)
    found = [_greedy(mixture, everyone, alone, settings)]
    rng = np.random.default_rng(settings.seed)
    size = max(2, round(settings.bag_share * mixture.n_members))
    if size < mixture.n_members:
        for _ in range(settings.n_bags):
            bag = np.sort(rng.choice(mixture.n_members, size, replace=False))
            found.append(_greedy(mixture, bag, alone, settings))
    # A bag of poor members would only dilute: it counts if it is better than the best alone.
    best = alone.min()
    good = [w for w in found if mixture.of_weights(w) <= best] or found[:1]
    return prune(np.mean(good, axis=0), settings.least_weight)


def single_losses(mixture: MixtureLoss) -> "FloatArray":
    """Return the loss of each member alone."""
    losses = mixture.losses(mixture.empty(), 0, np.arange(mixture.n_members))
    return np.where(np.isnan(losses), np.inf, losses)


def prune(weights: "FloatArray", least: float) -> "FloatArray":
    """Drop small weights, though never the largest, and make the rest sum to 1."""
    kept = np.where(weights >= min(least, weights.max()), weights, 0.0)
    return np.asarray(kept / kept.sum())


def _greedy(
    mixture: MixtureLoss,
    members: "IndexArray",
    alone: "FloatArray",
    settings: SelectionSettings,
) -> "FloatArray":
    """Select among `members`; return weights over all."""
    counts, state, best = _start(mixture, members, alone, settings.n_start)
    best_counts, idle = counts.copy(), 0
    while counts.sum() < settings.n_picks and idle < _PATIENCE:
        losses = mixture.losses(state, int(counts.sum()), members)
        if not np.isfinite(losses).any():
            break
        pick = int(members[int(np.nanargmin(losses))])
        counts[pick] += 1
        state = mixture.join(state, pick)
        loss = float(np.nanmin(losses))
        if loss < best - _LEAST_GAIN * abs(best):
            best, best_counts, idle = loss, counts.copy(), 0
        else:
            idle += 1
    return np.asarray(best_counts / best_counts.sum())


def _start(
    mixture: MixtureLoss, members: "IndexArray", alone: "FloatArray", n_start: int
) -> tuple["FloatArray", Any, float]:
    """Return counts, state and loss of the best members together, in the best number."""
    ranked = members[np.argsort(alone[members], kind="stable")][:n_start]
    counts, state = np.zeros(mixture.n_members), mixture.empty()
    best: tuple[FloatArray, Any, float] | None = None
    for member in ranked:
        counts[member] += 1
        state = mixture.join(state, int(member))
        loss = mixture.loss(state, float(counts.sum()))
        if best is None or loss < best[2]:
            best = counts.copy(), state, loss
    assert best is not None  # there is a member
    return best
