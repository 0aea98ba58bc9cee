"""Views of the resemblance of past datasets to a new one, and their cross-validation.

A view gives weights to past datasets. There are three: leaves shared in a forest that has learned
which meta-features matter, the nearest datasets in meta-feature space, and all datasets alike.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.forest import LeafForest
from metatune.recommender.nearest import even_weights, nearest_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metatune._typing import BoolArray, FloatArray


__all__ = ["UnseenViews", "filled", "views_of", "views_of_unseen"]

_N_FOLDS = 10
_FEWEST_FAMILIES = 5
_FEWEST = 10  # datasets that are seen: fewer tell nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnseenViews:
    """Weights of the past datasets of other folds for one dataset.

    Attributes
    ----------
    row : int
        The dataset.
    seen : ndarray of bool, shape (n_datasets,)
        The past datasets of other folds; none is of its family.
    weights : ndarray of shape (n_views, n_seen)
        Weights of each view; each adds up to 1.
    """

    row: int
    seen: "BoolArray"
    weights: "FloatArray"


def views_of(
    forest: LeafForest, past: "FloatArray", features: "FloatArray", left_out: "BoolArray"
) -> "FloatArray":
    """Weigh past datasets for a new one in every view.

    Parameters
    ----------
    forest : LeafForest
        Forest fitted on the past datasets.
    past : ndarray of shape (n_datasets, n_features)
        Their meta-features, NaN where unknown.
    features : ndarray of shape (n_features,)
        Meta-features of the new dataset.
    left_out : ndarray of bool, shape (n_datasets,)
        Past datasets that get no weight.

    Returns
    -------
    ndarray of shape (3, n_datasets)
        Weights of the forest, of the nearest, and equal ones; each adds up to 1.
    """
    near = nearest_weights(past, features, left_out)
    return np.vstack([forest.weights(features, left_out), near, even_weights(left_out)])


def views_of_unseen(
    features: "FloatArray", regret: "FloatArray", families: "Sequence[str]", seed: int
) -> tuple[UnseenViews, ...]:
    """Weigh past datasets for each one, those of its fold left out: cross-validated views.

    With ten folds, what is left to learn from is nearly the whole past; with five, portfolios and
    intervals were noticeably worse than those of the meta-model that is fitted in the end.

    Parameters
    ----------
    features : ndarray of shape (n_datasets, n_features)
        Meta-features, NaN where unknown.
    regret : ndarray of shape (n_datasets, n_configurations)
        Normalised regrets, NaN where unknown.
    families : sequence of str
        Datasets of a family are left out together.
    seed : int
        Seed of the forests.

    Returns
    -------
    tuple of UnseenViews
        Empty where there are too few families or datasets to leave any out.
    """
    numbers = np.unique(families, return_inverse=True)[1]
    n_families = int(numbers.max(initial=-1)) + 1
    if n_families <= _FEWEST_FAMILIES:
        return ()
    n_folds = min(_N_FOLDS, n_families)
    found = []
    for fold in range(n_folds):
        seen = numbers % n_folds != fold
        if np.count_nonzero(seen) < _FEWEST:
            continue
        known = features[seen]
        forest = LeafForest.fit(known, filled(regret[seen]), seed)
        nobody = np.zeros(len(known), dtype=bool)
        for row in np.flatnonzero(~seen):
            weights = views_of(forest, known, features[row], nobody)
            found.append(UnseenViews(row=int(row), seen=seen, weights=weights))
    return tuple(found)


def filled(regret: "FloatArray") -> "FloatArray":
    """Impute missing regrets by the means of their columns."""
    known = np.isfinite(regret)
    mean = np.where(known, regret, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, regret, mean)
