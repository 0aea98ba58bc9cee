"""A run as a script: written, checked, and run where metatune cannot be imported."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from metatune.models.model_file import load

Call = Callable[..., Result]
FAMILIES = "lightgbm,linear,extra_trees,decision_tree"


@pytest.fixture(scope="module")
def run(
    shop_file: Path, metadata_dir: Path, call: Call, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "run"
    options = ["--metadata", metadata_dir, "--include", FAMILIES, "--jobs", "1", "--seed", "3"]
    result = call(
        *("fit", shop_file, *options, "--max-trials", "8", "--budget", "10h", "--no-report"),
        *("-o", folder, "-q"),
    )
    assert result.exit_code == 0, result.stderr
    return folder


def alone(script: Path, *words: str | Path) -> None:
    """Run a script in a process in which metatune cannot be imported."""
    code = "import runpy, sys; sys.modules['metatune'] = None; sys.argv = sys.argv[1:]; "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", code, str(script), *map(str, words)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": ""}
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.filterwarnings("ignore")
def test_exported_ensemble_predicts_as_the_saved_model(
    run: Path, shop_file: Path, call: Call, tmp_path: Path
) -> None:
    script, model = tmp_path / "script.py", tmp_path / "model.joblib"
    result = call("export", run, "-o", script, "--ensemble")
    assert result.exit_code == 0, result.stderr
    assert "metatune." not in script.read_text().replace("metatune.default", "")
    new = pd.read_csv(shop_file).drop(columns="bought").head(50)
    new.loc[::3, "city"] = "Graz"
    new.loc[::4, "income"] = np.nan
    new.to_csv(tmp_path / "new.csv", index=False)
    alone(script, "train", shop_file, "--model", model)
    alone(script, "predict", tmp_path / "new.csv", "--model", model, "-o", tmp_path / "out.csv")
    answer = pd.read_csv(tmp_path / "out.csv")
    saved = load(run)
    assert answer["bought"].tolist() == saved.predict(new).tolist()
    np.testing.assert_allclose(answer.iloc[:, 1:], saved.predict_proba(new), atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_best_member_is_exported_beside_the_model(run: Path, call: Call) -> None:
    result = call("export", run)
    assert result.exit_code == 0, result.stderr
    assert "its predictions are those of the model" in result.stderr
    compile((run / "baseline.py").read_text(), "baseline.py", "exec")


def test_lost_table_is_told(run: Path, call: Call, tmp_path: Path) -> None:
    result = call("export", run, "--data", tmp_path / "gone.csv")
    assert result.exit_code == 2
    assert "gone.csv" in result.stderr


@pytest.mark.filterwarnings("ignore")
def test_table_that_was_changed_is_refused(
    run: Path, shop_file: Path, call: Call, tmp_path: Path
) -> None:
    changed = tmp_path / "shop.csv"
    table = pd.read_csv(shop_file)
    table["age"] += 1
    table.to_csv(changed, index=False)
    result = call("export", run, "--data", changed, "-o", tmp_path / "script.py")
    assert result.exit_code == 2
    assert "is not the table of the run" in result.stderr
    assert not (tmp_path / "script.py").exists()


@pytest.mark.filterwarnings("ignore")
def test_recommendation_as_code_trains(
    shop_file: Path, metadata_dir: Path, call: Call, tmp_path: Path
) -> None:
    script, model = tmp_path / "script.py", tmp_path / "model.joblib"
    words = ["--metadata", metadata_dir, "--include", "decision_tree", "--as", "code", "-q"]
    result = call("recommend", shop_file, *words)
    assert result.exit_code == 0, result.stderr
    script.write_text(result.stdout)
    alone(script, "train", shop_file, "--model", model)
    alone(script, "predict", shop_file, "--model", model, "-o", tmp_path / "out.csv")
    answer = pd.read_csv(tmp_path / "out.csv")
    right = answer["bought"] == pd.read_csv(shop_file)["bought"]
    assert right.mean() > 0.7


@pytest.mark.filterwarnings("ignore")
def test_ordered_levels_their_spellings_and_marks_are_exported(
    metadata_dir: Path, call: Call, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    ages, marks = ["Under 18", "18-24", "25-99", "100+"], rng.integers(10, 50, 120) / 10
    table = pd.DataFrame(
        {
            "age": rng.choice(ages, 120),
            "fat": rng.choice(["Low Fat", "low-fat", "LOW FAT", "Regular"], 120),
            "rate": [f"{mark}/5" for mark in marks],
            "y": marks + rng.normal(size=120),
        }
    )
    table.to_csv(tmp_path / "shop.csv", index=False)
    words = ["--max-trials", "1", "--include", "decision_tree", "--metadata", metadata_dir]
    made = call("fit", tmp_path / "shop.csv", *words, "-o", tmp_path / "run", "-q")
    assert made.exit_code in (0, 3), made.stderr
    result = call("export", tmp_path / "run", "-o", tmp_path / "script.py")
    assert result.exit_code == 0, result.stderr
    assert "they differ by 0 at most" in result.stderr
    written = (tmp_path / "script.py").read_text()
    assert '["Under 18", "18-24", "25-99", "100+"]' in " ".join(written.split())
    assert "to_levels" in written
    assert "to_parsed(table[name], parse_mark, " in written
