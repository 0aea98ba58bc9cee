"""Weights, groups and times of rows, from the command line to the model."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

Call = Callable[..., Result]

FAMILIES = "decision_tree,lightgbm,knn"


def make_visits(n_patients: int = 60, n_visits: int = 8) -> pd.DataFrame:
    """Make a table whose target is the patient's own: to know the patient is to know all."""
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(n_patients), n_visits)
    body = rng.normal(size=(n_patients, 3))[patient] + 0.01 * rng.normal(size=(len(patient), 3))
    frame = pd.DataFrame(body.round(4), columns=["height", "pulse", "iron"])
    frame.insert(0, "patient", patient)
    frame["when"] = pd.Timestamp("2021-03-01") + pd.to_timedelta(
        rng.permutation(len(frame)) * 7, unit="h"
    )
    frame["weight"] = rng.integers(1, 4, len(frame))
    frame["ill"] = np.where(rng.permutation(n_patients) % 2 == 0, "yes", "no")[patient]
    return frame


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    return make_visits()


@pytest.fixture(scope="module")
def visits_file(visits: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("visits") / "visits.csv"
    visits.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def fit(call: Call, metadata_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Fit a few trials and return the record and the run directory."""

    def run(data: Path, *words: str) -> tuple[dict[str, Any], Path]:
        folder = tmp_path_factory.mktemp("runs") / "run"
        fixed = ["--max-trials", "5", "--jobs", "1", "--include", FAMILIES, "--no-report", "-q"]
        places = ["--metadata", metadata_dir, "-o", folder]
        result = call("fit", data, *fixed, "--json", *places, *words)
        assert result.exit_code in (0, 3), result.stderr
        return json.loads(result.stdout), folder

    return run


def test_groups_do_not_leak(fit: Any, visits_file: Path) -> None:
    options = ["--target", "ill", "--exclude", "lightgbm"]
    leaking, _ = fit(visits_file, *options)
    honest, _ = fit(visits_file, *options, "--group", "patient")
    assert leaking["score"] > 0.95
    assert honest["score"] < 0.7
    assert honest["group"] == "patient"
    assert leaking["group"] is None


def test_a_column_with_a_role_is_not_needed_to_predict(
    fit: Any, call: Call, visits: pd.DataFrame, visits_file: Path, tmp_path: Path
) -> None:
    record, folder = fit(visits_file, "--target", "ill", "--group", "patient", "--weight", "weight")
    assert (record["group"], record["weight"], record["time"]) == ("patient", "weight", None)
    assert record["columns"] == {"number": 3, "date/time": 1, "row weight": 1, "row group": 1}
    visits.drop(columns=["patient", "weight", "ill"]).to_csv(tmp_path / "new.csv", index=False)
    with_all, without = (
        call("predict", folder, visits_file),
        call("predict", folder, tmp_path / "new.csv"),
    )
    assert with_all.stdout == without.stdout != ""
    assert "ignored" not in with_all.stderr
    other = visits.assign(patient="someone else")
    other.to_csv(tmp_path / "other.csv", index=False)
    assert call("predict", folder, tmp_path / "other.csv").stdout == with_all.stdout


def test_evaluate_weighs_rows_where_the_weights_are_known(
    fit: Any, call: Call, visits: pd.DataFrame, visits_file: Path, tmp_path: Path
) -> None:
    record, folder = fit(visits_file, "--target", "ill", "--weight", "weight")
    share = np.average(visits["ill"] == "yes", weights=visits["weight"])
    assert record["constant_prediction"] == pytest.approx([1 - share, share])
    labels = pd.read_csv(io.StringIO(call("predict", folder, visits_file).stdout))["ill"]
    right = (labels == visits["ill"]).to_numpy()
    assert right.sum() > 0
    heavy = visits.assign(weight=np.where(right, 1.0, 50.0))
    absent = visits.head(20).assign(ill="never", weight=0.0)  # a class that nobody weighs
    pd.concat([heavy, absent]).to_csv(tmp_path / "heavy.csv", index=False)
    visits.drop(columns="weight").to_csv(tmp_path / "plain.csv", index=False)
    scores = {}
    for name in ("heavy", "plain"):
        result = call("evaluate", folder, tmp_path / f"{name}.csv", "--json")
        judged = json.loads(result.stdout)
        scores[name] = {score["metric"]: score["score"] for score in judged["scores"]}
        assert ("weight" in " ".join(judged["notes"])) == (name in ("heavy", "plain"))
    expected = right.sum() / (right.sum() + 50 * (~right).sum())
    assert scores["plain"]["accuracy"] == pytest.approx(right.mean())
    assert scores["heavy"]["accuracy"] == pytest.approx(expected)


def test_time_is_a_feature_by_its_calendar_only(fit: Any, call: Call, visits_file: Path) -> None:
    from metatune import load

    record, folder = fit(visits_file, "--target", "ill", "--time", "when")
    assert record["time"] == "when"
    names = load(folder)[0].get_feature_names_out().tolist()
    assert "when: month" in names
    assert not {"when: days", "when: year"} & set(names)
    described = call("describe", visits_file, "--target", "ill", "--time", "when")
    assert "models are validated on later rows" in described.stderr


def test_a_trend_is_judged_on_the_future(fit: Any, tmp_path: Path) -> None:
    """A walk is easy to fill in from both sides, and hard to foresee."""
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(size=400))
    frame = pd.DataFrame({"step": np.arange(400), "noise": rng.normal(size=400), "level": walk})
    frame["clock"] = frame["step"] + 1000.5
    frame.to_csv(tmp_path / "walk.csv", index=False)
    options = ["--target", "level", "--exclude", "decision_tree"]
    leaking, _ = fit(tmp_path / "walk.csv", *options)
    honest, _ = fit(tmp_path / "walk.csv", *options, "--time", "clock")
    assert leaking["score"] < 2.0
    assert honest["score"] > 2 * leaking["score"]


def test_recommend_takes_the_roles(call: Call, metadata_dir: Path, visits_file: Path) -> None:
    result = call(
        "recommend", visits_file, "--target", "ill", "--metadata", metadata_dir,
        *("--group", "patient", "--weight", "weight", "--json"),
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["recommendations"]
    assert "60 groups of rows" in result.stderr


BAD = {
    "no such column": (["--group", "pateint"], ["group column", "'pateint'", "'patient'"]),
    "target": (["--group", "ill"], ["'ill'", "both the target and the group"]),
    "twice": (["--group", "patient", "--time", "patient"], ["'patient'", "group", "time"]),
    "negative": (["--weight", "height"], ["weight column 'height'", "zero or more"]),
    "no number": (["--weight", "word"], ["weight column 'word'", "'ab'", "numbers"]),
    "holes": (["--weight", "holes"], ["weight column 'holes'", "1 row", "row 4"]),
    "all zero": (["--weight", "zero"], ["weight column 'zero'", "every row"]),
    "one group": (["--group", "zero"], ["group column 'zero'", "two groups"]),
    "no time": (["--time", "word"], ["time column 'word'", "'ab'", "neither dates nor numbers"]),
    "time with holes": (["--time", "holes"], ["time column 'holes'", "row 4", "nothing"]),
    "bad date": (["--time", "dates"], ["time column 'dates'", "1 row", "'soon'"]),
    "one instant": (["--time", "zero"], ["time column 'zero'", "two instants"]),
    "recurring groups": (
        ["--time", "when", "--group", "word"],
        ["either groups or times"],
    ),
    "metric without weights": (
        ["--weight", "weight", "--target", "height", "--metric", "neg_max_error"],
        ["'neg_max_error'", "cannot weigh rows", "rmse"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_roles_are_refused_in_a_line(
    case: str, call: Call, visits: pd.DataFrame, metadata_dir: Path, tmp_path: Path
) -> None:
    words, told = BAD[case]
    frame = visits.assign(
        word=np.where(np.arange(len(visits)) % 2 == 0, "ab", "cd"),
        holes=np.arange(len(visits)),
        zero=0,
        dates=visits["when"].astype("str"),
    )
    frame["holes"] = frame["holes"].astype(float).mask(frame.index == 3)
    frame.loc[7, "dates"] = "soon"
    frame.to_csv(tmp_path / "bad.csv", index=False)
    words = words if "--target" in words else [*words, "--target", "ill"]
    result = call(
        "fit", tmp_path / "bad.csv", *words, "--max-trials", "2", "--jobs", "1", "-q",
        *("--metadata", metadata_dir, "-o", tmp_path / "run"),
    )  # fmt: skip
    assert result.exit_code == 2, result.stderr
    *warnings, line = result.stderr.splitlines()
    assert all(warning.startswith("warning: ") for warning in warnings)
    assert [word for word in told if word not in line] == [], line
    assert not (tmp_path / "run").exists()
