"""Complexity meta-features: overlap of the classes, or roughness of a numeric target.

Most are those of Ho and Basu 2002 ("Complexity measures of supervised classification problems"),
Lorena et al. 2019 ("How complex is your classification problem?") and Lorena et al. 2018 ("Data
complexity meta-features for regression problems"), whose short names stand in the definitions. For
regression, measures of classes are taken over the fifths of the target, unless said otherwise.
Larger means harder. Distances are Euclidean between standardised numbers and indicators of
categories, on at most 1,000 rows.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from metatune.metafeatures.aggregate import ratio
from metatune.metafeatures.feature import Group, Values, define
from metatune.metafeatures.geometry import (
    GEOMETRY_FEATURES,
    crowding,
    intrinsic_dimension,
    minimum_spanning_tree,
)
from metatune.metafeatures.learners import nearest, score, squared_distances
from metatune.metafeatures.sample import Points, Sample, make_points, standardize

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray


__all__ = ["COMPLEXITY"]

_NAME = "complexity"
_NEIGHBORS = 5
_COMMON_CLASSES = 10
_PAIR_ROWS = 400

_FEATURES = (
    *define(
        _NAME,
        "Ho and Basu 2002, Lorena et al. 2019; regression: Lorena et al. 2018",
        {
            "FisherRatio": "F1: 1 / (1 + largest Fisher ratio of an axis)",
            "FeatureOverlap": "F3: share of rows in the overlap of two classes on the axis that "
            "separates them best, mean over pairs of the ten most frequent classes",
            "LinearError": "L2: training error of a linear least-squares fit; regression: 1 - R2",
            "LinearNonlinearity": "L3: its error on points interpolated within classes "
            "(regression: 1 - R2 between rows of neighbouring target)",
            "BoundaryShare": "N1: share of edges of the minimum spanning tree that join different "
            "classes",
            "IntraInterRatio": "N2: r / (1 + r), r = distances to the nearest of the own over the "
            "nearest of another class",
            "NeighborError": "N3: leave-one-out error of the nearest neighbour; regression (S3): "
            "half its mean squared error over the variance of the target",
            "NeighborNonlinearity": "N4: error (1 - R2) of the nearest neighbour on such points",
            "LocalSetSize": "LSC: 1 - mean share of rows nearer than the nearest of another class",
            "TargetRoughness": "S1: mean squared difference of the target (class indicators) along "
            "edges of the spanning tree, over that of random pairs",
        },
    ),
    *define(
        _NAME,
        "Cover and Hart 1967; Evans and Jones 2002 (Gamma test)",
        {
            "NeighborNoise": "mean squared error of the mean of five neighbours over the variance "
            "of the target (of class indicators)",
            "NeighborPurity": "mean share of five neighbours of the own class",
        },
    ),
    *define(
        _NAME,
        "this project",
        {
            "DistanceTargetCorrelation": "correlation over pairs of distance and target difference",
            "ConflictShare": "share of rows whose exact duplicate has another class",
        },
    ),
    *GEOMETRY_FEATURES,
)


def _compute(sample: Sample) -> Iterator[Values]:
    points = make_points(sample)
    if len(points.Z) < 4 or points.Z.shape[1] == 0:
        return
    yield _axes(points, sample.kind.is_classification)
    yield _linear(points, sample.seed)
    distances = squared_distances(points.Z, points.Z)
    np.fill_diagonal(distances, np.inf)
    near = nearest(distances, min(_NEIGHBORS, len(distances) - 1))
    yield _neighbors(points, distances, near)
    yield _local_sets(points.labels, distances)
    yield intrinsic_dimension(distances, near, points.Z.shape[1])
    yield crowding(points.Z, distances, near, sample.seed)
    yield {"NeighborNonlinearity": _neighbor_nonlinearity(points, sample.seed)}
    yield _tree(points, distances)
    yield {"DistanceTargetCorrelation": _distance_target_correlation(points, sample.seed)}


def _axes(points: Points, classes: bool) -> Values:
    """Compute the separability of classes on single axes: F1, F3."""
    S = standardize(points.Z)
    if not classes:
        explained = float(((points.Y[:, 0] @ S / len(S)) ** 2).max())
        return {"FisherRatio": 1.0 - min(1.0, explained), "FeatureOverlap": _overlap(points)}
    counts = points.Y.sum(axis=0)
    between = ((points.Y.T @ S) ** 2 / counts[:, None]).sum(axis=0) / len(S)
    # With R = between / within, 1 / (1 + R) is the share of the variance within.
    return {"FisherRatio": 1.0 - min(1.0, float(between.max())), "FeatureOverlap": _overlap(points)}


def _overlap(points: Points) -> float:
    counts = np.bincount(points.labels)
    common = np.argsort(-counts, kind="stable")[:_COMMON_CLASSES]
    parts = [points.Z[points.labels == label] for label in common if counts[label]]
    shares = []
    for i, one in enumerate(parts):
        for other in parts[:i]:
            low = np.maximum(one.min(axis=0), other.min(axis=0))
            high = np.minimum(one.max(axis=0), other.max(axis=0))
            inside = ((one >= low) & (one <= high)).sum(axis=0)
            inside = inside + ((other >= low) & (other <= high)).sum(axis=0)
            shares.append(inside.min() / (len(one) + len(other)))
    return float(np.mean(shares)) if shares else np.nan


def _linear(points: Points, seed: int) -> Values:
    """Fit a linear model to all points: L2, L3."""
    Z, Y = points.Z, points.Y
    if not np.ptp(Y, axis=0).any():
        return {}
    z0, y0 = Z.mean(axis=0), Y.mean(axis=0)
    gram = (Z - z0).T @ (Z - z0)
    gram[np.diag_indices_from(gram)] += 1e-6 * len(Z)
    weights = np.linalg.solve(gram, (Z - z0).T @ (Y - y0))
    between, targets = _interpolate(points, seed)
    return {
        "LinearError": 1.0 - score(Y, (Z - z0) @ weights + y0),
        "LinearNonlinearity": 1.0 - score(targets, (between - z0) @ weights + y0),
    }


def _interpolate(points: Points, seed: int) -> tuple["FloatArray", "FloatArray"]:
    """Return random points between each row and another one of its class, and their targets.

    For regression, between each row and the one of next larger target.
    """
    rng = np.random.default_rng(seed)
    n_rows = len(points.Z)
    key = points.Y[:, 0] if points.Y.shape[1] == 1 else points.labels
    order = np.lexsort((rng.random(n_rows), key))
    following = np.roll(order, -1)
    if points.Y.shape[1] > 1:
        # The last row of a class pairs with the first of the same class, not with the next class.
        starts = np.searchsorted(points.labels[order], points.labels[order])
        ends = np.append(points.labels[order][1:] != points.labels[order][:-1], True)
        following = np.where(ends, order[starts], following)
    else:
        order, following = order[:-1], following[:-1]
    weight = rng.random((len(order), 1))
    Z = weight * points.Z[order] + (1.0 - weight) * points.Z[following]
    Y = weight * points.Y[order] + (1.0 - weight) * points.Y[following]
    return Z, Y


def _neighbors(points: Points, distances: "FloatArray", near: "IndexArray") -> Values:
    """Compute measures of nearest neighbours: N3, noise, purity, conflicts."""
    Y, labels = points.Y, points.labels
    first = near[:, 0]
    variance = float(Y.var(axis=0).sum())
    squared = float(((Y[near].mean(axis=1) - Y) ** 2).sum(axis=1).mean())
    if Y.shape[1] > 1:
        error = float(np.mean(labels[first] != labels))
        differs = labels[first] != labels
    else:
        error = ratio(float(((Y[first] - Y) ** 2).mean()), 2.0 * variance)
        differs = Y[first, 0] != Y[:, 0]
    touching = distances[np.arange(len(first)), first] == 0.0
    return {
        "NeighborError": error,
        "NeighborNoise": ratio(squared, variance),
        "NeighborPurity": float(np.mean(labels[near] == labels[:, None])),
        "ConflictShare": float(np.mean(touching & differs)),
    }


def _local_sets(labels: "IndexArray", distances: "FloatArray") -> Values:
    """Compare distances within and between classes: N2, LSC."""
    same = labels[:, None] == labels[None, :]
    nearest_own = np.where(same, distances, np.inf).min(axis=1)
    nearest_other = np.where(same, np.inf, distances).min(axis=1)
    usable = np.isfinite(nearest_own) & np.isfinite(nearest_other)
    if not usable.any():
        return {}
    inside = (distances < nearest_other[:, None]).sum(axis=1) + 1
    own, other = np.sqrt(nearest_own), np.sqrt(nearest_other)
    total = float(own[usable].sum() + other[usable].sum())
    return {
        "IntraInterRatio": ratio(float(own[usable].sum()), total),
        "LocalSetSize": 1.0 - float(inside[usable].mean()) / len(labels),
    }


def _neighbor_nonlinearity(points: Points, seed: int) -> float:
    between, targets = _interpolate(points, seed)
    near = squared_distances(between, points.Z).argmin(axis=1)
    return 1.0 - score(targets, points.Y[near]) if np.ptp(points.Y, axis=0).any() else np.nan


def _tree(points: Points, distances: "FloatArray") -> Values:
    """Compute measures of the minimum spanning tree: N1, S1."""
    ends = minimum_spanning_tree(distances)
    Y, labels = points.Y, points.labels
    steps = ((Y[ends[:, 0]] - Y[ends[:, 1]]) ** 2).sum(axis=1)
    # The expected squared difference of two random rows is twice the variance.
    return {
        "BoundaryShare": float(np.mean(labels[ends[:, 0]] != labels[ends[:, 1]])),
        "TargetRoughness": ratio(float(steps.mean()), 2.0 * float(Y.var(axis=0).sum())),
    }


def _distance_target_correlation(points: Points, seed: int) -> float:
    rows = np.random.default_rng(seed).permutation(len(points.Z))[:_PAIR_ROWS]
    Z, Y = points.Z[rows], points.Y[rows]
    upper = np.triu_indices(len(rows), k=1)
    squares = np.column_stack([squared_distances(A, A)[upper] for A in (Z, Y)])
    pair = standardize(np.sqrt(squares))
    if not (pair != 0.0).any(axis=0).all():
        return np.nan
    return float((pair[:, 0] * pair[:, 1]).mean())


COMPLEXITY = Group(
    name=_NAME,
    features=_FEATURES,
    compute=_compute,
    max_rows=1_000,
    max_columns=60,
    max_cells=None,
    expected_seconds=lambda rows, columns: 0.01 + rows**2 * (1e-7 + 1.5e-9 * columns),
)
