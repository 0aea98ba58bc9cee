"""Group of benchmarks: help, errors, and those that have no room of their own."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

from benchmarks.__main__ import COMMANDS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_the_command_and_a_document_tells_of_it(
    name: str, bench: Callable[..., Result]
) -> None:
    found = bench(name, "--help")
    assert found.exit_code == 0, found.output
    assert f"python scripts/benchmarks {name}" in found.stdout
    assert f"| `{name}` |" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_folder_is_the_command() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "benchmarks"), "budgets", "--list"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert "0 commands are measured, 108 are left" in found.stdout, found.stderr


def test_an_error_is_one_line(bench: Callable[..., Result], tmp_path: Path) -> None:
    found = bench("forecasts", "--metadata", tmp_path, "--out", tmp_path)
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: ")
    assert bench("magic").exit_code == 2


def test_seconds_of_the_recommender_are_told_for_both_pools(
    bench: Callable[..., Result], metadata_dir: Path
) -> None:
    found = bench("recommender-timing", "--metadata", metadata_dir, "--repetitions", 1)
    lines = found.stdout.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["roc_auc", "rmse"]
    assert all(line.count(" ms |") == 5 for line in lines[2:])


def test_seconds_of_meta_features_are_told_for_each_kind(bench: Callable[..., Result]) -> None:
    found = bench("timing", "--repeat", 1, "--largest", 150)
    rows = [line.split() for line in found.stdout.splitlines()[1:]]
    assert [row[3] for row in rows] == ["multiclass", "regression"]
    assert all(float(row[-2]) > 0 for row in rows)


def test_files_are_split_as_they_stand_and_judged(
    bench: Callable[..., Result], shop: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    text = shop.to_csv(index=False, sep=";", decimal=",", lineterminator="\r\n")
    (tmp_path / "raw" / "shop.csv").write_bytes(text.encode("utf-8"))
    entry = {"file": "raw/shop.csv", "name": "shop", "pack": "raw", "target": "bought"}
    entry |= {"metric": "auc", "encoding": "utf-8", "separator": "semicolon", "decimal": ","}
    entry |= {"header": "yes", "n_rows": str(len(shop)), "na_values": ""}
    pd.DataFrame([entry]).to_csv(tmp_path / "catalogue.csv", index=False)
    options = ("--catalogue", tmp_path / "catalogue.csv", "--seconds", 15, "--jobs", 1)
    found = bench("raw-files", *options, "--out", tmp_path / "raw.csv")
    assert "1 ended with exit code 0 or 3 and no traceback" in found.stdout
    assert "1 beat the constant prediction" in found.stdout
    again = bench("raw-files", *options, "--out", tmp_path / "raw.csv")
    assert again.stdout == found.stdout.splitlines(keepends=True)[-1]
