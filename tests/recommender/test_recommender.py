"""The recommender on a made-up past in which the right answer is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metatune.algorithms.base import Shape
from metatune.algorithms.registry import ALGORITHMS
from metatune.data.fingerprint import Fingerprint
from metatune.errors import MetadataError
from metatune.kinds import TaskKind
from metatune.metadataset.schema import feature_column, score_column
from metatune.metadataset.store import MetaDataset, load_metadata, save_metadata, verify_metadata
from metatune.metafeatures import FEATURE_NAMES, MetaFeatures
from metatune.metrics import resolve_metric
from metatune.recommender.cost import CostModel
from metatune.recommender.familiarity import familiarity
from metatune.recommender.past import MAX_REGRET, collect_past, normalised_regret
from metatune.recommender.portfolio import greedy_order
from metatune.recommender.proximity import Proximity
from metatune.recommender.rank import recommend_configurations

NAMES = ("linear", "lightgbm", "knn")
AUC = resolve_metric("roc_auc", TaskKind.BINARY)


def make_metadata(n_datasets: int = 40, seed: int = 0) -> MetaDataset:
    """Linear wins where the first meta-feature is below zero, LightGBM above; knn never does."""
    rng = np.random.default_rng(seed)
    pool = [ALGORITHMS[name].space(TaskKind.BINARY).default() for name in NAMES]
    datasets, evaluations = [], []
    for i in range(n_datasets):
        features = dict.fromkeys(FEATURE_NAMES, 0.0) | {
            FEATURE_NAMES[0]: (-1.0) ** i * (1 + i / 40)
        }
        datasets.append(
            {
                "dataset": f"d{i}",
                "family": f"f{i // 2}",
                "kind": "binary",
                "fingerprint": f"{100 + i}:{i:08x},abc",
                "n_rows": 300 * (1 + i % 4),
                "n_columns": 5 + i % 3,
                "n_classes": 2,
                "protocol:n_folds": 3,
                **{feature_column(name): value for name, value in features.items()},
            }
        )
        for j, configuration in enumerate(pool):
            good = 0.9 if j == i % 2 else 0.8
            for rung, (share, folds) in enumerate([(1 / 3, 1), (1.0, 3)]):
                score = (0.6 if j == 2 else good) + 0.01 * rng.random()
                rows = datasets[-1]["n_rows"] * 2 / 3 * share
                evaluations.append(
                    {
                        "dataset": f"d{i}",
                        "configuration": configuration.key,
                        "rung": rung,
                        "row_share": share,
                        "n_folds": folds,
                        "status": "ok",
                        "cpu_seconds": folds * 1e-3 * rows * (1 + j) ** 2,
                        score_column("roc_auc"): [score] * folds,
                    }
                )
    configurations = [
        {
            "pool": "classification",
            "key": c.key,
            "algorithm": c.algorithm,
            "params": pd.Series([dict(c.params)]).to_json(orient="values")[1:-1],
            "origin": "default",
            "recipe_version": 1,
        }
        for c in pool
    ]
    return MetaDataset(
        datasets=pd.DataFrame(datasets),
        configurations=pd.DataFrame(configurations),
        evaluations=pd.DataFrame(evaluations),
        manifest={"made_by": "a test"},
    )


def features_of(first: float) -> MetaFeatures:
    values = dict.fromkeys(FEATURE_NAMES, 0.0) | {FEATURE_NAMES[0]: first}
    return MetaFeatures(values=values, seconds={})


def ask(first: float, **changes: object):  # type: ignore[no-untyped-def]
    options = {
        "kind": TaskKind.BINARY,
        "shape": Shape(n_rows=400, n_columns=6, n_classes=2),
        "n_folds": 3,
        "metric": AUC,
        "budget_seconds": 600.0,
        "metadata": make_metadata(),
        "algorithms": ALGORITHMS,
    } | changes
    return recommend_configurations(features_of(first), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("first", "winner"), [(1.2, "linear"), (-1.2, "lightgbm")])
def test_the_winner_on_similar_datasets_comes_first(first: float, winner: str) -> None:
    answer = ask(first)
    assert [r.rank for r in answer.ranked] == [1, 2, 3]
    assert answer.ranked[0].configuration.algorithm == winner
    assert answer.ranked[0].expected_regret < 0.2
    assert {n.best.algorithm for n in answer.neighbours} == {winner}
    assert answer.n_datasets == 40


def test_a_short_budget_prefers_the_cheap() -> None:
    # at so many rows the dear one, nine times as slow, would eat the whole budget
    dear = ask(-1.2, shape=Shape(n_rows=20_000, n_columns=6, n_classes=2), budget_seconds=5.0)
    assert dear.ranked[0].configuration.algorithm == "linear"
    assert dear.ranked[0].expected_seconds < dear.ranked[1].expected_seconds


def test_only_usable_algorithms_are_recommended() -> None:
    answer = ask(1.2, algorithms={"knn": ALGORITHMS["knn"]})
    assert [r.configuration.algorithm for r in answer.ranked] == ["knn"]
    assert {n.best.algorithm for n in answer.neighbours} == {"knn"}


def test_the_same_data_and_its_family_are_left_out() -> None:
    own = Fingerprint.parse("104:00000004,abc")
    answer = ask(1.2, fingerprint=own)
    assert answer.excluded == ("d4", "d5")
    assert answer.n_datasets == 38
    assert not {"d4", "d5"} & {n.dataset for n in answer.neighbours}


def test_an_odd_dataset_is_less_familiar() -> None:
    assert ask(1.2).familiarity > 0.2
    assert ask(40.0).familiarity == 0.0


def test_familiarity_bears_unknown_features() -> None:
    rng = np.random.default_rng(0)
    past = rng.normal(size=(30, 4))
    past[:, 2] = np.nan
    past[::5, 1] = np.nan
    equal = np.ones(4)
    near = familiarity(past, np.array([0.0, np.nan, 3.0, 0.0]), equal)
    far = familiarity(past, np.array([9.0, -9.0, np.inf, 9.0]), equal)
    assert near > 0.5
    assert far == 0.0
    assert familiarity(past[:3], past[0], equal) == 0.0


def test_weights_add_up_to_one() -> None:
    past = collect_past(make_metadata(), TaskKind.BINARY, AUC)
    proximity = Proximity.fit(past.features, past.regret)
    weights = proximity.weights(features_of(1.2).to_array(FEATURE_NAMES))
    assert weights.sum() == pytest.approx(1.0)
    assert weights[::2].sum() > 0.8


def test_a_metric_that_was_not_recorded_falls_back_on_the_default() -> None:
    answer = ask(1.2, metric=resolve_metric("f1", TaskKind.BINARY))
    assert answer.ranked[0].configuration.algorithm == "linear"


def test_regression_without_any_past_says_so() -> None:
    with pytest.raises(MetadataError, match="holds no regression datasets"):
        ask(1.2, kind=TaskKind.REGRESSION, metric=resolve_metric("rmse", TaskKind.REGRESSION))


def test_regret_is_zero_for_the_best_and_one_for_the_median() -> None:
    loss = np.array([[1.0, 2.0, 3.0, 100.0, np.inf], [5.0, 5.0, 5.0, 5.0, np.nan]])
    regret = normalised_regret(loss)
    np.testing.assert_allclose(regret[0], [0.0, 1 / 1.5, 2 / 1.5, MAX_REGRET, MAX_REGRET])
    np.testing.assert_array_equal(regret[1, :4], 0.0)
    assert np.isnan(regret[1, 4])
    assert np.isnan(normalised_regret(np.full((1, 3), np.nan))).all()


def test_cost_model_learns_growth_with_the_rows() -> None:
    past = collect_past(make_metadata(), TaskKind.BINARY, AUC)
    model = CostModel.fit(past)
    for n_rows in (200, 800, 8_000):
        seconds = model.seconds(Shape(n_rows=n_rows, n_columns=6, n_classes=2))
        np.testing.assert_allclose(seconds, 1e-3 * n_rows * np.array([1, 4, 9]), rtol=0.25)


def test_greedy_order_covers_datasets_one_after_the_other() -> None:
    regret = np.array([[0.0, 1.0, 0.1], [0.0, 1.0, 0.1], [1.0, 0.0, 0.9]])
    order = greedy_order(regret, np.full(3, 1 / 3), np.ones(3), patience=1e6)
    assert order == [0, 1, 2]
    dear = greedy_order(regret, np.full(3, 1 / 3), np.array([100.0, 1.0, 1.0]), patience=0.0)
    assert dear[0] == 2


def test_store_round_trip_and_verification(tmp_path: Path) -> None:
    metadata = make_metadata(6)
    save_metadata(metadata, tmp_path)
    loaded = load_metadata(tmp_path)
    pd.testing.assert_frame_equal(loaded.datasets, metadata.datasets)
    assert set(loaded.pool) == set(metadata.configurations["key"])
    assert verify_metadata(tmp_path) == []


def test_damage_is_found(tmp_path: Path) -> None:
    save_metadata(make_metadata(6), tmp_path)
    path = tmp_path / "evaluations.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    assert verify_metadata(tmp_path) == [
        "evaluations.parquet differs from its checksum in manifest.json"
    ]
    path.unlink()
    assert verify_metadata(tmp_path) == ["evaluations.parquet is missing"]
    with pytest.raises(MetadataError, match="cannot be read"):
        load_metadata(tmp_path)


def test_references_and_keys_are_verified(tmp_path: Path) -> None:
    metadata = make_metadata(6)
    broken = metadata.configurations.assign(params='{"leaves": 3}')
    few = metadata.datasets.head(3)
    save_metadata(
        MetaDataset(
            datasets=few,
            configurations=broken,
            evaluations=metadata.evaluations,
            manifest={},
        ),
        tmp_path,
    )
    problems = " ".join(verify_metadata(tmp_path))
    assert "3 unknown datasets" in problems
    assert "does not match its content" in problems


def test_another_schema_is_refused(tmp_path: Path) -> None:
    save_metadata(make_metadata(6), tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(MetadataError, match="schema version 99"):
        load_metadata(tmp_path)
    with pytest.raises(MetadataError, match="name a directory that holds a meta-dataset"):
        load_metadata(tmp_path / "nowhere")
