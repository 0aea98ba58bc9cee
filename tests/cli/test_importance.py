"""`metatune importance`, and the same from Python."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

import metatune

Call = Callable[..., Result]


@pytest.fixture(scope="module")
def run(
    shop_file: Path, metadata_dir: Path, call: Call, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("importance") / "run"
    words = ["--include", "knn,linear", "--max-trials", "34", "--budget", "10h", "--jobs", "1"]
    places = ["--metadata", metadata_dir, "--single", "--no-report", "-q", "-o", folder]
    result = call("fit", shop_file, *words, *places)
    assert result.exit_code == 0, result.stderr
    return folder


def test_each_family_with_enough_trials_is_told_and_the_others_get_a_line(
    run: Path, call: Call
) -> None:
    told = json.loads(call("importance", run, "--json").stdout)
    for space in told["spaces"]:
        enough = space["n_configurations"] >= 12
        assert bool(space["hyperparameters"]) == enough
        assert ("too few" in space["note"]) == (not enough)
    assert any(space["hyperparameters"] for space in told["spaces"])
    shown = call("importance", run)
    assert shown.exit_code == 0
    assert "past table" in shown.stdout
    assert "share of the differences in roc_auc" in shown.stdout


def test_shares_are_told_beside_those_of_past_tables(run: Path) -> None:
    found = metatune.importance(run)
    space = next(space for space in found.spaces if space.hyperparameters)
    shares = [one.share for one in space.hyperparameters]
    assert shares == sorted(shares, reverse=True)
    assert 0.0 <= sum(shares) <= 1.0 + 1e-9
    assert space.n_past == 69
    known = [one.past for one in space.hyperparameters if one.past is not None]
    assert known
    assert sum(known) <= 1.0
    assert "importance of hyperparameters for roc_auc" in repr(found)


def test_a_meta_dataset_of_few_configurations_says_nothing(run: Path, metadata_dir: Path) -> None:
    found = metatune.importance(run, metadata=metadata_dir)
    assert {space.n_past for space in found.spaces} == {0}
    assert found.to_frame()["past"].isna().all()


def test_the_same_run_is_told_the_same_twice(run: Path) -> None:
    assert metatune.importance(run) == metatune.importance(run)


def test_fewer_are_shown_where_fewer_are_asked_for(run: Path, call: Call) -> None:
    few, usual = call("importance", run, "--top", "1"), call("importance", run)
    assert len(few.stdout.splitlines()) < len(usual.stdout.splitlines())


def test_a_folder_that_is_no_run_is_refused_in_a_line(call: Call, tmp_path: Path) -> None:
    result = call("importance", tmp_path)
    assert result.exit_code == 2
    assert "is not a run directory" in result.stderr


def test_a_fitted_estimator_tells_the_same_kind_of_thing(
    shop: pd.DataFrame, metadata_dir: Path
) -> None:
    model = metatune.MetaTuneClassifier(
        max_trials=3, budget="10h", include=["naive_bayes"], metadata=metadata_dir, random_state=0
    ).fit(shop.drop(columns="bought"), shop["bought"])
    found = model.hyperparameter_importance()
    assert found.metric == "roc_auc"
    assert all("too few" in space.note for space in found.spaces)
