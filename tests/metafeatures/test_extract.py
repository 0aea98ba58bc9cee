"""Extraction: names, determinism, deadlines, degenerate data."""

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metatune._typing import AnyArray
from metatune.budget import Deadline, Stopwatch
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.kinds import TaskKind
from metatune.metafeatures import (
    FEATURE_NAMES,
    FEATURES,
    GROUP_NAMES,
    SCHEMA_VERSION,
    MetaFeatures,
    extract_metafeatures,
)
from metatune.metafeatures.registry import GROUPS
from metatune.metafeatures.sample import draw

RNG = np.random.default_rng(0)


def task(X: Any, y: Any, n_levels: Any = None, n_classes: int | None = None) -> EncodedTask:
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y)
    if y.dtype.kind == "f":
        kind, n_classes = TaskKind.REGRESSION, 0
    else:
        n_classes = n_classes or max(2, int(y.max(initial=0)) + 1)
        kind = TaskKind.BINARY if n_classes == 2 else TaskKind.MULTICLASS
    names = tuple(f"x{j}" for j in range(X.shape[1]))
    levels = tuple(n_levels or [0] * X.shape[1])
    return EncodedTask(
        X=X, y=y, layout=Layout(names=names, n_levels=levels), kind=kind, n_classes=n_classes
    )


def mixed(n_rows: int, kind: str, seed: int = 0, n_columns: int = 9) -> EncodedTask:
    """A table of categories and skewed numbers with missing cells and a learnable target."""
    rng = np.random.default_rng(seed)
    X = np.exp(rng.normal(size=(n_rows, n_columns)))
    n_levels = [3, 2, 7] + [0] * (n_columns - 3)
    for j in range(3):
        X[:, j] = rng.integers(0, n_levels[j], size=n_rows)
    signal = X[:, 3] + X[:, 4] * (X[:, 0] == 1) + 0.1 * rng.normal(size=n_rows)
    X[:, 3:][rng.random((n_rows, n_columns - 3)) < 0.05] = np.nan
    if kind == "regression":
        return task(X, np.abs(signal) + 0.01, n_levels)
    k = {"binary": 2, "multiclass": 4}[kind]
    return task(X, np.digitize(signal, np.quantile(signal, np.arange(1, k) / k)), n_levels)


def same(a: MetaFeatures, b: MetaFeatures) -> bool:
    return np.array_equal(a.to_array(FEATURE_NAMES), b.to_array(FEATURE_NAMES), equal_nan=True)


def test_registry_is_large_unique_and_documented() -> None:
    assert len(FEATURE_NAMES) >= 60
    assert sum(len(group.features) for group in GROUPS) == len(FEATURE_NAMES)
    assert GROUP_NAMES == (
        "simple",
        "statistical",
        "information-theoretic",
        "complexity",
        "landmarkers",
    )
    for name, feature in FEATURES.items():
        assert feature.name == name
        assert feature.group in GROUP_NAMES
        assert len(feature.definition) > 5
        assert "\n" not in feature.definition
        assert feature.source


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_every_group_computes_what_it_defines(kind: str) -> None:
    whole = mixed(300, kind)
    for group in GROUPS:
        computed: set[str] = set()
        with np.errstate(all="ignore"):
            for step in group.compute(draw(whole, None, whole.X.shape[1], 0)):
                assert not computed & step.keys(), "a value is computed twice"
                computed |= step.keys()
        defined = {feature.name for feature in group.features}
        assert computed <= defined
        only_elsewhere = {"Target", "Class", "Imbal", "LogIn", "LogSm", "Norma"}
        assert {name[:5] for name in defined - computed} <= {n[:5] for n in only_elsewhere}


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_all_names_are_present_and_most_have_a_value(kind: str) -> None:
    found = extract_metafeatures(mixed(400, kind))
    assert tuple(found.values) == FEATURE_NAMES
    assert found.skipped == ()
    assert tuple(found.seconds) == GROUP_NAMES
    assert found.schema_version == SCHEMA_VERSION
    assert all(isinstance(value, float) for value in found.values.values())
    assert not any(math.isinf(value) for value in found.values.values())
    missing = {name for name, value in found.values.items() if math.isnan(value)}
    allowed = ("Target",) if kind != "regression" else ("Class", "Normalized", "Imbalance", "Log")
    assert all(name.startswith(allowed) for name in missing)
    assert len(missing) < len(FEATURE_NAMES) / 5


def test_to_array_follows_the_names_asked_for() -> None:
    found = MetaFeatures(values={"a": 1.0, "b": 2.0}, seconds={})
    assert np.array_equal(found.to_array(["b", "new", "a"]), [2.0, np.nan, 1.0], equal_nan=True)


