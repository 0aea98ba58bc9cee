"""Checkouts against each other: whole commands on rows held out, and what runs were worth."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from benchmarks.races.checkouts import worth
from benchmarks.races.records import read_records

ROOT = Path(__file__).parents[3]


@pytest.fixture(name="catalogue")
def _catalogue(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = ["file,name,family,task,target,n_rows"]
    for name, n_rows in (("small", 90), ("large", 400)):
        table = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=list("abc"))
        table["y"] = np.where(table["a"] > 0.3, "yes", "no")
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        lines.append(f"{name}.csv,{name},{name},binary,y,{n_rows}")
    path = tmp_path / "catalogue.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_pair_is_run_judged_and_kept(
    bench: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    options = ("--catalogue", catalogue, "--min-rows", 80, "--max-rows", 100, "--budgets", "12")
    both = ("--checkout", f"here={ROOT}", "--checkout", f"again={ROOT}")
    out = tmp_path / "out"
    first = bench("checkouts", *options, *both, "--out", out)
    assert first.exit_code == 0, first.output
    records = list(read_records(out / "runs.jsonl").values())
    assert {(r["table"], r["strategy"]) for r in records} == {("small", "here"), ("small", "again")}
    assert all(r["score"] > 0.8 and r["first_result"] < 20 for r in records)
    assert "| again, 12 s | here, 12 s | 1 |" in first.output
    again = bench("checkouts", *options, *both, "--out", out)
    assert "trials" not in again.output.partition("Mean normalised")[0], "nothing is run twice"
    assert (out / "checkouts.md").is_file()


def test_tables_of_a_meta_dataset_can_be_left_out(
    bench: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    pd.DataFrame({"family": ["small"]}).to_parquet(tmp_path / "datasets.parquet")
    listed = bench(
        *("checkouts", "--catalogue", catalogue, "--checkout", f"here={ROOT}", "--min-rows", 0),
        *("--unknown-to", tmp_path, "--list", "--out", tmp_path / "out"),
    )
    assert listed.output.split()[0] == "large"
    assert "small" not in listed.output


def test_a_folder_without_metatune_is_refused(
    bench: Callable[..., Result], catalogue: Path, tmp_path: Path
) -> None:
    refused = bench("checkouts", "--catalogue", catalogue, "--checkout", f"x={tmp_path}")
    assert refused.exit_code == 2
    assert "write NAME=FOLDER" in refused.output


def test_only_trials_on_all_rows_of_all_folds_count_as_full(tmp_path: Path) -> None:
    def trial(**more: Any) -> dict[str, Any]:
        usual = {"status": "ok", "row_share": 1.0, "n_folds": 5, "algorithm": "lightgbm"}
        return usual | {"params": {}, "origin": "default", "used": 2.0} | more

    trials = [
        trial(n_folds=1, used=1.5),
        trial(),
        trial(n_folds=15),
        trial(row_share=0.3, params={"a": 1}),
        trial(status="pruned", params={"a": 2}),
        trial(algorithm="knn"),
    ]
    text = "".join(json.dumps(one) + "\n" for one in trials)
    (tmp_path / "trials.jsonl").write_text(text, encoding="utf-8")
    members = [{"algorithm": "knn"}, {"algorithm": "lightgbm"}, {"algorithm": "knn"}]
    found = worth({"ensemble": {"members": members}}, tmp_path)
    assert (found["full"], found["reference_full"], found["first_result"]) == (2, True, 1.5)
    assert (found["members"], found["families"]) == (3, 2)
