"""`metatune report` and `metatune explain`, on a run as it was left."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]


@pytest.fixture(scope="module")
def fresh(
    shop_file: Path, metadata_dir: Path, programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("reported") / "run"
    places = ["--metadata", str(metadata_dir), "--output", str(folder)]
    words = ["--max-trials", "6", "--seed", "1", "-q", "--jobs", "1"]
    command = [str(programs / "metatune"), "fit", str(shop_file), *places, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_fit_leaves_its_report(fresh: Path) -> None:
    page = (fresh / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "What the model looks at" in page


def test_a_report_needs_nothing_but_the_directory(
    call: Call, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(fresh, moved)
    (moved / "report.html").unlink()
    (moved / "model.skops").unlink()
    monkeypatch.chdir(tmp_path)
    done = call("report", moved)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(moved / "report.html")
    assert (moved / "report.html").stat().st_size > 20_000


def test_a_folder_that_is_no_run_is_refused(call: Call, tmp_path: Path) -> None:
    done = call("report", tmp_path)
    assert done.exit_code == 2
    assert "is not a run directory" in done.stderr


def test_importances_name_the_columns_that_matter(call: Call, fresh: Path) -> None:
    said = json.loads(call("explain", fresh, "--json").stdout)
    leading = said["importances"]["columns"][0]
    assert leading["columns"] in (["age"], ["city"])
    assert leading["low"] <= leading["mean"] <= leading["high"]
    assert leading["effect"]


def test_every_story_says_why(call: Call, fresh: Path) -> None:
    said = json.loads(call("explain", fresh, "--json").stdout)
    assert said["stories"]
    assert all(story["why"] for story in said["stories"])


def test_shares_of_a_row_add_up(call: Call, fresh: Path) -> None:
    done = call("explain", fresh, "--row", "3", "--json")
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)["rows"]
    total = sum(one["share"] for one in row["contributions"])
    assert total == pytest.approx(row["prediction"] - row["baseline"])
    assert row["output"] == "yes"


def test_a_row_beyond_the_table_is_refused(call: Call, fresh: Path) -> None:
    done = call("explain", fresh, "--row", "9999")
    assert done.exit_code == 2
    assert "--row 9999: the table has 190 rows" in done.stderr


def test_importances_can_be_measured_later(
    call: Call, fresh: Path, shop_file: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "run"
    shutil.copytree(fresh, copied)
    file = copied / "findings.json"
    findings = {**json.loads(file.read_text()), "importances": None, "not_measured": "no time"}
    file.write_text(json.dumps(findings))
    assert "No importances: no time" in call("explain", copied).stdout
    done = call("explain", copied, "--data", shop_file)
    assert done.exit_code == 0, done.output
    assert "rows that the model was trained on" in done.stdout
    assert json.loads(file.read_text())["importances"]["n_rows"] == 190


def test_a_run_without_report_writes_none(
    call: Call, shop_file: Path, metadata_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    words = ["--max-trials", "2", "-q", "--jobs", "1", "--no-report"]
    assert call("fit", shop_file, "--metadata", metadata_dir, "-o", folder, *words).exit_code == 0
    assert not (folder / "report.html").exists()
