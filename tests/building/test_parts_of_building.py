"""Parts of a build: its work directory, kept predictions, published values in metatune's words."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.building.catalogue import CatalogueEntry, read_catalogue
from metatune.building.kept_predictions import KeptPredictions
from metatune.building.mapping import conversions
from metatune.building.mapping.dialects import STANDARDIZED, in_common_words
from metatune.building.mapping.run import ForeignValueError, PublishedRun
from metatune.building.protocol import Protocol
from metatune.building.work import (
    find_folder,
    folders,
    ladder_of,
    prepare_dataset,
    read_description,
)
from metatune.evaluation.out_of_fold import prediction_file, write_predictions
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.metafeatures import SCHEMA_VERSION
from metatune.space import Configuration

PROTOCOL = Protocol(max_rows=180, n_folds=4, rung_rows=40)


@pytest.fixture
def entry(tmp_path: Path) -> CatalogueEntry:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    table["target"] = table["a"] + rng.normal(size=200)
    table.to_csv(tmp_path / "t.csv", index=False)
    path = tmp_path / "catalogue.csv"
    path.write_text("file,name,family,task,target\nt.csv,t,t,regression,target\n")
    return read_catalogue(path)[0]


def test_a_dataset_is_prepared_once_and_described(entry: CatalogueEntry, tmp_path: Path) -> None:
    work = tmp_path / "work"
    folder = find_folder(work, entry.name, PROTOCOL)
    data = prepare_dataset(entry, folder, PROTOCOL)
    assert data.task.n_rows == 180
    description = read_description(folder)
    assert (description["dataset"], description["kind"]) == ("t", "regression")
    assert [path for path, _ in folders(work)] == [folder]
    assert ladder_of(description).rungs
    before = (folder / "dataset.json").read_bytes()
    again = prepare_dataset(entry, folder, PROTOCOL)
    np.testing.assert_array_equal(again.task.X, data.task.X)
    assert (folder / "dataset.json").read_bytes() == before


def test_new_definitions_of_meta_features_prepare_a_dataset_again(
    entry: CatalogueEntry, tmp_path: Path
) -> None:
    folder = find_folder(tmp_path / "work", entry.name, PROTOCOL)
    longer = replace(PROTOCOL, trial_seconds=PROTOCOL.trial_seconds + 60)
    prepare_dataset(entry, folder, longer)
    made = read_description(folder)
    old = {**made, "features": {"Forgotten": 1.0}, "features_version": SCHEMA_VERSION - 1}
    (folder / "dataset.json").write_text(json.dumps(old))
    (folder / "trials.jsonl").write_text("kept")
    prepare_dataset(entry, folder, PROTOCOL)
    assert read_description(folder) == made
    assert (folder / "trials.jsonl").read_text() == "kept"


def test_another_protocol_gets_a_folder_of_its_own(entry: CatalogueEntry, tmp_path: Path) -> None:
    folder = find_folder(tmp_path / "work", entry.name, PROTOCOL)
    prepare_dataset(entry, folder, PROTOCOL)
    assert find_folder(tmp_path / "work", entry.name, PROTOCOL) == folder
    other = find_folder(tmp_path / "work", entry.name, replace(PROTOCOL, n_folds=3))
    assert other.name == f"{entry.name}~2"


def test_a_longer_limit_is_noted_and_a_shorter_one_is_not(
    entry: CatalogueEntry, tmp_path: Path
) -> None:
    folder = find_folder(tmp_path / "work", entry.name, PROTOCOL)
    prepare_dataset(entry, folder, PROTOCOL)
    longer = replace(PROTOCOL, trial_seconds=PROTOCOL.trial_seconds + 60)
    for protocol in (longer, PROTOCOL):
        prepare_dataset(entry, folder, protocol)
        stated = json.loads((folder / "dataset.json").read_text())["protocol"]
        assert stated["trial_seconds"] == asdict(longer)["trial_seconds"]


def make_result(status: TrialStatus = TrialStatus.OK) -> TrialResult:
    trial = Trial(
        number=3,
        configuration=Configuration(algorithm="knn", params={"k": 1}),
        rung=Rung(index=0, row_share=1.0, n_folds=1),
        seed=0,
    )
    return TrialResult(trial=trial, status=status, score=0.5)


def test_predictions_move_to_the_store_under_the_key_of_their_configuration(tmp_path: Path) -> None:
    kept, result = KeptPredictions(tmp_path), make_result()
    probabilities = np.array([[0.25, 0.75], [1.0, 0.0]], dtype=np.float32)
    new = kept.outbox("t") / prediction_file(result.trial)
    write_predictions(new, probabilities)
    kept.keep("t", tmp_path, result)
    assert not new.exists()
    found = kept.load("t")
    assert list(found) == [result.trial.configuration.key]
    np.testing.assert_array_equal(found[result.trial.configuration.key], probabilities)


def test_predictions_of_numbers_are_in_deviations_of_the_target(
    entry: CatalogueEntry, tmp_path: Path
) -> None:
    folder = find_folder(tmp_path / "work", entry.name, PROTOCOL)
    y = prepare_dataset(entry, folder, PROTOCOL).task.y
    kept, result = KeptPredictions(tmp_path / "kept"), make_result()
    values = np.full(len(y), y.mean() + 2 * y.std(), dtype=np.float32)
    write_predictions(kept.outbox("t") / prediction_file(result.trial), values)
    kept.keep("t", folder / "data", result)
    np.testing.assert_allclose(kept.load("t")[result.trial.configuration.key], 2.0, rtol=1e-2)


def test_predictions_of_a_failed_trial_are_dropped(tmp_path: Path) -> None:
    kept, result = KeptPredictions(tmp_path), make_result(TrialStatus.FAILED)
    new = kept.outbox("t") / prediction_file(result.trial)
    write_predictions(new, np.zeros((2, 2), dtype=np.float32))
    kept.keep("t", tmp_path, result)
    assert kept.load("t") == {}
    assert not new.exists()


def run(source: str = "somewhere", n_rows: float | None = 200, **given: object) -> PublishedRun:
    return PublishedRun(source=source, algorithm="x", hyperparameters=given, n_rows=n_rows)


def test_histories_of_scaled_inputs_say_so() -> None:
    assert STANDARDIZED not in in_common_words(run(C=1.0)).hyperparameters
    assert in_common_words(run("oboe", C=1.0)).hyperparameters[STANDARDIZED] is True


def test_steps_that_change_columns_make_a_run_foreign() -> None:
    plain: dict[str, Any] = {"model:C": 1.0, "preprocessor:__choice__": "no_preprocessing"}
    assert in_common_words(run(**plain)).hyperparameters["C"] == 1.0
    with pytest.raises(ForeignValueError, match="feature preprocessing pca"):
        in_common_words(run(**{**plain, "preprocessor:__choice__": "pca"}))
    selected = run(**{**plain, "preprocessor:__choice__": "select_percentile"})
    assert in_common_words(replace(selected, n_columns=9)).n_columns is None


def test_shares_of_rows_become_numbers_where_the_rows_are_known() -> None:
    assert conversions.rows()(0.05, run()) == 10
    assert conversions.rows(2)(0.001, run()) == 2
    assert conversions.rows()(7, run()) == 7
    assert conversions.rows()(0.05, run(n_rows=None)) is None
    assert conversions.leaf_rows(0.0, run(min_samples_leaf=4)) == 4


def test_values_that_metatune_has_not_make_a_run_foreign_or_are_left_out() -> None:
    names: dict[Any, Any] = {"gini": "gini"}
    assert conversions.one_of(names)("gini", run()) == "gini"
    with pytest.raises(ForeignValueError, match="'mae'"):
        conversions.one_of(names)("mae", run())
    assert conversions.one_of(names, otherwise_silent=True)("mae", run()) is None
    assert conversions.at_least(0.1)(0.0, run()) == 0.1


def test_columns_of_a_split_become_a_power_of_their_number() -> None:
    of_64 = replace(run(), n_columns=64)
    assert conversions.column_power("sqrt", of_64) == 0.5
    assert conversions.column_power(None, of_64) == 1.0
    assert conversions.column_power(0.125, of_64) == pytest.approx(0.5)
    assert conversions.column_power(0.125, run()) is None
