"""Simple, statistical and information-theoretic features against other libraries and by hand."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from sklearn.decomposition import PCA
from sklearn.metrics import mutual_info_score

from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.kinds import TaskKind
from metatune.metafeatures import extract_metafeatures

NAN = np.nan


def values(X: Any, y: Any, n_levels: Any = None) -> dict[str, float]:
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y)
    regression = y.dtype.kind == "f"
    k = 0 if regression else max(2, int(y.max()) + 1)
    kind = TaskKind.REGRESSION if regression else TaskKind.MULTICLASS
    layout = Layout(
        names=tuple(map(str, range(X.shape[1]))), n_levels=tuple(n_levels or [0] * X.shape[1])
    )
    return dict(
        extract_metafeatures(
            EncodedTask(X=X, y=y, layout=layout, kind=kind, n_classes=k), max_seconds=60.0
        ).values
    )


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_simple_by_hand() -> None:
    X = [
        [1, 0, NAN],
        [2, 1, 0],
        [NAN, 2, 1],
        [4, 0, 1],
        [5, NAN, NAN],
        [6, 1, 0],
        [7, 1, 1],
        [8, 1, 1],
    ]
    found = values(X, np.array([0, 0, 0, 0, 1, 1, 1, 2]), [0, 4, 2])
    expected = {
        "NumberOfInstances": 8,
        "LogNumberOfInstances": math.log(8),
        "NumberOfFeatures": 3,
        "NumberOfClasses": 3,
        "NumberOfNumericFeatures": 1,
        "NumberOfCategoricalFeatures": 2,
        "RatioNumericalToNominal": 0.5,
        "RatioNominalToNumerical": 2,
        "NumberOfInstancesWithMissingValues": 3,
        "PercentageOfInstancesWithMissingValues": 3 / 8,
        "NumberOfFeaturesWithMissingValues": 3,
        "PercentageOfFeaturesWithMissingValues": 1,
        "NumberOfMissingValues": 4,
        "PercentageOfMissingValues": 4 / 24,
        "MissingValuesPerFeatureMax": 2 / 8,
        "DatasetRatio": 3 / 8,
        "LogInverseDatasetRatio": math.log(8 / 3),
        "ClassProbabilityMin": 1 / 8,
        "ClassProbabilityMax": 4 / 8,
        "ClassProbabilityMean": 1 / 3,
        "ClassProbabilitySTD": np.std([4 / 8, 3 / 8, 1 / 8]),
        "SymbolsMin": 2,  # levels that occur, not those that the encoder knows
        "SymbolsMax": 3,
        "SymbolsMean": 2.5,
        "SymbolsSTD": 0.5,
        "SymbolsSum": 5,
        "NumberOfBinaryFeatures": 1,
        "LogSmallestClass": 0,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value), name


def test_counts_are_exact_across_blocks_of_rows(rng: np.random.Generator) -> None:
    X = rng.normal(size=(30_000, 40))
    X[:, 0] = np.where(np.arange(30_000) == 29_999, 2.0, 0.0)
    X[25_000:25_010, 3:5] = NAN
    X[7, 3] = NAN
    found = values(X, rng.integers(0, 2, 30_000), [4] + [0] * 39)
    assert found["NumberOfMissingValues"] == 21.0
    assert found["NumberOfInstancesWithMissingValues"] == 11.0
    assert found["NumberOfFeaturesWithMissingValues"] == 2.0
    assert found["SymbolsSum"] == 2.0


def test_imbalance_is_zero_for_equal_classes_and_grows(rng: np.random.Generator) -> None:
    X = rng.normal(size=(90, 2))
    even = values(X, np.arange(90) % 3)["ImbalanceRatio"]
    odd = values(X, np.repeat([0, 1, 2], [80, 5, 5]))["ImbalanceRatio"]
    assert even == pytest.approx(0.0, abs=1e-12)
    assert 0.5 < odd < 1.0


def test_moments_are_scipys_without_the_missing_cells(rng: np.random.Generator) -> None:
    X = np.column_stack([rng.exponential(size=500), rng.normal(size=500), rng.uniform(size=500)])
    X[rng.random(X.shape) < 0.1] = NAN
    found = values(X, rng.integers(0, 2, 500))
    skewness = scipy.stats.skew(X, nan_policy="omit")
    kurtosis = scipy.stats.kurtosis(X, nan_policy="omit")
    for name, moments in (("Skewness", skewness), ("Kurtosis", kurtosis)):
        assert found[f"{name}Min"] == pytest.approx(moments.min())
        assert found[f"{name}Max"] == pytest.approx(moments.max())
        assert found[f"{name}Mean"] == pytest.approx(moments.mean())
        assert found[f"{name}STD"] == pytest.approx(moments.std())


def test_outliers_zeros_grids_and_modes(rng: np.random.Generator) -> None:
    normal = rng.normal(size=400)
    spiky = np.where(np.arange(400) < 20, 50.0, rng.normal(size=400))
    counts = np.where(np.arange(400) < 300, 0.0, 3.0)
    found = values(np.column_stack([normal, spiky, counts]), rng.integers(0, 2, 400))
    shares = []
    for column in (normal, spiky, counts):
        low, high = np.percentile(column, [25, 75])
        reach = 1.5 * (high - low)
        shares.append(np.mean((column < low - reach) | (column > high + reach)))
    assert found["OutlierShareMean"] == pytest.approx(np.mean(shares))
    assert found["OutlierFeatureShare"] == pytest.approx(np.mean(np.array(shares) > 0))
    assert found["ZeroShareMax"] == 0.75
    assert found["IntegerFeatureShare"] == pytest.approx(1 / 3)
    assert found["TwoValuedFeatureShare"] == pytest.approx(1 / 3)
    assert found["PositiveFeatureShare"] == pytest.approx(1 / 3)
    assert found["ConstantFeatureShare"] == 0.0
    assert found["ModeShareMean"] == pytest.approx((1 / 400 + 20 / 400 + 0.75) / 3)
    assert found["UniqueShareMean"] == pytest.approx((400 + 381 + 2) / 1_200)


def test_tails_and_modes_tell_distributions_apart(rng: np.random.Generator) -> None:
    y = rng.integers(0, 2, 5_000)
    normal, heavy = rng.normal(size=(5_000, 2)), rng.standard_t(2, size=(5_000, 2))
    two_humps = normal + 6.0 * rng.integers(0, 2, (5_000, 2))
    assert values(normal, y)["TailWeightMean"] == pytest.approx(0.0, abs=0.08)
    assert values(heavy, y)["TailWeightMean"] > 0.5
    assert values(normal, y)["BimodalityMean"] < 0.4
    assert values(two_humps, y)["BimodalityShare"] == 1.0
    assert values(normal, y)["NearNormalFeatureShare"] == 1.0
    assert values(heavy, y)["NearNormalFeatureShare"] == 0.0


def test_scale_range_is_in_powers_of_ten(rng: np.random.Generator) -> None:
    X = rng.normal(size=(2_000, 2)) * [1.0, 1e4]
    assert values(X, rng.normal(size=2_000))["LogScaleRange"] == pytest.approx(4.0, abs=0.05)


def test_correlations_are_numpys_and_scipys(rng: np.random.Generator) -> None:
    X = rng.normal(size=(600, 4))
    X[:, 1] += X[:, 0]
    X[:, 3] = np.exp(2.0 * X[:, 2])
    y = X[:, 2] + 0.1 * rng.normal(size=600)
    found = values(X, y)
    pairs = np.abs(np.atleast_2d(np.corrcoef(X.T))[np.triu_indices(4, 1)])
    assert found["AbsCorrelationMean"] == pytest.approx(pairs.mean())
    assert found["AbsCorrelationMax"] == pytest.approx(pairs.max())
    assert found["AbsCorrelationSTD"] == pytest.approx(pairs.std())
    assert found["HighCorrelationShare"] == pytest.approx(np.mean(pairs > 0.9))
    pearson = np.array([abs(np.corrcoef(x, y)[0, 1]) for x in X.T])
    spearman = np.array([abs(scipy.stats.spearmanr(x, y).statistic) for x in X.T])
    assert found["TargetCorrelationMean"] == pytest.approx(pearson.mean())
    assert found["TargetCorrelationMax"] == pytest.approx(pearson.max())
    assert found["TargetRankCorrelationMax"] == pytest.approx(spearman.max())
    assert found["RankCorrelationGain"] == pytest.approx((spearman - pearson).mean())


def test_correlation_ratio_is_that_of_the_analysis_of_variance(rng: np.random.Generator) -> None:
    y = rng.integers(0, 3, 300)
    X = rng.normal(size=(300, 2)) + np.column_stack([y, np.zeros(300)])
    groups = [X[y == c, 0] for c in range(3)]
    within = sum(((g - g.mean()) ** 2).sum() for g in groups)
    total = ((X[:, 0] - X[:, 0].mean()) ** 2).sum()
    found = values(X, y)
    assert found["TargetCorrelationMax"] == pytest.approx(math.sqrt(1.0 - within / total))


def test_heterogeneous_classes_are_seen(rng: np.random.Generator) -> None:
    y = np.arange(2_000) % 2
    even = values(rng.normal(size=(2_000, 2)), y)["ClassScaleHeterogeneity"]
    odd = values(rng.normal(size=(2_000, 2)) * np.where(y, 4.0, 1.0)[:, None], y)
    assert even < 0.05
    # Deviations 1 and 4: their logarithms are log(2) away from their mean.
    assert odd["ClassScaleHeterogeneity"] == pytest.approx(math.log(2.0), abs=0.05)


@pytest.mark.parametrize("shape", [(400, 6), (20, 50)])
def test_main_axes_are_scikit_learns(rng: np.random.Generator, shape: tuple[int, int]) -> None:
    X = rng.exponential(size=shape) @ rng.normal(size=(shape[1], shape[1]))
    found = values(X, rng.normal(size=shape[0]))
    S = (X - X.mean(axis=0)) / X.std(axis=0)
    pca = PCA().fit(S)
    first = pca.transform(S)[:, 0]
    first = first * np.sign(first[np.abs(first).argmax()])
    needed = int(np.searchsorted(np.cumsum(pca.explained_variance_ratio_), 0.95)) + 1
    assert found["PCAFractionOfComponentsFor95PercentVariance"] == needed / shape[1]
    assert found["PCAFirstComponentShare"] == pytest.approx(pca.explained_variance_ratio_[0])
    assert found["PCAKurtosisFirstPC"] == pytest.approx(scipy.stats.kurtosis(first))
    assert found["PCASkewnessFirstPC"] == pytest.approx(scipy.stats.skew(first))


def test_effective_rank_of_copies_is_one_dimension(rng: np.random.Generator) -> None:
    X = np.repeat(rng.normal(size=(300, 1)), 5, axis=1)
    assert values(X, rng.normal(size=300))["EffectiveRankShare"] == pytest.approx(0.2)


def test_target_shape(rng: np.random.Generator) -> None:
    y = np.where(np.arange(1_000) < 100, 0.0, np.round(rng.lognormal(3.0, 1.0, 1_000)) + 1.0)
    found = values(rng.normal(size=(1_000, 2)), y)
    assert found["TargetSkewness"] == pytest.approx(scipy.stats.skew(y))
    assert found["TargetKurtosis"] == pytest.approx(scipy.stats.kurtosis(y))
    assert found["TargetZeroShare"] == 0.1
    assert found["TargetModeShare"] == 0.1
    assert found["TargetUniqueShare"] == len(np.unique(y)) / 1_000
    assert found["TargetIsInteger"] == 1.0
    assert found["TargetIsPositive"] == 1.0
    assert found["TargetVariationCoefficient"] == pytest.approx(y.std() / y.mean())
    assert abs(found["TargetLogSkewness"]) < 1.0 < found["TargetSkewness"]
    assert math.isnan(found["TargetLogRange"])
    positive = values(rng.normal(size=(1_000, 2)), np.exp(rng.normal(size=1_000)))
    assert positive["TargetLogRange"] == pytest.approx(2 * 2.326 / math.log(10), abs=0.15)
    assert positive["TargetIsInteger"] == 0.0


def test_negative_target_has_no_logarithm(rng: np.random.Generator) -> None:
    found = values(rng.normal(size=(100, 2)), rng.normal(size=100))
    assert math.isnan(found["TargetLogSkewness"])
    assert math.isnan(found["TargetLogRange"])
    assert found["TargetIsPositive"] == 0.0


def test_information_of_categories_is_that_of_other_libraries(rng: np.random.Generator) -> None:
    y = rng.integers(0, 3, 500)
    A = np.where(rng.random(500) < 0.7, y, rng.integers(0, 3, 500))
    B = rng.integers(0, 4, 500)
    found = values(np.column_stack([A, B]), y, [3, 4])
    entropies = [scipy.stats.entropy(np.bincount(c), base=2) for c in (A, B)]
    mutual = [mutual_info_score(c, y) / math.log(2) for c in (A, B)]
    target = scipy.stats.entropy(np.bincount(y), base=2)
    expected = {
        "ClassEntropy": target,
        "NormalizedClassEntropy": target / math.log2(3),
        "MinAttributeEntropy": min(entropies),
        "MeanAttributeEntropy": np.mean(entropies),
        "MaxAttributeEntropy": max(entropies),
        "MinMutualInformation": min(mutual),
        "MeanMutualInformation": np.mean(mutual),
        "MaxMutualInformation": max(mutual),
        "EquivalentNumberOfAtts": target / np.mean(mutual),
        "MeanNoiseToSignalRatio": (np.mean(entropies) - np.mean(mutual)) / np.mean(mutual),
        "BinnedMutualInformationMax": max(mutual),
        "BinnedUncertaintyMax": max(mutual) / target,
        "InformativeFeatureShare": 0.5,
        "InformationConcentration": max(mutual) / sum(mutual),
        "MissingnessInformationMax": 0.0,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_information_of_numbers_comes_from_ranges(rng: np.random.Generator) -> None:
    x = rng.normal(size=2_000)
    found = values(np.column_stack([x, rng.normal(size=2_000)]), x**3)
    assert found["BinnedUncertaintyMax"] == pytest.approx(1.0)
    assert found["BinnedAttributeEntropyMean"] == pytest.approx(math.log2(10), abs=0.01)
    assert found["InformativeFeatureShare"] == 0.5
    assert math.isnan(found["MeanMutualInformation"])


def test_missing_cells_that_tell_the_class_are_seen(rng: np.random.Generator) -> None:
    y = rng.integers(0, 2, 400)
    X = rng.normal(size=(400, 2))
    X[y == 1, 0] = NAN
    assert values(X, y)["MissingnessInformationMax"] == pytest.approx(1.0)
