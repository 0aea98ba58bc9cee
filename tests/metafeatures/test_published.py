"""Values against those that Oboe published for the same OpenML datasets, where they are at hand."""

import os
from pathlib import Path

import pytest

from benchmarks.published import collect, compare, same_tables

SHARED = Path(os.environ.get("METATUNE_SHARED", Path(__file__).parents[3] / "shared"))

EXACT = (
    *("NumberOfInstances", "LogNumberOfInstances", "NumberOfFeatures", "LogNumberOfFeatures"),
    *("NumberOfClasses", "NumberOfNumericFeatures", "NumberOfCategoricalFeatures"),
    *("RatioNumericalToNominal", "RatioNominalToNumerical", "DatasetRatio", "LogDatasetRatio"),
    *("ClassProbabilityMin", "ClassProbabilityMax", "ClassProbabilityMean", "ClassProbabilitySTD"),
    *("SymbolsMin", "SymbolsMax", "SymbolsMean", "SymbolsSTD", "SymbolsSum", "ClassEntropy"),
    *("KurtosisMax", "SkewnessMin", "SkewnessMax"),
)
# Two tables have a constant column, which scipy of 2018 gave the kurtosis -3.
NEARLY = ("KurtosisMin", "KurtosisMean", "KurtosisSTD", "SkewnessMean", "SkewnessSTD")


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "run_history" / "oboe").is_dir(), reason="no published values")
def test_deterministic_features_agree_with_the_published_ones() -> None:
    own, theirs = collect(SHARED / "datasets" / "catalog.csv", SHARED / "run_history")
    same = same_tables(own, theirs)
    assert same.sum() >= 40
    found = {one.name: one for one in compare(own[same], theirs[same])}
    assert {name: found[name].agreeing for name in EXACT} == dict.fromkeys(EXACT, 1.0)
    assert min(found[name].agreeing for name in NEARLY) > 0.95
    for name in ("LandmarkLDA", "LandmarkNaiveBayes", "LandmarkDecisionTree"):
        assert found[name].agreeing > 0.8
        assert found[name].median_difference < 0.05
