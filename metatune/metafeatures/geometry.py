"""Geometric meta-features, which ignore the target: dimension, density, hubs, duplicates."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.metafeatures.aggregate import ratio
from metatune.metafeatures.feature import Values, define
from metatune.metafeatures.learners import squared_distances
from metatune.metafeatures.shape import moments

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray


__all__ = ["GEOMETRY_FEATURES", "crowding", "intrinsic_dimension", "minimum_spanning_tree"]

_PROBES = 100
_KEPT_SHARE = 0.9  # Facco et al. leave out the largest tenth of the ratios

GEOMETRY_FEATURES = (
    *define(
        "complexity",
        "Facco et al. 2017 (TwoNN)",
        {
            "IntrinsicDimension": "dimension of the points from ratios of the distances to the two "
            "nearest neighbours, at most the number of axes",
            "IntrinsicDimensionRatio": "intrinsic dimension over the number of axes",
        },
    ),
    *define(
        "complexity",
        "Beyer et al. 1999; Radovanovic et al. 2010; Hopkins and Skellam 1954",
        {
            "DistanceContrast": "standard deviation over mean of the distances of pairs",
            "Hubness": "skewness of the number of rows that count a row among their nearest five",
            "ClusterTendency": "Hopkins statistic: 0.5 for even spread, near 1 for clusters",
        },
    ),
    *define(
        "complexity",
        "Rivolli et al. 2022",
        {"DuplicateShare": "share of rows whose nearest neighbour is the same point"},
    ),
)


def intrinsic_dimension(distances: "FloatArray", near: "IndexArray", n_axes: int) -> Values:
    """Estimate the dimension of the points.

    With mu the distance to the second over that to the first neighbour, log(mu) is exponentially
    distributed with the dimension as its rate, which is fitted through the origin of the
    log-log plot as in the paper. Rows that have a duplicate say nothing and are left out.

    Parameters
    ----------
    distances : ndarray of shape (n_rows, n_rows)
        Squared, infinite on the diagonal.
    near : ndarray of shape (n_rows, k), intp
        Nearest neighbours, ascending.
    n_axes : int
        Number of axes of the space.
    """
    if near.shape[1] < 2:
        return {}
    rows = np.arange(len(near))
    first, second = distances[rows, near[:, 0]], distances[rows, near[:, 1]]
    log_mu = np.sort(0.5 * np.log(second[first > 0.0] / first[first > 0.0]))
    n = len(log_mu)
    kept = int(_KEPT_SHARE * n)
    if kept < 5:
        return {}
    x, y = log_mu[:kept], -np.log1p(-np.arange(1, kept + 1) / n)
    # On a grid most neighbours tie and the estimate diverges; space has no more axes than these.
    dimension = ratio(float((x * y).sum()), float((x * x).sum()), default=float(n_axes))
    dimension = min(dimension, float(n_axes))
    return {
        "IntrinsicDimension": dimension,
        "IntrinsicDimensionRatio": dimension / n_axes,
    }


def crowding(Z: "FloatArray", distances: "FloatArray", near: "IndexArray", seed: int) -> Values:
    """Compute measures of density: contrast, hubs, clusters, duplicates."""
    apart = np.sqrt(distances[np.triu_indices(len(distances), k=1)])
    nearest_one = distances[np.arange(len(near)), near[:, 0]]
    hits = np.bincount(near.ravel(), minlength=len(Z)).astype(np.float64)
    return {
        "DistanceContrast": ratio(float(apart.std()), float(apart.mean())),
        "Hubness": float(moments(hits[:, None])[0][0]),
        "DuplicateShare": float(np.mean(nearest_one == 0.0)),
        "ClusterTendency": _hopkins(Z, nearest_one, seed),
    }


def _hopkins(Z: "FloatArray", nearest_one: "FloatArray", seed: int) -> float:
    """Compare distances to the nearest row from random places and from rows."""
    rng = np.random.default_rng(seed)
    n_probes = min(_PROBES, len(Z))
    places = rng.uniform(Z.min(axis=0), Z.max(axis=0), size=(n_probes, Z.shape[1]))
    from_places = np.sqrt(squared_distances(places, Z).min(axis=1)).sum()
    from_rows = np.sqrt(nearest_one[rng.permutation(len(Z))[:n_probes]]).sum()
    return ratio(float(from_places), float(from_places + from_rows))


def minimum_spanning_tree(distances: "FloatArray") -> "IndexArray":
    """Return the edges of a minimum spanning tree (Prim), shape (n_rows - 1, 2).

    scipy's function takes zero distances for missing edges, which duplicated rows would suffer
    from.
    """
    n = len(distances)
    edges = np.empty((n - 1, 2), dtype=np.intp)
    reach = distances[0].copy()
    origin = np.zeros(n, dtype=np.intp)
    reach[0] = np.inf
    outside = np.ones(n, dtype=bool)
    outside[0] = False
    for i in range(n - 1):
        new = int(reach.argmin())
        edges[i] = origin[new], new
        outside[new] = False
        reach[new] = np.inf
        nearer = outside & (distances[new] < reach)
        reach[nearer] = distances[new, nearer]
        origin[nearer] = new
    return edges
