"""Familiarity of a dataset: the nearness of past datasets to it.

Distances are taken between meta-features scaled by their spread over past datasets (median and
interquartile range, far values drawn in) and weighted by what the proximity forest found to matter.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["familiarity"]

_N_NEAREST = 3
_FARTHEST = 5.0  # interquartile ranges; beyond, a value is odd, and how odd hardly matters


def familiarity(past: "FloatArray", new: "FloatArray", importances: "FloatArray") -> float:
    """Compare the distance of a dataset to the past with the distances within the past.

    Parameters
    ----------
    past : ndarray of shape (n_datasets, n_features)
        Meta-features of past datasets, NaN where unknown.
    new : ndarray of shape (n_features,)
        Meta-features of the new dataset.
    importances : ndarray of shape (n_features,)
        Weight of each meta-feature; not negative.

    Returns
    -------
    float
        In [0, 1]: the share of past datasets whose mean distance to their three nearest others is
        at least that of the new dataset. 0 if there are too few past datasets to tell.
    """
    if len(past) <= _N_NEAREST:
        return 0.0
    scaled, own = _scaled(past, new)
    weights = importances / max(float(importances.sum()), 1e-12)
    within = np.abs(scaled[:, None, :] - scaled[None, :, :]) @ weights
    np.fill_diagonal(within, np.inf)
    distance = _to_nearest(np.abs(scaled - own) @ weights)
    return float(np.mean([_to_nearest(row) >= distance for row in within]))


def _scaled(past: "FloatArray", new: "FloatArray") -> "tuple[FloatArray, FloatArray]":
    both = np.vstack([past, new])
    known = np.isfinite(both)
    filled = np.where(known, both, np.nan)
    empty = ~known[:-1].any(axis=0)
    filled[:, empty] = 0.0
    low, center, high = np.nanquantile(filled[:-1], [0.25, 0.5, 0.75], axis=0)
    spread = np.where(high > low, high - low, 1.0)
    scaled = np.clip((filled - center) / spread, -_FARTHEST, _FARTHEST)
    scaled = np.nan_to_num(scaled)
    return scaled[:-1], scaled[-1]


def _to_nearest(distances: "FloatArray") -> float:
    return float(np.sort(distances)[:_N_NEAREST].mean())
