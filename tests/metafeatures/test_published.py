"""Values against those that Oboe published for the same OpenML datasets, where they are at hand."""

import importlib.util
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("METATUNE_SHARED", ROOT.parent / "shared"))

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
def test_deterministic_features_agree_with_the_published_ones():
    path = ROOT / "scripts" / "check_metafeatures.py"
    spec = importlib.util.spec_from_file_location("check_metafeatures", path)
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    own, theirs = check.collect(SHARED)
    same = check.same_tables(own, theirs)
    assert same.sum() >= 40
    found = {one.name: one for one in check.compare(own[same], theirs[same])}
    assert {name: found[name].agreeing for name in EXACT} == dict.fromkeys(EXACT, 1.0)
    assert min(found[name].agreeing for name in NEARLY) > 0.95
    for name in ("LandmarkLDA", "LandmarkNaiveBayes", "LandmarkDecisionTree"):
        assert found[name].agreeing > 0.8
        assert found[name].median_difference < 0.05
