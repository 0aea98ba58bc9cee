"""Faults of the input are told in one line; nothing is written."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

Call = Callable[..., Result]

ROWS = "\n".join(f"{i},{i % 7},{'yes' if i % 3 else 'no'}" for i in range(40))
GOOD = f"a,b,bought\n{ROWS}\n"


def refuse(result: Result, *words: str) -> None:
    """Check that a command ended with one line that holds all the words."""
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("metatune: error: ")
    assert [word for word in words if word.lower() not in lines[0].lower()] == []


TABLES = {
    "empty": (b"", [], ["is empty"]),
    "header only": (b"a,b,c\n", [], ["no rows"]),
    "one column": (b"a\n1\n2\n3\n4\n5\n6\n7\n", [], ["1 column"]),
    "three rows": (b"a,b,c\n1,2,x\n2,3,y\n3,4,x\n", [], ["3 rows"]),
    "binary junk": (bytes(range(256)) * 40, [], ["table"]),
    "too many fields": (
        b"a,b,c\n" + b"1,2,x\n2,3,y\n" * 10 + b"1,2,3,4,5\n",
        [],
        ["5 fields"],
    ),
    "duplicate names": (b"a,a,c\n" + b"1,2,x\n2,3,y\n" * 10, [], ["'a'"]),
    "constant target": (
        b"a,b,c\n" + b"".join(b"%d,2,x\n" % i for i in range(20)),
        [],
        ["target 'c'", "every row"],
    ),
    "target all missing": (
        b"a,b,c\n" + b"".join(b"%d,%d,\n" % (i, i % 3) for i in range(20)),
        ["--target", "c"],
        ["target 'c'"],
    ),
    "wrong target": (GOOD.encode(), ["--target", "bougt"], ["'bougt'", "did you mean 'bought'"]),
    "unknown metric": (GOOD.encode(), ["--metric", "roc_aucc"], ["did you mean 'roc_auc'"]),
    "misfit metric": (GOOD.encode(), ["--metric", "rmse"], ["does not fit a binary task"]),
    "misfit task": (GOOD.encode(), ["--task", "regression"], ["'bought'", "no number"]),
    "unknown task": (GOOD.encode(), ["--task", "clustering"], ["clustering", "regression"]),
    "nonsense budget": (GOOD.encode(), ["--budget", "soon"], ["'soon'", "10m"]),
    "budget of nothing": (GOOD.encode(), ["--budget", "0s"], ["above zero"]),
    "unknown algorithm": (GOOD.encode(), ["--include", "lightgmb"], ["did you mean 'lightgbm'"]),
    "no algorithm": (
        GOOD.encode(),
        ["--include", "knn", "--exclude", "knn"],
        ["leave no algorithm"],
    ),
    "no memory": (GOOD.encode(), ["--memory-limit", "12 apples"], ["12 apples", "4GB"]),
    "no jobs": (GOOD.encode(), ["--jobs", "0"], ["--jobs", "0"]),
    "unknown option": (GOOD.encode(), ["--tarjet", "b"], ["--tarjet", "--target"]),
    "no metadata": (GOOD.encode(), ["--metadata", "nowhere"], ["nowhere", "meta-dataset"]),
}


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", TABLES)
def test_fit_refuses(case: str, call: Call, metadata_dir: Path, tmp_path: Path) -> None:
    content, options, words = TABLES[case]
    Path("table.csv").write_bytes(content)
    options = options if "--metadata" in options else [*options, "--metadata", str(metadata_dir)]
    refuse(call("fit", "table.csv", "--max-trials", "4", *options), *words)
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_fit_undoes_what_it_wrote_when_options_turn_out_not_to_fit(
    call: Call, metadata_dir: Path, tmp_path: Path
) -> None:
    Path("table.csv").write_text("a,b,c\n" + "".join(f"{i},{i % 7},{i / 3}\n" for i in range(40)))
    result = call("fit", "table.csv", "--metadata", metadata_dir, "--include", "discriminant")
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith("metatune: error: ")
    assert "discriminant" in last
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("command", ["fit", "describe", "recommend"])
def test_missing_file_and_directory(command: str, call: Call, metadata_dir: Path) -> None:
    options = [] if command == "describe" else ["--metadata", metadata_dir]
    refuse(call(command, "nowhere.csv", *options), "nowhere.csv")
    Path("folder").mkdir()
    refuse(call(command, "folder", *options), "folder", "directory")


def test_fit_refuses_outputs_that_cannot_be_used(call: Call, metadata_dir: Path) -> None:
    Path("table.csv").write_text(GOOD)
    fit = ["fit", "table.csv", "--metadata", metadata_dir, "--output"]
    refuse(call(*fit, "table.csv"), "is a file", "--output")
    refuse(call(*fit, "table.csv/below"), "table.csv/below", "--output")
    Path("full").mkdir()
    Path("full/thesis.txt").write_text("years of work")
    refuse(call(*fit, "full"), "not empty", "--overwrite")
    refuse(call(*fit, "full", "--overwrite"), "thesis.txt")
    assert Path("full/thesis.txt").read_text() == "years of work"
    result = call(*fit, "/proc/metatune-test")
    assert result.exit_code == 2
    assert "/proc/metatune-test cannot be written" in result.stderr.splitlines()[-1]


def test_fit_does_not_replace_a_run_unasked(call: Call, metadata_dir: Path) -> None:
    Path("table.csv").write_text(GOOD)
    Path("table.metatune").mkdir()
    Path("table.metatune/run.json").write_text("{}")
    refuse(call("fit", "table.csv", "--metadata", metadata_dir), "--overwrite")
    assert Path("table.metatune/run.json").read_text() == "{}"


def test_commands_and_arguments_that_do_not_exist(call: Call) -> None:
    refuse(call("fot", "table.csv"), "'fot'", "did you mean 'fit'")
    refuse(call("fit"), "DATA", "metatune fit --help")
    refuse(call("predict", "run"), "DATA")
    refuse(call("leaderboard", "nowhere"), "not a run directory")
    refuse(call("metadata", "info", "--metadata", "nowhere"), "nowhere")


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_models_that_are_none(command: str, call: Call) -> None:
    Path("table.csv").write_text(GOOD)
    refuse(call(command, "nowhere", "table.csv"), "nowhere does not exist")
    refuse(call(command, "table.csv", "table.csv"), "not a model file")
    Path("empty").mkdir()
    refuse(call(command, "empty", "table.csv"), "holds no model.skops")


def test_non_finite_numbers_work_and_are_told(call: Call, metadata_dir: Path) -> None:
    odd = {0: "inf", 1: "-inf"}
    rows = "\n".join(f"{odd.get(i % 9, i)},{i % 7},{'yes' if i % 3 else 'no'}" for i in range(60))
    Path("table.csv").write_text(f"a,b,bought\n{rows}\n")
    fit = ["fit", "table.csv", "--metadata", metadata_dir, "--max-trials", "2"]
    result = call(*fit, "--include", "decision_tree", "--jobs", "1", "--no-report")
    assert result.exit_code in (0, 3), result.stderr
    assert "infinite" in result.stderr


def test_a_class_with_one_row_works_and_is_told(call: Call, metadata_dir: Path) -> None:
    frame = pd.DataFrame({"a": [i // 2 for i in range(60)], "b": [i % 7 for i in range(60)]})
    frame["kind"] = ["x" if i < 30 else "y" for i in range(60)]
    frame.loc[40, "kind"] = "rare"
    frame.to_csv("table.csv", index=False)
    fit = ["fit", "table.csv", "--metadata", metadata_dir, "--max-trials", "2"]
    result = call(*fit, "--include", "decision_tree", "--jobs", "1", "--no-report")
    assert result.exit_code == 0, result.stderr
    assert "single row" in result.stderr
    assert "'rare'" in result.stderr


def test_absurd_targets_are_learned_without_a_warning(call: Call, metadata_dir: Path) -> None:
    values = [f"{1e300 if i == 5 else -1e300 if i == 9 else i % 7}" for i in range(60)]
    rows = "\n".join(f"{i % 11},{i % 5},{value}" for i, value in enumerate(values))
    Path("table.csv").write_text(f"a,b,price\n{rows}\n")
    words = ["table.csv", "--target", "price", "--metadata", metadata_dir]
    for result in (
        call("recommend", *words),
        call("fit", *words, "--max-trials", "6", "--jobs", "1", "-o", "run"),
    ):
        assert result.exit_code in (0, 3), result.stderr
        assert "Warning" not in result.stderr