def test_result_survives_pickling() -> None:
    found = extract_metafeatures(mixed(60, "binary"))
    assert same(pickle.loads(pickle.dumps(found)), found)


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_same_seed_gives_the_same_values_and_leaves_global_random_state_alone(kind: str) -> None:
    large = mixed(30_000, kind)
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    first, second = extract_metafeatures(large, seed=3), extract_metafeatures(large, seed=3)
    assert same(first, second)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], before)  # noqa: NPY002
    assert not same(first, extract_metafeatures(large, seed=4))


def test_input_is_not_changed() -> None:
    given = mixed(200, "binary")
    X, y = given.X.copy(), given.y.copy()
    given.X.flags.writeable = False
    given.y.flags.writeable = False
    extract_metafeatures(given)
    assert np.array_equal(given.X, X, equal_nan=True)
    assert np.array_equal(given.y, y)


def test_subsample_estimates_the_whole() -> None:
    small, large = (extract_metafeatures(mixed(n, "binary")).values for n in (4_000, 60_000))
    for name in ("LandmarkDecisionTree", "ClassEntropy", "BinnedUncertaintyMax", "TailWeightMean"):
        assert large[name] == pytest.approx(small[name], abs=0.04)


def test_codes_of_categories_are_names_not_numbers() -> None:
    given = mixed(300, "multiclass")
    X = given.X.copy()
    X[:, 2] = np.array([4, 2, 6, 0, 5, 1, 3])[X[:, 2].astype(int)]
    renamed = EncodedTask(
        X=X, y=given.y, layout=given.layout, kind=given.kind, n_classes=given.n_classes
    )
    one, other = extract_metafeatures(given).values, extract_metafeatures(renamed).values
    for name, feature in FEATURES.items():
        if feature.group != "landmarkers" and name not in {"ClusterTendency"}:
            assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-9, nan_ok=True), name


def test_units_of_numbers_do_not_matter() -> None:
    given = mixed(300, "regression")
    X = given.X.copy()
    X[:, 3:] = X[:, 3:] * 1024.0
    scaled = EncodedTask(X=X, y=given.y * 4.0, layout=given.layout, kind=given.kind)
    one, other = extract_metafeatures(given).values, extract_metafeatures(scaled).values
    for name in FEATURE_NAMES:
        assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-9, nan_ok=True), name


def test_deadline_that_has_passed_skips_everything() -> None:
    found = extract_metafeatures(mixed(200, "binary"), deadline=Deadline.after(-1.0))
    assert found.skipped == GROUP_NAMES
    assert tuple(found.values) == FEATURE_NAMES
    assert np.isnan(found.to_array(FEATURE_NAMES)).all()
    assert found.seconds == {}


def test_short_allowance_keeps_the_cheap_groups() -> None:
    extract_metafeatures(mixed(50, "binary"))  # imports
    wide = mixed(4_000, "binary", n_columns=60)
    watch = Stopwatch()
    found = extract_metafeatures(wide, max_seconds=0.3)
    assert watch.seconds() < 2.0
    assert "landmarkers" in found.skipped
    assert "simple" not in found.skipped
    assert math.isnan(found.values["LandmarkExtraTrees"])
    assert found.values["NumberOfInstances"] == 4_000.0


def test_unfinished_group_keeps_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([False, False, True])

    class Ends:
        def within(self, seconds: float) -> "Ends":
            return self

        def remaining(self) -> float:
            return 1e9

        def passed(self) -> bool:
            return next(calls, True)

    found = extract_metafeatures(mixed(50, "binary"), deadline=Ends())  # type: ignore[arg-type]
    assert found.values["NumberOfInstances"] == 50.0
    assert found.values["ClassProbabilityMax"] == 0.5
    assert math.isnan(found.values["SymbolsMax"])
    assert found.skipped == GROUP_NAMES


def labels(n_rows: int, k: int = 2) -> Any:
    return RNG.integers(0, k, n_rows)


def numbers(n_rows: int) -> Any:
    return RNG.normal(size=n_rows)


def normal(*shape: int) -> Any:
    return np.random.default_rng(1).normal(size=shape)


