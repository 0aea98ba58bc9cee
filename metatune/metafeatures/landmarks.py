"""Landmarkers: scores of very simple and very fast learners.

The first six are auto-sklearn's (Feurer et al. 2015, after Pfahringer, Bensusan and
Giraud-Carrier 2000, "Meta-learning by landmarking various learning algorithms"): accuracy in
five-fold cross-validation. For regression each name holds the analogous learner's R2, clipped to
[-1, 1]. They see standardised numbers and indicators of categories, at most 1,500 rows.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.splits.folds import Fold
from metatune.metafeatures.aggregate import finite
from metatune.metafeatures.feature import Group, Values, define
from metatune.metafeatures.learners import (
    Learner,
    estimator,
    folds_of,
    kernel_ridge_score,
    marginal_regression,
    neighbor_scores,
    out_of_fold_score,
    ridge,
    score,
    squared_distances,
)
from metatune.metafeatures.sample import Points, Sample, make_points

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["LANDMARKERS"]

_NAME = "landmarkers"
_FOLDS = 5
_NEIGHBORS = 10
_KERNEL_ROWS = 600
_KERNEL_PENALTY = 0.1
_FOREST_FOLDS = 2
_MANY_CLASSES = 30
_FOREST_TREES = 20

_FEATURES = (
    *define(
        _NAME,
        "auto-sklearn (Feurer et al. 2015), Pfahringer et al. 2000",
        {
            "LandmarkLDA": "linear discriminant analysis; regression: least squares",
            "LandmarkNaiveBayes": "Gaussian naive Bayes; regression: columns weighted by their own "
            "covariance with the target",
            "LandmarkDecisionTree": "an unpruned decision tree (above 30 classes all trees take "
            "random thresholds)",
            "LandmarkDecisionNodeLearner": "a tree of one split",
            "LandmarkRandomNodeLearner": "a tree of one split on one random column",
            "Landmark1NN": "the nearest neighbour",
        },
    ),
    *define(
        _NAME,
        "this project, in the manner of Pfahringer et al. 2000",
        {
            "LandmarkShallowTree": "a tree of at most three levels",
            "LandmarkKNN": "ten nearest neighbours",
            "LandmarkRidge": "ridge regression (of class indicators), penalty = number of axes",
            "LandmarkKernelRidge": "kernel ridge regression, Gaussian kernel of the median "
            "distance, leave-one-out, at most 600 rows",
            "LandmarkExtraTrees": "20 extremely randomised trees, two folds",
        },
    ),
    *define(
        _NAME,
        "relative landmarks, Fuernkranz and Petrak 2001",
        {
            "LandmarkTreeMinusLinear": "unpruned tree minus the better of LDA and ridge",
            "LandmarkForestMinusLinear": "extremely randomised trees minus the better linear one",
            "LandmarkForestMinusTree": "extremely randomised trees minus the unpruned tree",
            "LandmarkKernelMinusLinear": "kernel ridge minus the better linear one",
            "LandmarkKernelMinusForest": "kernel ridge minus extremely randomised trees",
            "LandmarkNeighborMinusLinear": "ten nearest neighbours minus the better linear one",
            "LandmarkNeighborSmoothing": "ten nearest neighbours minus one: large where noise is",
            "LandmarkTreeDepthGain": "unpruned tree minus the tree of three levels",
            "LandmarkBest": "best of all landmarkers",
            "LandmarkBestGain": "best, from 0 (most frequent class, or mean) to 1 (perfect)",
        },
    ),
    *define(
        _NAME,
        "Fuernkranz and Petrak 2001 (subsampling landmarks), Leite and Brazdil 2005",
        {
            "LandmarkNeighborSlope": "ten nearest neighbours with all rows minus with a quarter: "
            "what more rows buy",
        },
    ),
)


def _compute(sample: Sample) -> Iterator[Values]:
    points = make_points(sample)
    if len(points.Z) < 4 or points.Z.shape[1] == 0:
        return
    if points.Y.shape[1] > len(points.Z) / 2:
        return  # with less than two rows to a class nothing can be learned from one to tell another
    folds = folds_of(points, _FOLDS, sample.seed)
    scores: dict[str, float] = {}
    for name, learner in _cheap_learners(sample, points):
        scores[name] = out_of_fold_score(points, folds, learner)
        yield {name: scores[name]}
    neighbors = _neighbor_values(points, folds)
    scores.update({name: neighbors[name] for name in ("Landmark1NN", "LandmarkKNN")})
    yield neighbors
    scores["LandmarkKernelRidge"] = _kernel_score(points, sample.seed)
    yield {"LandmarkKernelRidge": scores["LandmarkKernelRidge"]}
    halves = folds_of(points, _FOREST_FOLDS, sample.seed)
    scores["LandmarkExtraTrees"] = out_of_fold_score(points, halves, _forest(sample))
    yield {"LandmarkExtraTrees": scores["LandmarkExtraTrees"]}
    yield _relative(scores, points.Y)


def _expected_seconds(n_rows: int, n_columns: int) -> float:
    first_import = 0.0 if "sklearn.ensemble" in sys.modules else 1.0
    return first_import + 0.15 + 1.2e-5 * n_rows * n_columns


def _cheap_learners(sample: Sample, points: Points) -> Sequence[tuple[str, Learner]]:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.naive_bayes import GaussianNB

    classes = sample.kind.is_classification
    return (
        ("LandmarkDecisionNodeLearner", _tree(sample, max_depth=1)),
        ("LandmarkRandomNodeLearner", _tree(sample, max_depth=1, max_features=1)),
        ("LandmarkNaiveBayes", estimator(GaussianNB) if classes else marginal_regression),
        ("LandmarkRidge", ridge(float(points.Z.shape[1]))),
        ("LandmarkLDA", estimator(LinearDiscriminantAnalysis) if classes else ridge(0.0)),
        ("LandmarkShallowTree", _tree(sample, max_depth=3)),
        ("LandmarkDecisionTree", _tree(sample)),
    )


def _tree(
    sample: Sample, *, max_depth: int | None = None, max_features: int | None = None
) -> Learner:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    # auto-sklearn splits single nodes by entropy, the whole tree by the default criterion. Looking
    # at all thresholds takes seconds where classes are many: random ones serve there.
    splitter = "random" if sample.n_classes > _MANY_CLASSES else "best"
    if sample.kind.is_classification:
        return estimator(
            lambda: DecisionTreeClassifier(
                criterion="entropy" if max_depth == 1 else "gini",
                splitter=splitter,
                max_depth=max_depth,
                max_features=max_features,
                random_state=sample.seed,
            )
        )
    return estimator(
        lambda: DecisionTreeRegressor(
            max_depth=max_depth, max_features=max_features, random_state=sample.seed
        )
    )


def _forest(sample: Sample) -> Learner:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    model = ExtraTreesClassifier if sample.kind.is_classification else ExtraTreesRegressor
    return estimator(
        lambda: model(n_estimators=_FOREST_TREES, min_samples_leaf=2, random_state=sample.seed)
    )


def _neighbor_values(points: Points, folds: Sequence[Fold]) -> dict[str, float]:
    distances = squared_distances(points.Z, points.Z)
    one, some = neighbor_scores(points, folds, distances, (1, _NEIGHBORS))
    quarter = [
        Fold(train=fold.train[: max(1, len(fold.train) // 4)], valid=fold.valid) for fold in folds
    ]
    (few,) = neighbor_scores(points, quarter, distances, (_NEIGHBORS,))
    return {
        "Landmark1NN": one,
        "LandmarkKNN": some,
        "LandmarkNeighborSmoothing": some - one,
        "LandmarkNeighborSlope": some - few,
    }


def _kernel_score(points: Points, seed: int) -> float:
    if len(points.Z) > _KERNEL_ROWS:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(points.Z))[:_KERNEL_ROWS])
        points = Points(Z=points.Z[chosen], Y=points.Y[chosen], labels=points.labels[chosen])
    return kernel_ridge_score(points, squared_distances(points.Z, points.Z), _KERNEL_PENALTY)


def _relative(scores: dict[str, float], Y: "FloatArray") -> Values:
    linear = max(finite(np.array([scores["LandmarkLDA"], scores["LandmarkRidge"]])), default=np.nan)
    tree, forest = scores["LandmarkDecisionTree"], scores["LandmarkExtraTrees"]
    kernel = scores["LandmarkKernelRidge"]
    best = max(finite(np.array(list(scores.values()))), default=np.nan)
    chance = score(Y, np.repeat(Y.mean(axis=0, keepdims=True), len(Y), axis=0))
    return {
        "LandmarkTreeMinusLinear": tree - linear,
        "LandmarkForestMinusLinear": forest - linear,
        "LandmarkForestMinusTree": forest - tree,
        "LandmarkKernelMinusLinear": kernel - linear,
        "LandmarkKernelMinusForest": kernel - forest,
        "LandmarkNeighborMinusLinear": scores["LandmarkKNN"] - linear,
        "LandmarkTreeDepthGain": tree - scores["LandmarkShallowTree"],
        "LandmarkBest": float(best),
        "LandmarkBestGain": float((best - chance) / (1.0 - chance)) if chance < 1.0 else np.nan,
    }


LANDMARKERS = Group(
    name=_NAME,
    features=_FEATURES,
    compute=_compute,
    max_rows=1_500,
    max_columns=60,
    max_cells=100_000,
    expected_seconds=_expected_seconds,
)
