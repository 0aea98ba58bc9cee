"""Parts of the meta-features: summaries that never warn, moments, targets, groups of features."""

import numpy as np
import pytest
import scipy.stats
from sklearn.decomposition import PCA

from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.kinds import TaskKind
from metatune.metafeatures import complexity, information, landmarks, simple, statistical
from metatune.metafeatures.aggregate import finite, largest, mean, ratio, share, spread
from metatune.metafeatures.association import between_features, main_axes, with_target
from metatune.metafeatures.feature import Group, define
from metatune.metafeatures.sample import draw
from metatune.metafeatures.shape import column_shapes, moments, tukey_outlier_share
from metatune.metafeatures.target import target_shape

NAN = np.nan
RNG = np.random.default_rng(0)
GROUPS = [
    simple.SIMPLE,
    statistical.STATISTICAL,
    information.INFORMATION,
    complexity.COMPLEXITY,
    landmarks.LANDMARKERS,
]


def test_summaries_leave_out_what_is_not_finite() -> None:
    values = np.array([1.0, NAN, np.inf, 3.0])
    assert finite(values).tolist() == [1.0, 3.0]
    assert mean(values) == 2.0
    assert largest(values) == 3.0
    assert spread("X", values) == {"XMin": 1.0, "XMax": 3.0, "XMean": 2.0, "XSTD": 1.0}


def test_summaries_of_nothing_are_their_default_without_a_warning() -> None:
    nothing = np.array([NAN])
    assert np.isnan(mean(nothing))
    assert largest(nothing, 7.0) == 7.0
    assert share(np.array([], dtype=bool), 0.5) == 0.5
    assert ratio(1.0, 0.0, -1.0) == -1.0
    assert ratio(np.inf, 2.0, -1.0) == -1.0
    assert set(spread("X", nothing, 0.0).values()) == {0.0}


def test_moments_are_those_of_scipy_and_missing_cells_are_left_out() -> None:
    X = RNG.gamma(2.0, size=(200, 2)) * 1e6
    X[::3, 1] = NAN
    skewness, kurtosis = moments(X)
    for j in range(2):
        known = X[~np.isnan(X[:, j]), j]
        assert skewness[j] == pytest.approx(scipy.stats.skew(known))
        assert kurtosis[j] == pytest.approx(scipy.stats.kurtosis(known))
    with np.errstate(all="ignore"):
        assert np.isnan(moments(np.ones((5, 1)))[0][0])


def test_outliers_lie_beyond_the_fences_of_tukey() -> None:
    ordered = np.array([[1.0, 2.0, 3.0, 4.0, 100.0], [1.0, 2.0, 3.0, 4.0, NAN]])
    assert tukey_outlier_share(ordered).tolist() == [0.2, 0.0]


def test_shapes_of_columns_by_hand() -> None:
    X = np.array([[0.0, 1.5], [0.0, -2.0], [1.0, 0.5], [1.0, 0.25]])
    found = column_shapes(X)
    assert found["TwoValuedFeatureShare"] == 0.5
    assert found["IntegerFeatureShare"] == 0.5
    assert found["PositiveFeatureShare"] == 0.5
    assert found["ZeroShareMax"] == 0.5
    assert found["UniqueShareMean"] == pytest.approx((0.5 + 1.0) / 2)


def test_a_target_by_hand() -> None:
    found = target_shape(np.array([0.0, 0.0, 2.0, 4.0]))
    assert found["TargetZeroShare"] == found["TargetModeShare"] == 0.5
    assert found["TargetUniqueShare"] == 0.75
    assert found["TargetIsInteger"] == found["TargetIsPositive"] == 1.0
    assert "TargetLogRange" not in found  # a zero has no logarithm
    assert "TargetLogSkewness" not in target_shape(np.array([-1.0, 1.0]))
    assert target_shape(np.array([])) == {}


def test_correlations_between_columns_are_those_of_numpy() -> None:
    X = RNG.normal(size=(100, 3)) @ RNG.normal(size=(3, 3))
    pairs = np.abs(np.atleast_2d(np.corrcoef(X.T))[np.triu_indices(3, k=1)])
    assert between_features(X)["AbsCorrelationMean"] == pytest.approx(pairs.mean())
    assert between_features(X[:, :1]) == {}


def test_ranks_gain_where_a_relation_is_monotone_but_no_line() -> None:
    x = RNG.normal(size=300)
    found = with_target(x[:, None], np.exp(3 * x), np.zeros(300, dtype=np.intp))
    assert found["TargetRankCorrelationMean"] == pytest.approx(1.0)
    assert found["RankCorrelationGain"] > 0.2


def test_main_axes_are_those_of_a_principal_component_analysis() -> None:
    Z = RNG.normal(size=(80, 4)) @ RNG.normal(size=(4, 4))
    expected = PCA().fit(Z).explained_variance_ratio_[0]
    assert main_axes(Z)["PCAFirstComponentShare"] == pytest.approx(expected)
    assert main_axes(Z[:1]) == {}


def test_features_are_defined_with_their_group_and_source() -> None:
    (feature,) = define("simple", "a paper", {"Name": "what it is"})
    assert (feature.name, feature.group) == ("Name", "simple")
    assert (feature.definition, feature.source) == ("what it is", "a paper")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
@pytest.mark.parametrize("kind", list(TaskKind))
def test_a_group_computes_what_it_defines_and_nothing_else(group: Group, kind: TaskKind) -> None:
    X = RNG.normal(size=(60, 4))
    n_classes = {TaskKind.BINARY: 2, TaskKind.MULTICLASS: 3}.get(kind, 0)
    y = np.arange(60) % n_classes if n_classes else X[:, 0] + RNG.normal(size=60)
    layout = Layout(names=("a", "b", "c", "d"), n_levels=(0, 0, 0, 0))
    task = EncodedTask(X=X, y=y, layout=layout, kind=kind, n_classes=n_classes)
    names = {feature.name for feature in group.features}
    with np.errstate(all="ignore"):
        found = {
            name: value
            for step in group.compute(draw(task, None, 4, 0))
            for name, value in step.items()
        }
    assert found
    assert set(found) <= names