FEATURE_TABLES = {
    "constant": (np.ones((60, 4)), None),
    "all missing": (np.full((60, 3), np.nan), None),
    "all categories missing": (np.full((60, 2), np.nan), [4, 4]),
    "one known cell": (np.where(np.arange(60)[:, None] == 7, 1.0, np.full((60, 2), np.nan)), None),
    "no columns": (np.empty((60, 0)), None),
    "one column": (normal(60, 1), None),
    "one row": (normal(1, 3), None),
    "two rows": (normal(2, 3), None),
    "three rows": (normal(3, 3), None),
    "five rows": (normal(5, 3), None),
    "categories only": (RNG.integers(0, 5, (60, 4)), [5] * 4),
    "two values": (RNG.integers(0, 2, (60, 3)), None),
    "three points": (np.repeat(normal(3, 3), 20, axis=0), None),
    "huge": (normal(60, 3) * 1e300, None),
    "largest floats": (RNG.choice([-1.79e308, 1.79e308], (60, 3)), None),
    "huge beside tiny": (normal(60, 3) * [1e300, 1e-300, 1.0], None),
    "one huge cell": (np.where(np.arange(180).reshape(60, 3) == 5, 1e300, normal(60, 3)), None),
    "2,000 columns": (normal(200, 2_000), None),
    "2,000 columns of categories": (RNG.integers(0, 30, (200, 2_000)), [30] * 2_000),
}


@pytest.mark.parametrize("name", FEATURE_TABLES)
@pytest.mark.parametrize("make_target", [labels, numbers])
def test_degenerate_features_never_raise_or_warn(
    name: str, make_target: Callable[[int], AnyArray]
) -> None:
    X, n_levels = FEATURE_TABLES[name]
    found = extract_metafeatures(task(X, make_target(len(X)), n_levels), max_seconds=60.0)
    assert found.skipped == ()
    assert found.values["NumberOfFeatures"] == np.shape(X)[1]
    assert not any(math.isinf(value) for value in found.values.values())


TARGETS = {
    "one class": np.zeros(60, dtype=np.int64),
    "class of one row": (np.arange(60) == 5).astype(np.int64),
    "every row its class": np.arange(60),
    "a class that does not occur": np.where(np.arange(60) % 3 == 0, 0, 4),
    "constant": np.ones(60),
    "zeros": np.zeros(60),
    "huge": normal(60) * 1e300,
    "one huge value": np.where(np.arange(60) == 0, 1e300, 1.0),
    "largest floats": np.where(np.arange(60) % 2 == 0, -1.79e308, 1.79e308),
    "tiny": normal(60) * 1e-300,
}


@pytest.mark.parametrize("name", TARGETS)
def test_degenerate_targets_never_raise_or_warn(name: str) -> None:
    found = extract_metafeatures(task(normal(60, 3), TARGETS[name]))
    assert found.skipped == ()
    assert not any(math.isinf(value) for value in found.values.values())


def test_every_row_its_class_stays_quick() -> None:
    watch = Stopwatch()
    found = extract_metafeatures(task(normal(20_000, 20), np.arange(20_000)), max_seconds=60.0)
    assert watch.seconds() < 10.0
    assert found.values["NumberOfClasses"] == 20_000.0
    assert math.isnan(found.values["LandmarkBest"])


def test_many_classes_stay_quick() -> None:
    many = task(normal(5_000, 50), np.random.default_rng(2).integers(0, 300, 5_000))
    watch = Stopwatch()
    found = extract_metafeatures(many, max_seconds=60.0)
    assert watch.seconds() < 10.0
    assert found.values["NumberOfClasses"] == 300.0
    assert 0.0 <= found.values["LandmarkDecisionTree"] < 0.1


def test_rarest_class_is_in_the_sample_of_a_large_table() -> None:
    y = np.zeros(250_000, dtype=np.int64)
    y[[17, 249_999]] = [1, 2]
    X = np.arange(250_000, dtype=np.float64)[:, None]
    found = extract_metafeatures(task(X, y)).values
    assert found["NumberOfInstances"] == 250_000.0
    assert found["NumberOfClasses"] == 3.0
    # One row of each rare class beside 9,998 others, not the shares of the whole table.
    shares = np.array([9_998, 1, 1]) / 10_000
    assert found["ClassEntropy"] == pytest.approx(-(shares * np.log2(shares)).sum())


def test_no_rows() -> None:
    found = extract_metafeatures(task(np.empty((0, 3)), np.empty(0)))
    assert found.values["NumberOfInstances"] == 0.0
    assert found.values["NumberOfFeatures"] == 3.0


def test_columns_that_tell_the_class_exactly_have_meta_features() -> None:
    codes = np.arange(200) % 2
    found = extract_metafeatures(task(codes[:, None] + 1.0, codes))
    assert set(found.values) == set(FEATURE_NAMES)
    several = np.arange(300) % 3
    extract_metafeatures(task(np.column_stack([several, several == 1, several**2]), several))
