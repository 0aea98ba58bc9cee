"""Proximity: weights of past datasets by their resemblance to a new one.

Three views are blended: leaves shared in a forest that has learned which meta-features matter, the
nearest datasets in meta-feature space, and all datasets alike. How much each counts is settled
when the past is learned, on datasets whose families were left out (stacking; Wolpert 1992, Breiman
1996): the blend is the one that predicts the regrets of all configurations best. Where meta-
features tell so little that one portfolio for all datasets does better than the blend's, all
datasets count alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.forest import LeafForest
from metatune.recommender.portfolio import CAP, first_choices
from metatune.recommender.views import UnseenViews, filled, views_of

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray


__all__ = ["Proximity", "least_squares_blend", "settled_trust"]

_FEWEST = 20  # datasets: fewer cannot tell one blend from another
_AFTER = (1, 2, 4, 8)  # choices after which portfolios are compared
_DEFAULT = (0.75, 0.0, 0.25)
_ALIKE = (0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proximity:
    """Weights of past datasets for a new one.

    Attributes
    ----------
    past : ndarray of shape (n_datasets, n_features)
        Meta-features of past datasets, NaN where unknown.
    forest : LeafForest
        Forest fitted on them.
    trust : ndarray of shape (3,)
        Share of the forest, of the nearest datasets, and of all alike; adds up to 1.
    """

    past: "FloatArray"
    forest: LeafForest
    trust: "FloatArray"

    @classmethod
    def fit(
        cls,
        features: "FloatArray",
        regret: "FloatArray",
        unseen: Sequence[UnseenViews],
        seed: int = 0,
    ) -> "Proximity":
        """Learn from past datasets.

        Parameters
        ----------
        features : ndarray of shape (n_datasets, n_features)
            Meta-features, NaN where unknown.
        regret : ndarray of shape (n_datasets, n_configurations)
            Normalised regrets, NaN where unknown.
        unseen : sequence of UnseenViews
            Cross-validated weights of the views, from which their trust is estimated.
        seed : int
            Seed of the forest.
        """
        known = filled(regret)
        return cls(
            past=features,
            forest=LeafForest.fit(features, known, seed),
            trust=settled_trust(known, unseen),
        )

    def weights(self, features: "FloatArray", left_out: "BoolArray") -> "FloatArray":
        """Weigh past datasets for a new one.

        Parameters
        ----------
        features : ndarray of shape (n_features,)
            Meta-features of the new dataset, NaN where unknown.
        left_out : ndarray of bool, shape (n_datasets,)
            Past datasets that get no weight.

        Returns
        -------
        ndarray of shape (n_datasets,)
            Not negative; adds up to 1.
        """
        return np.asarray(self.trust @ views_of(self.forest, self.past, features, left_out))


def settled_trust(regret: "FloatArray", unseen: Sequence[UnseenViews]) -> "FloatArray":
    """Estimate the trust in each view.

    Parameters
    ----------
    regret : ndarray of shape (n_datasets, n_configurations)
        Normalised regrets, without NaN.
    unseen : sequence of UnseenViews
        Cross-validated weights of the views; with fewer than 20, a default is returned.

    Returns
    -------
    ndarray of shape (3,)
        Adds up to 1. All alike, if portfolios made so leave less regret after 1, 2, 4 and 8
        choices than those of the blend that predicts best.
    """
    if len(unseen) < _FEWEST:
        return np.array(_DEFAULT)
    capped = np.minimum(regret, CAP)
    predicted = np.array([one.weights @ capped[one.seen] for one in unseen])
    blend = least_squares_blend(predicted, capped[[one.row for one in unseen]])
    alike = np.array(_ALIKE)
    left = np.array(
        [
            [_regret_left(regret[one.seen], trust @ one.weights, regret[one.row]) for one in unseen]
            for trust in (blend, alike)
        ]
    ).mean(axis=1)
    relative = (left / np.maximum(left.mean(axis=0), 1e-9)).mean(axis=1)
    return alike if relative[1] < relative[0] else blend


def least_squares_blend(predicted: "FloatArray", real: "FloatArray") -> "FloatArray":
    """Return the weights of the least-squares blend of predictions (Breiman 1996).

    Parameters
    ----------
    predicted : ndarray of shape (n_datasets, n_views, n_configurations)
        Predictions of each view.
    real : ndarray of shape (n_datasets, n_configurations)
        Observed values.

    Returns
    -------
    ndarray of shape (n_views,)
        Not negative, adds up to 1; the squared error is least.
    """
    from scipy.optimize import nnls

    n_views = predicted.shape[1]
    rows = np.moveaxis(predicted, 1, -1).reshape(-1, n_views)
    base, triangle = np.linalg.qr(rows)
    heavy = 1e3 * max(float(np.abs(triangle).max()), 1e-9)  # holds the sum at 1
    shares, _ = nnls(
        np.vstack([triangle, np.full(n_views, heavy)]), np.append(base.T @ real.ravel(), heavy)
    )
    return np.asarray(shares / shares.sum())


def _regret_left(past: "FloatArray", weights: "FloatArray", own: "FloatArray") -> "FloatArray":
    """Return the regret of the portfolio on a dataset after 1, 2, 4 and 8 choices."""
    chosen = first_choices(past, weights, max(_AFTER))
    best = np.minimum.accumulate(own[chosen])
    return np.asarray(best[[min(n, len(best)) - 1 for n in _AFTER]])
