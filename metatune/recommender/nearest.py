"""Nearest past datasets in meta-feature space (Feurer et al. 2015, "Auto-sklearn")."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray


__all__ = ["even_weights", "nearest_weights"]

_N_NEAREST = 25


def even_weights(left_out: "BoolArray") -> "FloatArray":
    """Return equal weights of all past datasets not left out; add up to 1."""
    return np.asarray(~left_out / max(1, int((~left_out).sum())))


def nearest_weights(past: "FloatArray", new: "FloatArray", left_out: "BoolArray") -> "FloatArray":
    """Return equal weights of the nearest past datasets, and 0 for all others.

    Parameters
    ----------
    past : ndarray of shape (n_datasets, n_features)
        Meta-features of past datasets, NaN where unknown.
    new : ndarray of shape (n_features,)
        Meta-features of the new dataset.
    left_out : ndarray of bool, shape (n_datasets,)
        Past datasets that get no weight.

    Returns
    -------
    ndarray of shape (n_datasets,)
        Adds up to 1. Distances are sums of absolute differences, each meta-feature scaled to its
        range in the past; one that is unknown for either of two datasets counts as half its range.
    """
    known = np.isfinite(past)
    low = np.where(known, past, np.inf).min(axis=0)
    high = np.where(known, past, -np.inf).max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    low = np.where(np.isfinite(low), low, 0.0)
    scaled = np.clip((past - low) / width, 0.0, 1.0)
    own = np.clip((new - low) / width, 0.0, 1.0)
    difference = np.abs(scaled - own)
    distance = np.where(np.isnan(difference), 0.5, difference).sum(axis=1)
    distance[left_out] = np.inf
    n_nearest = min(_N_NEAREST, int((~left_out).sum()))
    weights = np.zeros(len(past))
    weights[np.argsort(distance, kind="stable")[:n_nearest]] = 1.0 / max(1, n_nearest)
    return weights
