"""Landmarkers and complexity against other libraries and on tables whose answer is known."""

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree as scipy_tree
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from metatune._typing import AnyArray, FloatArray
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.kinds import TaskKind
from metatune.metafeatures import extract_metafeatures
from metatune.metafeatures.geometry import minimum_spanning_tree
from metatune.metafeatures.learners import (
    folds_of,
    kernel_ridge_score,
    neighbor_scores,
    out_of_fold_score,
    ridge,
    squared_distances,
)
from metatune.metafeatures.sample import Points, quantile_codes, standardize


def values(X: FloatArray, y: AnyArray) -> dict[str, float]:
    regression = y.dtype.kind == "f"
    k = 0 if regression else int(y.max()) + 1
    kind = TaskKind.REGRESSION if regression else TaskKind.MULTICLASS
    layout = Layout(names=tuple(map(str, range(X.shape[1]))), n_levels=(0,) * X.shape[1])
    encoded = EncodedTask(X=X, y=y, layout=layout, kind=kind, n_classes=k)
    return dict(extract_metafeatures(encoded, max_seconds=60.0).values)


def points(n: int = 80, d: int = 4, k: int = 3, seed: int = 0) -> Points:
    rng = np.random.default_rng(seed)
    Z = standardize(rng.normal(size=(n, d)))
    if k:
        labels = np.argmax(Z[:, :k] + 0.3 * rng.normal(size=(n, k)), axis=1)
        return Points(Z=Z, Y=np.eye(k)[labels], labels=labels)
    y = standardize((Z[:, 0] + Z[:, 1] ** 2 + 0.1 * rng.normal(size=n))[:, None])
    return Points(Z=Z, Y=y, labels=quantile_codes(y[:, 0], 5))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("penalty", [0.0, 3.0])
def test_ridge_is_scikit_learns(penalty: float) -> None:
    cloud = points(k=0)
    folds = folds_of(cloud, 5, 0)
    model = Ridge(alpha=penalty) if penalty else LinearRegression()
    truth, guess = [], []
    for fold in folds:
        model.fit(cloud.Z[fold.train], cloud.Y[fold.train, 0])
        truth.append(cloud.Y[fold.valid, 0])
        guess.append(model.predict(cloud.Z[fold.valid]))
    expected = r2_score(np.concatenate(truth), np.concatenate(guess))
    assert out_of_fold_score(cloud, folds, ridge(penalty)) == pytest.approx(expected)


@pytest.mark.parametrize("k", [0, 3])
def test_neighbors_are_scikit_learns(k: int) -> None:
    cloud = points(k=k)
    folds = folds_of(cloud, 5, 0)
    scores = neighbor_scores(cloud, folds, squared_distances(cloud.Z, cloud.Z), (1, 7))
    for size, found in zip((1, 7), scores, strict=True):
        truth, guess = [], []
        for fold in folds:
            train = np.sort(fold.train)
            model = (KNeighborsClassifier if k else KNeighborsRegressor)(n_neighbors=size)
            model.fit(cloud.Z[train], cloud.labels[train] if k else cloud.Y[train, 0])
            truth.append(cloud.labels[fold.valid] if k else cloud.Y[fold.valid, 0])
            guess.append(model.predict(cloud.Z[fold.valid]))
        y, p = np.concatenate(truth), np.concatenate(guess)
        assert found == pytest.approx(np.mean(y == p) if k else r2_score(y, p))


def test_kernel_ridge_leaves_each_row_out() -> None:
    cloud = points(n=40, k=0)
    distances = squared_distances(cloud.Z, cloud.Z)
    gamma = 1.0 / np.median(distances[distances > 0.0])
    guess = np.empty(40)
    y0 = cloud.Y.mean()
    for i in range(40):
        rest = np.arange(40) != i
        model = KernelRidge(alpha=0.1, kernel="rbf", gamma=gamma)
        model.fit(cloud.Z[rest], cloud.Y[rest, 0] - y0)
        guess[i] = model.predict(cloud.Z[[i]])[0] + y0
    expected = r2_score(cloud.Y[:, 0], guess)
    assert kernel_ridge_score(cloud, distances, 0.1) == pytest.approx(expected)


def test_spanning_tree_is_as_short_as_scipys(rng: np.random.Generator) -> None:
    A = rng.normal(size=(70, 3))
    distances = squared_distances(A, A)
    ends = minimum_spanning_tree(distances)
    own = distances[ends[:, 0], ends[:, 1]].sum()
    assert own == pytest.approx(scipy_tree(distances).sum())
    assert len({frozenset(edge) for edge in ends.tolist()}) == 69


def test_spanning_tree_reaches_duplicates(rng: np.random.Generator) -> None:
    A = np.repeat(rng.normal(size=(4, 2)), 5, axis=0)
    ends = minimum_spanning_tree(squared_distances(A, A))
    assert (squared_distances(A, A)[ends[:, 0], ends[:, 1]] > 0.0).sum() == 3


def test_fold_of_one_class_is_predicted_as_that_class() -> None:
    cloud = points(n=20, k=2)
    alone = Points(Z=cloud.Z, Y=np.eye(2)[np.zeros(20, dtype=int)], labels=np.zeros(20, np.intp))
    assert out_of_fold_score(alone, folds_of(alone, 5, 0), ridge(1.0)) == 1.0


