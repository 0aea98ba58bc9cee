"""From a file to predictions, as a user goes: real processes, real workers."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from made_up_estimate import make_estimate

Call = Callable[..., Result]
ESTIMATE = make_estimate()


MAIN = [sys.executable, "-m", "metatune"]
QUICKLY = ("--include", "decision_tree", "--max-trials", "1", "--jobs", "1", "--no-report")


@pytest.fixture(scope="module")
def run_dir(shop_file: Path, metadata_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with one job, made by a real process."""
    folder = tmp_path_factory.mktemp("runs") / "one"
    done = fit(MAIN, shop_file, metadata_dir, folder, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


def fit(
    program: list[str], data: Path, metadata: Path, folder: Path, *more: str
) -> "subprocess.CompletedProcess[str]":
    fixed = ["--max-trials", "6", "--seed", "1", "-q", "--json"]
    places = [str(data), "--metadata", str(metadata), "--output", str(folder)]
    command = [*program, "fit", *places, *fixed, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def comparable(folder: Path) -> list[dict[str, Any]]:
    """Return the leaderboard without what differs between runs: times, and sizes by a few bytes."""
    board = pd.read_csv(folder / "leaderboard.csv").drop(columns=["latency", "model_bytes"])
    return [
        {str(name): value for name, value in row.items() if "seconds" not in str(name)}
        for row in board.fillna(-1).to_dict("records")
    ]


def test_run_directory(run_dir: Path) -> None:
    names = {path.name for path in run_dir.iterdir()}
    assert names - {"predictions"} == {
        *("model.skops", "run.json", "trials.jsonl", "leaderboard.csv", "rows.npy"),
        *("findings.json", "findings.npz", "report.html"),
    }
    record = json.loads((run_dir / "run.json").read_text())
    assert record["status"] == "done"
    assert (record["task"], record["target"], record["metric"]) == ("binary", "bought", "roc_auc")
    assert record["score"] > 0.7 > record["constant_score"]
    assert record["winner"]["algorithm"]
    assert record["estimate"]["low"] < record["estimate"]["score"] < record["estimate"]["high"]
    assert "no_estimate" not in record
    assert record["trials"]["finished"] == 6
    assert record["data"]["source"]["separator"] == ","
    assert len(record["data"]["fingerprint"]) == 64
    assert record["seconds"]["used"] < record["seconds"]["budget"] == 600
    assert len((run_dir / "trials.jsonl").read_text().splitlines()) == 6


def test_two_jobs_give_what_one_gives(
    run_dir: Path, shop_file: Path, metadata_dir: Path, programs: Path, tmp_path: Path, call: Call
) -> None:
    program = [str(programs / "metatune")]
    done = fit(program, shop_file, metadata_dir, tmp_path / "two", "--jobs", "2", "--no-report")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["winner"]["key"]
    assert comparable(tmp_path / "two") == comparable(run_dir)
    answers = [
        call("predict", folder, shop_file, "--proba", "-q").stdout
        for folder in (run_dir, tmp_path / "two")
    ]
    assert answers[0] == answers[1] != ""


def test_a_leaderboard_does_not_wait_for_scikit_learn(run_dir: Path) -> None:
    code = (
        "import sys; from metatune.cli.app import cli\n"
        "try: cli.main(['leaderboard', sys.argv[1]])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('sklearn', 'scipy') if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(run_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "roc_auc (higher is better" in done.stdout
    assert done.stderr.strip() == "[]"


def test_leaderboard_says_what_to_expect_on_new_rows(
    run_dir: Path, call: Call, tmp_path: Path
) -> None:
    shutil.copytree(run_dir, tmp_path / "run")
    record = json.loads((run_dir / "run.json").read_text())
    record["estimate"] = asdict(ESTIMATE)
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    shown = call("leaderboard", tmp_path / "run").stdout
    assert "the model on new rows: 0.9120, 95 % interval 0.8930 to 0.9290 (honest" in shown
    assert json.loads(call("leaderboard", tmp_path / "run", "--json").stdout)["estimate"] == (
        asdict(ESTIMATE)
    )
    record |= {"estimate": None, "no_estimate": "too few trials"}
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    assert "new rows" not in call("leaderboard", tmp_path / "run").stdout


def test_predict_writes_a_table(
    run_dir: Path, shop: pd.DataFrame, shop_file: Path, call: Call, tmp_path: Path
) -> None:
    labels = pd.read_csv(io.StringIO(call("predict", run_dir, shop_file).stdout))
    assert list(labels.columns) == ["bought"]
    assert (labels["bought"] == shop["bought"]).mean() > 0.7
    proba = pd.read_csv(io.StringIO(call("predict", run_dir, shop_file, "--proba").stdout))
    assert list(proba.columns) == ["probability of no", "probability of yes"]
    assert np.allclose(proba.sum(axis=1), 1.0)
    result = call("predict", run_dir / "model.skops", shop_file, "-o", tmp_path / "p.parquet")
    assert result.stdout == ""
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "p.parquet"), labels, check_dtype=False
    )


def test_predict_finds_columns_by_name(
    run_dir: Path, shop: pd.DataFrame, shop_file: Path, call: Call, tmp_path: Path
) -> None:
    odd = shop.drop(columns="bought").iloc[:, ::-1].assign(extra="x")
    odd.to_csv(tmp_path / "odd.csv", sep=";", index=False)
    result = call("predict", run_dir, tmp_path / "odd.csv")
    assert result.stdout == call("predict", run_dir, shop_file).stdout
    assert "1 column that the model does not know ignored: 'extra'" in result.stderr


def test_predict_names_missing_columns(
    run_dir: Path, shop: pd.DataFrame, call: Call, tmp_path: Path
) -> None:
    shop.drop(columns=["age", "city"]).to_csv(tmp_path / "less.csv", index=False)
    result = call("predict", run_dir, tmp_path / "less.csv", "-o", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "'age', 'city'" in result.stderr.splitlines()[-1]
    assert not (tmp_path / "out.csv").exists()
    result = call("predict", run_dir, tmp_path / "less.csv", "-o", tmp_path / "out.docx")
    assert "out.docx has no known suffix" in result.stderr


def test_evaluate(run_dir: Path, shop: pd.DataFrame, call: Call, tmp_path: Path) -> None:
    rows = shop.head(60).assign(bought=lambda frame: " " + frame["bought"] + "\t")
    rows.loc[0, "bought"] = "perhaps"
    rows.loc[1, "bought"] = None
    rows.to_csv(tmp_path / "rows.csv", index=False)
    told = call("evaluate", run_dir, tmp_path / "rows.csv")
    assert "1 row with labels new to the model counted as wrong: 'perhaps'" in told.stderr
    assert "roc_auc" in told.stdout
    judged = json.loads(call("evaluate", run_dir, tmp_path / "rows.csv", "--json").stdout)
    assert judged["n_rows"] == 59
    scores = {score["metric"]: score for score in judged["scores"]}
    assert scores["accuracy"]["score"] > scores["accuracy"]["constant"] > 0.3
    shop.drop(columns="bought").to_csv(tmp_path / "unlabelled.csv", index=False)
    refused = call("evaluate", run_dir, tmp_path / "unlabelled.csv")
    assert refused.exit_code == 2
    assert "no column 'bought'" in refused.stderr


def test_leaderboard(run_dir: Path, call: Call) -> None:
    shown = call("leaderboard", run_dir).stdout
    table, _, _ = shown.partition("6 trials")
    assert max(map(len, table.splitlines())) <= 80
    assert "decision_tree" in table
    assert table != shown
    board = json.loads(call("leaderboard", run_dir, "--json").stdout)
    assert [row["rank"] for row in board["leaderboard"]] == list(
        range(1, len(board["leaderboard"]) + 1)
    )
    assert board["failures"] == []


def test_recommend_and_describe(shop_file: Path, metadata_dir: Path, call: Call) -> None:
    asked = ["recommend", shop_file, "--metadata", metadata_dir, "--top", "2"]
    shown = call(*asked)
    assert max(map(len, shown.stdout.splitlines()[:6])) <= 80
    assert "familiarity" in shown.stdout
    answer = json.loads(call(*asked, "--json", "-q").stdout)
    assert [r["rank"] for r in answer["recommendations"]] == [1, 2]
    assert 1 <= len(answer["most_similar"]) <= 5
    assert answer["course"]["low"] <= answer["course"]["expected"]
    assert 0 <= answer["outlook"]["chance"] <= 1
    described = json.loads(call("describe", shop_file, "--json").stdout)
    assert {c["name"]: c["kind"] for c in described["columns"]} == {
        "age": "number",
        "income": "number",
        "city": "category",
    }
    assert described["meta_features"]["values"]["NumberOfInstances"] == 190
    assert "NumberOfInstances" in call("describe", shop_file).stdout


def test_metadata_commands(metadata_dir: Path, call: Call, tmp_path: Path) -> None:
    row_metadata = json.loads(call("metadata", "info", "--metadata", metadata_dir, "--json").stdout)
    assert row_metadata["datasets"] == 24
    assert call("metadata", "verify", "--metadata", metadata_dir).exit_code == 0
    shutil.copytree(metadata_dir, tmp_path, dirs_exist_ok=True)
    (tmp_path / "datasets.parquet").write_bytes(b"torn")
    result = call("metadata", "verify", "--metadata", tmp_path)
    assert result.exit_code == 2
    assert "datasets.parquet differs" in result.stderr


def test_without_anything_to_learn_the_constant_is_saved(
    call: Call, metadata_dir: Path, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"a": ["same"] * 40, "y": ["p", "q"] * 20})
    frame.to_csv(tmp_path / "flat.csv", index=False)
    run = tmp_path / "run"
    fixed = ["--metadata", metadata_dir, *QUICKLY, "--output", run]
    result = call("fit", tmp_path / "flat.csv", *fixed)
    assert result.exit_code == 3, result.stderr
    assert "no model beat the constant prediction" in result.stderr
    assert call("predict", run, tmp_path / "flat.csv").exit_code == 0


def test_standard_input_without_header(
    shop: pd.DataFrame, metadata_dir: Path, call: Call, tmp_path: Path
) -> None:
    """The target is the first column; leaving it out shifts the others."""
    nameless = shop.dropna()[["bought", "age", "income", "city"]]
    text = nameless.to_csv(index=False, header=False)
    run = tmp_path / "run"
    fixed = ["--metadata", metadata_dir, *QUICKLY, "--output", run]
    result = call("fit", "-", "--target", "0", *fixed, stdin=text)
    assert result.exit_code == 0, result.stderr
    whole = call("predict", run, "-", stdin=text).stdout
    less = nameless.drop(columns="bought").to_csv(index=False, header=False)
    shifted = call("predict", run, "-", stdin=less)
    assert shifted.stdout == whole
    assert "all columns but the target" in shifted.stderr
