"""The commands warn of what makes results misleading, and are silent where nothing does."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

Call = Callable[..., Result]
N_ROWS = 300


def make_table(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"size": rng.uniform(10, 90, N_ROWS), "age": rng.uniform(0, 50, N_ROWS)})
    frame["kind"] = rng.choice(["flat", "house"], N_ROWS)
    frame["price"] = 3 * frame["size"] - frame["age"] + rng.normal(0, 20, N_ROWS)
    return frame


def fit(call: Call, data: Path, metadata: Path, folder: Path, *more: str) -> Result:
    only = (
        "--include",
        "linear,decision_tree",
        "--max-trials",
        "14",
        "--jobs",
        "1",
        "--budget",
        "10h",
        "--no-report",
    )
    return call("fit", data, "--metadata", metadata, "--output", folder, *only, *more)


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tables")
    table = make_table()
    tables = {
        "rows": table,
        "new": make_table(seed=1),
        "leak": table.assign(fee=0.03 * table["price"]),
        "labels": table.assign(price=np.where(table["price"] > 150, "dear", "cheap")),
    }
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return {name: folder / f"{name}.csv" for name in tables}


@pytest.fixture(name="run", scope="module")
def _run(
    call: Call, files: dict[str, Path], metadata_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("runs") / "rows"
    return folder, fit(call, files["rows"], metadata_dir, folder)


def test_fit_tells_of_leaks_and_records_them(
    call: Call, files: dict[str, Path], metadata_dir: Path, tmp_path: Path
) -> None:
    done = fit(call, files["leak"], metadata_dir, tmp_path / "run", "--target", "price")
    line = "possible leak: column 'fee' tells all of the target 'price'"
    assert done.stderr.count(f"warning: {line}") == 1
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    (found,) = record["warnings"]
    assert found["kind"] == "leak"
    assert found["columns"] == ["fee"]
    assert found["text"].startswith(line)
    assert call("leaderboard", tmp_path / "run").exit_code == 0  # the record is read again


def test_describe_tells_of_leaks(call: Call, files: dict[str, Path]) -> None:
    assert "warning: possible leak" in call("describe", files["leak"], "--target", "price").stderr
    assert "warning" not in call("describe", files["rows"]).stderr
    said = json.loads(call("describe", files["leak"], "--target", "price", "--json").stdout)
    assert said["warnings"][0]["columns"] == ["fee"]


def test_fit_on_an_honest_table_warns_of_nothing(run: tuple[Path, Result]) -> None:
    folder, done = run
    assert done.exit_code == 0
    assert "warning" not in done.stderr
    assert json.loads((folder / "run.json").read_text())["warnings"] == []


def test_fit_never_proposes_to_predict_the_rows_of_the_training(
    run: tuple[Path, Result], files: dict[str, Path]
) -> None:
    folder, done = run
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith(f"next: metatune predict {folder} new_rows.csv")
    assert str(files["rows"]) not in last


def test_evaluate_counts_the_rows_of_the_training(
    call: Call, run: tuple[Path, Result], files: dict[str, Path], tmp_path: Path
) -> None:
    folder, _ = run
    said = call("evaluate", folder, files["rows"]).stderr
    assert "warning: 300 of 300 rows equal rows that the model was trained on" in said
    mixed = pd.concat([make_table(seed=1), make_table().tail(40)])
    mixed.sample(frac=1.0, random_state=0).to_csv(tmp_path / "mixed.csv", index=False)
    said = call("evaluate", folder / "model.skops", tmp_path / "mixed.csv").stderr
    assert "warning: 40 of 340 rows equal rows that the model was trained on" in said
    told = json.loads(call("evaluate", folder, tmp_path / "mixed.csv", "--json").stdout)
    assert told["n_trained_on"] == 40


def test_evaluate_is_silent_on_new_rows(
    call: Call, run: tuple[Path, Result], files: dict[str, Path]
) -> None:
    assert "trained" not in call("evaluate", run[0], files["new"]).stderr


def test_evaluate_does_without_hashes_that_are_damaged(
    call: Call, run: tuple[Path, Result], files: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("model.skops", "run.json"):
        (tmp_path / name).write_bytes((run[0] / name).read_bytes())
    for content in (b"", b"\x93NUMPY", bytes(2_000_000)):
        (tmp_path / "rows.npy").write_bytes(content)
        done = call("evaluate", tmp_path, files["rows"])
        assert done.exit_code == 0
        assert "trained" not in done.stderr


def test_predict_names_columns_unlike_the_training(
    call: Call, run: tuple[Path, Result], tmp_path: Path
) -> None:
    strange = make_table(seed=1).assign(age=None)
    strange.loc[:19, "size"] = 900.0
    strange.loc[:4, "kind"] = "castle"
    strange.to_csv(tmp_path / "strange.csv", index=False)
    said = call("predict", run[0], tmp_path / "strange.csv").stderr
    assert "numbers of 300 beyond those of the training rows" in said
    assert "column 'age': empty in all 300 rows" in said
    assert "column 'kind': 5 cells of 300 taken as missing" in said


def test_predict_is_silent_on_rows_like_those_of_the_training(
    call: Call, run: tuple[Path, Result], files: dict[str, Path]
) -> None:
    said = call("predict", run[0], files["new"]).stderr
    assert "beyond" not in said
    assert "empty" not in said


def test_predict_adds_intervals(
    call: Call, run: tuple[Path, Result], files: dict[str, Path]
) -> None:
    done = call("predict", run[0], files["new"], "--interval", "0.8", "-q")
    answer = pd.read_csv(io.StringIO(done.stdout))
    assert list(answer.columns) == ["price", "price low", "price high"]
    assert (answer["price low"] <= answer["price high"]).all()
    truth = pd.read_csv(files["new"])["price"]
    assert 0.7 < truth.between(answer["price low"], answer["price high"]).mean() < 0.92
    plain = call("predict", run[0], files["new"], "-q").stdout
    pd.testing.assert_series_equal(pd.read_csv(io.StringIO(plain))["price"], answer["price"])


def test_predict_adds_sets_of_labels(
    call: Call, files: dict[str, Path], metadata_dir: Path, tmp_path: Path
) -> None:
    assert fit(call, files["labels"], metadata_dir, tmp_path / "run").exit_code == 0
    new = make_table(seed=1)
    new.to_csv(tmp_path / "new.csv", index=False)
    more = ("--interval", "0.9", "--proba", "-q")
    answer = pd.read_csv(
        io.StringIO(call("predict", tmp_path / "run", tmp_path / "new.csv", *more).stdout)
    )
    assert list(answer.columns) == ["probability of cheap", "probability of dear", "price set"]
    assert set(answer["price set"]) <= {"cheap", "dear", "cheap|dear", "dear|cheap"}
    truth = np.where(new["price"] > 150, "dear", "cheap")
    held = [
        label in each.split("|") for label, each in zip(truth, answer["price set"], strict=True)
    ]
    assert np.mean(held) > 0.85


@pytest.mark.parametrize(("level", "says"), [("90", "between 0 and 1"), ("0.9999", "give at most")])
def test_levels_that_cannot_be_are_refused(
    call: Call, run: tuple[Path, Result], files: dict[str, Path], level: str, says: str
) -> None:
    done = call("predict", run[0], files["new"], "--interval", level, "-q")
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout == ""