def test_separated_classes_are_easy(rng: np.random.Generator) -> None:
    y = np.arange(400) % 4
    X = rng.normal(size=(400, 3)) * 0.1 + np.eye(4)[y][:, :3] * 5.0
    found = values(X, y)
    for name in ("LandmarkLDA", "LandmarkNaiveBayes", "LandmarkDecisionTree", "Landmark1NN"):
        assert found[name] == 1.0
    for name in ("LandmarkRidge", "LandmarkKernelRidge", "LandmarkExtraTrees", "LandmarkKNN"):
        assert found[name] == 1.0
    assert found["LandmarkDecisionNodeLearner"] == pytest.approx(0.5, abs=0.05)
    assert found["LandmarkBestGain"] == 1.0
    assert found["BoundaryShare"] == pytest.approx(3 / 399)
    for name in ("LinearError", "NeighborError", "NeighborNoise", "FeatureOverlap"):
        assert found[name] == 0.0
    assert found["NeighborPurity"] == 1.0
    assert found["IntraInterRatio"] < 0.1
    assert found["LocalSetSize"] == pytest.approx(0.75)
    assert found["ClusterTendency"] > 0.7


def test_random_classes_are_hard(rng: np.random.Generator) -> None:
    found = values(rng.normal(size=(800, 3)), rng.integers(0, 2, 800))
    for name in ("LandmarkLDA", "LandmarkDecisionTree", "Landmark1NN", "LandmarkExtraTrees"):
        assert found[name] == pytest.approx(0.5, abs=0.07)
    assert found["LandmarkBestGain"] < 0.15
    for name in ("BoundaryShare", "NeighborError", "NeighborPurity", "IntraInterRatio"):
        assert found[name] == pytest.approx(0.5, abs=0.06)
    assert found["FisherRatio"] > 0.98
    assert found["TargetRoughness"] == pytest.approx(1.0, abs=0.1)
    assert abs(found["DistanceTargetCorrelation"]) < 0.03


def test_landmarks_tell_what_kind_of_model_fits(rng: np.random.Generator) -> None:
    X = rng.uniform(-2.0, 2.0, size=(800, 4))
    linear = values(X, X @ np.array([1.0, 2.0, -1.0, 0.5]) + 0.1 * rng.normal(size=800))
    steps = values(X, np.floor(X[:, 0]) * (X[:, 1] > 0) + 0.05 * rng.normal(size=800))
    waves = values(X, np.sin(2.0 * X[:, 0]) + np.cos(2.0 * X[:, 1]))
    assert linear["LandmarkLDA"] > 0.99
    assert linear["LandmarkTreeMinusLinear"] < -0.05
    assert linear["LinearError"] < 0.02
    assert steps["LandmarkTreeMinusLinear"] > 0.3
    assert steps["LandmarkKernelMinusForest"] < 0.0
    assert waves["LandmarkKernelMinusLinear"] > 0.5
    assert waves["LandmarkNeighborSlope"] > 0.05
    assert linear["LandmarkBest"] == pytest.approx(linear["LandmarkBestGain"])


def test_noise_is_estimated_from_neighbors(rng: np.random.Generator) -> None:
    X = rng.uniform(size=(1_000, 2))
    smooth = np.sin(3.0 * X[:, 0]) + X[:, 1]
    quiet = values(X, smooth)
    loud = values(X, smooth + smooth.std() * rng.normal(size=1_000))
    assert quiet["NeighborNoise"] < 0.03
    assert quiet["TargetRoughness"] < 0.03
    # Half of the variance is noise, which the mean of five neighbours shows with a factor 1 + 1/5.
    assert loud["NeighborNoise"] == pytest.approx(0.6, abs=0.1)
    assert loud["LandmarkNeighborSmoothing"] > 0.3


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_intrinsic_dimension_of_a_sheet_in_space(rng: np.random.Generator, dimension: int) -> None:
    X = rng.uniform(size=(1_000, dimension)) @ rng.normal(size=(dimension, 8))
    found = values(X, rng.normal(size=1_000))
    assert found["IntrinsicDimension"] == pytest.approx(dimension, rel=0.15)
    assert found["IntrinsicDimensionRatio"] == pytest.approx(dimension / 8, rel=0.15)


def test_duplicates_and_conflicts(rng: np.random.Generator) -> None:
    base = rng.normal(size=(50, 3))
    X = np.vstack([base, base])
    agree = values(X, np.tile(np.arange(50) % 2, 2))
    disagree = values(X, np.repeat([0, 1], 50))
    assert agree["DuplicateShare"] == disagree["DuplicateShare"] == 1.0
    assert agree["ConflictShare"] == 0.0
    assert disagree["ConflictShare"] == 1.0


def test_fisher_ratio_and_overlap_by_hand() -> None:
    X = np.array([[0.0, 0.0], [1.0, 3.0], [2.0, 1.0], [1.5, 2.0], [3.0, 4.0], [4.0, 5.0]])
    y = np.array([0, 0, 0, 1, 1, 1])
    within = X[:3, 0].var() * 3 + X[3:, 0].var() * 3, X[:3, 1].var() * 3 + X[3:, 1].var() * 3
    total = X[:, 0].var() * 6, X[:, 1].var() * 6
    found = values(X, y)
    assert found["FisherRatio"] == pytest.approx(
        min(w / t for w, t in zip(within, total, strict=True))
    )
    # First axis: 1.5 and 2 lie in the overlap; second axis: 2 and 3 do.
    assert found["FeatureOverlap"] == pytest.approx(2 / 6)
